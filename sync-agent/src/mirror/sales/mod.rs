//! Conversion of QuickBooks' sales to orders and prices. It reads nothing but the objects that it is given.
//!
//! | QuickBooks | Clientele |
//! |---|---|
//! | `Invoice` | order, shipped if it has a `ShipDate`, else confirmed; its payments are those applied to it |
//! | `SalesReceipt` | order, shipped if it has a `ShipDate`, else delivered; paid in full on its day |
//! | `CreditMemo` | order that was returned, which counts in no figure |
//! | voided document | order that is cancelled, which counts in no figure |
//! | `DocNumber`, `TxnDate`, `TotalAmt` with tax | order number, moment of the order (00:00 UTC), total |
//! | lines with an item, also those of groups | order lines; a discount is each line's share of it |
//! | `Balance` of an invoice | the unpaid part: it decides if the known payments add up to something else |
//! | `Payment` | [`PaymentFacts`]: the day and how much of each invoice and credit memo it settles |
//! | `Item` with a `UnitPrice` | entry of the price list under its `Sku`, else its `Name` |

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod items;
mod lines;
mod order;
mod payments;
mod reader;
#[cfg(test)]
mod tests;

pub use items::{price, product_id};
pub use lines::items_of;
pub use order::{customer_of, order, order_key};
pub use payments::{Applied, PaymentFacts, payment, payments_of, touched};

/// An object of QuickBooks as the API sends it.
pub type Object = Map<String, Value>;

/// The QuickBooks documents that become orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DocumentKind {
    /// A demand for payment.
    Invoice,
    /// A sale that is paid on the spot.
    SalesReceipt,
    /// A credit for what a customer gave back.
    CreditMemo,
}

impl DocumentKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Invoice, Self::SalesReceipt, Self::CreditMemo];

    /// Returns the name of the entity: `Invoice`, `SalesReceipt` or `CreditMemo`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "Invoice",
            Self::SalesReceipt => "SalesReceipt",
            Self::CreditMemo => "CreditMemo",
        }
    }

    /// Returns the kind with this entity name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A document or payment with content that Clientele cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{document} cannot be mirrored: {reason}; correct it in QuickBooks")]
pub struct Unreadable {
    /// The entity and id, such as `Invoice 123`; the entity alone if it has no id.
    pub document: String,
    /// The field and the rule that it breaks, such as `TxnDate: must not be empty`.
    pub reason: String,
}
