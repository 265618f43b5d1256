//! Percentages as exact decimals, never floating point.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::{MoneyError, decimal};

/// A percentage from 0 to 100, exact to two decimal places. Its text has at least one decimal place and no superfluous
/// zeros after it: `5.0`, `2.5`, `7.25`. It is stored as this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percentage(Decimal);

/// The reason why a number is not a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PercentageError {
    /// The text is not a decimal number.
    #[error("must be a number")]
    NotANumber,
    /// The number has more than two decimal places.
    #[error("must have at most two decimal places")]
    TooPrecise,
    /// The number is negative or above 100.
    #[error("must be a percentage from 0 to 100")]
    OutOfRange,
}

impl TryFrom<Decimal> for Percentage {
    type Error = PercentageError;

    fn try_from(value: Decimal) -> Result<Self, PercentageError> {
        if !(Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&value) {
            return Err(PercentageError::OutOfRange);
        }
        let mut normal = value.normalize();
        if normal.scale() > 2 {
            return Err(PercentageError::TooPrecise);
        }
        normal.rescale(normal.scale().max(1));
        Ok(Self(normal))
    }
}

impl FromStr for Percentage {
    type Err = PercentageError;

    fn from_str(text: &str) -> Result<Self, PercentageError> {
        let number = decimal(text).map_err(|error| match error {
            MoneyError::NotANumber => PercentageError::NotANumber,
            MoneyError::TooPrecise => PercentageError::TooPrecise,
            MoneyError::TooLarge => PercentageError::OutOfRange,
        });
        number?.try_into()
    }
}

impl TryFrom<String> for Percentage {
    type Error = PercentageError;

    fn try_from(text: String) -> Result<Self, PercentageError> {
        text.parse()
    }
}

impl From<Percentage> for String {
    fn from(percentage: Percentage) -> Self {
        percentage.to_string()
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentages_have_one_or_two_decimal_places() {
        for (text, expected) in [
            ("5", "5.0"),
            (" 2.50 ", "2.5"),
            ("7.25", "7.25"),
            ("0", "0.0"),
            ("-0", "0.0"),
            ("100.000", "100.0"),
        ] {
            assert_eq!(text.parse::<Percentage>().map(|p| p.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn other_numbers_and_texts_are_rejected() {
        for (text, error) in [
            ("-0.01", PercentageError::OutOfRange),
            ("100.01", PercentageError::OutOfRange),
            ("1.001", PercentageError::TooPrecise),
            ("5%", PercentageError::NotANumber),
            ("", PercentageError::NotANumber),
            ("NaN", PercentageError::NotANumber),
        ] {
            assert_eq!(text.parse::<Percentage>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn stored_text_reads_as_the_same_percentage(hundredths in 0_i64..=10_000) {
            let percentage = Percentage::try_from(Decimal::new(hundredths, 2)).unwrap();
            let stored = serde_json::to_string(&percentage).unwrap();
            prop_assert_eq!(serde_json::from_str::<Percentage>(&stored).unwrap(), percentage);
        }
    }
}
