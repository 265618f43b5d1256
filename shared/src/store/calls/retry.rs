//! Retry policy: exponential backoff with full jitter, within the caller's deadline.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Ambient, Error};

/// Retry policy for calls that are throttled or conflict with another write: exponential backoff with full jitter.
///
/// The SDK retries single calls by itself. This policy is for what the SDK cannot retry: a transaction that lost a
/// conflict, the unprocessed rest of a batch, a write that has to start over from its read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many times the same write is attempted at most.
    pub max_attempts: u32,
    /// The longest wait before the second attempt; the bound doubles with each attempt.
    pub initial_backoff: Duration,
    /// The longest wait between two attempts.
    pub max_backoff: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 40,
            initial_backoff: Duration::from_millis(10),
            max_backoff: Duration::from_millis(400),
        }
    }
}

impl RetryPolicy {
    /// Returns how long to wait after this failed attempt (the first is 0): a random part of a bound that doubles.
    fn backoff(self, attempt: u32, ambient: &Ambient) -> Duration {
        let bound = self.initial_backoff.saturating_mul(1 << attempt.min(16)).min(self.max_backoff);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(ambient.random() % nanos.max(1))
    }
}

/// The attempts of one write.
#[derive(Debug)]
pub(in crate::store) struct Attempts<'a> {
    policy: RetryPolicy,
    deadline: Option<Instant>,
    ambient: &'a Ambient,
    failed: u32,
}

impl crate::store::Store {
    /// Starts counting the attempts of one write.
    pub(in crate::store) fn attempts(&self) -> Attempts<'_> {
        Attempts { policy: self.retry_policy, deadline: self.deadline, ambient: &self.ambient, failed: 0 }
    }
}

impl Attempts<'_> {
    /// Waits after a failed attempt.
    ///
    /// # Errors
    /// Returns `last` if that attempt was the last one, or if the wait would pass the caller's deadline.
    #[expect(clippy::disallowed_methods, reason = "the retry policy")]
    pub(in crate::store) async fn back_off(&mut self, last: impl FnOnce() -> Error) -> Result<(), Error> {
        let wait = self.policy.backoff(self.failed, self.ambient);
        self.failed += 1;
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() + wait >= deadline);
        if is_late || self.failed >= self.policy.max_attempts {
            return Err(last());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// The error of a write that nothing was written of, because other writes or a limit were in its way.
pub(in crate::store) fn contended() -> Error {
    Error::Throttled { retry_after: Duration::from_secs(1), source: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn backoff_doubles_up_to_its_bound() {
        let policy = RetryPolicy::default();
        let longest = Ambient::new(|| Timestamp::from_millis(0), || u64::MAX);
        for attempt in 0..40 {
            assert!(policy.backoff(attempt, &longest) < policy.max_backoff);
        }
        assert!(policy.backoff(0, &longest) < policy.initial_backoff);
    }
}
