//! Reads of everything that one customer has, page by page, for exports.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::OrderPeriod;
use crate::Result;
use crate::model::{CustomerNumber, Figures, Order, OrderId, OrderLine, Tenant, Timestamp};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::orders::{StoredOrder, to_stored_order};
use crate::store::items::{Item, figures, text_in};
use crate::table::keys::{self, Key, attribute};

/// An order with its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionedOrder {
    /// Raised by each write of the order; the log of changes names it.
    pub version: u64,
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
}

/// The orders of a customer, the oldest first, a megabyte at a time. After an error it is where it was: the same call can
/// be repeated.
#[derive(Debug)]
pub struct OrderPages {
    store: Store,
    partition: String,
    next: Next,
}

/// Where the next page starts.
#[derive(Debug)]
enum Next {
    Start,
    After(Item),
    Done,
}

impl Store {
    /// Returns the orders of a customer with their lines. Nothing is read until [`OrderPages::next`] is called. Whether the
    /// customer exists is not checked.
    #[must_use]
    pub fn order_pages(&self, tenant: &Tenant, uuid: Uuid) -> OrderPages {
        let partition = keys::customer_partition(tenant, uuid);
        OrderPages { store: self.clone(), partition, next: Next::Start }
    }

    /// Returns the orders at these places, in no order; places without an order are left out.
    ///
    /// # Errors
    /// Returns [`crate::Error::Throttled`] or [`crate::Error::Unavailable`] if DynamoDB is throttling or cannot be
    /// reached.
    pub async fn orders_at(&self, tenant: &Tenant, places: &[OrderPlace]) -> Result<Vec<VersionedOrder>> {
        let key = |place: &OrderPlace| {
            keys::order(tenant, tenant.customer_uuid(place.customer), place.ordered_at, &place.id)
        };
        // Several rows can name the same order, and a call can name each item once.
        let keys: BTreeSet<(String, String)> = places.iter().map(key).map(|key| (key.pk, key.sk)).collect();
        let keys: Vec<Key> = keys.into_iter().map(|(pk, sk)| Key { pk, sk }).collect();
        self.items_get(&keys).await?.iter().map(VersionedOrder::of_item).collect()
    }

    /// Returns which of these customers have or had orders: one read unit for each.
    ///
    /// # Errors
    /// Returns [`crate::Error::Throttled`] or [`crate::Error::Unavailable`] if DynamoDB is throttling or cannot be
    /// reached.
    pub async fn customers_with_orders(&self, tenant: &Tenant, uuids: &[Uuid]) -> Result<BTreeSet<Uuid>> {
        let keys: Vec<Key> = uuids.iter().map(|uuid| keys::figures(tenant, *uuid)).collect();
        let mut by_partition: BTreeMap<String, Figures> = BTreeMap::new();
        for item in self.items_get(&keys).await? {
            by_partition.insert(text_in(&item, attribute::PK)?.to_owned(), figures::to_figures(item)?);
        }
        let has_orders = |uuid: &&Uuid| {
            by_partition.get(&keys::customer_partition(tenant, **uuid)).is_some_and(|found| found.version > 0)
        };
        Ok(uuids.iter().filter(has_orders).copied().collect())
    }
}

/// Where an order is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPlace {
    /// The customer who made it.
    pub customer: CustomerNumber,
    /// When it was made.
    pub ordered_at: Timestamp,
    /// Its id.
    pub id: OrderId,
}

impl OrderPages {
    /// Returns the next orders, perhaps none; `None` at the end.
    ///
    /// # Errors
    /// Returns [`crate::Error::Throttled`] or [`crate::Error::Unavailable`] if DynamoDB is throttling or cannot be
    /// reached.
    pub async fn next(&mut self) -> Result<Option<Vec<VersionedOrder>>> {
        let start = match &self.next {
            Next::Start => None,
            Next::After(key) => Some(key.clone()),
            Next::Done => return Ok(None),
        };
        let query = self.store.orders_with_lines_query(&self.partition, OrderPeriod::default());
        let page = query.set_exclusive_start_key(start).send().await;
        let page = page.map_err(|e| failed("reading orders", e))?;
        let orders =
            page.items.unwrap_or_default().iter().map(VersionedOrder::of_item).collect::<Result<_>>()?;
        self.next = page.last_evaluated_key.map_or(Next::Done, Next::After);
        Ok(Some(orders))
    }
}

impl VersionedOrder {
    /// Returns the order in an item.
    pub(in crate::store) fn of_item(item: &Item) -> Result<Self> {
        let StoredOrder { version, order, lines } = to_stored_order(item)?;
        Ok(Self { version, order, lines })
    }
}
