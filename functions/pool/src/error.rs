//! How this dialect spells errors: `{"data":null,"errors":[{"message":…,"extensions":{"code":…}}]}`.
//!
//! | error | code | HTTP status, where the request as a whole fails |
//! |---|---|---|
//! | the document is malformed or does not fit the schema | `GRAPHQL_VALIDATION_FAILED` | 200 |
//! | a value is wrong | `BAD_USER_INPUT` | 200; 400 where no document can be read |
//! | no key, or none in force | `UNAUTHORIZED` | 401 |
//! | the key may not do this | `FORBIDDEN` | 403; 200 for a mutation |
//! | no such customer or tag | `NOT_FOUND` | 200; 404 for a file |
//! | an idempotency key used for something else | `CONFLICT` | 200 |
//! | only the hash of a document was sent | `PERSISTED_QUERY_NOT_SUPPORTED` | 200 |
//! | a file that would be too long | `EXPORT_TOO_LARGE` | 400 |
//! | a mutation by GET | `BAD_USER_INPUT` | 405 |
//! | too many requests at once | `RATE_LIMITED` | 429 |
//! | something is away | `INTERNAL_SERVER_ERROR` | 503 |
//! | our fault | `INTERNAL_SERVER_ERROR` | 500 |

use async_graphql::{ErrorExtensions as _, ServerError, Value};
use http::{HeaderMap, Method, StatusCode, header};
use serde::Serialize;

use clientele_functions_common::{Dialect, Reply};
use clientele_shared::Error;

use crate::media_type;

/// The argument that holds a cursor. Its error has a text of its own.
pub(crate) const CURSOR: &str = "after";

/// The code of a document that does not fit the schema.
pub(crate) const INVALID_DOCUMENT: &str = "GRAPHQL_VALIDATION_FAILED";

/// The code of a value that is wrong.
const INVALID_VALUE: &str = "BAD_USER_INPUT";

/// The pool dialect, outside its handler.
#[derive(Debug)]
pub(crate) struct Pool;

impl Dialect for Pool {
    fn error(&self, error: &Error) -> Reply {
        refusal(status(error), code(error), &message(error))
    }

    fn is_metered(&self) -> bool {
        false
    }

    fn content_type(&self, asked: &HeaderMap) -> Option<&'static str> {
        media_type::takes_graphql(asked).then_some(media_type::GRAPHQL)
    }
}

/// The pool dialect's routes for files, whose errors have a status of their own each.
#[derive(Debug)]
pub(crate) struct PoolFiles;

impl Dialect for PoolFiles {
    fn error(&self, error: &Error) -> Reply {
        let status = if matches!(error, Error::NotFound(_)) { StatusCode::NOT_FOUND } else { status(error) };
        refusal(status, code(error), &message(error))
    }

    fn is_metered(&self) -> bool {
        false
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::NotFound(_) | Error::Conflict(_) | Error::VersionMismatch { .. } => StatusCode::OK,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(crate) fn code(error: &Error) -> &'static str {
    match error {
        Error::Unauthorized(_) => "UNAUTHORIZED",
        Error::Forbidden(_) => "FORBIDDEN",
        Error::NotFound(_) => "NOT_FOUND",
        Error::Invalid(_) => INVALID_VALUE,
        Error::Conflict(_) | Error::VersionMismatch { .. } => "CONFLICT",
        Error::Throttled { .. } => "RATE_LIMITED",
        _ => "INTERNAL_SERVER_ERROR",
    }
}

/// What the caller is told. The document fixes the texts of a missing key and, by its settled reading, of a
/// cursor.
pub(crate) fn message(error: &Error) -> String {
    match error {
        Error::Unauthorized(_) => "Not authorized".into(),
        Error::Invalid(fields) if fields.iter().any(|f| f.field == CURSOR) => "Invalid cursor".into(),
        other => other.to_string(),
    }
}

/// An error of one field of the document.
pub(crate) fn of_field(error: &Error) -> async_graphql::Error {
    async_graphql::Error::new(message(error)).extend_with(|_, extensions| {
        extensions.set("code", code(error));
        if let Error::Invalid(fields) = error {
            let names = fields.iter().map(|wrong| Value::from(wrong.field.as_str())).collect();
            extensions.set("fields", Value::List(names));
        }
    })
}

/// Gives a code to an error that GraphQL's own rules found: before anything was executed the document is wrong,
/// later a value is.
pub(crate) fn with_code(mut error: ServerError) -> ServerError {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", if error.path.is_empty() { INVALID_DOCUMENT } else { INVALID_VALUE });
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

/// The answer to a request of which nothing is done.
pub(crate) fn refusal(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = Body { data: None, errors: [BodyError { message, extensions: Extensions { code } }] };
    Reply::json(status, &body).unwrap_or_else(|_| {
        Reply::json_text(
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"data":null,"errors":[{"message":"Internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}"#
                .into(),
        )
    })
}

/// The answer to a mutation that was asked for by GET.
pub(crate) fn mutation_by_get() -> Reply {
    refusal(StatusCode::METHOD_NOT_ALLOWED, INVALID_VALUE, "Send a mutation by POST: GET is for queries")
        .with(header::ALLOW, Method::POST.as_str())
}

/// The answer to a document of which only the hash was sent, in the words by which clients know that they must
/// send all of it.
pub(crate) fn persisted_query_not_supported() -> Reply {
    refusal(StatusCode::OK, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_shape() {
        let reply = Pool.error(&Error::Unauthorized("Invalid API key"));
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.body(),
            r#"{"data":null,"errors":[{"message":"Not authorized","extensions":{"code":"UNAUTHORIZED"}}]}"#
        );
    }

    #[test]
    fn causes_stay_inside() {
        let error = Error::internal("reading the counters", std::io::Error::other("socket closed"));
        assert_eq!((code(&error), message(&error)), ("INTERNAL_SERVER_ERROR", "Internal error".to_owned()));
    }
}
