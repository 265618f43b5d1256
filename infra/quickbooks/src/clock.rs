//! The company's clock, which can run ahead of real time, and the formats of its dates and times.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Time zone of the demo company: seven hours behind UTC all year.
const ZONE: Offset = Offset::constant(-7);

/// A clock that starts with real time and can be advanced and sped up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Real time at which the current speed began.
    real_start: Timestamp,
    /// Company time at that moment.
    company_start: Timestamp,
    /// Company seconds per real second.
    speed: f64,
}

impl Clock {
    /// Returns a clock that shows real time.
    #[must_use]
    pub fn new() -> Self {
        let now = real_now();
        Self { real_start: now, company_start: now, speed: 1.0 }
    }

    /// Returns the company's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let elapsed = real_now().duration_since(self.real_start);
        let elapsed =
            if (self.speed - 1.0).abs() < f64::EPSILON { elapsed } else { scale(elapsed, self.speed) };
        self.company_start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock. A negative number moves it back.
    pub fn advance(&mut self, seconds: i64) {
        let now = self.now();
        self.restart(now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now), self.speed);
    }

    /// Sets the number of company seconds per real second.
    pub fn set_speed(&mut self, speed: f64) {
        self.restart(self.now(), speed);
    }

    /// Returns the number of company seconds per real second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    fn restart(&mut self, company: Timestamp, speed: f64) {
        *self = Self { real_start: real_now(), company_start: company, speed };
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

fn scale(elapsed: SignedDuration, speed: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(elapsed.as_secs_f64() * speed).unwrap_or(SignedDuration::ZERO)
}

#[expect(clippy::disallowed_methods, reason = "the one place where the stand-in reads the clock")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

/// Formats a time as objects have it, to the second: `2015-07-23T10:58:12-07:00`.
#[must_use]
pub fn format_time(time: Timestamp) -> String {
    format!("{}-07:00", ZONE.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S"))
}

/// Formats a time as responses have it, to the millisecond: `2015-07-23T10:58:12.099-07:00`.
#[must_use]
pub fn format_time_millis(time: Timestamp) -> String {
    format!("{}-07:00", ZONE.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S.%3f"))
}

/// Returns the company's date at a time.
#[must_use]
pub fn date(time: Timestamp) -> Date {
    ZONE.to_datetime(time).date()
}

/// Parses a time with an offset, a time without one (in the company's zone), or a date (its first moment).
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    // In a query string, the `+` of an offset is decoded to a space.
    let text = text.trim().replace(' ', "+");
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let local = text.parse::<DateTime>().ok().or_else(|| Some(text.parse::<Date>().ok()?.at(0, 0, 0, 0)))?;
    ZONE.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_clients_send() {
        let expected: Timestamp = "2026-11-01T12:00:00Z".parse().unwrap();
        for text in [
            "2026-11-01T12:00:00Z",
            "2026-11-01T05:00:00-07:00",
            "2026-11-01T05:00:00",
            "2026-11-01T14:00:00 02:00",
        ] {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
        assert_eq!(parse_time("2026-11-01"), Some("2026-11-01T07:00:00Z".parse().unwrap()));
        assert_eq!(parse_time("yesterday"), None);
    }

    #[test]
    fn times_are_written_in_the_zone_of_the_company() {
        let time: Timestamp = "2015-07-23T17:58:12.099Z".parse().unwrap();
        assert_eq!(format_time(time), "2015-07-23T10:58:12-07:00");
        assert_eq!(format_time_millis(time), "2015-07-23T10:58:12.099-07:00");
    }

    #[test]
    fn clock_advances_and_goes_faster() {
        let mut clock = Clock::new();
        let before = clock.now();
        clock.advance(3600);
        assert!(clock.now().duration_since(before) >= SignedDuration::from_secs(3600));
        clock.set_speed(0.0);
        assert_eq!(clock.now(), clock.now());
    }
}
