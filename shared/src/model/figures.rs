//! Figures: what orders make of a customer. They change without a new version of the record.

use serde::{Deserialize, Serialize};

use super::{Money, Timestamp};

/// The purchases and debts of a customer. Kept in an item of its own, so that an order never changes the record's
/// version or `ETag`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Raised by each change of the figures; 0 as long as there was none.
    pub version: u64,
    /// The amount that the customer owes.
    pub balance: Money,
    /// The total value of all the customer's orders.
    pub lifetime_value: Money,
    /// How many orders the customer has made.
    pub orders: u32,
    /// When the customer last ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_order_at: Option<Timestamp>,
}
