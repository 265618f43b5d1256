//! The customers that orders name.

use clientele_shared::model::CustomerNumber;
use clientele_shared::store::KnownOrder;

use super::row::RowOrder;
use crate::import::customers_by_text::CustomersByText;

/// Returns the customer of an order; `None` if the order is to be removed and is not stored.
pub(super) fn customer_of(
    customers: &CustomersByText,
    order: &RowOrder,
    known: Option<&KnownOrder>,
) -> Result<Option<CustomerNumber>, String> {
    match &order.customer {
        None => Ok(known.map(|known| known.customer)),
        Some(text) => customers.get(text).map(Some),
    }
}
