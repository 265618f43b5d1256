//! Pages of customers, as the Relay Cursor Connections specification defines them.

use async_graphql::{Object, SimpleObject};

use clientele_shared::store::{ListedCustomer, Position};

use super::customer::Customer;
use crate::cursor;
use crate::language::Column;

/// A page of a list of customers.
pub(crate) struct CustomerConnection {
    edges: Vec<CustomerEdge>,
    page_info: PageInfo,
}

impl CustomerConnection {
    /// Returns a page of a list that is ordered by this column. `next` is where the list continues after it.
    pub(crate) fn new(
        column: Column,
        listed: Vec<ListedCustomer>,
        next: Option<&Position>,
        has_previous_page: bool,
    ) -> Self {
        let edge = |listed: ListedCustomer| {
            let created_at = listed.customer.created_at;
            let cursor = cursor::write(column, &listed.position, Some(created_at));
            CustomerEdge { node: Customer::new(listed.customer, listed.figures), cursor }
        };
        let edges: Vec<CustomerEdge> = listed.into_iter().map(edge).collect();
        let last = edges.last().map(|edge| (edge.node.number(), edge.cursor.clone()));
        // A page that the read budget cut short continues after the last customer that was examined.
        let end_cursor = match (next, last) {
            (Some(next), Some((number, cursor))) if next.number == number => Some(cursor),
            (Some(next), _) => Some(cursor::write(column, next, None)),
            (None, last) => last.map(|(_, cursor)| cursor),
        };
        let page_info = PageInfo {
            has_next_page: next.is_some(),
            has_previous_page,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor,
        };
        Self { edges, page_info }
    }
}

/// A page of a list of customers.
#[Object]
impl CustomerConnection {
    /// Whether and where the list continues.
    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }

    /// The customers.
    async fn edges(&self) -> Option<Vec<Option<&CustomerEdge>>> {
        Some(self.edges.iter().map(Some).collect())
    }
}

/// A customer in a list.
pub(crate) struct CustomerEdge {
    node: Customer,
    cursor: String,
}

/// A customer in a list.
#[Object]
impl CustomerEdge {
    /// The customer.
    async fn node(&self) -> Option<&Customer> {
        Some(&self.node)
    }

    /// Cursor of this customer. Pass it as `after` to continue the list after this customer.
    async fn cursor(&self) -> &str {
        &self.cursor
    }
}

/// Whether and where a list continues.
#[derive(SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether there are more customers after this page.
    has_next_page: bool,
    /// Whether there are customers before this page.
    has_previous_page: bool,
    /// Cursor of the first customer on this page; `null` if the page is empty.
    start_cursor: Option<String>,
    /// Where the next page starts: the cursor of the last customer on this page, or of the last one that was examined.
    end_cursor: Option<String>,
}
