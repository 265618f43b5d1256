//! Errors in this dialect's format: `{"success":false,"error":"<message>"}`, with `details` for each wrong
//! field.
//!
//! | error | status |
//! |---|---|
//! | a field, parameter or header is wrong, or the customer would be larger than 48 KB | 400 |
//! | the API key is missing, unknown or revoked | 401 |
//! | the API key lacks the scope, or the monthly usage limit is exceeded | 403 |
//! | the customer does not exist, or its UUID is malformed | 404 |
//! | the idempotency key was used for a different request, or another customer has the email | 409 |
//! | the customer is not at the version in `If-Match` | 412 |
//! | DynamoDB is throttling, or a write kept conflicting with others | 429 |
//! | a bug, or data that cannot be read | 500 |
//! | DynamoDB cannot be reached, or the request ran out of time | 503 |

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use clientele_functions_common::{Dialect, Reply, Request};
use clientele_shared::Error;
use clientele_shared::error::FieldError;

/// The trades dialect.
#[derive(Debug)]
pub struct Trades;

impl Dialect for Trades {
    fn error(&self, error: &Error, _: &Request) -> Reply {
        let details = match error {
            Error::Invalid(fields) => fields.as_slice(),
            _ => &[],
        };
        reply(status(error), message(error), details)
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) | Error::UsageExceeded { .. } => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Conflict(_) | Error::DuplicateEmail => StatusCode::CONFLICT,
        Error::VersionMismatch { .. } => StatusCode::PRECONDITION_FAILED,
        Error::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn message(error: &Error) -> String {
    match error {
        // The only message that the trades API fixes word for word.
        Error::Invalid(fields) if fields.iter().any(|f| f.field == "filter") => "Invalid filter value".into(),
        other => other.to_string(),
    }
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Always false.
    #[schema(example = false)]
    success: bool,
    /// Human-readable error message.
    #[schema(example = "phone: must be ten digits, such as 206-555-1234")]
    error: String,
    /// The wrong fields; absent if the error does not concern single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ErrorDetail>,
}

/// One wrong field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Name of the field in the request.
    #[schema(example = "phone")]
    field: String,
    /// Error message without the field's name.
    #[schema(example = "must be ten digits, such as 206-555-1234")]
    message: String,
}

fn reply(status: StatusCode, error: String, fields: &[FieldError]) -> Reply {
    let details = fields
        .iter()
        .filter(|f| f.field != "filter")
        .map(|f| ErrorDetail { field: f.field.clone(), message: f.message.clone() })
        .collect();
    let body = ErrorBody { success: false, error, details };
    Reply::json(status, &body).unwrap_or_else(|_| {
        Reply::json_text(
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"success":false,"error":"Internal error"}"#.into(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(error: &Error) -> String {
        Trades.error(error, &Request::new(lambda_http::Request::default())).body().to_owned()
    }

    #[test]
    fn errors_have_the_documented_format() {
        assert_eq!(body(&Error::NotFound("Customer")), r#"{"success":false,"error":"Customer not found"}"#);
        assert_eq!(
            body(&Error::invalid("filter", "must be one of all, residential, commercial, vip")),
            r#"{"success":false,"error":"Invalid filter value"}"#
        );
    }

    #[test]
    fn details_name_the_wrong_fields() {
        assert_eq!(
            body(&Error::invalid("phone", "must be ten digits")),
            r#"{"success":false,"error":"phone: must be ten digits","details":[{"field":"phone","message":"must be ten digits"}]}"#
        );
    }
}
