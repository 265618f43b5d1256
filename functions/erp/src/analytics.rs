//! The JSON of a customer's analytics.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use clientele_shared::model::{Customer, Figures, Money, ProductId, ProductSales, Sales, Timestamp};
use clientele_shared::rules::credit::{Risk, one_decimal, utilization};
use clientele_shared::rules::segment::Segment;
use clientele_shared::store::SalesByMonth;
use clientele_shared::{Error, Result};

use crate::types::{Amount, customer_since, name, number};

/// How many products are shown.
const TOP_PRODUCTS: usize = 10;

/// The analytics of a customer's orders.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Analytics)]
pub(crate) struct AnalyticsBody {
    /// The customer.
    customer: NamedCustomer,
    /// Figures of all orders.
    overview: Overview,
    /// Money in the period.
    financial_summary: FinancialSummary,
    /// The months (UTC) of the period that have orders, newest first. The first and the last month can be partly outside
    /// the period.
    order_history: Vec<MonthBody>,
    /// The products of the period with most revenue, at most 10.
    top_products: Vec<ProductBody>,
    /// `high_value` for orders of 10,000.00 or more in all, `medium_value` of 1,000.00 or more, else `low_value`; `new`
    /// without orders.
    #[schema(example = "high_value")]
    customer_segment: &'static str,
    /// `low`, `medium` (credit utilization above 60 %, or more than 30 days to payment) or `high` (above 90 %, or more than
    /// 60 days).
    #[schema(example = "low")]
    risk_score: &'static str,
}

/// A customer's identity.
#[derive(Debug, Serialize, ToSchema)]
struct NamedCustomer {
    /// Unique identifier.
    #[schema(example = "cust_456")]
    id: String,
    /// The organisation's name, or else the person's, or else the email address.
    #[schema(example = "Customer XYZ")]
    name: String,
}

/// Figures of all orders that are neither cancelled nor returned.
#[derive(Debug, Serialize, ToSchema)]
struct Overview {
    /// The orders' total.
    #[schema(value_type = f64, example = 45_000.00)]
    lifetime_value: Amount,
    /// Number of orders.
    total_orders: u32,
    /// Mean value of an order; 0.00 without orders.
    #[schema(value_type = f64, example = 600.00)]
    avg_order_value: Amount,
    /// When the last order was made; `null` without orders.
    last_order_date: Option<String>,
    /// When the customer became one.
    customer_since: String,
    /// Whole days (UTC) since the last order; `null` without orders.
    days_since_last_order: Option<i64>,
}

/// Money in the period, and the customer's debt now.
#[derive(Debug, Serialize, ToSchema)]
struct FinancialSummary {
    /// Total of the period's orders.
    #[schema(value_type = f64, example = 45_000.00)]
    total_revenue: Amount,
    /// How much the customer owes.
    #[schema(value_type = f64, example = 2_500.00)]
    current_balance: Amount,
    /// How much the customer is allowed to owe; `null` if that is not set.
    #[schema(value_type = Option<f64>, example = 10_000.00)]
    credit_limit: Option<Amount>,
    /// The part of the credit limit that is used, in percent with one decimal place; 0.0 without a limit.
    #[schema(value_type = f64, example = 25.0)]
    credit_utilization: Number,
    /// Mean whole days (UTC) from order to full payment, of the period's orders that are paid; `null` without any.
    #[schema(value_type = Option<f64>, example = 12)]
    avg_payment_days: Option<Number>,
}

/// The orders of a month.
#[derive(Debug, Serialize, ToSchema)]
struct MonthBody {
    /// Year and month (UTC).
    #[schema(example = "2024-01")]
    month: String,
    /// Number of orders.
    orders: u32,
    /// The orders' total.
    #[schema(value_type = f64, example = 4_800.00)]
    revenue: Amount,
    /// Mean value of an order.
    #[schema(value_type = f64, example = 600.00)]
    avg_order_value: Amount,
}

