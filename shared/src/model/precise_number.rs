//! Numbers exact to four decimal places: quantities, unit prices and the revenue of products.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::money::{LIMIT, MoneyError, decimal};

/// A number exact to four decimal places; stored as text without superfluous zeros, such as `12` or `0.125`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PreciseNumber(Decimal);

/// The reason why a number is not precise in this sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreciseNumberError {
    /// The text is not a decimal number.
    #[error("must be a number")]
    NotANumber,
    /// The number has more than four decimal places.
    #[error("must have at most four decimal places")]
    TooPrecise,
    /// The number is too far from zero to be calculated with.
    #[error("must be between -999999999999.9999 and 999999999999.9999")]
    TooLarge,
}

impl PreciseNumber {
    /// The number one.
    pub const ONE: Self = Self(Decimal::ONE);

    /// Returns the number.
    ///
    /// # Errors
    /// Returns the reason if it has more than four decimal places or is too large.
    pub fn new(number: Decimal) -> Result<Self, PreciseNumberError> {
        let normal = number.normalize();
        if normal.scale() > 4 {
            return Err(PreciseNumberError::TooPrecise);
        }
        if normal.abs() >= LIMIT {
            return Err(PreciseNumberError::TooLarge);
        }
        Ok(Self(normal))
    }

    /// Returns the number as a decimal.
    #[must_use]
    pub fn get(self) -> Decimal {
        self.0
    }

    /// Returns whether the number is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl FromStr for PreciseNumber {
    type Err = PreciseNumberError;

    fn from_str(text: &str) -> Result<Self, PreciseNumberError> {
        let number = decimal(text).map_err(|error| match error {
            MoneyError::NotANumber => PreciseNumberError::NotANumber,
            MoneyError::TooPrecise => PreciseNumberError::TooPrecise,
            MoneyError::TooLarge => PreciseNumberError::TooLarge,
        });
        Self::new(number?)
    }
}

impl fmt::Display for PreciseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for PreciseNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PreciseNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_decimals_and_reject_more() {
        for (text, shown) in [("12", "12"), ("0.1250", "0.125"), ("-3.5", "-3.5"), ("1e3", "1000")] {
            assert_eq!(text.parse::<PreciseNumber>().map(|number| number.to_string()), Ok(shown.into()));
        }
        assert_eq!("0.00001".parse::<PreciseNumber>(), Err(PreciseNumberError::TooPrecise));
        assert_eq!("1e12".parse::<PreciseNumber>(), Err(PreciseNumberError::TooLarge));
        assert_eq!("many".parse::<PreciseNumber>(), Err(PreciseNumberError::NotANumber));
    }
}
