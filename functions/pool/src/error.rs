//! Errors in this dialect's format: `{"data":null,"errors":[{"message":…,"extensions":{"code":…}}]}`.
//!
//! A GraphQL response has the HTTP status 200 even if some of its fields failed. If a field failed because of
//! wrong values, `extensions.fields` names them. A request can also fail as a whole, with another status:
//!
//! | code | error | HTTP status |
//! |---|---|---|
//! | `GRAPHQL_VALIDATION_FAILED` | the document is malformed, violates the schema or exceeds a limit | 200 |
//! | `BAD_USER_INPUT` | an argument or variable has a wrong value | 200 |
//! | `BAD_USER_INPUT` | the body, a parameter or a header is malformed | 400 |
//! | `BAD_USER_INPUT` | a mutation is sent by GET | 405 |
//! | `UNAUTHORIZED` | the API key is missing, unknown or revoked | 401 |
//! | `FORBIDDEN` | the API key lacks the scope for queries or exports | 403 |
//! | `FORBIDDEN` | the API key lacks the scope for mutations, or `deleteCustomer` is turned off | 200 |
//! | `NOT_FOUND` | the customer or tag does not exist | 200; 404 for a file |
//! | `CONFLICT` | the idempotency key was used for a different request | 200 |
//! | `CONFLICT` | another customer has the email, with `unique-email` on | 200 |
//! | `PERSISTED_QUERY_NOT_SUPPORTED` | the request contains only the hash of a document | 200 |
//! | `RESPONSE_TOO_LARGE` | the response would be larger than a Lambda can return | 200 |
//! | `EXPORT_TOO_LARGE` | the file would be larger than Lambda can stream | 400 |
//! | `RATE_LIMITED` | DynamoDB is throttling, or a write kept conflicting with others | 429 |
//! | `INTERNAL_SERVER_ERROR` | a bug, or data that cannot be read | 500 |
//! | `INTERNAL_SERVER_ERROR` | DynamoDB cannot be reached, or the request ran out of time | 503 |
//!
//! API Gateway refuses some requests before they reach a function, with the same codes (`GatewayResponses` in
//! `template.yaml`).

use async_graphql::{ErrorExtensions as _, ServerError, Value};
use http::{HeaderMap, Method, StatusCode, header};
use serde::Serialize;

use clientele_functions_common::{Dialect, Reply, Request};
use clientele_shared::Error;
use clientele_shared::error::FieldError;

use clientele_functions_graphql::{media_type, response_size, status};

/// The argument that holds a cursor. Its error has a fixed message.
pub(crate) const CURSOR: &str = "after";

/// The code for a document that is malformed, violates the schema or exceeds a limit.
pub(crate) const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";

/// The code for a value that is wrong.
const BAD_USER_INPUT: &str = "BAD_USER_INPUT";

/// The pool dialect of `/graphql`.
#[derive(Debug)]
pub(crate) struct Pool;

impl Dialect for Pool {
    fn error(&self, error: &Error, _: &Request) -> Reply {
        error_reply(status(error), code(error), &message(error))
    }

    fn content_type(&self, request_headers: &HeaderMap) -> Option<&'static str> {
        media_type::accepts_graphql(request_headers).then_some(media_type::GRAPHQL)
    }
}

/// The pool dialect of the file exports, where [`Error::NotFound`] has the status 404.
#[derive(Debug)]
pub(crate) struct PoolFiles;

impl Dialect for PoolFiles {
    fn error(&self, error: &Error, _: &Request) -> Reply {
        let status = if matches!(error, Error::NotFound(_)) { StatusCode::NOT_FOUND } else { status(error) };
        error_reply(status, code(error), &message(error))
    }
}

pub(crate) fn code(error: &Error) -> &'static str {
    match error {
        Error::Unauthorized(_) => "UNAUTHORIZED",
        Error::Forbidden(_) | Error::UsageExceeded { .. } => "FORBIDDEN",
        Error::NotFound(_) => "NOT_FOUND",
        Error::Invalid(_) => BAD_USER_INPUT,
        Error::Conflict(_) | Error::DuplicateEmail | Error::VersionMismatch { .. } => "CONFLICT",
        Error::Throttled { .. } => "RATE_LIMITED",
        _ => "INTERNAL_SERVER_ERROR",
    }
}