/// The orders of one product.
#[derive(Debug, Serialize, ToSchema)]
struct ProductBody {
    /// The product's id.
    #[schema(example = "prod_123")]
    product_id: String,
    /// The product's name, or its id if no order names it.
    #[schema(example = "Smart Widget")]
    product_name: String,
    /// Units ordered.
    #[schema(value_type = f64, example = 150)]
    quantity_ordered: Number,
    /// Value of these units.
    #[schema(value_type = f64, example = 7_500.00)]
    revenue: Amount,
}

/// A JSON number with exactly these digits.
#[derive(Debug)]
struct Number(Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.0.to_string(), serializer)
    }
}

impl AnalyticsBody {
    /// Returns the analytics of a customer whose orders in the period are `months`.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if a sum is too large.
    pub(crate) fn of(
        customer: &Customer,
        figures: &Figures,
        months: SalesByMonth,
        now: Timestamp,
    ) -> Result<Self> {
        let order_history =
            months.iter().rev().filter(|(_, sales)| sales.orders() > 0).map(MonthBody::from).collect();
        let mut period = Sales::default();
        for sales in months.into_values() {
            period
                .merge(sales)
                .ok_or_else(|| Error::broken("the sum of a customer's months is too large"))?;
        }
        let utilization = utilization(figures.balance, customer.fields.credit_limit);
        let payment_days = period.average_payment_days();
        let financial_summary = FinancialSummary {
            total_revenue: Amount(period.revenue),
            current_balance: Amount(figures.balance),
            credit_limit: customer.fields.credit_limit.map(Amount),
            credit_utilization: Number(one_decimal(utilization)),
            avg_payment_days: payment_days.map(|days| {
                Number(days.round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero).normalize())
            }),
        };
        Ok(Self {
            customer: NamedCustomer { id: customer.number.to_customer_id(), name: name(&customer.fields) },
            overview: Overview::of(customer, figures, now),
            financial_summary,
            order_history,
            top_products: top_products(period),
            customer_segment: Segment::of(figures).as_str(),
            risk_score: Risk::of(utilization, payment_days).as_str(),
        })
    }
}

impl Overview {
    fn of(customer: &Customer, figures: &Figures, now: Timestamp) -> Self {
        Self {
            lifetime_value: Amount(figures.lifetime_value),
            total_orders: figures.orders,
            avg_order_value: Amount(figures.average_order_value()),
            last_order_date: figures.last_order_at.map(Timestamp::to_rfc3339_seconds),
            customer_since: customer_since(customer),
            days_since_last_order: figures.last_order_at.map(|last| last.days_until(now).max(0)),
        }
    }
}

impl From<(&Timestamp, &Sales)> for MonthBody {
    fn from((month, sales): (&Timestamp, &Sales)) -> Self {
        Self {
            month: month.to_month(),
            orders: sales.orders(),
            revenue: Amount(sales.revenue),
            avg_order_value: Amount(sales.average_order_value()),
        }
    }
}

/// The products with most revenue, then by name.
fn top_products(period: Sales) -> Vec<ProductBody> {
    let named = |(id, sales): (ProductId, ProductSales)| {
        let name = sales.name.clone().unwrap_or_else(|| id.as_str().to_owned());
        (sales, name, id)
    };
    let mut products: Vec<(ProductSales, String, ProductId)> =
        period.products.into_iter().map(named).collect();
    products.sort_by(|(one, one_name, one_id), (other, other_name, other_id)| {
        let by_revenue = other.revenue.cmp(&one.revenue);
        by_revenue.then_with(|| one_name.cmp(other_name)).then_with(|| one_id.cmp(other_id))
    });
    let body = |(sales, product_name, id): (ProductSales, String, ProductId)| ProductBody {
        product_id: id.as_str().to_owned(),
        product_name,
        quantity_ordered: Number(sales.quantity.get()),
        revenue: Amount(Money::rounded(sales.revenue.get()).unwrap_or_default()),
    };
    products.into_iter().take(TOP_PRODUCTS).map(body).collect()
}
