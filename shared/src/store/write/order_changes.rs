//! The effect of a write of orders on a customer's orders, months and figures, and the step that writes it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::entries::orders_count_item;
use super::import::RowKey;
use super::orders::{OrderChange, OrdersWritten};
use super::transaction::{Guard, Step};
use crate::model::{CustomerNumber, Figures, Order, OrderLine, Sales, Tenant, Timestamp};
use crate::store::calls::finish_put;
use crate::store::items::orders::{CONTENT, OrderMark, StoredOrder, from_mark, from_order, from_sales};
use crate::store::items::record::MAX_ITEM_BYTES;
use crate::store::items::{Item, figures, number, record, text};
use crate::store::log::entry::Change;
use crate::store::{Store, write};
use crate::table::keys::{self, Key};
use crate::{Error, Result};

/// The sort key of an order.
pub(super) type OrderKey = String;

/// A customer's orders as a write finds them, as far as it touches them.
#[derive(Debug)]
pub(super) struct OrdersBefore {
    pub(super) figures: Figures,
    pub(super) marks: BTreeMap<RowKey, OrderMark>,
    pub(super) orders: BTreeMap<OrderKey, StoredOrder>,
    pub(super) months: BTreeMap<Timestamp, Sales>,
}

/// A customer's orders as a write leaves them.
#[derive(Debug)]
pub(super) struct OrdersAfter {
    customer: CustomerNumber,
    before: Figures,
    figures: Figures,
    months: BTreeMap<Timestamp, Sales>,
    orders: Vec<OrderAfter>,
    /// The orders that are no longer as they were.
    pub(super) replaced: BTreeSet<OrderKey>,
    /// When the last of the orders was made that are written and count in figures.
    newest: Option<Timestamp>,
    /// Whether the customer's last order is among those replaced.
    pub(super) has_replaced_last_order: bool,
    pub(super) written: OrdersWritten,
}

/// One order that a write changes.
#[derive(Debug)]
struct OrderAfter {
    key: RowKey,
    before: Option<OrderMark>,
    after: Option<(Key, StoredOrder, String)>,
    version: u64,
}

impl OrdersBefore {
    /// The orders that other customers have.
    pub(super) fn elsewhere(&self, customer: CustomerNumber) -> BTreeMap<CustomerNumber, Vec<RowKey>> {
        let mut elsewhere: BTreeMap<CustomerNumber, Vec<RowKey>> = BTreeMap::new();
        for (key, mark) in self.marks.iter().filter(|(_, mark)| mark.customer != customer) {
            elsewhere.entry(mark.customer).or_default().push(key.clone());
        }
        elsewhere
    }
}

impl OrdersAfter {
    /// Applies changes. Returns `None` if an order is not where its mark says: another write moved it between the two reads.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if a sum becomes too large to be stored.
    pub(super) fn of(
        tenant: &Tenant,
        customer: CustomerNumber,
        mut before: OrdersBefore,
        changes: &[OrderChange],
    ) -> Result<Option<Self>> {
        let mut after = Self {
            customer,
            before: before.figures.clone(),
            figures: before.figures,
            months: before.months,
            orders: Vec::new(),
            replaced: BTreeSet::new(),
            newest: None,
            has_replaced_last_order: false,
            written: OrdersWritten::default(),
        };
        after.figures.version += 1;
        for change in changes {
            let mark = before.marks.remove(&change.key);
            let stored = mark.as_ref().and_then(|mark| before.orders.remove(&mark.order_sk));
            if mark.is_some() != stored.is_some() {
                return Ok(None);
            }
            after.apply(tenant, change, mark, stored)?;
        }
        Ok(Some(after))
    }

    fn apply(
        &mut self,
        tenant: &Tenant,
        change: &OrderChange,
        mark: Option<OrderMark>,
        stored: Option<StoredOrder>,
    ) -> Result<()> {
        let digest = change.order.as_ref().map(|(order, lines)| content(order, lines)).transpose()?;
        if mark.as_ref().map(|mark| &mark.content) == digest.as_ref() {
            self.written.unchanged += 1;
            return Ok(());
        }
        match (&stored, &change.order) {
            (None, _) => self.written.created += 1,
            (Some(_), Some(_)) => self.written.updated += 1,
            (Some(_), None) => self.written.removed += 1,
        }
        let version = stored.as_ref().map_or(0, |stored| stored.version) + 1;
        if let (Some(mark), Some(StoredOrder { order, lines, .. })) = (&mark, stored) {
            self.replaced.insert(mark.order_sk.clone());
            let is_last = Some(order.ordered_at) == self.before.last_order_at;
            self.has_replaced_last_order |= is_last && order.status.counts();
            self.figures.subtract(&order);
            self.month(&order).subtract(&order, &lines);
        }
        let after = match (&change.order, digest) {
            (Some((order, lines)), Some(digest)) => {
                let too_large =
                    || Error::invalid("total", "makes the sum of the customer's orders too large");
                self.figures.add(order).ok_or_else(too_large)?;
                self.month(order).add(order, lines).ok_or_else(too_large)?;
                if order.status.counts() {
                    self.newest = self.newest.max(Some(order.ordered_at));
                }
                let key =
                    keys::order(tenant, tenant.customer_uuid(self.customer), order.ordered_at, &order.id);
                let stored = StoredOrder { version, order: order.clone(), lines: lines.clone() };
                Some((key, stored, digest))
            }
            _ => None,
        };
        self.orders.push(OrderAfter { key: change.key.clone(), before: mark, after, version });
        Ok(())
    }

