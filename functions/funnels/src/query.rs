//! The root fields that read records.

use async_graphql::{Context, ID, Lookahead, Object};
use futures::FutureExt;
use futures::future::{try_join, try_join3};

use clientele_functions_graphql::{Session, session};
use clientele_shared::error::FieldError;
use clientele_shared::rules::condition::{Condition, Period};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerFilter, CustomerPage, CustomerQuery, PageRequest, Position};
use clientele_shared::{Error, Result};

use crate::cursor::{self, Start};
use crate::language::{ListQuery, QUERY};
use crate::types::{Account, Customer, CustomerConnection, FIGURES, Node};
use crate::{id, tags};

/// Number of customers on a page unless the client asks for another number.
const DEFAULT_PAGE: i32 = 25;

/// Maximum number of customers on a page. Larger numbers mean this one.
const MAX_PAGE: i32 = 250;

/// The queries.
pub(crate) struct Query;

/// Operations that read records.
#[Object]
impl Query {
    /// Lists customers.
    #[graphql(
        complexity = "1 + first.map_or(25, |first| usize::try_from(first).unwrap_or(0)).min(250) * child_complexity"
    )]
    async fn customers(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Order and conditions: `order_by:` and `order_dir:`; `tags:`, `email:`, `accepts_marketing:` and \
                    `created_at:`; `last_week`, `last_month`, `last_3_months` or `last_year`; and words to search for. \
                    Empty means the newest first."
        )]
        query: String,
        #[graphql(desc = "Cursor after which the list continues.")] after: Option<String>,
        #[graphql(desc = "Number of customers, at most 250. Defaults to 25.")] first: Option<i32>,
    ) -> Option<async_graphql::Result<CustomerConnection>> {
        let session = match session::from_context(context) {
            Ok(session) => session,
            Err(error) => return Some(Err(error)),
        };
        let selected = SelectedFields::of(&context.look_ahead());
        let list = list(session, &selected, &query, after.as_deref(), first.unwrap_or(DEFAULT_PAGE));
        Some(list.boxed().await.map_err(|e| session.field_error(e)))
    }

    /// Returns an object by its id; `null` if there is none.
    #[graphql(complexity = "10 + child_complexity")]
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The id of a customer.")] id: ID,
    ) -> async_graphql::Result<Option<Node>> {
        let session = session::from_context(context)?;
        let selection = context.look_ahead();
        let needs_figures = FIGURES.iter().any(|field| selection.field(field).exists());
        let found = get(session, &id, needs_figures);
        let tags = session.prefetch_tags(selection.field("tags").exists());
        let found = try_join(found, tags).boxed().await.map_err(|e| session.field_error(e))?;
        Ok(found.0.map(Node::Customer))
    }

    /// Returns the account whose customers the API key reads.
    async fn account(&self, context: &Context<'_>) -> async_graphql::Result<Account> {
        let session = session::from_context(context)?;
        Ok(Account { id: id::write("Account", session.tenant.as_str()) })
    }
}

/// The fields of a list that need further reads if the document selects them.
struct SelectedFields {
    tags: bool,
    figures: bool,
    previous_page: bool,
}

impl SelectedFields {
    fn of(list: &Lookahead<'_>) -> Self {
        let node = list.field("edges").field("node");
        Self {
            tags: node.field("tags").exists(),
            figures: FIGURES.iter().any(|field| node.field(field).exists()),
            previous_page: list.field("pageInfo").field("hasPreviousPage").exists(),
        }
    }
}

