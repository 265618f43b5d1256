//! Retry with a table that is throttled or away for the moment.

use std::time::Duration;

use clientele_shared::{Ambient, Error};

/// The longest waits before something is tried again. The SDK and the store have waited for some seconds each
/// time already.
const WAITS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// How often one thing was tried.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    failures: usize,
}

impl Retry {
    /// Tries until it succeeds, as long as trying again may help.
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

    /// Waits when trying again may help; otherwise gives the error back.
    pub(crate) async fn back_off(&mut self, error: Error, ambient: &Ambient) -> Result<(), Error> {
        let Some(longest) = self.next_wait(&error) else { return Err(error) };
        tokio::time::sleep(jittered(longest, ambient.random())).await;
        Ok(())
    }

    fn next_wait(&mut self, error: &Error) -> Option<Duration> {
        let passes = matches!(error, Error::Throttled { .. } | Error::Unavailable { .. });
        let wait = WAITS.get(self.failures).copied().filter(|_| passes);
        self.failures += 1;
        wait
    }
}

/// Some of a wait, at random: whoever was throttled together does not come back together.
fn jittered(longest: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    longest / 2 + Duration::from_nanos(random % nanos.max(1)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_between_half_and_all_of_the_longest() {
        let longest = Duration::from_secs(2);
        for random in [0, 1, 999_999_999, 1_999_999_999, u64::MAX] {
            let wait = jittered(longest, random);
            assert!(wait >= longest / 2 && wait <= longest, "{wait:?}");
        }
    }

    #[test]
    fn patience_ends_and_is_for_what_passes_only() {
        let throttled = || Error::Throttled { retry_after: Duration::from_secs(1), source: None };
        let mut retry = Retry::default();
        let waits: Vec<Duration> = std::iter::from_fn(|| retry.next_wait(&throttled())).collect();
        assert_eq!(waits, WAITS);
        assert_eq!(Retry::default().next_wait(&Error::NotFound("Customer")), None);
    }
}
