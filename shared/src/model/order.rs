//! Orders: what a customer bought, where it was sent, and what was paid for it.

use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::customer_parts::{UnknownVariant, variant_named};
use super::{Address, Money, PreciseNumber, ProductId, Timestamp};

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderStatus {
    /// The order was received.
    Pending,
    /// The order was accepted.
    Confirmed,
    /// The goods are being prepared.
    Processing,
    /// The goods are on their way.
    Shipped,
    /// The goods have arrived.
    Delivered,
    /// The order was withdrawn.
    Cancelled,
    /// The goods were sent back.
    Returned,
}

impl OrderStatus {
    /// All statuses.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Confirmed,
        Self::Processing,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Returned,
    ];

    /// Returns the status in lower case, such as `delivered`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    /// Returns whether orders of this status count in figures. Cancelled and returned ones do not.
    #[must_use]
    pub fn counts(self) -> bool {
        !matches!(self, Self::Cancelled | Self::Returned)
    }
}

impl FromStr for OrderStatus {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        let names = "pending, confirmed, processing, shipped, delivered, cancelled or returned";
        variant_named(&Self::ALL, Self::as_str, text, names)
    }
}

/// Id of an order: `so_` and 16 hexadecimal digits, derived from its source and its id there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderId(String);

/// A text that is not the id of an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be `so_` and 16 hexadecimal digits")]
pub struct OrderIdError;

impl OrderId {
    /// Returns the id that is made of the first 16 digits of a digest in lower-case hexadecimal.
    #[must_use]
    pub(crate) fn from_digest(digest: &str) -> Self {
        Self(format!("so_{digest:.16}"))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrderId {
    type Err = OrderIdError;

    fn from_str(text: &str) -> Result<Self, OrderIdError> {
        let digits = text.strip_prefix("so_").ok_or(OrderIdError)?;
        let is_valid = digits.len() == 16 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_valid { Ok(Self(text.to_owned())) } else { Err(OrderIdError) }
    }
}

impl TryFrom<String> for OrderId {
    type Error = OrderIdError;

    fn try_from(text: String) -> Result<Self, OrderIdError> {
        text.parse()
    }
}

impl From<OrderId> for String {
    fn from(id: OrderId) -> Self {
        id.0
    }
}

/// An order without its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Identity.
    pub id: OrderId,
    /// The number that people know the order by.
    pub order_number: String,
    /// State.
    pub status: OrderStatus,
    /// When the order was made, to the second.
    pub ordered_at: Timestamp,
    /// When the goods left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped_at: Option<Timestamp>,
    /// When the goods arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// The order's value, never negative.
    pub total: Money,
    /// Number of lines.
    pub items_count: u32,
    /// Where the goods were sent.
    #[serde(default, skip_serializing_if = "Address::is_empty")]
    pub shipping_address: Address,
    /// The payments for the order; `None` if they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payments: Option<Vec<Payment>>,
}

/// A payment for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The amount paid.
    pub amount: Money,
    /// When it was paid, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Timestamp>,
}

/// A line of an order: a product and its quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The product.
    pub product: ProductId,
    /// The product's name at the time of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many units were ordered.
    pub quantity: PreciseNumber,
    /// Price of one unit before the discount.
    pub unit_price: PreciseNumber,
    /// The part of the price that is waived, from 0 to 1.
    #[serde(default, skip_serializing_if = "PreciseNumber::is_zero")]
    pub discount: PreciseNumber,
}

impl OrderLine {
    /// Returns the line's value: unit price × quantity × (1 − discount), exact.
    #[must_use]
    pub fn value(&self) -> Option<Decimal> {
        let part = Decimal::ONE - self.discount.get();
        self.unit_price.get().checked_mul(self.quantity.get())?.checked_mul(part)
    }

    /// Returns the line's value to four decimal places, rounded half away from zero.
    #[must_use]
    pub fn revenue(&self) -> Option<PreciseNumber> {
        let rounded = self.value()?.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero);
        PreciseNumber::new(rounded).ok()
    }
}

/// Returns the value of an order with these lines: rounded once, half away from zero, to cents. `None` if it is too
/// large to be calculated with.
#[must_use]
pub fn total_of(lines: &[OrderLine]) -> Option<Money> {
    let sum = lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.value()?))?;
    Money::rounded(sum)
}

