//! What can go wrong, grouped by what the caller can do about it.
//!
//! Each dialect maps these groups to its own status codes and bodies in one file of its own.

use std::error::Error as StdError;
use std::time::Duration;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure, named by what the caller can do about it.
///
/// The text of a variant is safe to show to the caller; causes are not, they belong in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such record for this tenant. Nothing to retry.
    #[error("{0} not found")]
    NotFound(&'static str),

    /// The request contradicts the present state (a unique value taken, an idempotency key used for
    /// something else, a record changed by somebody else meanwhile).
    #[error("{0}")]
    Conflict(String),

    /// The record is not at the version the caller insisted on (`If-Match`).
    #[error("The record has changed: it is at version {actual} now")]
    VersionMismatch {
        /// The version the record is at.
        actual: u64,
    },

    /// One or more fields of the request are wrong.
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldError>),

    /// The caller did not say who it is, or nobody knows it.
    #[error("{0}")]
    Unauthorized(&'static str),

    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(String),

    /// Too many requests at once; the same request may succeed later.
    #[error("Too many requests, try again later")]
    Throttled {
        /// How long to wait before trying again.
        retry_after: Duration,
        /// What said so.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },

    /// Something needed is away for the moment; the same request may succeed later.
    #[error("The service is unavailable for the moment, try again later")]
    Unavailable {
        /// How long to wait before trying again.
        retry_after: Duration,
        /// What is away.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },

    /// A fault of ours.
    #[error("Internal error")]
    Internal {
        /// What was being done.
        context: String,
        /// What went wrong.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field as the caller spelled it, e.g. `physical_zip`; `body` for the request body as a whole.
    pub field: String,
    /// What is wrong with it and what would be right, without the field's name.
    pub message: String,
}

impl FieldError {
    /// A wrong field and what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Error {
    /// One wrong field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// A fault of ours with its cause.
    pub fn internal(context: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal { context: context.into(), source: Some(source.into()) }
    }

    /// A fault of ours that has no further cause.
    pub fn broken(context: impl Into<String>) -> Self {
        Self::Internal { context: context.into(), source: None }
    }

    /// The whole chain of causes in one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = match self {
            Self::Internal { context, .. } => format!("{self}: {context}"),
            _ => self.to_string(),
        };
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
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
    fn the_shown_text_hides_the_cause_and_the_chain_tells_it() {
        let error = Error::internal("reading the counters", std::io::Error::other("socket closed"));
        assert_eq!(error.to_string(), "Internal error");
        assert_eq!(error.chain(), "Internal error: reading the counters: socket closed");
    }

    #[test]
    fn an_invalid_request_names_every_field() {
        let error = Error::Invalid(vec![FieldError::new("phone", "bad"), FieldError::new("email", "bad")]);
        assert_eq!(error.to_string(), "phone: bad; email: bad");
    }
}
