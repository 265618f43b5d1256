//! The orders of a customer.

use async_graphql::{Context, Enum, ID, Object, Value};

use clientele_functions_graphql::response_size::Text;
use clientele_shared::model::{self, OrderStatus, Timestamp};

use super::customer::{Customer, show_time};
use super::scalars::{Amount, CustomFields, TimeStamp};
use crate::id;

/// Whether an order is paid.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(rename_items = "lowercase")]
pub(crate) enum OrderFinancialStatus {
    /// A part of the order or all of it is unpaid, or nothing is known of its payments.
    Pending,
    /// The order is paid in full.
    Paid,
    /// The goods were returned.
    Refunded,
    /// Not used.
    #[graphql(name = "partially_refunded")]
    PartiallyRefunded,
}

/// Whether an order was sent.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(rename_items = "lowercase")]
pub(crate) enum OrderFulfillmentStatus {
    /// The goods have not left.
    Unfulfilled,
    /// The goods have left.
    Fulfilled,
    /// Not used.
    Partial,
}

/// An order.
pub(crate) struct Order {
    order: model::Order,
    customer: Customer,
}

impl Order {
    pub(crate) fn new(order: model::Order, customer: Customer) -> Self {
        Self { order, customer }
    }

    /// Returns when the order last moved, as far as that is known.
    fn last_moment(&self) -> Timestamp {
        let model::Order { ordered_at, shipped_at, delivered_at, .. } = &self.order;
        delivered_at.or(*shipped_at).unwrap_or(*ordered_at)
    }
}

/// An order of a customer.
#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl Order {
    /// Unique identifier.
    async fn id(&self) -> ID {
        id::write("Order", self.order.id.as_str())
    }

    /// A number made of the id. Two orders can have the same.
    #[graphql(name = "_id")]
    async fn number(&self) -> u32 {
        let digits = self.order.id.as_str().get(3..10).unwrap_or_default();
        u32::from_str_radix(digits, 16).unwrap_or_default()
    }

    /// The number that people know the order by.
    async fn name(&self) -> Text<'_> {
        Text(&self.order.order_number)
    }

    /// When the order was made.
    async fn created_at(
        &self,
        context: &Context<'_>,
        format: Option<String>,
        #[graphql(default_with = "Some(true)")] suffix: Option<bool>,
    ) -> async_graphql::Result<TimeStamp> {
        show_time(context, self.order.ordered_at, format.as_deref(), suffix)
    }

    /// When the order was made, sent or delivered, whichever was last.
    async fn updated_at(
        &self,
        context: &Context<'_>,
        format: Option<String>,
        #[graphql(default_with = "Some(true)")] suffix: Option<bool>,
    ) -> async_graphql::Result<TimeStamp> {
        show_time(context, self.last_moment(), format.as_deref(), suffix)
    }

    /// When the order was made.
    async fn date(
        &self,
        context: &Context<'_>,
        format: Option<String>,
        #[graphql(default_with = "Some(true)")] suffix: Option<bool>,
    ) -> async_graphql::Result<TimeStamp> {
        show_time(context, self.order.ordered_at, format.as_deref(), suffix)
    }

    /// When a cancelled order last moved before; `null` for all other orders.
    async fn cancelled_at(
        &self,
        context: &Context<'_>,
        format: Option<String>,
        #[graphql(default_with = "Some(true)")] suffix: Option<bool>,
    ) -> Option<async_graphql::Result<TimeStamp>> {
        let is_cancelled = self.order.status == OrderStatus::Cancelled;
        is_cancelled.then(|| show_time(context, self.last_moment(), format.as_deref(), suffix))
    }

    /// Whether the order is paid.
    async fn financial_status(&self) -> OrderFinancialStatus {
        let is_paid = self.order.payments.is_some() && self.order.unpaid() == model::Money::default();
        match self.order.status {
            OrderStatus::Returned => OrderFinancialStatus::Refunded,
            OrderStatus::Cancelled => OrderFinancialStatus::Pending,
            _ if is_paid => OrderFinancialStatus::Paid,
            _ => OrderFinancialStatus::Pending,
        }
    }

    /// Whether the order was sent.
    async fn fulfillment_status(&self) -> OrderFulfillmentStatus {
        match self.order.status {
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Returned => {
                OrderFulfillmentStatus::Fulfilled
            }
            _ => OrderFulfillmentStatus::Unfulfilled,
        }
    }

    /// The order's value.
    async fn total(&self) -> Amount {
        Amount(self.order.total)
    }

    /// The customer.
    async fn customer(&self) -> &Customer {
        &self.customer
    }

    /// Always `null`.
    async fn notes(&self) -> Option<String> {
        None
    }

    /// Always empty.
    async fn custom(&self) -> CustomFields {
        CustomFields(Value::Object(async_graphql::indexmap::IndexMap::new()))
    }

    /// Always empty.
    async fn tags(&self) -> Vec<String> {
        Vec::new()
    }

    /// Always false.
    async fn test(&self) -> bool {
        false
    }
}
