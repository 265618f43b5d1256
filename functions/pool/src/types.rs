//! This dialect's output objects. Source: the Customers page of the pool API ("Field Reference" and the
//! examples).

use std::sync::Arc;

use async_graphql::{
    Context, Enum, ID, InputValueError, InputValueResult, Object, Scalar, ScalarType, SimpleObject, Value,
};

use clientele_functions_graphql::response_size::Text;
use clientele_functions_graphql::session;
use clientele_shared::model::{self, CustomerNumber, Timestamp};
use clientele_shared::store::Total;

use crate::cursor;

/// A date and time in UTC, to the second: `2024-01-20T09:00:00Z`. Input can have any UTC offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateTime(pub(crate) Timestamp);

/// A date and time in UTC, to the second: `2024-01-20T09:00:00Z`. Input can have any UTC offset.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let timestamp = match &value {
            Value::String(text) => Timestamp::from_rfc3339(text.trim()),
            _ => None,
        };
        timestamp
            .map(Self)
            .ok_or_else(|| InputValueError::custom("must be a date and time, such as 2024-01-20T09:00:00Z"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_seconds())
    }
}

/// Stage of the relationship with a customer.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::Status")]
pub(crate) enum CustomerStatus {
    /// A current customer.
    Active,
    /// A former customer.
    Inactive,
    /// A prospective customer.
    Lead,
}

/// A customer: residential or commercial.
#[derive(Clone)]
pub(crate) struct Customer(pub(crate) Arc<model::Customer>);

impl From<model::Customer> for Customer {
    fn from(customer: model::Customer) -> Self {
        Self(Arc::new(customer))
    }
}

/// A customer: residential or commercial.
#[Object]
impl Customer {
    /// Unique identifier.
    async fn id(&self) -> ID {
        ID(self.0.number.to_customer_id())
    }

    /// The customer's first name; `null` if it has none.
    async fn first_name(&self) -> Option<Text<'_>> {
        self.0.fields.first_name.as_deref().map(Text)
    }

    /// The customer's last name; `null` if it has none, even if `companyName` is set.
    async fn last_name(&self) -> Option<Text<'_>> {
        self.0.fields.last_name.as_deref().map(Text)
    }

    /// Email address.
    async fn email(&self) -> Option<Text<'_>> {
        self.0.fields.email.as_deref().map(Text)
    }

    /// Primary phone number, as entered.
    async fn phone(&self) -> Option<Text<'_>> {
        self.0.fields.phone.as_deref().map(Text)
    }

    /// Mobile phone number, as entered.
    async fn mobile_phone(&self) -> Option<Text<'_>> {
        self.0.fields.mobile_phone.as_deref().map(Text)
    }

    /// Business name, for commercial customers.
    async fn company_name(&self) -> Option<Text<'_>> {
        self.0.fields.company_name.as_deref().map(Text)
    }

    /// Street address.
    async fn street(&self) -> Option<Text<'_>> {
        self.0.fields.physical.line1.as_deref().map(Text)
    }

    /// City.
    async fn city(&self) -> Option<Text<'_>> {
        self.0.fields.physical.city.as_deref().map(Text)
    }

    /// State or province.
    async fn state(&self) -> Option<Text<'_>> {
        self.0.fields.physical.state.as_deref().map(Text)
    }

    /// Postal code.
    async fn zip_code(&self) -> Option<Text<'_>> {
        self.0.fields.physical.postal_code.as_deref().map(Text)
    }

    /// Stage of the relationship with the customer.
    async fn status(&self) -> CustomerStatus {
        self.0.fields.status.into()
    }

    /// Tags on the customer, without deleted ones.
    #[graphql(complexity = "1 + 2 * child_complexity")]
    async fn tags(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Tag>> {
        let session = session::from_context(context)?;
        let tags = session.tags_by_id(&self.0.fields.tag_ids).await;
        let mut tags = tags.map_err(|e| session.field_error(e))?;
        tags.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(tags.into_iter().map(Tag).collect())
    }

    /// Internal notes.
    async fn notes(&self) -> Option<Text<'_>> {
        self.0.fields.notes.as_deref().map(Text)
    }

    /// The customer's id in QuickBooks.
    async fn quickbooks_id(&self) -> Option<Text<'_>> {
        self.0.fields.quickbooks_id.as_deref().map(Text)
    }

    /// When the customer was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When the customer last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// A label for customers.
pub(crate) struct Tag(pub(crate) model::Tag);

