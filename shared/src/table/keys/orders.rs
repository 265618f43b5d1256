//! Keys of a customer's orders and of their monthly sums.

use uuid::Uuid;

use super::{Key, customer_partition};
use crate::model::{OrderId, Tenant, Timestamp};

/// The start of every sort key of an order.
const ORDER_PREFIX: &str = "ORDER#";

/// The start of every sort key of a month of orders.
const MONTH_PREFIX: &str = "MONTH#";

/// Returns the key of an order. A customer's orders are sorted by the second in which they were made, then by id.
#[must_use]
pub fn order(tenant: &Tenant, uuid: Uuid, ordered_at: Timestamp, id: &OrderId) -> Key {
    let sk = format!("{ORDER_PREFIX}{}#{}", ordered_at.to_rfc3339_seconds(), id.as_str());
    Key::new(customer_partition(tenant, uuid), sk)
}

/// Returns the sort keys between which the orders from one moment to another are, both included to the second. `None` is
/// the beginning or the end of time.
#[must_use]
pub fn orders_between(from: Option<Timestamp>, to: Option<Timestamp>) -> [String; 2] {
    let text = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339_seconds);
    // `$` follows `#`, which separates the moment from the id, and `~` follows every digit.
    let last = text(to).map_or("~".to_owned(), |to| format!("{to}$"));
    [format!("{ORDER_PREFIX}{}", text(from).unwrap_or_default()), format!("{ORDER_PREFIX}{last}")]
}

/// Returns the moment in the sort key of an order.
#[must_use]
pub fn order_moment(sk: &str) -> Option<Timestamp> {
    let (moment, _) = sk.strip_prefix(ORDER_PREFIX)?.split_once('#')?;
    Timestamp::from_rfc3339(moment)
}

/// Returns the key of the sums of the orders of the month (UTC) with this moment.
#[must_use]
pub fn month(tenant: &Tenant, uuid: Uuid, at: Timestamp) -> Key {
    Key::new(customer_partition(tenant, uuid), format!("{MONTH_PREFIX}{}", at.to_month()))
}

/// Returns the sort keys between which the months from one moment's to another's are. `None` is the beginning or the end
/// of time.
#[must_use]
pub fn months_between(from: Option<Timestamp>, to: Option<Timestamp>) -> [String; 2] {
    let first = from.map(Timestamp::to_month).unwrap_or_default();
    let last = to.map_or("~".to_owned(), Timestamp::to_month);
    [first, last].map(|month| format!("{MONTH_PREFIX}{month}"))
}

/// Returns the first moment of the month with this sort key.
#[must_use]
pub fn month_start(sk: &str) -> Option<Timestamp> {
    Timestamp::from_month(sk.strip_prefix(MONTH_PREFIX)?)
}