impl Order {
    /// Returns how much of the order is unpaid. It is nothing if the order counts in no figure, if payments are not
    /// known, or if more was paid than asked for.
    #[must_use]
    pub fn unpaid(&self) -> Money {
        let Some(payments) = self.payments.as_ref().filter(|_| self.status.counts()) else {
            return Money::default();
        };
        let paid = payments.iter().fold(Money::default(), |paid, payment| paid + payment.amount);
        (self.total - paid).max(Money::default())
    }

    /// Returns the whole UTC days from the order to its full payment, or `None` if it is not paid in full on a known
    /// day. An order paid in advance took no days.
    #[must_use]
    pub fn days_to_payment(&self) -> Option<u32> {
        let mut payments: Vec<(Timestamp, Money)> =
            self.payments.iter().flatten().filter_map(|one| Some((one.paid_at?, one.amount))).collect();
        payments.sort_unstable();
        let mut paid = Money::default();
        let (at, _) = payments.into_iter().find(|(_, amount)| {
            paid = paid + *amount;
            paid >= self.total
        })?;
        Some(u32::try_from(self.ordered_at.days_until(at)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    fn order(total: &str, payments: Option<&[(&str, Option<&str>)]>) -> Order {
        let payment = |(amount, paid_at): &(&str, Option<&str>)| Payment {
            amount: amount.parse().unwrap(),
            paid_at: paid_at.map(at),
        };
        Order {
            id: "so_0123456789abcdef".parse().unwrap(),
            order_number: "1".into(),
            status: OrderStatus::Delivered,
            ordered_at: at("2024-01-15T23:59:59Z"),
            shipped_at: None,
            delivered_at: None,
            total: total.parse().unwrap(),
            items_count: 0,
            shipping_address: Address::default(),
            payments: payments.map(|payments| payments.iter().map(payment).collect()),
        }
    }

    #[test]
    fn order_is_unpaid_as_far_as_its_payments_are_known_and_too_small() {
        for (payments, unpaid) in [
            (None, "0.00"),
            (Some(&[][..]), "100.00"),
            (Some(&[("60", None)][..]), "40.00"),
            (Some(&[("60", None), ("50", Some("2024-02-01T00:00:00Z"))][..]), "0.00"),
        ] {
            assert_eq!(order("100", payments).unpaid().to_string(), unpaid);
        }
        let cancelled = Order { status: OrderStatus::Cancelled, ..order("100", Some(&[])) };
        assert_eq!(cancelled.unpaid(), Money::default());
    }

    #[test]
    fn days_to_payment_are_whole_days_until_the_payment_that_completes_it() {
        let days = |payments| order("100", Some(payments)).days_to_payment();
        assert_eq!(days(&[]), None);
        assert_eq!(days(&[("100", None)]), None);
        assert_eq!(days(&[("100", Some("2024-01-16T00:00:00Z"))]), Some(1));
        assert_eq!(days(&[("99.99", Some("2024-01-16T00:00:00Z"))]), None);
        assert_eq!(
            days(&[("40", Some("2024-02-15T00:00:00Z")), ("60", Some("2024-01-20T00:00:00Z"))]),
            Some(31)
        );
        assert_eq!(days(&[("100", Some("2024-01-01T00:00:00Z"))]), Some(0));
    }

    #[test]
    fn total_is_rounded_once_and_revenue_to_four_places() {
        let line = |price: &str, quantity: &str, discount: &str| OrderLine {
            product: "p".parse().unwrap(),
            name: None,
            quantity: quantity.parse().unwrap(),
            unit_price: price.parse().unwrap(),
            discount: discount.parse().unwrap(),
        };
        // Each line alone is 0.005, which would be rounded to 0.01.
        let lines = [line("0.01", "1", "0.5"), line("0.01", "1", "0.5")];
        assert_eq!(total_of(&lines).map(|total| total.to_string()), Some("0.01".into()));
        assert_eq!(line("0.3333", "0.5", "0.25").revenue().map(|r| r.to_string()), Some("0.125".into()));
        assert_eq!(line("0.0001", "0.5", "0").revenue().map(|r| r.to_string()), Some("0.0001".into()));
        assert_eq!(total_of(&[line("999999999999", "999999999999", "0")]), None);
        assert_eq!(total_of(&[]).map(|total| total.to_string()), Some("0.00".into()));
    }

    #[test]
    fn ids_are_16_hexadecimal_digits() {
        assert!("so_0123456789abcdef".parse::<OrderId>().is_ok());
        for wrong in ["", "so_", "so_0123456789abcdeF", "so_0123456789abcde", "cust_1", "0123456789abcdef"] {
            assert!(wrong.parse::<OrderId>().is_err(), "{wrong}");
        }
    }
}
