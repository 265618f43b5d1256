//! A customer's orders, newest first, and their sums over any period.
//!
//! Sums come from the months. At the edges of a period, the orders of the month outside it are read and subtracted.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::future::{try_join, try_join3};
use uuid::Uuid;

use crate::Result;
use crate::model::{Order, OrderStatus, Sales, Tenant, Timestamp};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::orders::{ORDER_ATTRIBUTES, status_in, to_order, to_sales, to_stored_order};
use crate::store::items::{Item, projection, text};
use crate::table::keys::{self, attribute};

/// The orders from one moment to another, both included to the second. `None` is the beginning or the end of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderPeriod {
    /// The first moment.
    pub from: Option<Timestamp>,
    /// The last moment.
    pub to: Option<Timestamp>,
}

/// Some of a customer's orders, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<Order>,
    /// How many orders there are on all pages.
    pub total: u64,
}

/// The months of a period that have orders: the first moment of each, and the sums of its orders in the period.
pub type SalesByMonth = BTreeMap<Timestamp, Sales>;

/// A part of a list of orders.
struct Part {
    status: Option<OrderStatus>,
    period: OrderPeriod,
    /// How many orders of the list come first.
    skipped: u64,
    limit: usize,
    /// How many orders of any status there are for one of the list.
    orders_per_match: u64,
}

impl Store {
    /// Returns a page of a customer's orders, newest first, and their number: two round trips, and one more for each
    /// megabyte of newer orders in the page's first month.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`](crate::Error::NotFound) if the tenant has no such customer, or has soft-deleted it.
    pub async fn orders(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        status: Option<OrderStatus>,
        period: OrderPeriod,
        (page, limit): (u64, usize),
    ) -> Result<OrderPage> {
        let customer = self.customer_get(tenant, uuid, false);
        let (_, months) = try_join(customer, self.sales(tenant, uuid, period)).await?;
        let count = |sales: &Sales, status| u64::from(sales.listed(status));
        let [total, all] =
            [status, None].map(|status| months.values().map(|sales| count(sales, status)).sum::<u64>());
        let mut skipped = page.saturating_sub(1).saturating_mul(limit as u64);
        for (month, sales) in months.iter().rev() {
            let listed = count(sales, status);
            if skipped < listed {
                let end = month.next_month().plus_seconds(-1);
                let to = Some(period.to.map_or(end, |to| to.min(end)));
                let period = OrderPeriod { to, ..period };
                let part =
                    Part { status, period, skipped, limit, orders_per_match: all.div_ceil(total.max(1)) };
                return Ok(OrderPage { orders: self.orders_read(tenant, uuid, part).await?, total });
            }
            skipped -= listed;
        }
        Ok(OrderPage { orders: Vec::new(), total })
    }

    /// Returns the sums of a customer's orders in a period, by month (UTC): one round trip. Whether the customer exists is
    /// not checked.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn sales(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        OrderPeriod { from, to }: OrderPeriod,
    ) -> Result<SalesByMonth> {
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Ok(SalesByMonth::new());
        }
        let pk = keys::customer_partition(tenant, uuid);
        let months = self.sort_keys_between(&pk, &keys::months_between(from, to));
        let before = from.map(|from| (from.month_start(), from.plus_seconds(-1)));
        let after = to.map(|to| (to.plus_seconds(1), to.next_month().plus_seconds(-1)));
        let (months, before, after) = try_join3(
            self.query_items(months, "reading months of orders"),
            self.edge_read(&pk, before),
            self.edge_read(&pk, after),
        )
        .await?;
        let mut sales: SalesByMonth = months.iter().map(to_sales).collect::<Result<_>>()?;
        for item in before.iter().chain(&after) {
            let outside = to_stored_order(item)?;
            // An order that was written after its month was read is not in the sums.
            if let Some(month) = sales.get_mut(&outside.order.ordered_at.month_start()) {
                month.subtract(&outside.order, &outside.lines);
            }
        }
        sales.retain(|_, month| !month.by_status.is_empty());
        Ok(sales)
    }

    /// The orders of a month that are outside a period, if the month is not entirely inside.
    async fn edge_read(&self, pk: &str, edge: Option<(Timestamp, Timestamp)>) -> Result<Vec<Item>> {
        let Some((from, to)) = edge.filter(|(from, to)| from <= to) else { return Ok(Vec::new()) };
        let orders = self.sort_keys_between(pk, &keys::orders_between(Some(from), Some(to)));
        self.query_items(orders, "reading orders at the edge of a period").await
    }

    /// Reads a part of a list of orders, newest first.
    async fn orders_read(&self, tenant: &Tenant, uuid: Uuid, part: Part) -> Result<Vec<Order>> {
        let Part { status, period, mut skipped, limit, orders_per_match } = part;
        let pk = keys::customer_partition(tenant, uuid);
        let query = self.orders_query(&pk, period).scan_index_forward(false);
        let mut orders = Vec::new();
        let mut start_key = None;
        loop {
            let wanted = skipped + (limit - orders.len()) as u64;
            let most = i32::try_from(wanted.saturating_mul(orders_per_match)).unwrap_or(i32::MAX);
            let call = query.clone().limit(most).set_exclusive_start_key(start_key);
            let response = call.send().await.map_err(|e| failed("reading orders", e))?;
            for item in response.items.unwrap_or_default() {
                if status.is_some() && status != Some(status_in(&item)?) {
                    continue;
                }
                if skipped > 0 {
                    skipped -= 1;
                    continue;
                }
                orders.push(to_order(&item)?);
                if orders.len() == limit {
                    return Ok(orders);
                }
            }
            start_key = response.last_evaluated_key;
            if start_key.is_none() {
                return Ok(orders);
            }
        }
    }

    /// A strongly consistent query for the orders of a period without their lines.
    pub(in crate::store) fn orders_query(
        &self,
        pk: &str,
        OrderPeriod { from, to }: OrderPeriod,
    ) -> QueryFluentBuilder {
        let (expression, names) = projection(&ORDER_ATTRIBUTES);
        let query = self.sort_keys_between(pk, &keys::orders_between(from, to));
        let query = query.projection_expression(expression);
        names
            .into_iter()
            .fold(query, |query, (name, attribute)| query.expression_attribute_names(name, attribute))
    }

    /// A strongly consistent query for the items of a partition between two sort keys, both included.
    fn sort_keys_between(&self, pk: &str, [first, last]: &[String; 2]) -> QueryFluentBuilder {
        self.partition_query(pk)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
            .consistent_read(true)
    }
}