/// Returns the message that the client sees. The messages for a missing or invalid API key and for an invalid
/// cursor are fixed by the pool API.
pub(crate) fn message(error: &Error) -> String {
    match error {
        Error::Unauthorized(_) => "Not authorized".into(),
        Error::Invalid(fields) if fields.iter().any(|f| f.field == CURSOR) => "Invalid cursor".into(),
        Error::Invalid(fields) => {
            let named = fields.iter().map(|error| FieldError::new(name(&error.field), &error.message));
            Error::Invalid(named.collect()).to_string()
        }
        other => other.to_string(),
    }
}

/// Returns this dialect's name of a field. Rules for the whole customer use the canonical names, with underscores.
fn name(field: &str) -> String {
    if field == "physical_address" {
        return "street".into();
    }
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        name.chars().chain(initial).chain(letters).collect()
    })
}

/// Converts an error to a GraphQL error of one field of the document.
pub(crate) fn to_field_error(error: &Error) -> async_graphql::Error {
    async_graphql::Error::new(message(error)).extend_with(|_, extensions| {
        extensions.set("code", code(error));
        if let Error::Invalid(fields) = error {
            let names = fields.iter().map(|error| Value::from(name(&error.field))).collect();
            extensions.set("fields", Value::List(names));
        }
    })
}

/// Adds a code to an error that `async-graphql` raised. Without a path the error was raised before execution,
/// so the document is wrong; with a path a value is wrong.
pub(crate) fn with_code(mut error: ServerError) -> ServerError {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", if error.path.is_empty() { VALIDATION_FAILED } else { BAD_USER_INPUT });
    }
    error
}

#[derive(Serialize)]
struct Body<'a> {
    data: Option<()>,
    errors: [BodyError<'a>; 1],
}

#[derive(Serialize)]
struct BodyError<'a> {
    message: &'a str,
    extensions: Extensions<'a>,
}

#[derive(Serialize)]
struct Extensions<'a> {
    code: &'a str,
}

/// Returns the response to a request that fails as a whole.
pub(crate) fn error_reply(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = Body { data: None, errors: [BodyError { message, extensions: Extensions { code } }] };
    Reply::json(status, &body).unwrap_or_else(|_| {
        Reply::json_text(
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"data":null,"errors":[{"message":"Internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}"#
                .into(),
        )
    })
}

/// Returns the response to a mutation that was sent by GET.
pub(crate) fn mutation_by_get() -> Reply {
    error_reply(
        StatusCode::METHOD_NOT_ALLOWED,
        BAD_USER_INPUT,
        "Send mutations by POST; GET accepts only queries",
    )
    .with(header::ALLOW, Method::POST.as_str())
}

/// Returns the response to a request that contains only the hash of a document. Clients recognise the message
/// and send the whole document.
pub(crate) fn persisted_query_not_supported() -> Reply {
    error_reply(StatusCode::OK, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
}

/// Returns the response to a document that asks for more than a function can return. The writes of a mutation took effect
/// all the same.
pub(crate) fn response_too_large(is_mutation: bool) -> Reply {
    let message = response_size::too_large(is_mutation, "lower `first` or `limit`, or select fewer fields");
    error_reply(StatusCode::OK, "RESPONSE_TOO_LARGE", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_documented_format() {
        let reply = Pool
            .error(&Error::Unauthorized("Invalid API key"), &Request::new(lambda_http::Request::default()));
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.body(),
            r#"{"data":null,"errors":[{"message":"Not authorized","extensions":{"code":"UNAUTHORIZED"}}]}"#
        );
    }

    #[test]
    fn causes_are_not_exposed() {
        let error = Error::internal("reading the counters", std::io::Error::other("socket closed"));
        assert_eq!((code(&error), message(&error)), ("INTERNAL_SERVER_ERROR", "Internal error".to_owned()));
    }
}
