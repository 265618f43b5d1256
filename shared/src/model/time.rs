//! Moments in time: UTC, to the millisecond; and days of the calendar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A moment in UTC with millisecond precision; stored as milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The system clock's present moment.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    /// A moment by its milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Reads `2024-01-15T10:30:00Z`: RFC 3339, with any offset and fraction.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_millisecond()))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down: what DynamoDB's time to live counts in.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and so many seconds more.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// `2024-01-15T10:30:00Z`: RFC 3339 in UTC, the fraction of a second cut off.
    #[must_use]
    pub fn to_rfc3339_seconds(self) -> String {
        jiff::Timestamp::from_second(self.as_seconds()).unwrap_or_default().to_string()
    }

    /// `2024-01`: the year and month in UTC.
    #[must_use]
    pub fn to_month(self) -> String {
        let civil = self.civil();
        format!("{:04}-{:02}", civil.year(), civil.month())
    }

    /// The day in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        Date(self.civil().date())
    }

    /// The first moment of the next month in UTC.
    #[must_use]
    pub fn next_month(self) -> Self {
        let civil = self.civil();
        let (year, month) = match civil.month() {
            12 => (civil.year() + 1, 1),
            month => (civil.year(), month + 1),
        };
        jiff::civil::Date::new(year, month, 1)
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC))
            .map_or(self, |zoned| Self(zoned.timestamp().as_millisecond()))
    }

    fn civil(self) -> jiff::civil::DateTime {
        jiff::Timestamp::from_millisecond(self.0)
            .unwrap_or_default()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .datetime()
    }
}

/// A day of the calendar, `2024-01-15`, in no time zone; the order of the texts is the order of the days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

/// A text that is not a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a day such as 2024-01-15")]
pub struct DateError;

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        // What jiff reads besides (20240115, a time behind the day, years of six digits) is not this form.
        let has_form = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date = has_form.then(|| text.parse().ok()).flatten();
        date.map(Self).ok_or(DateError)
    }
}

impl TryFrom<String> for Date {
    type Error = DateError;

    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_cut_off_not_rounded() {
        let moment = Timestamp::from_millis(1_705_314_600_999);
        assert_eq!(moment.to_rfc3339_seconds(), "2024-01-15T10:30:00Z");
        assert_eq!(moment.to_month(), "2024-01");
    }

    #[test]
    fn what_is_written_is_read() {
        for (text, millis) in [
            ("2024-01-15T10:30:00Z", Some(1_705_314_600_000)),
            ("2024-01-15T11:30:00.999+01:00", Some(1_705_314_600_999)),
            ("2024-01-15", None),
            ("2024-01-15T10:30:00", None),
            ("2024-13-15T10:30:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(Timestamp::from_rfc3339(text).map(Timestamp::as_millis), millis, "{text}");
        }
    }

    #[test]
    fn december_is_followed_by_january() {
        let december = Timestamp::from_millis(1_703_980_800_000);
        assert_eq!(december.to_rfc3339_seconds(), "2023-12-31T00:00:00Z");
        assert_eq!(december.next_month().to_rfc3339_seconds(), "2024-01-01T00:00:00Z");
    }

    #[test]
    fn a_day_has_one_spelling() {
        for right in ["2024-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(right.parse::<Date>().map(|date| date.to_string()).as_deref(), Ok(right));
        }
        for wrong in [
            "",
            "20240115",
            "2024-1-5",
            "2023-02-29",
            "2024-13-01",
            "15.01.2024",
            "2024-01-15T10:30:00",
            "٢٠٢٤-1",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_on_its_day_in_utc() {
        let moment = Timestamp::from_rfc3339("2024-01-16T00:30:00+01:00").unwrap();
        assert_eq!(moment.date().to_string(), "2024-01-15");
    }
}
