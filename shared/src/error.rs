//! Errors, grouped by what the caller can do about them.
//!
//! Each dialect maps these groups to its own status codes and bodies in its `error.rs`.

use std::error::Error as StdError;
use std::time::Duration;

/// A result whose error is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, classified by what the caller can do about it.
///
/// The `Display` text is safe to show to the caller. Causes are not; they belong in the log
/// ([`Error::chain`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The tenant has no such record. A retry does not help.
    #[error("{0} not found")]
    NotFound(&'static str),

    /// The request conflicts with the current state: an idempotency key was used for another request, a tenant has as
    /// many records as it can have, or another writer has changed the record in the meantime.
    #[error("{0}")]
    Conflict(String),

    /// Another customer has the email, and the tenant's emails must be unique.
    #[error("Another customer has this email")]
    DuplicateEmail,

    /// The record is not at the version that the caller required (`If-Match`).
    #[error("The record has changed and is now at version {actual}; fetch it again and retry")]
    VersionMismatch {
        /// The record's current version.
        actual: u64,
    },

    /// One or more fields of the request are invalid.
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldError>),

    /// The request carries no valid API key.
    #[error("{0}")]
    Unauthorized(&'static str),

    /// The caller is authenticated but is not allowed to do this.
    #[error("{0}")]
    Forbidden(String),

    /// The tenant has made as many requests as it is allowed to make in a month.
    #[error("Monthly usage limit of {limit} requests exceeded")]
    UsageExceeded {
        /// The most requests in a month.
        limit: u64,
    },

    /// Too many requests arrive at the same time. The same request can succeed later.
    #[error("Too many requests; try again later")]
    Throttled {
        /// How long to wait before retrying.
        retry_after: Duration,
        /// The underlying error, if any.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },

    /// A dependency is temporarily unavailable. The same request can succeed later.
    #[error("The service is temporarily unavailable; try again later")]
    Unavailable {
        /// How long to wait before retrying.
        retry_after: Duration,
        /// The underlying error, if any.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },

    /// A service outside this deployment, such as a credit provider, failed or did not answer in time. The same request can succeed
    /// later.
    #[error("{service} is not available; try again later")]
    ServiceUnavailable {
        /// The service, as the start of a sentence.
        service: &'static str,
        /// How long to wait before retrying.
        retry_after: Duration,
        /// The underlying error. It names no person and holds no secret.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A fault on our side.
    #[error("Internal error")]
    Internal {
        /// The operation that failed.
        context: String,
        /// The underlying error, if any.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
}

/// One invalid field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field as the caller spelled it, such as `physical_zip`; `body` for the request body as a whole.
    pub field: String,
    /// The fault of the field, and what would be valid, without the field's name.
    pub message: String,
}

impl FieldError {
    /// Creates a field error.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Returns an error and its chain of causes on one line.
#[must_use]
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Error {
    /// Creates an [`Error::Invalid`] for one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// Creates an [`Error::Internal`] with a cause.
    pub fn internal(context: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal { context: context.into(), source: Some(source.into()) }
    }

    /// Creates an [`Error::Internal`] without a cause.
    pub fn broken(context: impl Into<String>) -> Self {
        Self::Internal { context: context.into(), source: None }
    }

    /// Returns the error and its chain of causes on one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        match self {
            Self::Internal { context, source: Some(cause) } => {
                format!("{self}: {context}: {}", chain(&**cause))
            }
            Self::Internal { context, source: None } => format!("{self}: {context}"),
            _ => chain(self),
        }
    }
}

fn summary(fields: &[FieldError]) -> String {
    let parts: Vec<String> = fields.iter().map(|f| format!("{}: {}", f.field, f.message)).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_hides_the_cause_and_chain_includes_it() {
        let error = Error::internal("reading the counters", std::io::Error::other("socket closed"));
        assert_eq!(error.to_string(), "Internal error");
        assert_eq!(error.chain(), "Internal error: reading the counters: socket closed");
    }

    #[test]
    fn display_of_an_invalid_request_names_every_field() {
        let error = Error::Invalid(vec![FieldError::new("phone", "bad"), FieldError::new("email", "bad")]);
        assert_eq!(error.to_string(), "phone: bad; email: bad");
    }
}