async fn list(
    session: &Session,
    selected: &SelectedFields,
    query: &str,
    after: Option<&str>,
    first: i32,
) -> Result<CustomerConnection> {
    let limit = usize::try_from(first.min(MAX_PAGE)).ok().filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| Error::invalid("first", "must be 1 or more"))?;
    let list = ListQuery::parse(query, session.store.ambient().now())?;
    let column = list.column;
    let after = match after.map(|after| cursor::read(column, after)).transpose()? {
        Some(Start::After(position)) => Some(position),
        Some(Start::Printed) => {
            session.warn("after: the cursor of the documentation means the beginning of the list".into());
            None
        }
        None => None,
    };
    let Some(query) = store_query(session, list, selected.figures).await? else {
        return Ok(CustomerConnection::new(column, Vec::new(), None, false));
    };
    let previous = after.as_ref().filter(|_| selected.previous_page);
    let reads = if previous.is_some() { 2 } else { 1 };
    let previous = has_previous(session, &query, previous);
    let page = read(session, &query, (after.clone(), limit), reads);
    let (page, has_previous_page, ()) =
        try_join3(page, previous, session.prefetch_tags(selected.tags)).await?;
    Ok(CustomerConnection::new(column, page.customers, page.next.as_ref(), has_previous_page))
}

/// Returns the list that a query asks for; `None` if it is certainly empty.
async fn store_query(session: &Session, list: ListQuery, figures: bool) -> Result<Option<CustomerQuery>> {
    let ListQuery { column, direction, tag, email, accepts_marketing, created, search, warnings } = list;
    for warning in warnings {
        session.warn(warning);
    }
    let mut conditions = Vec::new();
    if let Some(name) = tag {
        let ids = tags::named(session, &name).await?;
        if ids.is_empty() {
            session.warn("query: no tag has the name that `tags:` asks for".into());
            return Ok(None);
        }
        conditions.push(Condition::Tag(ids));
    }
    conditions.extend(email.map(|email| Condition::Email(vec![email])));
    conditions.extend(accepts_marketing.map(Condition::AcceptsMarketing));
    if created != Period::default() {
        conditions.push(Condition::CreatedAt(created));
    }
    let filter = CustomerFilter { conditions, ..CustomerFilter::default() };
    let search = SearchQuery::parse(&search).map_err(|error| named(QUERY, error))?;
    Ok(Some(CustomerQuery { filter, search, sort: column.sort(), direction, figures }))
}

/// Returns an error about wrong fields as one about this argument.
fn named(argument: &str, error: Error) -> Error {
    match error {
        Error::Invalid(fields) => {
            let rename = |field: FieldError| FieldError::new(argument, field.message);
            Error::Invalid(fields.into_iter().map(rename).collect())
        }
        error => error,
    }
}

/// Reads a part of a list within a share of the document's budget: one of `reads` for the same list.
async fn read(
    session: &Session,
    query: &CustomerQuery,
    (position, limit): (Option<Position>, usize),
    reads: usize,
) -> Result<CustomerPage> {
    let request = PageRequest::After { position, limit, total: false, walker: None };
    session.store.customers(&session.tenant, query, request, session.budget.shared_by(reads)).await
}

/// Returns whether a list has a customer at or before this position. Where the budget ends before that is known, it is
/// likely.
async fn has_previous(session: &Session, query: &CustomerQuery, after: Option<&Position>) -> Result<bool> {
    let Some(after) = after else { return Ok(false) };
    let page = read(session, query, (None, 1), 2).await?;
    Ok(match page.customers.first() {
        Some(first) => !query.is_after(&first.position, after),
        None => page.next.is_some(),
    })
}

/// Returns a customer; `None` if there is none.
async fn get(session: &Session, id: &str, needs_figures: bool) -> Result<Option<Customer>> {
    let Some(number) = id::customer(id) else { return Ok(None) };
    let Session { store, tenant, .. } = session;
    let uuid = tenant.customer_uuid(number);
    let found = if needs_figures {
        let found = store.customer_with_figures(tenant, uuid).await;
        found.map(|(customer, figures)| Customer::new(customer, Some(figures)))
    } else {
        store.customer_get(tenant, uuid, false).await.map(|customer| Customer::new(customer, None))
    };
    match found {
        Ok(customer) => Ok(Some(customer)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
