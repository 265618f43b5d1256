//! Retry policy for calls of QuickBooks: exponential backoff with jitter, and limits by cause.

use std::time::Duration;

use clientele_shared::Ambient;
use tokio::time::Instant;

use super::limits::Pace;

/// Most attempts of a call.
const MAX_ATTEMPTS: u32 = 8;
/// Time after whose passing no further attempt starts.
const MAX_TIME: Duration = Duration::from_secs(300);
/// Longest wait.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// Attempts to reach a host, and the time after which there is none.
const MAX_CONNECTS: u32 = 3;
const MAX_CONNECT_TIME: Duration = Duration::from_secs(8);

/// A failure after which another attempt can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was sent.
    Unreachable,
    /// The response was lost.
    Lost,
    /// The service fails.
    Transient,
    /// There were too many requests. The server can name the time to wait.
    Throttled(Option<Duration>),
}

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Backoff {
    pace: Pace,
    started: Instant,
    attempts: u32,
    unreachable: u32,
}

impl Backoff {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, started: Instant::now(), attempts: 0, unreachable: 0 }
    }

    /// Waits before the next attempt. Returns false if none is left.
    #[expect(clippy::disallowed_methods, reason = "the retry policy of the calls")]
    pub(super) async fn wait(&mut self, failure: Failure, ambient: &Ambient) -> bool {
        let Some(wait) = self.next_wait(failure, ambient.random()) else { return false };
        tokio::time::sleep(self.pace.scale(wait)).await;
        true
    }

    /// Returns the wait before the next attempt, in time of the API.
    fn next_wait(&mut self, failure: Failure, random: u64) -> Option<Duration> {
        self.attempts += 1;
        let elapsed = self.started.elapsed();
        if self.attempts >= MAX_ATTEMPTS || elapsed >= self.pace.scale(MAX_TIME) {
            return None;
        }
        let doubled = |first: Duration, attempt: u32| {
            first
                .saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX))
                .min(MAX_BACKOFF)
        };
        match failure {
            Failure::Unreachable => {
                self.unreachable += 1;
                // Connecting takes real time, at whatever speed the limits run.
                let is_over = self.unreachable >= MAX_CONNECTS || elapsed >= MAX_CONNECT_TIME;
                (!is_over).then(|| jittered(doubled(Duration::from_millis(250), self.unreachable), random))
            }
            Failure::Lost | Failure::Transient => {
                Some(jittered(doubled(Duration::from_millis(500), self.attempts), random))
            }
            Failure::Throttled(None) => {
                Some(jittered(doubled(Duration::from_secs(1), self.attempts), random))
            }
            // All clients that were throttled are told the same time.
            Failure::Throttled(Some(wait)) => {
                let wait = wait.min(MAX_TIME);
                Some(wait + (wait / 10).mul_f64(fraction(random)))
            }
        }
    }
}

/// Returns a random wait from half of `longest` to all of it.
fn jittered(longest: Duration, random: u64) -> Duration {
    longest.mul_f64(fraction(random).midpoint(1.0))
}

/// Returns a number from 0 to 1.
fn fraction(random: u64) -> f64 {
    let part = u32::try_from(random & u64::from(u32::MAX)).unwrap_or_default();
    f64::from(part) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(failure: Failure, random: u64) -> Vec<u128> {
        let mut backoff = Backoff::new(Pace::default());
        let waits = std::iter::from_fn(|| backoff.next_wait(failure, random));
        waits.map(|wait| wait.as_millis()).collect()
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let longest = waits(Failure::Throttled(None), u64::MAX);
        assert_eq!(longest, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
        assert_eq!(waits(Failure::Lost, 0), [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000]);
        assert_eq!(waits(Failure::Unreachable, u64::MAX), [250, 500]);
    }

    #[test]
    fn time_that_the_server_names_is_the_shortest_wait() {
        let wait = Some(Duration::from_secs(60));
        assert_eq!(waits(Failure::Throttled(wait), 0), [60_000; 7]);
        assert_eq!(waits(Failure::Throttled(wait), u64::MAX), [66_000; 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_starts_after_five_minutes() {
        let mut backoff = Backoff::new(Pace::default());
        let ambient = Ambient::system();
        let mut attempts = 0;
        while backoff.wait(Failure::Throttled(Some(MAX_BACKOFF)), &ambient).await {
            attempts += 1;
        }
        assert_eq!(attempts, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn host_that_takes_long_to_fail_is_tried_twice() {
        let mut backoff = Backoff::new(Pace::default());
        let ambient = Ambient::system();
        let start = Instant::now();
        let mut attempts = 1;
        tokio::time::advance(Duration::from_secs(5)).await;
        while backoff.wait(Failure::Unreachable, &ambient).await {
            attempts += 1;
            tokio::time::advance(Duration::from_secs(5)).await;
        }
        assert_eq!(attempts, 2);
        assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
    }
}
