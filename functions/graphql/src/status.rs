//! The HTTP status of requests that fail as a whole.

use http::StatusCode;

use clientele_shared::Error;

/// Returns the HTTP status of an error. Errors about one record are 200: the body tells them apart.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) | Error::UsageExceeded { .. } => StatusCode::FORBIDDEN,
        Error::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::NotFound(_) | Error::Conflict(_) | Error::DuplicateEmail | Error::VersionMismatch { .. } => {
            StatusCode::OK
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
