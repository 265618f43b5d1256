//! Errors in this dialect's format: `{"data":null,"errors":[{"message":…,"name":"ReportedError","key":…,"path":[…]}]}`.
//!
//! `path` names the wrong input. An unknown failure has only `message` and `path`, and an error of GraphQL itself (syntax,
//! validation) only what GraphQL gives it. The HTTP status is 200 unless the request fails as a whole:
//!
//! | key | error | HTTP status |
//! |---|---|---|
//! | `ValidationError` | a field, argument or header has a wrong value; one error for each field | 200; 400 for the body or a header |
//! | `errors_invalid_cursor` | `after` is not a cursor of this list | 200 |
//! | `errors_not_found` | the customer does not exist | 200 |
//! | `errors_dup_email` | another customer has the email, with `unique-email` on | 200 |
//! | `errors_conflict` | the idempotency key was used for a different request, or the tenant has too many tags | 200 |
//! | `errors_response_too_large` | the response would be larger than a Lambda can return | 200 |
//! | `errors_persisted_query` | the request contains only the hash of a document | 200 |
//! | `errors_method` | a mutation is sent by GET | 405 |
//! | `errors_store_access` | the API key is missing, unknown or revoked | 401 |
//! | `errors_store_access` | the API key lacks the scope for queries | 403 |
//! | `errors_store_access` | the API key lacks the scope for mutations | 200 |
//! | `errors_usage_limit` | the monthly number of requests is used up | 403 |
//! | `rate_limit_reached` | DynamoDB is throttling, or a write kept conflicting with others | 429 |
//! | `errors_unavailable` | DynamoDB cannot be reached, or the request ran out of time | 503 |
//! | none | a bug, or data that cannot be read | 500 |

use std::any::Any;
use std::sync::Arc;

use async_graphql::{PathSegment, Pos, ServerError};
use http::{HeaderMap, Method, StatusCode, header};
use serde::Serialize;

use clientele_functions_common::{Dialect, Reply, Request};
use clientele_functions_graphql::{Refusal, media_type, response_size, status};
use clientele_shared::Error;
use clientele_shared::error::FieldError;

/// The argument that holds a cursor.
pub(crate) const CURSOR: &str = "after";

/// The name of every error that this API reports on purpose.
const REPORTED: &str = "ReportedError";

/// The key of a wrong value.
const INVALID: &str = "ValidationError";

/// The message of `async-graphql` for a document that exceeds the complexity limit.
const TOO_COMPLEX: &str = "Query is too complex.";

/// The message that replaces it.
const ADVICE: &str = "The document asks for too much: lower `first`, or select fewer fields";

/// The funnels dialect.
#[derive(Debug)]
pub(crate) struct Funnels;

impl Dialect for Funnels {
    fn error(&self, error: &Error, _: &Request) -> Reply {
        let errors = match error {
            Error::Invalid(fields) => fields.iter().map(BodyError::of_field).collect(),
            other => vec![BodyError::of(key(other), other.to_string(), Vec::new())],
        };
        reply(status(error), errors)
    }

    fn content_type(&self, request_headers: &HeaderMap) -> Option<&'static str> {
        media_type::accepts_graphql(request_headers).then_some(media_type::GRAPHQL)
    }
}

/// Returns the key of an error; `None` for unknown failures.
fn key(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Unauthorized(_) | Error::Forbidden(_) => "errors_store_access",
        Error::UsageExceeded { .. } => "errors_usage_limit",
        Error::NotFound(_) => "errors_not_found",
        Error::Invalid(_) => INVALID,
        Error::DuplicateEmail => "errors_dup_email",
        Error::Conflict(_) | Error::VersionMismatch { .. } => "errors_conflict",
        Error::Throttled { .. } => "rate_limit_reached",
        Error::Unavailable { .. } => "errors_unavailable",
        _ => return None,
    })
}

/// Returns the key of a wrong field.
fn key_of_field(field: &str) -> &'static str {
    if field == CURSOR { "errors_invalid_cursor" } else { INVALID }
}

/// Returns the place of a field in the input: `node.shipping_address.zip` as three names.
fn input_path(field: &str) -> Vec<PathSegment> {
    let segment = |name: &str| match name.parse() {
        Ok(index) => PathSegment::Index(index),
        Err(_) => PathSegment::Field(name.to_owned()),
    };
    field.split('.').map(segment).collect()
}

/// The parts of an error that this dialect reports next to its message.
struct Report {
    key: Option<&'static str>,
    /// The wrong inputs.
    fields: Vec<FieldError>,
}

/// Converts an error to a GraphQL error of one field of the document.
pub(crate) fn to_field_error(error: &Error) -> async_graphql::Error {
    let field = |name: &str| vec![FieldError::new(name, error.to_string())];
    let fields = match error {
        Error::Invalid(fields) => fields.clone(),
        Error::DuplicateEmail => field("node.email"),
        Error::NotFound(_) => field("id"),
        _ => Vec::new(),
    };
    with_report(error, fields)
}

