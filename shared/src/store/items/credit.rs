//! A customer's item of credit checks: the last result, and the count of checks in one minute.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::Item;
use crate::model::Timestamp;
use crate::rules::credit::CreditCheck;
use crate::rules::credit::points::CHECKS_PER_MINUTE;
use crate::{Error, Result};

const MINUTE_SECONDS: i64 = 60;

/// The attributes of [`CheckCount`].
pub(in crate::store) const MINUTE: &str = "minute";
pub(in crate::store) const CHECKS: &str = "checks";

/// The attribute that holds the last result, and when that was made.
pub(in crate::store) const LAST: &str = "last";
pub(in crate::store) const AT: &str = "at";

/// The number of checks in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct CheckCount {
    /// The minutes from 1970 to this one.
    pub(in crate::store) minute: i64,
    pub(in crate::store) checks: u32,
}

impl CheckCount {
    /// The count in an item.
    pub(in crate::store) fn read(item: Item) -> Result<Self> {
        serde_dynamo::from_item(item).map_err(|e| Error::internal("reading the count of credit checks", e))
    }

    /// The count with a check at this moment, or the seconds after which there is room for it again.
    ///
    /// A count of a later minute comes from a clock that is ahead. It continues, so that two clocks do not reset each other's
    /// count.
    pub(in crate::store) fn next(before: Option<Self>, now: Timestamp) -> Result<Self, u64> {
        let minute = now.as_seconds().div_euclid(MINUTE_SECONDS);
        match before.filter(|before| before.minute >= minute) {
            None => Ok(Self { minute, checks: 1 }),
            Some(before) if before.checks < CHECKS_PER_MINUTE => {
                Ok(Self { checks: before.checks + 1, ..before })
            }
            Some(before) => {
                let end = before.minute.saturating_add(1).saturating_mul(MINUTE_SECONDS);
                Err(end.abs_diff(now.as_seconds()))
            }
        }
    }
}

/// A result as the value of an attribute.
pub(in crate::store) fn from_check(check: &CreditCheck) -> Result<AttributeValue> {
    serde_dynamo::to_attribute_value(check).map_err(|e| Error::internal("writing a credit check", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(before: Option<(i64, u32)>, seconds: i64) -> Result<(i64, u32), u64> {
        let before = before.map(|(minute, checks)| CheckCount { minute, checks });
        let now = Timestamp::from_millis(seconds * 1000 + 999);
        CheckCount::next(before, now).map(|count| (count.minute, count.checks))
    }

    #[test]
    fn ten_checks_fit_in_a_minute() {
        assert_eq!(next(None, 119), Ok((1, 1)));
        assert_eq!(next(Some((1, 9)), 119), Ok((1, 10)));
        assert_eq!(next(Some((1, 10)), 60), Err(60));
        assert_eq!(next(Some((1, 10)), 119), Err(1));
        assert_eq!(next(Some((1, 10)), 120), Ok((2, 1)));
    }

    #[test]
    fn clock_that_is_behind_continues_the_count() {
        assert_eq!(next(Some((2, 3)), 119), Ok((2, 4)));
        assert_eq!(next(Some((2, 10)), 119), Err(61));
    }
}
