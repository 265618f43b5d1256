//! Rows of an export of the same tenant: their orders are stored already, under the source that they came from.

use std::collections::BTreeMap;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Address, Money, Order, OrderId, OrderLine};
use clientele_shared::store::{OrderPlace, VersionedOrder};

use super::OrderRow;
use super::row::RowOrder;
use crate::import::customers_by_text::CustomersByText;
use crate::import::import_kind::Target;

/// Why a row is rejected that changes or removes a stored order.
pub(super) const DIFFERS: &str = "orderId: is that of a stored order with other values, which came from another source; change \
                                  or remove the order in that source's file, or leave this row out";

/// The stored orders that rows name by their ids in this system.
pub(super) struct OwnOrders(BTreeMap<OrderId, VersionedOrder>);

impl OwnOrders {
    /// Reads the orders that rows name by an id such as `so_0123456789abcdef`. Other rows cost nothing.
    pub(super) async fn find(
        target: &Target,
        rows: &[OrderRow],
        customers: &CustomersByText,
    ) -> Result<Self, StoreError> {
        let places: Vec<OrderPlace> = rows
            .iter()
            .filter_map(|row| {
                let id: OrderId = row.id.parse().ok()?;
                let order = row.order.as_ref()?;
                let customer = customers.get(order.customer.as_deref()?).ok()?;
                let (ordered_at, _) = order.order.as_ref().map(|(order, lines)| (order.ordered_at, lines))?;
                Some(OrderPlace { customer, ordered_at, id })
            })
            .collect();
        if places.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let get = || target.store.orders_at(&target.tenant, &places);
        let found = target.retry().run(target.store.ambient(), get).await?;
        Ok(Self(found.into_iter().map(|stored| (stored.order.id.clone(), stored)).collect()))
    }

    /// Returns whether the stored order with a row's id has the values of the row, or `None` if there is none.
    pub(super) fn is_same(&self, id: &str, order: &Order, lines: &[OrderLine]) -> Option<bool> {
        let stored = self.0.get(&id.parse::<OrderId>().ok()?)?;
        let row = Order { id: stored.order.id.clone(), ..order.clone() };
        Some(exported(&stored.order) == exported(&row) && stored.lines == lines)
    }
}

/// Returns whether a row removes an order that it names by its id in this system, which only its source can remove.
pub(super) fn is_removal(id: &str, order: &RowOrder) -> bool {
    order.order.is_none() && id.parse::<OrderId>().is_ok()
}

/// Returns an order as a file has it: with the sum of its payments, and with the parts of the address that
/// have columns.
fn exported(order: &Order) -> (Order, Option<Money>) {
    let Address { line1, line2, city, state, postal_code, country, .. } = order.shipping_address.clone();
    let shipping_address = Address { line1, line2, city, state, postal_code, country, ..Address::default() };
    let paid = order
        .payments
        .as_ref()
        .map(|payments| payments.iter().fold(Money::default(), |paid, payment| paid + payment.amount));
    let comparable = Order { shipping_address, payments: None, items_count: 0, ..order.clone() };
    (comparable, paid)
}
