//! Log entries: what a commit changed, under the commit's number in its slot.

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use crate::Result;
use crate::model::{CustomerNumber, OrderId, ProductId, TagId, Tenant};
use crate::store::Store;
use crate::store::counts::slots::Lane;
use crate::store::items::{key_item, number, text};
use crate::table::keys::{self, attribute};

/// How long log entries are kept, in seconds: 90 days.
pub(in crate::store) const TTL_SECONDS: i64 = 90 * 24 * 3600;

/// The attribute with the moment of the commit, in milliseconds.
pub(in crate::store) const AT: &str = "at";

/// The attribute with the commit's changes.
pub(in crate::store) const CHANGES: &str = "changes";

/// One change, as it is logged: what changed, not how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// A customer was created, changed, deleted or restored: `C456:7` is customer 456, now at version 7.
    Customer {
        /// The customer's number.
        number: CustomerNumber,
        /// The version that the commit wrote.
        version: u64,
    },
    /// An order was created, changed or removed: `O456:so_0123456789abcdef:2` is an order of customer 456, and the second
    /// write of it.
    Order {
        /// The number of the customer who made the order.
        customer: CustomerNumber,
        /// The order's id.
        order: OrderId,
        /// The version that the commit wrote.
        version: u64,
    },
    /// A tag was created, changed or deleted: `Ttag_001`.
    Tag(TagId),
    /// A price was written: `P:filter-clean` in the price list, `P<uuid>:filter-clean` of the customer with this uuid.
    Price {
        /// The customer whose price it is; `None` for the price list.
        customer: Option<uuid::Uuid>,
        /// The product.
        product: ProductId,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer { number, version } => write!(f, "C{number}:{version}"),
            Self::Order { customer, order, version } => write!(f, "O{customer}:{}:{version}", order.as_str()),
            Self::Tag(id) => write!(f, "T{}", id.as_str()),
            Self::Price { customer: None, product } => write!(f, "P:{}", product.as_str()),
            Self::Price { customer: Some(uuid), product } => write!(f, "P{uuid}:{}", product.as_str()),
        }
    }
}

/// A text that is not a logged change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a change of the log")]
pub struct ChangeError(String);

impl FromStr for Change {
    type Err = ChangeError;

    fn from_str(text: &str) -> std::result::Result<Self, ChangeError> {
        parse(text).ok_or_else(|| ChangeError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Change> {
    let mut chars = text.chars();
    let kind = chars.next()?;
    let rest = chars.as_str();
    match kind {
        'C' => {
            let (number, version) = rest.split_once(':')?;
            let number = CustomerNumber::from_digits(number)?;
            Some(Change::Customer { number, version: version.parse().ok()? })
        }
        'O' => {
            let mut parts = rest.splitn(3, ':');
            let customer = CustomerNumber::from_digits(parts.next()?)?;
            Some(Change::Order {
                customer,
                order: parts.next()?.parse().ok()?,
                version: parts.next()?.parse().ok()?,
            })
        }
        'T' => Some(Change::Tag(rest.parse().ok()?)),
        'P' => {
            let (customer, product) = rest.split_once(':')?;
            let customer = if customer.is_empty() { None } else { Some(customer.parse().ok()?) };
            Some(Change::Price { customer, product: product.parse().ok()? })
        }
        _ => None,
    }
}

impl Store {
    /// The put of a commit's log entry.
    pub(in crate::store) fn log_put(
        &self,
        tenant: &Tenant,
        lane: &Lane,
        changes: &[Change],
    ) -> Result<TransactWriteItem> {
        let now = self.ambient.now();
        let mut item = key_item(&keys::log_entry(tenant, lane.slot(), lane.next_seq()));
        let changes = changes.iter().map(|change| text(change.to_string())).collect();
        item.insert(AT.into(), number(now.as_millis()));
        item.insert(CHANGES.into(), AttributeValue::L(changes));
        item.insert(attribute::EXPIRES_AT.into(), number(now.plus_seconds(TTL_SECONDS).as_seconds()));
        self.put_always(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_they_were_written() {
        for text in [
            "C456:7",
            "O456:so_0123456789abcdef:2",
            "Ttag_001",
            "P:filter-clean",
            "Pa519a092-b665-5a94-82cb-c5a6e29fc297:a:b",
        ] {
            assert_eq!(text.parse::<Change>().map(|change| change.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "C", "C0:1", "C1", "O1:2", "O1:so_1:2", "X1:1", "Pnobody:a"] {
            assert!(wrong.parse::<Change>().is_err(), "{wrong}");
        }
    }
}
