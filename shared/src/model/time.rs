//! Moments in time (UTC, to the millisecond) and calendar dates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A moment in UTC with millisecond precision; stored as milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Returns the current time of the system clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the source of time")]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    /// Returns the moment that is this number of milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Parses RFC 3339 with any offset and fraction, such as `2024-01-15T10:30:00Z`.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_millisecond()))
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since 1970-01-01T00:00:00Z, rounded down. DynamoDB's time to live uses this
    /// unit.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the moment that is this number of seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Returns RFC 3339 in UTC to the millisecond, such as `2024-01-15T10:30:00.000Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        format!("{:.3}", self.instant())
    }

    /// Returns RFC 3339 in UTC with the fraction of a second cut off, such as `2024-01-15T10:30:00Z`.
    #[must_use]
    pub fn to_rfc3339_seconds(self) -> String {
        format!("{:.0}", Self::from_millis(self.as_seconds().saturating_mul(1_000)).instant())
    }

    /// Returns the year and month in UTC, such as `2024-01`.
    #[must_use]
    pub fn to_month(self) -> String {
        let civil = self.civil();
        format!("{:04}-{:02}", civil.year(), civil.month())
    }

    /// Returns the date in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        Date(self.civil().date())
    }

    /// Returns the first moment of the month in UTC.
    #[must_use]
    pub fn month_start(self) -> Self {
        let civil = self.civil();
        Date(civil.date().first_of_month()).start()
    }

    /// Returns the first moment of the next month in UTC.
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

    /// Returns the first moment of the month in UTC, or `None` if the text is not a month such as `2024-01`.
    #[must_use]
    pub fn from_month(month: &str) -> Option<Self> {
        let first: Date = format!("{month}-01").parse().ok()?;
        Some(first.start())
    }

    /// Returns the number of midnights in UTC between this moment and a later one; it is negative if that one is
    /// earlier.
    #[must_use]
    pub const fn days_until(self, later: Self) -> i64 {
        const DAY: i64 = 24 * 3600 * 1000;
        later.0.div_euclid(DAY) - self.0.div_euclid(DAY)
    }

    /// Returns the date and the time of day in UTC. Moments that no calendar has are its first or last one.
    #[must_use]
    pub fn civil(self) -> jiff::civil::DateTime {
        self.instant().to_zoned(jiff::tz::TimeZone::UTC).datetime()
    }

    /// The moment, or the first or last one of the calendar, which ends with 9999-12-30.
    fn instant(self) -> jiff::Timestamp {
        let limit = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(limit)
    }
}

/// A calendar date without a time zone, such as `2024-01-15`. Dates sort like their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

/// A text that is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a date such as 2024-01-15")]
pub struct DateError;

impl Date {
    /// Returns the first moment of the day in UTC.
    #[must_use]
    pub fn start(self) -> Timestamp {
        // Not by a time zone: the last date has no moment there.
        let days = self.0.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24;
        Timestamp(days * 24 * 3_600 * 1_000)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        // jiff also parses other forms (20240115, a date followed by a time, years of six digits), which are
        // not valid here.
        let has_format = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date = has_format.then(|| text.parse().ok()).flatten();
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
    fn fractions_of_a_second_are_cut_off() {
        let moment = Timestamp::from_millis(1_705_314_600_999);
        assert_eq!(moment.to_rfc3339_seconds(), "2024-01-15T10:30:00Z");
        assert_eq!(moment.to_month(), "2024-01");
    }

    #[test]
    fn moments_beyond_the_calendar_are_shown_as_its_ends() {
        assert_eq!(Timestamp::from_millis(i64::MAX).to_month(), "9999-12");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_rfc3339_seconds(), "9999-12-30T22:00:00Z");
        let last: Date = "9999-12-31".parse().unwrap();
        assert_eq!(
            (last.start().as_millis(), last.start().to_month().as_str()),
            (253_402_214_400_000, "9999-12")
        );
    }

    #[test]
    fn only_rfc3339_with_an_offset_is_parsed() {
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
    fn next_month_of_december_is_january() {
        let december = Timestamp::from_millis(1_703_980_800_000);
        assert_eq!(december.to_rfc3339_seconds(), "2023-12-31T00:00:00Z");
        assert_eq!(december.next_month().to_rfc3339_seconds(), "2024-01-01T00:00:00Z");
    }

    #[test]
    fn dates_have_exactly_one_format() {
        for valid in ["2024-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(valid.parse::<Date>().map(|date| date.to_string()).as_deref(), Ok(valid));
        }
        for invalid in [
            "",
            "20240115",
            "2024-1-5",
            "2023-02-29",
            "2024-13-01",
            "15.01.2024",
            "2024-01-15T10:30:00",
            "٢٠٢٤-1",
        ] {
            assert!(invalid.parse::<Date>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn date_of_a_timestamp_is_in_utc() {
        let moment = Timestamp::from_rfc3339("2024-01-16T00:30:00+01:00").unwrap();
        assert_eq!(moment.date().to_string(), "2024-01-15");
    }
}