    fn month(&mut self, order: &Order) -> &mut Sales {
        self.months.entry(order.ordered_at.month_start()).or_default()
    }

    /// Whether nothing changes.
    pub(super) fn is_unchanged(&self) -> bool {
        self.orders.is_empty()
    }

    /// Sets when the customer made the last order, given the last one of those that this write leaves alone.
    pub(super) fn set_last_order(&mut self, left: Option<Timestamp>) {
        self.figures.last_order_at = left.max(self.newest);
    }

    /// When the customer made the last order before.
    pub(super) fn last_order_before(&self) -> Option<Timestamp> {
        self.before.last_order_at
    }
}

impl Store {
    /// The step that writes orders, their marks, the months and the figures.
    pub(super) fn orders_step(&self, tenant: &Tenant, after: OrdersAfter) -> Result<Step> {
        let OrdersAfter { customer, before, figures, months, orders, .. } = after;
        let uuid = tenant.customer_uuid(customer);
        let mut step = Step::default().guarded(
            self.figures_put(figures::from_figures(tenant, customer, &figures)?, before.version)?,
            Guard::Unchanged,
        );
        for (month, sales) in &months {
            let item = from_sales(&keys::month(tenant, uuid, *month), sales)?;
            if record::size(&item) > MAX_ITEM_BYTES {
                return Err(too_many_products(*month));
            }
            step.writes.push(self.put_always(item)?);
        }
        if figures.orders != before.orders
            && let Some(entry) = orders_count_item(tenant, uuid, customer, &figures)
        {
            step.writes.push(self.put_always(entry)?);
        }
        for order in orders {
            step = self.with_order(tenant, customer, step, order)?;
        }
        Ok(step)
    }

    fn with_order(
        &self,
        tenant: &Tenant,
        customer: CustomerNumber,
        mut step: Step,
        order: OrderAfter,
    ) -> Result<Step> {
        let OrderAfter { key, before, after, version } = order;
        let mark_key = keys::imported_row(tenant, key.as_str());
        let pk = keys::customer_partition(tenant, tenant.customer_uuid(customer));
        let sk = after.as_ref().map(|(key, ..)| key.sk.clone());
        let obsolete = before.as_ref().map(|mark| &mark.order_sk).filter(|old| Some(*old) != sk.as_ref());
        if let Some(old) = obsolete {
            step.writes.push(self.delete_always(&Key { pk, sk: old.clone() })?);
        }
        let mark = match after {
            Some((key, stored, content)) => {
                step.writes.push(self.put_always(from_order(&key, &stored)?)?);
                let mark = from_mark(&mark_key, &OrderMark { customer, order_sk: key.sk, content });
                match &before {
                    None => self.put_new(mark)?,
                    Some(before) => self.mark_put(mark, before)?,
                }
            }
            None => self.delete_existing(&mark_key)?,
        };
        step.changes.push(Change::Order { customer, order: key.order_id(), version });
        Ok(step.guarded(mark, Guard::Unchanged))
    }

    fn figures_put(&self, item: Item, version: u64) -> Result<TransactWriteItem> {
        let put = Put::builder().table_name(&*self.table).set_item(Some(item));
        finish_put(
            put.condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(version)),
        )
    }

    fn mark_put(&self, item: Item, before: &OrderMark) -> Result<TransactWriteItem> {
        let put = Put::builder().table_name(&*self.table).set_item(Some(item));
        finish_put(
            put.condition_expression("#content = :content")
                .expression_attribute_names("#content", CONTENT)
                .expression_attribute_values(":content", text(&before.content)),
        )
    }
}

/// The error for a month's sums that exceed an item: they hold each product.
fn too_many_products(month: Timestamp) -> Error {
    let message = format!(
        "gives the customer more different products in {} than its sums can hold, which is about 3,000",
        month.to_month()
    );
    Error::invalid("order", message)
}

/// The digest of an order and its lines.
pub(super) fn content(order: &Order, lines: &[OrderLine]) -> Result<String> {
    let json = serde_json::to_string(&(order, lines));
    Ok(write::digest(&[&json.map_err(|e| Error::internal("writing an order as JSON", e))?]))
}
