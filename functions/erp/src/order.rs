//! Orders: their JSON, and the period that a request asks for.

use serde::Serialize;
use utoipa::ToSchema;

use clientele_functions_common::Request;
use clientele_shared::model::{Date, Order, Timestamp};
use clientele_shared::store::OrderPeriod;
use clientele_shared::{Error, Result};

use crate::types::{AddressBody, Amount};

/// An order in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderBody<'a> {
    /// Unique identifier.
    #[schema(example = "so_0123456789abcdef")]
    id: &'a str,
    /// The number that people know the order by.
    #[schema(example = "SO-2024-001")]
    order_number: &'a str,
    /// `pending`, `confirmed`, `processing`, `shipped`, `delivered`, `cancelled` or `returned`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// When the order was made.
    order_date: String,
    /// When the goods left.
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_date: Option<String>,
    /// When the goods arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_date: Option<String>,
    /// The order's value.
    #[schema(value_type = f64, example = 299.95)]
    total_amount: Amount,
    /// Number of lines.
    items_count: u32,
    /// Where the goods were sent, without the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<AddressBody<'a>>,
}

impl<'a> From<&'a Order> for OrderBody<'a> {
    fn from(order: &'a Order) -> Self {
        Self {
            id: order.id.as_str(),
            order_number: &order.order_number,
            status: order.status.as_str(),
            order_date: order.ordered_at.to_rfc3339_seconds(),
            ship_date: order.shipped_at.map(Timestamp::to_rfc3339_seconds),
            delivery_date: order.delivered_at.map(Timestamp::to_rfc3339_seconds),
            total_amount: Amount(order.total),
            items_count: order.items_count,
            shipping_address: AddressBody::without_country(&order.shipping_address),
        }
    }
}

/// Reads the parameters `date_from` and `date_to`: dates, or times of RFC 3339. The day of `date_to` is included.
///
/// # Errors
/// Returns [`Error::Invalid`], naming the parameter, if one is neither.
pub(crate) fn read_period(request: &Request) -> Result<OrderPeriod> {
    let day_or_time = |name: &str, of_day: fn(Date) -> Timestamp| {
        let read = |text: &str| {
            let date = text.parse::<Date>().ok().map(of_day);
            date.or_else(|| Timestamp::from_rfc3339(text)).ok_or_else(|| {
                Error::invalid(
                    name,
                    "must be a date such as 2024-01-15 or a time such as 2024-01-15T10:30:00Z",
                )
            })
        };
        request.query(name).map(read).transpose()
    };
    let end_of_day = |date: Date| date.start().plus_seconds(24 * 3600 - 1);
    Ok(OrderPeriod { from: day_or_time("date_from", Date::start)?, to: day_or_time("date_to", end_of_day)? })
}
