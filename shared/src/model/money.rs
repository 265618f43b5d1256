//! Money as exact decimals, never floating point.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of money in the customer's currency, exact to two decimal places; stored as text such as `10000.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(Decimal);

impl Money {
    /// Returns the amount that is this number of hundredths.
    #[must_use]
    pub fn from_cents(cents: i64) -> Self {
        Self(Decimal::new(cents, 2))
    }

    /// The amount in hundredths, at the limits of an `i64` if it is beyond them.
    #[must_use]
    pub fn to_cents(self) -> i64 {
        let cents = (self.0 * Decimal::ONE_HUNDRED).round();
        i64::try_from(cents).unwrap_or(if cents.is_sign_negative() { i64::MIN } else { i64::MAX })
    }

    /// Returns the number rounded half away from zero to hundredths, or `None` if it is too large to be an amount.
    #[must_use]
    pub fn rounded(number: Decimal) -> Option<Self> {
        let mut cents = number.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        cents.rescale(2);
        Self(cents).stored()
    }

    /// Returns the amount as a decimal.
    #[must_use]
    pub fn get(self) -> Decimal {
        self.0
    }

    /// Returns the amount, or `None` if it is too large to be stored, as a sum can be.
    #[must_use]
    pub fn stored(self) -> Option<Self> {
        (self.0.abs() < LIMIT).then_some(self)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// The reason why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a decimal number.
    #[error("must be a number")]
    NotANumber,
    /// The number has more than two decimal places.
    #[error("must have at most two decimal places")]
    TooPrecise,
    /// The number is too far from zero to be calculated with.
    #[error("must be between -999999999999.99 and 999999999999.99")]
    TooLarge,
}

/// The amounts are below this, so that hundredths and sums of many amounts stay exact.
pub(super) const LIMIT: Decimal = Decimal::from_parts(0xd4a5_1000, 0xe8, 0, false, 0);

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let mut normal = decimal(text)?.normalize();
        if normal.scale() > 2 {
            return Err(MoneyError::TooPrecise);
        }
        if normal.abs() >= LIMIT {
            return Err(MoneyError::TooLarge);
        }
        normal.rescale(2);
        Ok(Self(normal))
    }
}

/// Parses a decimal number, with or without an exponent.
///
/// # Errors
/// Returns the reason if the text is not a number, or is one that cannot be calculated with.
pub(super) fn decimal(text: &str) -> Result<Decimal, MoneyError> {
    let text = text.trim();
    let exact = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    exact.map_err(|_| {
        // Texts such as `inf` and `1_000` are numbers in Rust only.
        let is_plain =
            text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        match text.parse::<f64>() {
            Ok(value) if is_plain && value.abs() < 1e12 => MoneyError::TooPrecise,
            Ok(_) if is_plain => MoneyError::TooLarge,
            _ => MoneyError::NotANumber,
        }
    })
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_two_decimals_and_reject_more() {
        assert_eq!("10000".parse::<Money>().map(|m| m.to_string()), Ok("10000.00".into()));
        assert_eq!("0.100".parse::<Money>().map(|m| m.to_string()), Ok("0.10".into()));
        assert_eq!("0.001".parse::<Money>(), Err(MoneyError::TooPrecise));
        assert_eq!("1e3".parse::<Money>().map(|m| m.to_string()), Ok("1000.00".into()));
        for text in ["1e3x", "inf", "NaN", "", "e", "-", "0x1"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::NotANumber), "{text}");
        }
        assert_eq!(Money::from_cents(-5).to_string(), "-0.05");
    }

    #[test]
    fn amounts_with_too_many_digits_are_too_precise() {
        for text in
            ["1.00000000000000000000000000000000001", "1e-40", "0.0000000000000000000000000000000000001"]
        {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::TooPrecise), "{text}");
        }
    }

    #[test]
    fn amounts_that_cannot_be_calculated_with_are_refused() {
        assert_eq!("999999999999.99".parse::<Money>().map(Money::to_cents), Ok(99_999_999_999_999));
        for text in ["1000000000000", "-1000000000000", "2000000000000000000000000024", "1e400", "-1e12"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::TooLarge), "{text}");
        }
    }
}
