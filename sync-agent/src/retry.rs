//! Retries of operations on a table that is throttled or temporarily unavailable.

use std::time::Duration;

use clientele_shared::{Ambient, Error};

/// Maximum wait before each retry. The SDK and the store have already retried for several seconds by then.
const MAX_BACKOFFS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The retries of one operation.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    /// Number of failed attempts.
    failures: usize,
}

impl Retry {
    /// Runs `attempt` until it succeeds, fails permanently or has no retries left.
    pub(crate) async fn run<T, F>(
        mut self,
        ambient: &Ambient,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => self.back_off(error, ambient).await?,
            }
        }
    }

    /// Waits before the next attempt. Returns `error` if a retry cannot help or none is left.
    #[expect(clippy::disallowed_methods, reason = "the retry policy of long runs")]
    pub(crate) async fn back_off(&mut self, error: Error, ambient: &Ambient) -> Result<(), Error> {
        let Some(longest) = self.next_backoff(&error) else { return Err(error) };
        tokio::time::sleep(jittered(longest, ambient.random())).await;
        Ok(())
    }

    fn next_backoff(&mut self, error: &Error) -> Option<Duration> {
        let is_transient = matches!(error, Error::Throttled { .. } | Error::Unavailable { .. });
        let backoff = MAX_BACKOFFS.get(self.failures).copied().filter(|_| is_transient);
        self.failures += 1;
        backoff
    }
}

/// Returns a random wait from half of `longest` to all of it: clients throttled together must not retry
/// together.
fn jittered(longest: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    longest / 2 + Duration::from_nanos(random % nanos.max(1)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jittered_wait_is_between_half_and_all_of_the_longest() {
        let longest = Duration::from_secs(2);
        for random in [0, 1, 999_999_999, 1_999_999_999, u64::MAX] {
            let wait = jittered(longest, random);
            assert!(wait >= longest / 2 && wait <= longest, "{wait:?}");
        }
    }

    #[test]
    fn retries_are_limited_and_only_for_transient_errors() {
        let throttled = || Error::Throttled { retry_after: Duration::from_secs(1), source: None };
        let mut retry = Retry::default();
        let waits: Vec<Duration> = std::iter::from_fn(|| retry.next_backoff(&throttled())).collect();
        assert_eq!(waits, MAX_BACKOFFS);
        assert_eq!(Retry::default().next_backoff(&Error::NotFound("Customer")), None);
    }
}
