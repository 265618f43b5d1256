//! Figures: what orders make of a customer. They change without a new version of the record.

use rust_decimal::Decimal;
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
    /// How many orders are paid in full, on a known day.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paid_orders: u32,
    /// The whole UTC days from order to full payment, summed over those orders.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub payment_days: u32,
}

impl Figures {
    /// Returns the mean whole UTC days from order to full payment, or `None` if no order is paid.
    #[must_use]
    pub fn average_payment_days(&self) -> Option<Decimal> {
        Decimal::from(self.payment_days).checked_div(Decimal::from(self.paid_orders))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
