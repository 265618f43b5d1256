//! Credit checks: the score of a customer, and the rating, the recommended limit and the risk that follow from it.
//!
//! The figures of all rules are in [`points`]. The built-in scorer is [`score`]; another provider of scores only replaces that
//! function. Everything here is pure: the same record, figures and moment always give the same result.

pub mod points;
mod risk;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use risk::{Risk, one_decimal, utilization};

use self::points::{LessIsBetter, MoreIsBetter};
use self::risk::granted;
use crate::model::{Customer, Figures, Money, Timestamp};

/// A credit score, from 300 to 850.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Score(u16);

/// A number that is not a credit score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be from {} to {}", points::SCORES.0, points::SCORES.1)]
pub struct ScoreError;

impl Score {
    /// Returns the score as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns the score closest to this number of points.
    fn nearest(points: i32) -> Self {
        let (lowest, highest) = points::SCORES;
        Self(u16::try_from(points.max(0)).unwrap_or(highest).clamp(lowest, highest))
    }
}

impl TryFrom<u16> for Score {
    type Error = ScoreError;

    fn try_from(number: u16) -> Result<Self, ScoreError> {
        let (lowest, highest) = points::SCORES;
        (lowest..=highest).contains(&number).then_some(Self(number)).ok_or(ScoreError)
    }
}

impl From<Score> for u16 {
    fn from(score: Score) -> Self {
        score.0
    }
}

/// The class of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// 740 or more.
    Excellent,
    /// 670 to 739.
    Good,
    /// 580 to 669.
    Fair,
    /// Below 580.
    Poor,
}

impl Rating {
    /// Returns the rating of a score.
    #[must_use]
    pub fn of(score: Score) -> Self {
        let first = points::RATINGS.iter().find(|(lowest, _)| score.get() >= *lowest);
        first.map_or(Self::Poor, |(_, rating)| *rating)
    }

    /// Returns `excellent`, `good`, `fair` or `poor`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
        }
    }
}

/// A customer whose credit is checked.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// The record.
    pub customer: &'a Customer,
    /// The purchases and debts.
    pub figures: &'a Figures,
    /// The moment of the check.
    pub at: Timestamp,
}

impl Applicant<'_> {
    /// Returns the customer's [`utilization`] of its credit limit.
    #[must_use]
    pub fn utilization(&self) -> Decimal {
        utilization(self.figures.balance, self.customer.fields.credit_limit)
    }

    /// Returns when the customer became one.
    #[must_use]
    pub fn customer_since(&self) -> Timestamp {
        self.customer.fields.customer_since.unwrap_or(self.customer.created_at)
    }

    /// Returns the credit limit, or `None` if no credit is granted.
    fn limit(&self) -> Option<Decimal> {
        granted(self.customer.fields.credit_limit)
    }
}

/// The result of a credit check. It recommends a credit limit and never changes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditCheck {
    /// The score.
    pub score: Score,
    /// The rating of the score.
    pub rating: Rating,
    /// The credit limit that the rating recommends; never negative.
    pub recommended_limit: Money,
    /// The customer's credit limit at the time of the check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_limit: Option<Money>,
    /// The risk at the time of the check.
    pub risk: Risk,
    /// When the check was made.
    pub at: Timestamp,
}

impl CreditCheck {
    /// Returns the result for a customer with this score.
    #[must_use]
    pub fn of(applicant: &Applicant<'_>, score: Score) -> Self {
        let rating = Rating::of(score);
        Self {
            score,
            rating,
            recommended_limit: recommended_limit(applicant, rating),
            current_limit: applicant.customer.fields.credit_limit,
            risk: Risk::of(applicant.utilization(), applicant.figures.average_payment_days()),
            at: applicant.at,
        }
    }
}

/// Returns the score of the built-in scorer.
#[must_use]
pub fn score(applicant: &Applicant<'_>) -> Score {
    let Applicant { customer, figures, .. } = applicant;
    let allowed = net_days(customer.fields.payment_terms.as_deref());
    let days_late = figures.average_payment_days().map(|average| average - Decimal::from(allowed));
    let utilization = applicant.limit().map(|_| applicant.utilization());
    let points = points::START
        + points::status_points(customer.fields.status)
        + utilization.map_or(0, |percent| fewest(points::UTILIZATION, percent))
        + days_late.map_or(0, |days| fewest(points::DAYS_LATE, days))
        + most(points::PAID_ORDERS, figures.paid_orders)
        + most(points::LIFETIME_VALUE, figures.lifetime_value.get())
        + most(points::DAYS_AS_CUSTOMER, applicant.customer_since().days_until(applicant.at));
    Score::nearest(points)
}

fn fewest(rule: LessIsBetter, value: Decimal) -> i32 {
    let first = rule.up_to.iter().find(|(bound, _)| value <= Decimal::from(*bound));
    first.map_or(rule.above, |(_, points)| *points)
}

fn most(rule: MoreIsBetter, value: impl Into<Decimal>) -> i32 {
    let value = value.into();
    let first = rule.from.iter().find(|(bound, _)| value >= Decimal::from(*bound));
    first.map_or(0, |(_, points)| *points)
}

/// Returns how many days a customer with these payment terms has to pay.
fn net_days(terms: Option<&str>) -> u16 {
    match terms {
        Some("due_on_receipt" | "prepaid") => 0,
        Some(terms) => {
            let days = terms.strip_prefix("net_").and_then(|days| days.parse().ok());
            days.unwrap_or(points::DEFAULT_NET_DAYS)
        }
        None => points::DEFAULT_NET_DAYS,
    }
}

/// The largest amount of money there is.
const MAX_CENTS: i64 = 99_999_999_999_999;

/// Returns a part of the current credit limit or, without one, of the average order, rounded to cents.
fn recommended_limit(applicant: &Applicant<'_>, rating: Rating) -> Money {
    let Figures { lifetime_value, orders, .. } = applicant.figures;
    let (amount, percent, shares) = match applicant.limit() {
        Some(limit) => (limit, points::percent_of_limit(rating), 1),
        None => (lifetime_value.get(), points::percent_of_average_order(rating), (*orders).max(1)),
    };
    let hundredths = amount.max(Decimal::ZERO) * Decimal::from(percent) / Decimal::from(shares);
    Money::rounded(hundredths / Decimal::ONE_HUNDRED).unwrap_or_else(|| Money::from_cents(MAX_CENTS))
}

#[cfg(test)]
mod credit_tests;