/// Returns an error about fields of a customer as one about the input `node`.
pub(crate) fn in_node(error: Error) -> Error {
    let place = |field: FieldError| match field.field.as_str() {
        name if name == "node" || name.starts_with("node.") => field,
        "physical_address" => FieldError::new("node.shipping_address", field.message),
        "company_name" => FieldError::new("node.custom.company", field.message),
        name => FieldError::new(format!("node.{name}"), field.message),
    };
    match error {
        Error::Invalid(fields) => Error::Invalid(fields.into_iter().map(place).collect()),
        error => error,
    }
}

/// Returns the error for a customer that does not exist, whose id is at this place of the input.
pub(crate) fn not_found(place: &str) -> async_graphql::Error {
    let error = Error::NotFound("Customer");
    let fields = vec![FieldError::new(place, error.to_string())];
    with_report(&error, fields)
}

fn with_report(error: &Error, fields: Vec<FieldError>) -> async_graphql::Error {
    let report: Arc<dyn Any + Send + Sync> = Arc::new(Report { key: key(error), fields });
    async_graphql::Error { source: Some(report), ..async_graphql::Error::new(error.to_string()) }
}

/// An error in the body of a response.
#[derive(Debug, Serialize)]
pub(crate) struct BodyError {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'static str>,
    path: Vec<PathSegment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Pos>,
}

impl BodyError {
    fn of(key: Option<&'static str>, message: String, path: Vec<PathSegment>) -> Self {
        Self { message, name: key.map(|_| REPORTED), key, path, locations: Vec::new() }
    }

    fn of_field(error: &FieldError) -> Self {
        let message = format!("{}: {}", error.field, error.message);
        Self::of(Some(key_of_field(&error.field)), message, input_path(&error.field))
    }
}

/// Returns an error of a response in this dialect's format: one for each wrong input.
pub(crate) fn body_errors(error: ServerError) -> Vec<BodyError> {
    let Some(report) = error.source::<Report>() else {
        let ServerError { message, path, locations, .. } = error;
        let message = if message == TOO_COMPLEX { ADVICE.to_owned() } else { message };
        return vec![BodyError { message, name: None, key: None, path, locations }];
    };
    let in_place = |body_error: BodyError| BodyError { locations: error.locations.clone(), ..body_error };
    match report.fields.as_slice() {
        [] => vec![in_place(BodyError::of(report.key, error.message.clone(), error.path.clone()))],
        fields if report.key == Some(INVALID) => {
            fields.iter().map(|field| in_place(BodyError::of_field(field))).collect()
        }
        [field, ..] => {
            let path = input_path(&field.field);
            vec![in_place(BodyError::of(report.key, error.message.clone(), path))]
        }
    }
}

#[derive(Serialize)]
struct Body {
    data: Option<()>,
    errors: Vec<BodyError>,
}

fn reply(status: StatusCode, errors: Vec<BodyError>) -> Reply {
    Reply::json(status, &Body { data: None, errors }).unwrap_or_else(|_| {
        Reply::json_text(
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"data":null,"errors":[{"message":"Internal error","path":[]}]}"#.into(),
        )
    })
}

/// Returns the reply to a request that is not executed, or whose response is not sent.
pub(crate) fn refuse(refusal: &Refusal) -> Reply {
    let refused =
        |status, key, message: String| reply(status, vec![BodyError::of(Some(key), message, Vec::new())]);
    match refusal {
        Refusal::PersistedQuery => {
            refused(StatusCode::OK, "errors_persisted_query", "PersistedQueryNotSupported".into())
        }
        Refusal::MutationByGet => {
            let message = "Send mutations by POST; GET accepts only queries";
            refused(StatusCode::METHOD_NOT_ALLOWED, "errors_method", message.into())
                .with(header::ALLOW, Method::POST.as_str())
        }
        Refusal::MissingScope(error) => {
            reply(StatusCode::OK, vec![BodyError::of(key(error), error.to_string(), Vec::new())])
        }
        Refusal::ResponseTooLarge { is_mutation } => {
            let message = response_size::too_large(*is_mutation, "lower `first`, or select fewer fields");
            refused(StatusCode::OK, "errors_response_too_large", message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(error: &Error) -> String {
        Funnels.error(error, &Request::new(lambda_http::Request::default())).body().to_owned()
    }

    #[test]
    fn errors_have_the_documented_format() {
        assert_eq!(
            body(&Error::Unauthorized("Invalid API key")),
            r#"{"data":null,"errors":[{"message":"Invalid API key","name":"ReportedError","key":"errors_store_access","path":[]}]}"#
        );
    }

    #[test]
    fn unknown_failures_have_only_message_and_path() {
        let error = Error::internal("reading the counters", std::io::Error::other("socket closed"));
        assert_eq!(body(&error), r#"{"data":null,"errors":[{"message":"Internal error","path":[]}]}"#);
    }

    #[test]
    fn each_wrong_input_has_an_error_of_its_own() {
        let two = vec![FieldError::new("node.email", "bad"), FieldError::new("items.2", "bad")];
        let error = to_field_error(&Error::Invalid(two)).into_server_error(Pos::default());
        let errors = serde_json::to_value(body_errors(error)).unwrap();
        assert_eq!(errors[0]["path"], serde_json::json!(["node", "email"]));
        assert_eq!(errors[1]["path"], serde_json::json!(["items", 2]));
    }
}
