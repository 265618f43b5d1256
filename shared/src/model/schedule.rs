//! Scheduled exports: what is exported, where to, and when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::customer_parts::{UnknownVariant, variant_named};
use super::{ExportContent, Timestamp};

/// Maximum length of a schedule's name.
const MAX_NAME: usize = 40;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The name of a scheduled export, unique within its tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScheduleName(String);

/// A text that is not the name of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_NAME} letters, digits, `-` or `_`")]
pub struct ScheduleNameError;

impl ScheduleName {
    /// Returns the name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ScheduleName {
    type Err = ScheduleNameError;

    fn from_str(text: &str) -> Result<Self, ScheduleNameError> {
        let is_valid = (1..=MAX_NAME).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if is_valid { Ok(Self(text.to_owned())) } else { Err(ScheduleNameError) }
    }
}

impl TryFrom<String> for ScheduleName {
    type Error = ScheduleNameError;

    fn try_from(text: String) -> Result<Self, ScheduleNameError> {
        text.parse()
    }
}

impl From<ScheduleName> for String {
    fn from(name: ScheduleName) -> Self {
        name.0
    }
}

/// A time of day in UTC, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

/// A text that is not a time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a time from 00:00 to 23:59, such as 06:30")]
pub struct TimeOfDayError;

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let number = |text: &str| {
            let is_number = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u8>().ok().filter(|_| is_number)
        };
        let (hour, minute) = text.split_once(':').ok_or(TimeOfDayError)?;
        match (number(hour), number(minute)) {
            (Some(hour @ 0..24), Some(minute @ 0..60)) => Ok(Self { hour, minute }),
            _ => Err(TimeOfDayError),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = TimeOfDayError;

    fn try_from(text: String) -> Result<Self, TimeOfDayError> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// How often a scheduled export is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// Every hour, at the minute of the time of day.
    Hour,
    /// Every day.
    #[default]
    Day,
    /// Every Monday.
    Week,
}

impl Every {
    /// Returns `hour`, `day` or `week`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// The time between two exports, in seconds.
    fn seconds(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
        }
    }
}

impl FromStr for Every {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        variant_named(&[Self::Hour, Self::Day, Self::Week], Self::as_str, text, "hour, day or week")
    }
}

/// A scheduled export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportSchedule {
    /// Name within the tenant.
    pub name: ScheduleName,
    /// The contents of the exports.
    #[serde(flatten)]
    pub content: ExportContent,
    /// Where to: the `s3://` address of a bucket and prefix.
    pub to: String,
    /// How often.
    pub every: Every,
    /// When.
    pub at: TimeOfDay,
    /// When the next export is due.
    pub next_at: Timestamp,
    /// When an export was last made or attempted.
    #[serde(default)]
    pub last_at: Option<Timestamp>,
    /// The result: `done` and the number of rows, or `failed` and the reason.
    #[serde(default)]
    pub last_result: Option<String>,
}

impl ExportSchedule {
    /// Returns the first moment after another at which an export is due.
    #[must_use]
    pub fn due_after(every: Every, at: TimeOfDay, moment: Timestamp) -> Timestamp {
        // 1970-01-05 was a Monday.
        let offset = match every {
            Every::Hour => i64::from(at.minute) * MINUTE,
            Every::Day => i64::from(at.hour) * HOUR + i64::from(at.minute) * MINUTE,
            Every::Week => 4 * DAY + i64::from(at.hour) * HOUR + i64::from(at.minute) * MINUTE,
        };
        let passed = (moment.as_seconds() - offset).div_euclid(every.seconds());
        Timestamp::from_millis(((passed + 1) * every.seconds() + offset) * 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_moment_is_the_first_one_after_now() {
        let due = |every: &str, at: &str, now: &str| {
            let now = Timestamp::from_rfc3339(now).unwrap();
            let due = ExportSchedule::due_after(every.parse().unwrap(), at.parse().unwrap(), now);
            due.to_rfc3339_seconds()
        };
        assert_eq!(due("day", "06:30", "2026-11-24T06:29:59Z"), "2026-11-24T06:30:00Z");
        assert_eq!(due("day", "06:30", "2026-11-24T06:30:00Z"), "2026-11-25T06:30:00Z");
        assert_eq!(due("hour", "23:15", "2026-11-24T10:20:00Z"), "2026-11-24T11:15:00Z");
        // 2026-11-24 is a Tuesday.
        assert_eq!(due("week", "00:00", "2026-11-24T10:20:00Z"), "2026-11-30T00:00:00Z");
        assert_eq!(due("week", "12:00", "2026-11-30T11:59:00Z"), "2026-11-30T12:00:00Z");
    }

    #[test]
    fn times_of_day_have_four_digits() {
        for text in ["00:00", "06:30", "23:59"] {
            assert_eq!(text.parse::<TimeOfDay>().map(|time| time.to_string()), Ok(text.into()));
        }
        for wrong in ["", "6:30", "24:00", "12:60", "12", "12:5", "+1:00", "12:00:00"] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_short_and_free_of_separators() {
        assert!("daily-customers".parse::<ScheduleName>().is_ok());
        for wrong in ["", "a#b", "a b", "é", &"x".repeat(41)] {
            assert!(wrong.parse::<ScheduleName>().is_err(), "{wrong}");
        }
    }
}
