//! Failed calls, as errors for a caller.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::Error;

/// The message about an item over DynamoDB's limit.
pub(in crate::store) const TOO_LARGE: &str =
    "would make the record larger than 400 KB, DynamoDB's limit; shorten the notes or flags";

/// Converts a failed call to the error that a caller gets. The SDK has retried by then what it can retry.
pub(in crate::store) fn failed<E>(context: &'static str, error: SdkError<E>) -> Error
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
                Error::invalid("body", TOO_LARGE)
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

/// Whether this is an error code of throttling, of a single call or of one item of a transaction.
pub(in crate::store) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ThrottlingError"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
    )
}

pub(in crate::store) fn is_too_large(code: &str, message: &str) -> bool {
    matches!(code, "ValidationException" | "ValidationError") && message.contains("Item size")
}

/// Whether a call failed because its condition does not hold.
pub(in crate::store) fn is_condition_failure<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
