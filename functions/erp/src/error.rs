//! Errors in this dialect's format: `{"error":{"code":…,"message":…,"details":[…],"request_id":…}}`, or a problem of
//! RFC 9457 for a client whose `Accept` asks for `application/problem+json`.
//!
//! | code | error | status |
//! |---|---|---|
//! | `malformed_body` | the body is not a JSON object | 400 |
//! | `unauthorized` | the API key is missing, unknown or revoked | 401 |
//! | `forbidden` | the API key lacks the scope, or the monthly usage limit is exceeded | 403 |
//! | `not_found` | the customer or contact does not exist, or its id is malformed | 404 |
//! | `conflict` | the idempotency key was used for a different request, or another customer has the email | 409 |
//! | `version_mismatch` | the customer is not at the version in `If-Match` | 412 |
//! | `validation_error` | a field, parameter or header is wrong, or the customer would be larger than 48 KB | 422 |
//! | `rate_limited` | DynamoDB is throttling, a write kept conflicting with others, or a customer's credit was checked too often | 429 |
//! | `internal_error` | a bug, or data that cannot be read | 500 |
//! | `unavailable` | DynamoDB or the credit provider is not available, or the request ran out of time | 503 |

use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use clientele_functions_common::{Dialect, Reply, Request};
use clientele_shared::Error;
use clientele_shared::error::FieldError;

/// The content type of a problem.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The erp dialect.
#[derive(Debug)]
pub struct Erp;

impl Dialect for Erp {
    fn error(&self, error: &Error, request: &Request) -> Reply {
        let (status, code) = kind(error);
        let details = match error {
            Error::Invalid(fields) => fields.iter().map(ErrorDetail::from).collect(),
            _ => Vec::new(),
        };
        let (message, request_id) = (error.to_string(), request.id_to_show().to_owned());
        let reply = if accepts_problem(request) {
            let title = status.canonical_reason().unwrap_or_default();
            let problem = Problem {
                title,
                status: status.as_u16(),
                detail: message,
                code,
                errors: details,
                request_id,
            };
            Reply::json(status, &problem).map(|reply| reply.with(header::CONTENT_TYPE, PROBLEM))
        } else {
            Reply::json(status, &ErrorBody { error: ErrorInfo { code, message, details, request_id } })
        };
        reply.unwrap_or_else(|_| {
            let body = r#"{"error":{"code":"internal_error","message":"Internal error"}}"#;
            Reply::json_text(StatusCode::INTERNAL_SERVER_ERROR, body.into())
        })
    }
}

/// Returns whether the client asks for problems in place of this dialect's own errors.
fn accepts_problem(request: &Request) -> bool {
    let accept = request.headers().get_all(header::ACCEPT);
    accept.iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|range| range.split(';').next().is_some_and(|range| range.trim() == PROBLEM))
    })
}

fn kind(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(fields) if fields.iter().any(|field| field.field == "body") => {
            (StatusCode::BAD_REQUEST, "malformed_body")
        }
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "validation_error"),
        Error::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Error::Forbidden(_) | Error::UsageExceeded { .. } => (StatusCode::FORBIDDEN, "forbidden"),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
        Error::Conflict(_) | Error::DuplicateEmail => (StatusCode::CONFLICT, "conflict"),
        Error::VersionMismatch { .. } => (StatusCode::PRECONDITION_FAILED, "version_mismatch"),
        Error::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Error::Unavailable { .. } | Error::ServiceUnavailable { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    error: ErrorInfo,
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorInfo {
    /// The kind of error.
    #[schema(example = "validation_error")]
    code: &'static str,
    /// Human-readable error message.
    #[schema(example = "credit_limit: must have at most two decimal places")]
    message: String,
    /// The wrong fields; absent if the error does not concern single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ErrorDetail>,
    /// The request's id, which the logs contain.
    request_id: String,
}

/// One wrong field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Name of the field in the request.
    #[schema(example = "credit_limit")]
    field: String,
    /// Error message without the field's name.
    #[schema(example = "must have at most two decimal places")]
    message: String,
}

impl From<&FieldError> for ErrorDetail {
    fn from(error: &FieldError) -> Self {
        Self { field: error.field.clone(), message: error.message.clone() }
    }
}

/// Extension: an error as a problem of RFC 9457, for clients whose `Accept` names its media type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// Human-readable error message.
    #[schema(example = "credit_limit: must have at most two decimal places")]
    detail: String,
    /// The kind of error.
    #[schema(example = "validation_error")]
    code: &'static str,
    /// The wrong fields; absent if the error does not concern single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorDetail>,
    /// The request's id, which the logs contain.
    request_id: String,
}
