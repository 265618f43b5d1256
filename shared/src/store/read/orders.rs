//! A customer's orders, newest first, and their sums over any period.
//!
//! Sums come from the months. At the edges of a period, the orders themselves are summed.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::future::{try_join, try_join3};
use uuid::Uuid;

use crate::model::{Order, OrderStatus, Sales, Tenant, Timestamp};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::orders::{ORDER_ATTRIBUTES, status_in, to_order, to_sales, to_stored_order};
use crate::store::items::{projection, text};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

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

/// The parts of sums that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// How many orders have each status.
    Counts,
    /// Everything.
    All,
}

/// The months of a period.
#[derive(Debug, PartialEq, Eq)]
struct PeriodParts {
    /// The months that are entirely in the period.
    whole: Option<OrderPeriod>,
    /// The parts of months at the beginning and at the end, each from one moment to another.
    edges: [Option<(Timestamp, Timestamp)>; 2],
}

impl OrderPeriod {
    /// The months of the period; `None` if it is empty.
    fn parts(self) -> Option<PeriodParts> {
        let Self { from, to } = self;
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return None;
        }
        let month_end = |at: Timestamp| at.next_month().plus_seconds(-1);
        let first = from.filter(|from| *from > from.month_start());
        let last = to.filter(|to| *to < month_end(*to));
        let is_one_month = from.zip(to).is_some_and(|(from, to)| from.month_start() == to.month_start());
        if is_one_month && (first.is_some() || last.is_some()) {
            return Some(PeriodParts { whole: None, edges: [from.zip(to), None] });
        }
        let whole = Self {
            from: first.map_or(from, |first| Some(first.next_month())),
            to: last.map_or(to, |last| Some(last.month_start().plus_seconds(-1))),
        };
        let is_any = whole.from.zip(whole.to).is_none_or(|(from, to)| from <= to);
        let edges =
            [first.map(|first| (first, month_end(first))), last.map(|last| (last.month_start(), last))];
        Some(PeriodParts { whole: is_any.then_some(whole), edges })
    }
}

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
    /// Returns [`Error::NotFound`] if the tenant has no such customer, or has soft-deleted it.
    pub async fn orders(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        status: Option<OrderStatus>,
        period: OrderPeriod,
        (page, limit): (u64, usize),
    ) -> Result<OrderPage> {
        let customer = self.customer_get(tenant, uuid, false);
        let (_, months) = try_join(customer, self.sums(tenant, uuid, period, Extent::Counts)).await?;
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

    /// Returns the sums of a customer's orders in a period, by month (UTC): one round trip, and one more for each megabyte of
    /// orders in the months at the edges of the period. Whether the customer exists is not checked.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn sales(&self, tenant: &Tenant, uuid: Uuid, period: OrderPeriod) -> Result<SalesByMonth> {
        self.sums(tenant, uuid, period, Extent::All).await
    }

    /// The sums of months that are entirely in the period, and the sums of the orders themselves at its edges.
    ///
    /// A month's sums less the orders outside the period would be wrong while orders are written: the two are not read at
    /// the same moment.
    async fn sums(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        period: OrderPeriod,
        extent: Extent,
    ) -> Result<SalesByMonth> {
        let Some(PeriodParts { whole, edges: [first, last] }) = period.parts() else {
            return Ok(SalesByMonth::new());
        };
        let pk = keys::customer_partition(tenant, uuid);
        let months = async {
            let Some(OrderPeriod { from, to }) = whole else { return Ok(Vec::new()) };
            let query = self.sort_keys_between(&pk, &keys::months_between(from, to));
            self.query_items(query, "reading months of orders").await
        };
        let (months, first, last) =
            try_join3(months, self.edge_sum(&pk, first, extent), self.edge_sum(&pk, last, extent)).await?;
        let mut sums: SalesByMonth = months.iter().map(to_sales).collect::<Result<_>>()?;
        sums.extend(first.into_iter().chain(last));
        sums.retain(|_, month| !month.by_status.is_empty());
        Ok(sums)
    }

    /// The sums of the orders of a part of a month, one page of orders in memory at a time.
    async fn edge_sum(
        &self,
        pk: &str,
        edge: Option<(Timestamp, Timestamp)>,
        extent: Extent,
    ) -> Result<Option<(Timestamp, Sales)>> {
        let Some((from, to)) = edge else { return Ok(None) };
        let period = OrderPeriod { from: Some(from), to: Some(to) };
        let query = match extent {
            Extent::Counts => self.orders_query(pk, period),
            Extent::All => self.orders_with_lines_query(pk, period),
        };
        let (mut sum, mut start_key) = (Sales::default(), None);
        loop {
            let call = query.clone().set_exclusive_start_key(start_key).send().await;
            let page = call.map_err(|e| failed("reading orders at the edge of a period", e))?;
            for item in page.items.unwrap_or_default() {
                match extent {
                    Extent::Counts => *sum.by_status.entry(status_in(&item)?).or_default() += 1,
                    Extent::All => {
                        let stored = to_stored_order(&item)?;
                        let added = sum.add(&stored.order, &stored.lines);
                        added.ok_or_else(|| {
                            Error::broken("the orders of a month exceed what a sum can hold")
                        })?;
                    }
                }
            }
            start_key = page.last_evaluated_key;
            if start_key.is_none() {
                return Ok(Some((from.month_start(), sum)));
            }
        }
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
    pub(in crate::store) fn orders_query(&self, pk: &str, period: OrderPeriod) -> QueryFluentBuilder {
        let (expression, names) = projection(&ORDER_ATTRIBUTES);
        let query = self.orders_with_lines_query(pk, period);
        let query = query.projection_expression(expression);
        names
            .into_iter()
            .fold(query, |query, (name, attribute)| query.expression_attribute_names(name, attribute))
    }

    /// A strongly consistent query for the orders of a period with their lines.
    pub(super) fn orders_with_lines_query(
        &self,
        pk: &str,
        OrderPeriod { from, to }: OrderPeriod,
    ) -> QueryFluentBuilder {
        self.sort_keys_between(pk, &keys::orders_between(from, to))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    /// The parts of a period, each from one moment to another.
    fn parts(from: &str, to: &str) -> Option<Vec<String>> {
        let period =
            OrderPeriod { from: (!from.is_empty()).then(|| at(from)), to: (!to.is_empty()).then(|| at(to)) };
        let PeriodParts { whole, edges } = period.parts()?;
        let show = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339_seconds).unwrap_or_default();
        let whole = whole.map(|whole| format!("months {}..{}", show(whole.from), show(whole.to)));
        let edges =
            edges.into_iter().flatten().map(|(from, to)| format!("{}..{}", show(Some(from)), show(Some(to))));
        Some(whole.into_iter().chain(edges).collect())
    }

    #[test]
    fn months_inside_a_period_are_whole_and_the_rest_are_edges() {
        let (start, end) = ("2024-01-01T00:00:00Z", "2024-03-31T23:59:59Z");
        assert_eq!(parts("", ""), Some(vec!["months ..".into()]));
        assert_eq!(parts(start, end), Some(vec![format!("months {start}..{end}")]));
        assert_eq!(
            parts("2024-01-01T00:00:01Z", "2024-03-31T23:59:58Z").unwrap(),
            [
                "months 2024-02-01T00:00:00Z..2024-02-29T23:59:59Z",
                "2024-01-01T00:00:01Z..2024-01-31T23:59:59Z",
                "2024-03-01T00:00:00Z..2024-03-31T23:59:58Z",
            ]
        );
        assert_eq!(
            parts("2024-01-31T23:59:59Z", "2024-02-01T00:00:00Z").unwrap(),
            ["2024-01-31T23:59:59Z..2024-01-31T23:59:59Z", "2024-02-01T00:00:00Z..2024-02-01T00:00:00Z"]
        );
        let day = ("2024-01-05T00:00:00Z", "2024-01-05T23:59:59Z");
        assert_eq!(parts(day.0, day.1), Some(vec![format!("{}..{}", day.0, day.1)]));
        assert_eq!(parts(day.1, day.0), None);
        let last_day: Timestamp = "9999-12-31".parse::<crate::model::Date>().unwrap().start();
        assert_eq!(last_day.as_millis(), 253_402_214_400_000);
        let open = OrderPeriod { from: None, to: Some(last_day.plus_seconds(86_399)) };
        let expected = PeriodParts { whole: Some(open), edges: [None, None] };
        assert_eq!(open.parts(), Some(expected));
    }
}
