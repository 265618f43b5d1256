//! Writes of orders. One transaction writes some of a customer's orders with their marks, the sums of their months and the
//! customer's figures. It is conditional on the version of the figures: every write of a customer's orders passes through
//! them, so no two are made from the same state.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{BoxFuture, FutureExt, try_join};
use uuid::Uuid;

use super::import::RowKey;
use super::order_changes::{OrderKey, OrdersAfter, OrdersBefore, content};
use super::transaction::{Outcome, Transaction};
use crate::model::{CustomerNumber, Figures, Order, OrderLine, Tenant, Timestamp};
use crate::store::Store;
use crate::store::calls::{contended, failed};
use crate::store::items::orders::{OrderMark, status_in, to_mark, to_order, to_sales, to_stored_order};
use crate::store::items::{figures, text_in};
use crate::store::read::{OrderPeriod, VersionedOrder};
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// About how many bytes an order without lines takes, with its mark.
const ORDER_SIZE: usize = 1_000;

/// About how many bytes a line takes, without its texts.
const LINE_SIZE: usize = 120;

/// An order of a source, as it is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderChange {
    /// The source, and the order's id there.
    pub key: RowKey,
    /// The order and its lines; `None` removes it.
    pub order: Option<(Order, Vec<OrderLine>)>,
}

/// Where an order of a source is stored, and what it was like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrder {
    /// The customer who made it.
    pub customer: CustomerNumber,
    content: String,
}

/// How many orders a write created, changed and removed, and how many were as they are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrdersWritten {
    /// Orders that are new.
    pub created: u64,
    /// Orders that changed.
    pub updated: u64,
    /// Orders that are gone.
    pub removed: u64,
    /// Orders that were so before.
    pub unchanged: u64,
}

impl OrderChange {
    /// Returns about how many bytes the order takes in the table.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts =
            |line: &OrderLine| line.product.as_str().len() + line.name.as_ref().map_or(0, String::len);
        let lines = self.order.iter().flat_map(|(_, lines)| lines);
        ORDER_SIZE + lines.map(|line| LINE_SIZE + 2 * texts(line)).sum::<usize>()
    }

    /// Returns whether the order is stored like this already, if `known` is where it is stored.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the order cannot be written as JSON.
    pub fn is_unchanged(&self, customer: CustomerNumber, known: Option<&KnownOrder>) -> Result<bool> {
        Ok(match (&self.order, known) {
            (None, known) => known.is_none(),
            (Some(_), None) => false,
            (Some((order, lines)), Some(known)) => {
                known.customer == customer && known.content == content(order, lines)?
            }
        })
    }
}

impl Store {
    /// How many orders one commit takes. Each can be five items: the order, its mark, the order under the key it had, and
    /// the months it leaves and enters; next to slot, log entry, figures and sort entry.
    pub const ORDERS_AT_A_TIME: usize = 18;

