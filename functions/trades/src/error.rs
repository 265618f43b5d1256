//! How this dialect spells errors: `{"success":false,"error":"<text>"}`, with the fields that are wrong.
//!
//! | error | status |
//! |---|---|
//! | a field, parameter or header is wrong | 400 |
//! | no key, or none in force | 401 |
//! | no such right, monthly allowance used up | 403 |
//! | no such customer, or a malformed uuid | 404 |
//! | contradicts what is there | 409 |
//! | `If-Match` does not hold | 412 |
//! | too many requests at once | 429 |
//! | our fault | 500 |
//! | something is away | 503 |

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use clientele_functions_common::{Dialect, Reply};
use clientele_shared::Error;
use clientele_shared::error::FieldError;

/// The trades dialect, outside its handlers.
#[derive(Debug)]
pub struct Trades;

impl Dialect for Trades {
    fn error(&self, error: &Error) -> Reply {
        let details = match error {
            Error::Invalid(fields) => fields.as_slice(),
            _ => &[],
        };
        reply(status(error), text(error), details)
    }

    fn is_metered(&self) -> bool {
        true
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::VersionMismatch { .. } => StatusCode::PRECONDITION_FAILED,
        Error::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn text(error: &Error) -> String {
    match error {
        // The one error text that the reading of the document fixes to the letter.
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
    /// What is wrong, for a person.
    #[schema(example = "phone: must be ten digits, such as 206-555-1234")]
    error: String,
    /// The fields that are wrong, where fields are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ErrorDetail>,
}

/// One wrong field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// The field's name as the caller spelled it.
    #[schema(example = "phone")]
    field: String,
    /// What is wrong with it.
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
        Trades.error(error).body().to_owned()
    }

    #[test]
    fn the_documented_shape() {
        assert_eq!(body(&Error::NotFound("Customer")), r#"{"success":false,"error":"Customer not found"}"#);
        assert_eq!(
            body(&Error::invalid("filter", "must be one of all, residential, commercial, vip")),
            r#"{"success":false,"error":"Invalid filter value"}"#
        );
    }

    #[test]
    fn wrong_fields_are_named() {
        assert_eq!(
            body(&Error::invalid("phone", "must be ten digits")),
            r#"{"success":false,"error":"phone: must be ten digits","details":[{"field":"phone","message":"must be ten digits"}]}"#
        );
    }
}
