//! Segments: the worth of a customer, by the total of all orders.

use crate::model::Figures;

/// The total from which a customer is of high value, in cents.
const HIGH_VALUE: i64 = 1_000_000;

/// The total from which a customer is of medium value, in cents.
const MEDIUM_VALUE: i64 = 100_000;

/// The worth of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// No order yet.
    New,
    /// Orders of less than 1,000.00.
    LowValue,
    /// Orders of 1,000.00 or more.
    MediumValue,
    /// Orders of 10,000.00 or more.
    HighValue,
}

impl Segment {
    /// Returns the segment of a customer with these figures.
    #[must_use]
    pub fn of(figures: &Figures) -> Self {
        match figures.lifetime_value.to_cents() {
            _ if figures.orders == 0 => Self::New,
            HIGH_VALUE.. => Self::HighValue,
            MEDIUM_VALUE.. => Self::MediumValue,
            _ => Self::LowValue,
        }
    }

    /// Returns `new`, `low_value`, `medium_value` or `high_value`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::LowValue => "low_value",
            Self::MediumValue => "medium_value",
            Self::HighValue => "high_value",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Money;

    #[test]
    fn segments_follow_the_total_of_all_orders() {
        for (orders, cents, segment) in [
            (0, 0, Segment::New),
            (1, 0, Segment::LowValue),
            (3, 99_999, Segment::LowValue),
            (3, 100_000, Segment::MediumValue),
            (3, 999_999, Segment::MediumValue),
            (3, 1_000_000, Segment::HighValue),
        ] {
            let figures = Figures { orders, lifetime_value: Money::from_cents(cents), ..Figures::default() };
            assert_eq!(Segment::of(&figures), segment, "{cents}");
        }
    }
}
