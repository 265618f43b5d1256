//! Cells with types: the same columns make a CSV file, whose cells are texts, and a file with a type for each column.

use std::borrow::Cow;

use crate::model::{Money, PreciseNumber, Timestamp};

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellType {
    /// A text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A moment, exact to the millisecond.
    Time,
    /// An amount, exact to two decimal places.
    Money,
    /// A number, exact to four decimal places.
    Number,
    /// A whole number.
    Integer,
}

/// A value of a row, of its column's [`CellType`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// No value.
    Empty,
    /// A text.
    Text(Cow<'a, str>),
    /// `true` or `false`.
    Boolean(bool),
    /// A moment.
    Time(Timestamp),
    /// An amount.
    Money(Money),
    /// A number.
    Number(PreciseNumber),
    /// A whole number.
    Integer(u32),
}

impl<'a> Cell<'a> {
    /// Returns the cell of a CSV file. A moment has milliseconds only if it is not at a full second.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Empty => "".into(),
            Self::Text(text) => text,
            Self::Boolean(true) => "true".into(),
            Self::Boolean(false) => "false".into(),
            Self::Time(at) if at.as_millis() % 1_000 == 0 => at.to_rfc3339_seconds().into(),
            Self::Time(at) => at.to_rfc3339().into(),
            Self::Money(amount) => amount.to_string().into(),
            Self::Number(number) => number.to_string().into(),
            Self::Integer(number) => number.to_string().into(),
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a Option<String>> for Cell<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_deref().map_or(Self::Empty, Self::from)
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<Option<Timestamp>> for Cell<'_> {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Empty, Self::Time)
    }
}

impl From<Option<Money>> for Cell<'_> {
    fn from(amount: Option<Money>) -> Self {
        amount.map_or(Self::Empty, Self::Money)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts_in_csv() {
        let at = Timestamp::from_millis;
        for (cell, expected) in [
            (Cell::Empty, ""),
            ("Luís".into(), "Luís"),
            (Cell::Boolean(true), "true"),
            (Cell::Boolean(false), "false"),
            (at(1_705_314_600_000).into(), "2024-01-15T10:30:00Z"),
            (at(1_705_314_600_007).into(), "2024-01-15T10:30:00.007Z"),
            (Cell::Money("10000".parse().unwrap()), "10000.00"),
            (Cell::Number("0.1250".parse().unwrap()), "0.125"),
            (Cell::Integer(12), "12"),
        ] {
            assert_eq!(cell.into_text(), expected);
        }
    }
}
