//! This dialect's objects. Source: the Customers page of the pool API ("Field Reference" and the examples).

use std::sync::Arc;

use async_graphql::{
    Context, Enum, ID, InputValueError, InputValueResult, Object, Scalar, ScalarType, SimpleObject, Value,
};

use clientele_shared::model::{self, Timestamp};
use clientele_shared::store::Total;

use crate::cursor;
use crate::session;

/// A moment in UTC, to the second: `2024-01-20T09:00:00Z`. Any offset is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateTime(pub(crate) Timestamp);

/// A moment in UTC, to the second: `2024-01-20T09:00:00Z`. Any offset is read.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let moment = match &value {
            Value::String(text) => Timestamp::from_rfc3339(text.trim()),
            _ => None,
        };
        moment
            .map(Self)
            .ok_or_else(|| InputValueError::custom("must be a moment such as 2024-01-20T09:00:00Z"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_seconds())
    }
}

/// Where a customer stands.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::Status")]
pub(crate) enum CustomerStatus {
    /// Buys.
    Active,
    /// Used to buy.
    Inactive,
    /// May buy one day.
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

    /// The customer's first name.
    async fn first_name(&self) -> Option<&str> {
        self.0.fields.first_name.as_deref()
    }

    /// The customer's last name.
    async fn last_name(&self) -> Option<&str> {
        self.0.fields.last_name.as_deref()
    }

    /// Email address.
    async fn email(&self) -> Option<&str> {
        self.0.fields.email.as_deref()
    }

    /// Primary phone number, as it was typed.
    async fn phone(&self) -> Option<&str> {
        self.0.fields.phone.as_deref()
    }

    /// Mobile phone number, as it was typed.
    async fn mobile_phone(&self) -> Option<&str> {
        self.0.fields.mobile_phone.as_deref()
    }

    /// Business name, for commercial customers.
    async fn company_name(&self) -> Option<&str> {
        self.0.fields.company_name.as_deref()
    }

    /// Street address.
    async fn street(&self) -> Option<&str> {
        self.0.fields.physical.line1.as_deref()
    }

    /// City.
    async fn city(&self) -> Option<&str> {
        self.0.fields.physical.city.as_deref()
    }

    /// State or province.
    async fn state(&self) -> Option<&str> {
        self.0.fields.physical.state.as_deref()
    }

    /// Postal code.
    async fn zip_code(&self) -> Option<&str> {
        self.0.fields.physical.postal_code.as_deref()
    }

    /// Where the customer stands.
    async fn status(&self) -> CustomerStatus {
        self.0.fields.status.into()
    }

    /// Associated tags, for categorization.
    async fn tags(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Tag>> {
        let session = session::of(context)?;
        let tags = session.tags_of(&self.0.fields.tag_ids).await.map_err(|e| session.refuse(e))?;
        Ok(tags.into_iter().map(Tag).collect())
    }

    /// Internal notes.
    async fn notes(&self) -> Option<&str> {
        self.0.fields.notes.as_deref()
    }

    /// The customer's id in QuickBooks.
    async fn quickbooks_id(&self) -> Option<&str> {
        self.0.fields.quickbooks_id.as_deref()
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

/// A label on customers.
pub(crate) struct Tag(pub(crate) model::Tag);

/// A label on customers.
#[Object]
impl Tag {
    /// Unique identifier.
    async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How it is shown, such as `#4F46E5`.
    async fn color(&self) -> &str {
        self.0.color.as_str()
    }
}

/// A stretch of a list of customers, the newest first.
pub(crate) struct CustomerConnection {
    pub(crate) customers: Vec<Customer>,
    pub(crate) has_more: bool,
    /// `None` where nobody asked for it.
    pub(crate) total: Option<Total>,
}

/// A stretch of a list of customers, the newest first.
#[Object]
impl CustomerConnection {
    /// The customers.
    async fn edges(&self) -> Vec<CustomerEdge> {
        edges(&self.customers)
    }

    /// Where the list goes on.
    async fn page_info(&self) -> PageInfo {
        let end_cursor = self.customers.last().map(|customer| cursor::write(customer.0.number));
        PageInfo { has_next_page: self.has_more, end_cursor }
    }

    /// How many customers the whole list has.
    async fn total_count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let session = session::of(context)?;
        let uncounted = || clientele_shared::Error::broken("a total was shown and not counted");
        let total = self.total.ok_or_else(uncounted).map_err(|e| session.refuse(e))?;
        Ok(session.total(total))
    }
}

/// A customer in a list.
#[derive(SimpleObject)]
pub(crate) struct CustomerEdge {
    /// The customer.
    node: Customer,
    /// Reads on after this customer when it is given as `after`.
    cursor: String,
}

fn edges(customers: &[Customer]) -> Vec<CustomerEdge> {
    let edge = |customer: &Customer| CustomerEdge {
        node: customer.clone(),
        cursor: cursor::write(customer.0.number),
    };
    customers.iter().map(edge).collect()
}

/// Where a list goes on.
#[derive(SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether it goes on.
    has_next_page: bool,
    /// The cursor of the last customer of this stretch.
    end_cursor: Option<String>,
}

/// A page of a list of customers, the newest first, in both forms that clients know.
pub(crate) struct PaginatedCustomers {
    pub(crate) customers: Vec<Customer>,
    pub(crate) pagination: Pagination,
}

/// A page of a list of customers, the newest first, in both forms that clients know.
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

    /// Where this page is in the whole.
    async fn pagination(&self) -> &Pagination {
        &self.pagination
    }
}

/// Where a page is in the whole.
#[derive(SimpleObject)]
pub(crate) struct Pagination {
    /// Customers in all.
    pub(crate) total: i32,
    /// The page, from 1.
    pub(crate) page: i32,
    /// Customers to a page.
    pub(crate) limit: i32,
    /// Pages in all; 0 when there are no customers.
    pub(crate) total_pages: i32,
}

/// How a bulk update ended.
#[derive(SimpleObject)]
pub(crate) struct BulkUpdateResult {
    /// Whether there are no errors.
    pub(crate) success: bool,
    /// How many customers are as the update wants them: changed, or so before.
    pub(crate) updated_count: i32,
    /// The customers that are not, and why.
    pub(crate) errors: Vec<BulkUpdateError>,
}

/// Why one customer was not changed.
#[derive(SimpleObject)]
pub(crate) struct BulkUpdateError {
    /// The id as it was sent.
    pub(crate) id: ID,
    /// What is wrong.
    pub(crate) message: String,
}

/// Who calls.
#[derive(SimpleObject)]
pub(crate) struct User {
    /// The id of the API key.
    pub(crate) id: ID,
    /// The user's email address; keys have none.
    pub(crate) email: Option<String>,
}