    /// Returns which of these orders are stored, and where.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn orders_known(
        &self,
        tenant: &Tenant,
        keys: &BTreeSet<RowKey>,
    ) -> Result<BTreeMap<RowKey, KnownOrder>> {
        let marks = self.order_marks(tenant, keys).await?.into_iter();
        let known = |mark: OrderMark| KnownOrder { customer: mark.customer, content: mark.content };
        Ok(marks.map(|(key, mark)| (key, known(mark))).collect())
    }

    /// Returns those of these orders that are stored.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn orders_stored(
        &self,
        tenant: &Tenant,
        keys: &BTreeSet<RowKey>,
    ) -> Result<BTreeMap<RowKey, VersionedOrder>> {
        let marks = self.order_marks(tenant, keys).await?;
        let place = |mark: &OrderMark| Key {
            pk: keys::customer_partition(tenant, tenant.customer_uuid(mark.customer)),
            sk: mark.order_sk.clone(),
        };
        let mut by_place: BTreeMap<(String, String), RowKey> = BTreeMap::new();
        let mut wanted = Vec::with_capacity(marks.len());
        for (key, mark) in marks {
            let place = place(&mark);
            by_place.insert((place.pk.clone(), place.sk.clone()), key);
            wanted.push(place);
        }
        let mut found = BTreeMap::new();
        for item in self.items_get(&wanted).await? {
            let place =
                (text_in(&item, attribute::PK)?.to_owned(), text_in(&item, attribute::SK)?.to_owned());
            if let Some(key) = by_place.remove(&place) {
                found.insert(key, VersionedOrder::of_item(&item)?);
            }
        }
        Ok(found)
    }

    /// Makes up to [`Self::ORDERS_AT_A_TIME`] orders of a customer as they are to be, all or none. Each can be named once.
    /// An order that another customer had is removed there first, in a commit of its own.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if there is no such customer, [`Error::Invalid`] if there are too many orders, they or
    /// their months are too large for one commit, an order is too large to be stored or a sum is, [`Error::Throttled`] if nothing was written for lack of capacity, and
    /// [`Error::Unavailable`] if it is unknown whether the orders were written. Repeat the call then: what was written is
    /// unchanged.
    pub async fn orders_write(
        &self,
        tenant: &Tenant,
        customer: CustomerNumber,
        changes: &[OrderChange],
    ) -> Result<OrdersWritten> {
        if changes.len() > Self::ORDERS_AT_A_TIME {
            return Err(Error::invalid("orders", format!("must be at most {}", Self::ORDERS_AT_A_TIME)));
        }
        self.orders_write_boxed(tenant, customer, changes).await
    }

    /// Boxed, because orders that move are removed by a call of the same function.
    fn orders_write_boxed<'a>(
        &'a self,
        tenant: &'a Tenant,
        customer: CustomerNumber,
        changes: &'a [OrderChange],
    ) -> BoxFuture<'a, Result<OrdersWritten>> {
        async move {
            let mut attempts = self.attempts();
            let mut moved = 0;
            loop {
                let before = self.orders_before(tenant, customer, changes);
                let (mut before, mut lane) = try_join(before, self.lane(tenant)).await?;
                let elsewhere = before.elsewhere(customer);
                if !elsewhere.is_empty() {
                    moved += self.orders_remove(tenant, elsewhere).await?;
                    continue;
                }
                self.orders_before_complete(tenant, customer, changes, &mut before).await?;
                let Some(mut after) = OrdersAfter::of(tenant, customer, before, changes)? else {
                    attempts.back_off(|| Error::broken("an order is not where its mark says")).await?;
                    continue;
                };
                if after.is_unchanged() {
                    return Ok(after.written);
                }
                let left = match after.has_replaced_last_order {
                    true => self.last_order_except(tenant, customer, &after.replaced).await?,
                    false => after.last_order_before(),
                };
                after.set_last_order(left);
                // The orders that were moved are not new.
                let written = after.written.with_moved(moved);
                let step = self.orders_step(tenant, after)?;
                if changes.len() > 1 && Transaction::is_too_large(&step) {
                    return Err(Error::invalid(
                        "orders",
                        "are too large for one commit; write fewer at a time",
                    ));
                }
                match Transaction::of(self, tenant, step).commit(&mut lane).await? {
                    Outcome::Applied { .. } => return Ok(written),
                    Outcome::Refused(_) => attempts.back_off(contended).await?,
                }
            }
        }
        .boxed()
    }

    /// Removes orders of other customers; returns how many.
    async fn orders_remove(
        &self,
        tenant: &Tenant,
        elsewhere: BTreeMap<CustomerNumber, Vec<RowKey>>,
    ) -> Result<u64> {
        let mut removed = 0;
        for (customer, keys) in elsewhere {
            let changes: Vec<OrderChange> =
                keys.into_iter().map(|key| OrderChange { key, order: None }).collect();
            removed += self.orders_write_boxed(tenant, customer, &changes).await?.removed;
        }
        Ok(removed)
    }

    async fn order_marks(
        &self,
        tenant: &Tenant,
        keys: &BTreeSet<RowKey>,
    ) -> Result<BTreeMap<RowKey, OrderMark>> {
        let wanted: Vec<Key> = keys.iter().map(|key| keys::imported_row(tenant, key.as_str())).collect();
        let mut found = BTreeMap::new();
        for item in self.items_get(&wanted).await? {
            found.insert(text_in(&item, attribute::PK)?.to_owned(), to_mark(&item)?);
        }
        let mark = |key: &RowKey| found.get(&keys::imported_row(tenant, key.as_str()).pk).cloned();
        Ok(keys.iter().filter_map(|key| Some((key.clone(), mark(key)?))).collect())
    }

    /// Reads the figures, whose version no later read of this write can be older than, and the marks.
    async fn orders_before(
        &self,
        tenant: &Tenant,
        customer: CustomerNumber,
        changes: &[OrderChange],
    ) -> Result<OrdersBefore> {
        let key = keys::figures(tenant, tenant.customer_uuid(customer));
        let keys: BTreeSet<RowKey> = changes.iter().map(|change| change.key.clone()).collect();
        let figures = self.item_get(&key, "reading a customer's figures");
        let (figures, marks) = try_join(figures, self.order_marks(tenant, &keys)).await?;
        let figures: Figures = figures::to_figures(figures.ok_or(Error::NotFound("Customer"))?)?;
        Ok(OrdersBefore { figures, marks, orders: BTreeMap::new(), months: BTreeMap::new() })
    }

    /// Reads the orders that are stored, and the months that they leave and enter.
    async fn orders_before_complete(
        &self,
        tenant: &Tenant,
        customer: CustomerNumber,
        changes: &[OrderChange],
        before: &mut OrdersBefore,
    ) -> Result<()> {
        let uuid = tenant.customer_uuid(customer);
        let pk = keys::customer_partition(tenant, uuid);
        let stored: BTreeSet<&str> = before.marks.values().map(|mark| mark.order_sk.as_str()).collect();
        let left = stored.iter().filter_map(|sk| keys::order_moment(sk));
        let entered = changes.iter().filter_map(|change| Some(change.order.as_ref()?.0.ordered_at));
        let months: BTreeSet<Timestamp> = left.chain(entered).map(Timestamp::month_start).collect();
        let orders = stored.iter().map(|sk| Key { pk: pk.clone(), sk: (*sk).to_owned() });
        let wanted: Vec<Key> =
            orders.chain(months.iter().map(|month| keys::month(tenant, uuid, *month))).collect();
        for item in self.items_get(&wanted).await? {
            let sk = text_in(&item, attribute::SK)?;
            if keys::month_start(sk).is_some() {
                let (month, sales) = to_sales(&item)?;
                before.months.insert(month, sales);
            } else {
                before.orders.insert(sk.to_owned(), to_stored_order(&item)?);
            }
        }
        Ok(())
    }

    /// When a customer made the last order that counts in figures, apart from those under these keys.
    async fn last_order_except(
        &self,
        tenant: &Tenant,
        customer: CustomerNumber,
        except: &BTreeSet<OrderKey>,
    ) -> Result<Option<Timestamp>> {
        let uuid: Uuid = tenant.customer_uuid(customer);
        let pk = keys::customer_partition(tenant, uuid);
        let query = self
            .orders_query(&pk, OrderPeriod::default())
            .scan_index_forward(false)
            .limit(2 * i32::try_from(Self::ORDERS_AT_A_TIME).unwrap_or(i32::MAX));
        let mut start_key = None;
        loop {
            let call = query.clone().set_exclusive_start_key(start_key);
            let response = call.send().await.map_err(|e| failed("reading a customer's last orders", e))?;
            for item in response.items.unwrap_or_default() {
                if status_in(&item)?.counts() && !except.contains(text_in(&item, attribute::SK)?) {
                    return Ok(Some(to_order(&item)?.ordered_at));
                }
            }
            start_key = response.last_evaluated_key;
            if start_key.is_none() {
                return Ok(None);
            }
        }
    }
}

impl OrdersWritten {
    /// Counts orders that another customer had as changed instead of new.
    fn with_moved(self, moved: u64) -> Self {
        let moved = moved.min(self.created);
        Self { created: self.created - moved, updated: self.updated + moved, ..self }
    }
}