/// A label for customers.
#[Object]
impl Tag {
    /// Unique identifier.
    async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Display name.
    async fn name(&self) -> Text<'_> {
        Text(&self.0.name)
    }

    /// Display colour, such as `#4F46E5`.
    async fn color(&self) -> Text<'_> {
        Text(self.0.color.as_str())
    }
}

/// A page of a list of customers, newest first, with cursors.
pub(crate) struct CustomerConnection {
    pub(crate) customers: Vec<Customer>,
    /// Where the list continues after this page; `None` at its end.
    pub(crate) next: Option<CustomerNumber>,
    /// `None` if the document does not select `totalCount`.
    pub(crate) total: Option<Total>,
}

/// A page of a list of customers, newest first, with cursors.
#[Object]
impl CustomerConnection {
    /// The customers.
    async fn edges(&self) -> Vec<CustomerEdge> {
        edges(&self.customers)
    }

    /// Whether and where the list continues.
    async fn page_info(&self) -> PageInfo {
        // A page that the read budget cut short continues after the last customer that was examined.
        let last = self.next.or_else(|| self.customers.last().map(|customer| customer.0.number));
        PageInfo { has_next_page: self.next.is_some(), end_cursor: last.map(cursor::write) }
    }

    /// Number of customers in the whole list. It is a lower bound if the response's `extensions` contain
    /// `"totalRelation": "gte"`.
    async fn total_count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let session = session::from_context(context)?;
        let missing = || clientele_shared::Error::broken("totalCount was selected but not read");
        let total = self.total.ok_or_else(missing).map_err(|e| session.field_error(e))?;
        Ok(session.total(total))
    }
}

/// A customer in a list.
#[derive(SimpleObject)]
pub(crate) struct CustomerEdge {
    /// The customer.
    node: Customer,
    /// Cursor of this customer. Pass it as `after` to continue the list after this customer.
    cursor: String,
}

fn edges(customers: &[Customer]) -> Vec<CustomerEdge> {
    let edge = |customer: &Customer| CustomerEdge {
        node: customer.clone(),
        cursor: cursor::write(customer.0.number),
    };
    customers.iter().map(edge).collect()
}

/// Whether and where a list continues.
#[derive(SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether there are more customers after this page.
    has_next_page: bool,
    /// Cursor of the last customer on this page; `null` if the page is empty.
    end_cursor: Option<String>,
}

/// A page of a list of customers, newest first, both as a plain list and as edges.
pub(crate) struct PaginatedCustomers {
    pub(crate) customers: Vec<Customer>,
    pub(crate) pagination: Pagination,
}

/// A page of a list of customers, newest first, both as a plain list and as edges.
#[Object]
impl PaginatedCustomers {
    /// The customers.
    async fn data(&self) -> &[Customer] {
        &self.customers
    }

    /// The same customers, each with its cursor.
    async fn edges(&self) -> Vec<CustomerEdge> {
        edges(&self.customers)
    }

    /// Position of this page in the whole list.
    async fn pagination(&self) -> &Pagination {
        &self.pagination
    }
}

/// Position of a page in the whole list.
#[derive(SimpleObject)]
pub(crate) struct Pagination {
    /// Number of customers in the whole list. It is a lower bound if the response's `extensions` contain
    /// `"totalRelation": "gte"`.
    pub(crate) total: i32,
    /// Page number, starting at 1.
    pub(crate) page: i32,
    /// Customers per page.
    pub(crate) limit: i32,
    /// Number of pages; 0 if there are no customers.
    pub(crate) total_pages: i32,
}

/// Outcome of a bulk update.
#[derive(SimpleObject)]
pub(crate) struct BulkUpdateResult {
    /// Whether every customer was updated.
    pub(crate) success: bool,
    /// Number of customers that now have the requested values, including those that had them before.
    pub(crate) updated_count: i32,
    /// Customers that were not updated, with the reason.
    pub(crate) errors: Vec<BulkUpdateError>,
}

/// Reason why one customer was not updated.
#[derive(SimpleObject)]
pub(crate) struct BulkUpdateError {
    /// The id from the request.
    pub(crate) id: ID,
    /// Error message.
    pub(crate) message: String,
}

/// The authenticated API key, in the format of a user.
#[derive(SimpleObject)]
pub(crate) struct User {
    /// Id of the API key.
    pub(crate) id: ID,
    /// Always `null`, because an API key has no email address.
    pub(crate) email: Option<String>,
}
