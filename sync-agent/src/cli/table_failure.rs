//! The failures of reads and writes of the table, as messages for people: one line that says what to do next.

use clientele_shared::Error as StoreError;

use super::exit::Exit;
use super::target_args::TargetArgs;

/// Why the table cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TableFailure {
    /// Nothing listens at the address.
    Refused,
    /// DynamoDB does not answer, or answers that it is not available.
    Unreachable,
    Throttled,
    /// The table does not exist.
    Missing,
    /// DynamoDB rejects the credentials.
    Credentials,
    /// An error that the store does not expect, with its causes.
    Internal(String),
}

impl TableFailure {
    /// Returns the failure of the table; `None` if the error concerns a record or the caller's input.
    pub(super) fn of(error: &StoreError) -> Option<Self> {
        let chain = error.chain();
        match error {
            // The operating systems word it differently, and all say "refused".
            StoreError::Unavailable { .. } if chain.contains("refused") => Some(Self::Refused),
            StoreError::Unavailable { .. } => Some(Self::Unreachable),
            StoreError::Throttled { .. } => Some(Self::Throttled),
            StoreError::Internal { .. } => Some(Self::internal(chain)),
            _ => None,
        }
    }

    fn internal(chain: String) -> Self {
        let is_any = |codes: &[&str]| codes.iter().any(|code| chain.contains(code));
        if is_any(&["ResourceNotFoundException"]) {
            Self::Missing
        } else if is_any(&[
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "ExpiredTokenException",
        ]) {
            Self::Credentials
        } else {
            Self::Internal(chain)
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Refused | Self::Unreachable | Self::Throttled => Exit::Unreachable,
            Self::Missing | Self::Credentials | Self::Internal(_) => Exit::Failed,
        }
    }

    /// Returns the message, which names the address or the table.
    pub(super) fn message(&self, target: &TargetArgs) -> String {
        let table = &target.table;
        match (self, target.dynamodb()) {
            (Self::Refused, Some(url)) => {
                format!("nothing listens at {url}; start the local stack with cargo run, or check --dynamodb")
            }
            (Self::Refused | Self::Unreachable, _) => format!(
                "table {table}: cannot be reached; check the network and the address, then run the same command again"
            ),
            (Self::Throttled, _) => {
                format!("table {table}: is at its capacity; run the same command again later")
            }
            (Self::Missing, _) => {
                format!("table {table}: does not exist; check --table, --dynamodb and the region")
            }
            (Self::Credentials, _) => format!(
                "table {table}: AWS rejects the credentials; sign in again, or check AWS_PROFILE and AWS_ACCESS_KEY_ID"
            ),
            (Self::Internal(chain), _) => format!("table {table}: {chain}"),
        }
    }
}

/// Returns the message and the exit code of any failure of the store.
pub(super) fn explained(target: &TargetArgs, error: &StoreError) -> (String, Exit) {
    match TableFailure::of(error) {
        Some(failure) => (failure.message(target), failure.exit()),
        None => (format!("table {}: {}", target.table, error.chain()), Exit::Failed),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn failures_are_told_apart_by_their_causes() {
        let unavailable = |text: &str| StoreError::Unavailable {
            retry_after: Duration::ZERO,
            source: Some(Box::new(std::io::Error::other(text.to_owned()))),
        };
        for (error, expected) in [
            (unavailable("Connection refused (os error 111)"), Some(TableFailure::Refused)),
            (unavailable("timed out"), Some(TableFailure::Unreachable)),
            (StoreError::broken("a: ResourceNotFoundException: b"), Some(TableFailure::Missing)),
            (StoreError::broken("a: UnrecognizedClientException: b"), Some(TableFailure::Credentials)),
            (StoreError::broken("a"), Some(TableFailure::Internal("Internal error: a".into()))),
            (StoreError::NotFound("Customer"), None),
        ] {
            assert_eq!(TableFailure::of(&error), expected);
        }
    }
}
