//! Failed calls: converts the errors of DynamoDB to those of this crate, and defines the retry policy for
//! conflicting writes.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::{Ambient, Error};

/// Retry policy for writes that conflict with another write: exponential backoff with full jitter.
///
/// It only limits the work. A caller with a deadline enforces it by no longer waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Maximum number of attempts for one write.
    pub max_attempts: u32,
    /// Maximum wait before the second attempt; it doubles with each further attempt.
    pub initial_backoff: Duration,
    /// Maximum wait before any attempt.
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
    /// How long to wait after this failed attempt (the first is 0): anything up to a bound that doubles.
    fn wait(self, attempt: u32, ambient: &Ambient) -> Duration {
        let bound = self.initial_backoff.saturating_mul(1 << attempt.min(16)).min(self.max_backoff);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(ambient.random() % nanos.max(1))
    }

    /// Waits after a failed attempt, or tells that it was the last.
    #[expect(clippy::disallowed_methods, reason = "the retry policy")]
    pub(super) async fn back_off(self, attempt: u32, ambient: &Ambient) -> Result<(), Error> {
        if attempt + 1 >= self.max_attempts {
            return Err(Error::Throttled { retry_after: Duration::from_secs(1), source: None });
        }
        tokio::time::sleep(self.wait(attempt, ambient)).await;
        Ok(())
    }
}

/// What a failed call means to the caller. The SDK has retried by then what can be retried.
pub(super) fn failed<E>(context: &'static str, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match &error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            unavailable(error)
        }
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            let message = answer.err().message().unwrap_or_default();
            if is_throttling(code) {
                Error::Throttled { retry_after: Duration::from_secs(1), source: Some(Box::new(error)) }
            } else if answer.raw().status().is_server_error() {
                unavailable(error)
            } else if is_too_large(code, message) {
                Error::invalid(
                    "body",
                    "would make the record larger than 400 KB, DynamoDB's limit; shorten the notes or flags",
                )
            } else {
                Error::internal(format!("{context}: {code}: {message}"), error)
            }
        }
        _ => Error::internal(context, error),
    }
}

fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unavailable { retry_after: Duration::from_secs(1), source: Some(Box::new(source)) }
}

/// Returns whether this error code means throttling, as the error of a call or as a cancellation reason of a
/// transaction.
pub(super) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ThrottlingError"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "TransactionInProgressException"
    )
}

pub(super) fn is_too_large(code: &str, message: &str) -> bool {
    matches!(code, "ValidationException" | "ValidationError") && message.contains("Item size")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn waits_double_up_to_a_bound_and_keep_below_it() {
        let retry_policy = RetryPolicy::default();
        let most = Ambient::new(|| Timestamp::from_millis(0), || u64::MAX);
        for attempt in 0..40 {
            assert!(retry_policy.wait(attempt, &most) < retry_policy.max_backoff);
        }
        assert!(retry_policy.wait(0, &most) < retry_policy.initial_backoff);
    }
}
