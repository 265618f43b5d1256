//! Retries of operations on a table that is throttled or temporarily unavailable.

use std::time::Duration;

use clientele_shared::{Ambient, Error};

use crate::cancellation::CancellationToken;

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
    /// Number of attempts that failed, without those that throttling made fail if it is endured.
    failures: usize,
    /// Number of attempts that throttling made fail, if it is endured.
    throttles: usize,
    /// If there is a token, throttling is endured until cancellation is requested.
    endures_until: Option<CancellationToken>,
}

impl Retry {
    /// Returns retries that throttling never exhausts; they end when cancellation is requested.
    pub(crate) fn through_throttling(cancellation: CancellationToken) -> Self {
        Self { endures_until: Some(cancellation), ..Self::default() }
    }

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
        if let Some(cancellation) = &self.endures_until
            && matches!(error, Error::Throttled { .. })
        {
            let backoff = MAX_BACKOFFS.get(self.throttles).or(MAX_BACKOFFS.last()).copied();
            self.throttles += 1;
            return backoff.filter(|_| !cancellation.is_requested());
        }
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

    #[test]
    fn throttling_can_be_endured_until_cancellation() {
        let throttled = || Error::Throttled { retry_after: Duration::from_secs(1), source: None };
        let unavailable = || Error::Unavailable { retry_after: Duration::from_secs(1), source: None };
        let cancellation = CancellationToken::default();
        let mut retry = Retry::through_throttling(cancellation.clone());
        let waits: Vec<_> = (0..100).filter_map(|_| retry.next_backoff(&throttled())).collect();
        assert_eq!((waits.len(), waits[0], waits[99]), (100, MAX_BACKOFFS[0], MAX_BACKOFFS[4]));
        // Other failures are counted apart.
        assert_eq!(retry.next_backoff(&unavailable()), Some(MAX_BACKOFFS[0]));
        cancellation.request();
        assert_eq!(retry.next_backoff(&throttled()), None);
    }
}
