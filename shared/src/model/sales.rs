//! Sales: the orders of a customer in a month, or in a part of it, summed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Figures, Money, Order, OrderLine, OrderStatus, PreciseNumber, ProductId};

/// The sums of some orders. Everything but [`Self::by_status`] leaves out cancelled and returned orders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sales {
    /// Number of orders of each status.
    #[serde(default)]
    pub by_status: BTreeMap<OrderStatus, u32>,
    /// The orders' total.
    #[serde(default)]
    pub revenue: Money,
    /// How many orders are paid in full, on a known day.
    #[serde(default)]
    pub paid_orders: u32,
    /// The whole UTC days from order to full payment, summed over those orders.
    #[serde(default)]
    pub payment_days: u32,
    /// The sums of each product.
    #[serde(default)]
    pub products: BTreeMap<ProductId, ProductSales>,
}

/// The sums of one product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProductSales {
    /// The product's name in the order that was added last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number of order lines.
    pub lines: u32,
    /// Units ordered.
    pub quantity: PreciseNumber,
    /// The lines' value, each to four decimal places.
    pub revenue: PreciseNumber,
}

impl Sales {
    /// Returns the number of orders that count in figures.
    #[must_use]
    pub fn orders(&self) -> u32 {
        self.by_status.iter().filter(|(status, _)| status.counts()).map(|(_, count)| count).sum()
    }

    /// Returns the number of orders of this status, or of all orders, cancelled and returned ones included.
    #[must_use]
    pub fn listed(&self, status: Option<OrderStatus>) -> u32 {
        let is_listed = |one: &OrderStatus| status.is_none_or(|status| *one == status);
        self.by_status.iter().filter(|(one, _)| is_listed(one)).map(|(_, count)| count).sum()
    }

    /// Adds an order. Returns `None`, with a part of the order added, if a sum becomes too large to be stored.
    #[must_use]
    pub fn add(&mut self, order: &Order, lines: &[OrderLine]) -> Option<()> {
        *self.by_status.entry(order.status).or_default() += 1;
        if !order.status.counts() {
            return Some(());
        }
        self.revenue = (self.revenue + order.total).stored()?;
        if let Some(days) = order.days_to_payment() {
            self.paid_orders += 1;
            self.payment_days = self.payment_days.saturating_add(days);
        }
        for line in lines {
            let product = self.products.entry(line.product.clone()).or_default();
            product.lines += 1;
            product.name = line.name.clone().or(product.name.take());
            product.quantity = sum(product.quantity, line.quantity.get())?;
            product.revenue = sum(product.revenue, line.revenue()?.get())?;
        }
        Some(())
    }

    /// Takes back what [`Self::add`] did, except for the names of products.
    pub fn subtract(&mut self, order: &Order, lines: &[OrderLine]) {
        if let Some(count) = self.by_status.get_mut(&order.status) {
            *count = count.saturating_sub(1);
        }
        self.by_status.retain(|_, count| *count > 0);
        if !order.status.counts() {
            return;
        }
        self.revenue = self.revenue - order.total;
        if let Some(days) = order.days_to_payment() {
            self.paid_orders = self.paid_orders.saturating_sub(1);
            self.payment_days = self.payment_days.saturating_sub(days);
        }
        for line in lines {
            let Some(product) = self.products.get_mut(&line.product) else { continue };
            product.lines = product.lines.saturating_sub(1);
            product.quantity = sum(product.quantity, -line.quantity.get()).unwrap_or_default();
            let revenue = line.revenue().unwrap_or_default();
            product.revenue = sum(product.revenue, -revenue.get()).unwrap_or_default();
        }
        self.products.retain(|_, product| product.lines > 0);
    }

    /// Adds other sales, of other orders. Returns `None` if a sum becomes too large.
    #[must_use]
    pub fn merge(&mut self, other: Self) -> Option<()> {
        for (status, count) in other.by_status {
            *self.by_status.entry(status).or_default() += count;
        }
        self.revenue = (self.revenue + other.revenue).stored()?;
        self.paid_orders += other.paid_orders;
        self.payment_days = self.payment_days.saturating_add(other.payment_days);
        for (id, sales) in other.products {
            let product = self.products.entry(id).or_default();
            product.lines += sales.lines;
            product.name = sales.name.or(product.name.take());
            product.quantity = sum(product.quantity, sales.quantity.get())?;
            product.revenue = sum(product.revenue, sales.revenue.get())?;
        }
        Some(())
    }

    /// Returns the mean value of the orders, rounded to cents; nothing if there is none.
    #[must_use]
    pub fn average_order_value(&self) -> Money {
        mean(self.revenue, self.orders())
    }

    /// Returns the mean whole UTC days from order to full payment, or `None` if no order is paid.
    #[must_use]
    pub fn average_payment_days(&self) -> Option<Decimal> {
        Decimal::from(self.payment_days).checked_div(Decimal::from(self.paid_orders))
    }
}

impl Figures {
    /// Adds an order, except to the moment of the last order. Returns `None`, with a part of the order added, if a sum
    /// becomes too large to be stored.
    #[must_use]
    pub fn add(&mut self, order: &Order) -> Option<()> {
        if !order.status.counts() {
            return Some(());
        }
        self.balance = (self.balance + order.unpaid()).stored()?;
        self.lifetime_value = (self.lifetime_value + order.total).stored()?;
        self.orders += 1;
        if let Some(days) = order.days_to_payment() {
            self.paid_orders += 1;
            self.payment_days = self.payment_days.saturating_add(days);
        }
        Some(())
    }

    /// Takes back what [`Self::add`] did.
    pub fn subtract(&mut self, order: &Order) {
        if !order.status.counts() {
            return;
        }
        self.balance = self.balance - order.unpaid();
        self.lifetime_value = self.lifetime_value - order.total;
        self.orders = self.orders.saturating_sub(1);
        if let Some(days) = order.days_to_payment() {
            self.paid_orders = self.paid_orders.saturating_sub(1);
            self.payment_days = self.payment_days.saturating_sub(days);
        }
    }

    /// Returns the mean value of the orders, rounded to cents; nothing if there is none.
    #[must_use]
    pub fn average_order_value(&self) -> Money {
        mean(self.lifetime_value, self.orders)
    }
}

fn mean(total: Money, count: u32) -> Money {
    total.get().checked_div(Decimal::from(count)).and_then(Money::rounded).unwrap_or_default()
}

fn sum(one: PreciseNumber, other: Decimal) -> Option<PreciseNumber> {
    PreciseNumber::new(one.get().checked_add(other)?).ok()
}
