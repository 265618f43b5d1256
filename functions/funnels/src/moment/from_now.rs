//! Relative times: `an hour ago`, `in 3 days`.

use clientele_shared::model::Timestamp;
use jiff::Span;

const SECOND: f64 = 1_000.0;
const MINUTE: f64 = 60.0 * SECOND;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// The days of 4,800 months: 400 years of the Gregorian calendar.
const DAYS_OF_4800_MONTHS: f64 = 146_097.0;

/// Describes a moment relative to now, with `ago` or `in` unless `suffix` is off.
#[must_use]
pub fn from_now(moment: Timestamp, now: Timestamp, suffix: bool) -> String {
    let text = Distance::between(moment, now).text();
    match suffix {
        false => text,
        true if moment > now => format!("in {text}"),
        true => format!("{text} ago"),
    }
}

/// The distance of two moments: whole calendar months, and milliseconds beyond them.
struct Distance {
    months: f64,
    millis: f64,
}

impl Distance {
    /// The distance from the earlier to the later moment.
    fn between(one: Timestamp, other: Timestamp) -> Self {
        let (from, to) = (one.min(other).civil(), one.max(other).civil());
        let months = (i64::from(to.year()) - i64::from(from.year())) * 12 + i64::from(to.month())
            - i64::from(from.month());
        // Adding months keeps the day, or takes the last one of a shorter month.
        let after = |months: i64| from.checked_add(Span::new().months(months)).unwrap_or(from);
        let months = if after(months) > to { months - 1 } else { months };
        let rest = to.duration_since(after(months)).as_millis();
        Self { months: months as f64, millis: rest as f64 }
    }

    fn text(&self) -> String {
        let days_of_months = (self.months * DAYS_OF_4800_MONTHS / 4_800.0).round();
        let [seconds, minutes, hours, days] =
            [SECOND, MINUTE, HOUR, DAY].map(|unit| round(days_of_months * (DAY / unit) + self.millis / unit));
        let months = self.months + self.millis / DAY * 4_800.0 / DAYS_OF_4800_MONTHS;
        let (months, years) = (round(months), round(months / 12.0));
        match () {
            () if seconds <= 44 => "a few seconds".into(),
            () if minutes <= 1 => "a minute".into(),
            () if minutes < 45 => format!("{minutes} minutes"),
            () if hours <= 1 => "an hour".into(),
            () if hours < 22 => format!("{hours} hours"),
            () if days <= 1 => "a day".into(),
            () if days < 26 => format!("{days} days"),
            () if months <= 1 => "a month".into(),
            () if months < 11 => format!("{months} months"),
            () if years <= 1 => "a year".into(),
            () => format!("{years} years"),
        }
    }
}

/// Rounds a number that is not negative, half up.
fn round(number: f64) -> i64 {
    (number + 0.5).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: i64, expected: &str) {
        let now = Timestamp::from_rfc3339("2024-03-15T12:00:00Z").unwrap();
        assert_eq!(from_now(now.plus_seconds(-seconds), now, false), expected, "{seconds} s");
    }

    #[test]
    fn units_change_at_the_documented_boundaries() {
        for (last, text, next) in [
            (44, "a few seconds", "a minute"),
            (89, "a minute", "2 minutes"),
            (44 * 60 + 29, "44 minutes", "an hour"),
            (89 * 60 + 59, "an hour", "2 hours"),
            (21 * 3600 + 1_799, "21 hours", "a day"),
            (35 * 3600 + 3_599, "a day", "2 days"),
            (25 * 86_400 + 43_199, "25 days", "a month"),
        ] {
            check(last, text);
            check(last + 1, next);
        }
    }

    #[test]
    fn suffix_tells_past_from_future() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        assert_eq!(from_now(now, now, true), "a few seconds ago");
        assert_eq!(from_now(now.plus_seconds(-3_600), now, true), "an hour ago");
        assert_eq!(from_now(now.plus_seconds(3 * 86_400), now, true), "in 3 days");
        assert_eq!(from_now(now.plus_seconds(3 * 86_400), now, false), "3 days");
    }
}
