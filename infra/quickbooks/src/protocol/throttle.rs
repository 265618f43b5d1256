//! The limits on requests: per second, per minute, batches per minute, at the same time, and metered per
//! month.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::switches::{Switch, Switches};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// The requests of the last minute.
#[derive(Debug, Default)]
pub struct Throttle {
    requests: VecDeque<Timestamp>,
    batches: VecDeque<Timestamp>,
    /// Month and its number of metered calls.
    metered: ((i16, i8), u64),
}

/// A limit that a request exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Too many requests in a second or minute, or at the same time.
    Rate,
    /// Too many metered calls in a month.
    Month,
}

impl Throttle {
    /// Counts a request, unless it exceeds a limit. `in_flight` includes the request itself, and `metered` is
    /// the number of its metered reads.
    ///
    /// # Errors
    ///
    /// Returns the limit that the request exceeds. Such a request is not counted.
    pub fn admit(
        &mut self,
        now: Timestamp,
        in_flight: usize,
        is_batch: bool,
        metered: u64,
        switches: &Switches,
    ) -> Result<(), Limit> {
        let date = clock::date(now);
        let month = (date.year(), date.month());
        if self.metered.0 != month {
            self.metered = (month, 0);
        }
        let monthly = switches.number(Switch::MonthlyReads);
        if metered > 0 && monthly > 0 && self.metered.1 + metered > monthly {
            return Err(Limit::Month);
        }
        if switches.is_on(Switch::Throttling) {
            self.check_rates(now, in_flight, is_batch, switches)?;
            self.requests.push_back(now);
            if is_batch {
                self.batches.push_back(now);
            }
        }
        self.metered.1 += metered;
        Ok(())
    }

    fn check_rates(
        &mut self,
        now: Timestamp,
        in_flight: usize,
        is_batch: bool,
        switches: &Switches,
    ) -> Result<(), Limit> {
        // The clock can be moved back: requests of the future are forgotten, too.
        let is_old = |at: &Timestamp| now.duration_since(*at) >= MINUTE || *at > now;
        self.requests.retain(|at| !is_old(at));
        self.batches.retain(|at| !is_old(at));
        let in_second = self.requests.iter().rev().take_while(|at| now.duration_since(**at) < SECOND).count();
        let counts = [
            (in_flight.saturating_sub(1), Switch::ConcurrentRequests),
            (in_second, Switch::RequestsPerSecond),
            (self.requests.len(), Switch::RequestsPerMinute),
            (if is_batch { self.batches.len() } else { 0 }, Switch::BatchesPerMinute),
        ];
        let exceeds = |(count, switch): &(usize, Switch)| {
            u64::try_from(*count).unwrap_or(u64::MAX) >= switches.number(*switch)
        };
        if counts.iter().any(exceeds) { Err(Limit::Rate) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn eleventh_request_of_a_second_is_refused_until_the_second_is_over() {
        let (mut throttle, switches) = (Throttle::default(), Switches::default());
        for n in 0..10 {
            assert_eq!(throttle.admit(at(n), 1, false, 0, &switches), Ok(()));
        }
        assert_eq!(throttle.admit(at(999), 1, false, 0, &switches), Err(Limit::Rate));
        assert_eq!(throttle.admit(at(1000), 1, false, 0, &switches), Ok(()));
    }

    #[test]
    fn requests_and_batches_of_a_minute_are_limited() {
        let (mut throttle, switches) = (Throttle::default(), Switches::default());
        for n in 0..40 {
            assert_eq!(throttle.admit(at(n * 100), 1, true, 0, &switches), Ok(()));
        }
        assert_eq!(throttle.admit(at(5_000), 1, true, 0, &switches), Err(Limit::Rate));
        for n in 40..500 {
            assert_eq!(throttle.admit(at(n * 110), 1, false, 0, &switches), Ok(()), "{n}");
        }
        assert_eq!(throttle.admit(at(59_900), 1, false, 0, &switches), Err(Limit::Rate));
        assert_eq!(throttle.admit(at(121_000), 1, true, 0, &switches), Ok(()));
    }

    #[test]
    fn concurrent_and_monthly_limits_apply() {
        let (mut throttle, mut switches) = (Throttle::default(), Switches::default());
        assert_eq!(throttle.admit(at(0), 11, false, 0, &switches), Err(Limit::Rate));
        assert_eq!(throttle.admit(at(0), 10, false, 0, &switches), Ok(()));
        switches.set("monthly_metered_calls", &1.into()).unwrap();
        assert_eq!(throttle.admit(at(0), 1, false, 1, &switches), Ok(()));
        assert_eq!(throttle.admit(at(0), 1, false, 1, &switches), Err(Limit::Month));
        switches.set("monthly_metered_calls", &4.into()).unwrap();
        assert_eq!(throttle.admit(at(0), 1, true, 4, &switches), Err(Limit::Month));
        assert_eq!(throttle.admit(at(0), 1, true, 3, &switches), Ok(()));
        assert_eq!(throttle.admit(at(0), 1, false, 0, &switches), Ok(()));
    }
}
