//! Credit utilization, and the risk that follows from it and from how late a customer pays.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::points::RISKS;
use crate::model::Money;

/// How likely a customer is to cause a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// The customer uses little of its credit and pays soon.
    Low,
    /// The customer uses much of its credit or pays slowly.
    Medium,
    /// The customer has almost used up its credit or pays very slowly.
    High,
}

impl Risk {
    /// Returns `low`, `medium` or `high`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Returns the risk of a customer with this [`utilization`] and these mean days from order to full payment (`None`: no
    /// order is paid).
    #[must_use]
    pub fn of(utilization: Decimal, average_payment_days: Option<Decimal>) -> Self {
        let exceeds = |percent: u32, days: u32| {
            utilization > percent.into() || average_payment_days.is_some_and(|average| average > days.into())
        };
        let first = RISKS.iter().find(|(_, percent, days)| exceeds(*percent, *days));
        first.map_or(Self::Low, |(risk, ..)| *risk)
    }
}

/// Returns the part of a credit limit that a balance uses, in percent. It is 0 without a limit or with one of 0, above 100 if
/// the limit is exceeded, and negative if the customer is owed money.
#[must_use]
pub fn utilization(balance: Money, credit_limit: Option<Money>) -> Decimal {
    let percent = granted(credit_limit).map(|limit| balance.get() * Decimal::ONE_HUNDRED / limit);
    percent.unwrap_or_default()
}

/// Returns a percentage as it is shown: with exactly one decimal, rounded half away from zero.
#[must_use]
pub fn one_decimal(percent: Decimal) -> Decimal {
    let mut rounded = percent.round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(1);
    rounded
}

/// Returns the credit limit, or `None` if no credit is granted.
pub(super) fn granted(credit_limit: Option<Money>) -> Option<Decimal> {
    credit_limit.map(Money::get).filter(|limit| *limit > Decimal::ZERO)
}
