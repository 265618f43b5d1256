//! The failure of a command of the mirror: one line on standard error, and the exit code.

use clientele_shared::Error as StoreError;
use clientele_shared::table::environment::ConnectError;

use super::super::exit::Exit;
use super::super::table_failure::TableFailure;
use super::super::target_args::TargetArgs;
use super::text::line;
use crate::connection::ConnectionError;
use crate::mirror::MirrorError;
use crate::quickbooks::QuickBooksError;
use crate::quickbooks::oauth::{CallbackError, OAuthError};
use crate::quickbooks::transport::TransportSetupError;

/// Most characters of a message.
const MAX_MESSAGE: usize = 400;

/// The reason why a command has no result.
#[derive(Debug)]
pub(in crate::cli) struct Failure {
    reason: Reason,
    /// A remark that follows the reason.
    note: Option<String>,
    exit: Exit,
}

#[derive(Debug)]
enum Reason {
    Table(TableFailure),
    Other(String),
}

impl Failure {
    fn new(message: impl ToString, exit: Exit) -> Self {
        Self { reason: Reason::Other(message.to_string()), note: None, exit }
    }

    pub(super) fn failed(message: impl ToString) -> Self {
        Self::new(message, Exit::Failed)
    }

    pub(super) fn usage(message: impl ToString) -> Self {
        Self::new(message, Exit::Usage)
    }

    pub(super) fn not_connected(message: impl ToString) -> Self {
        Self::new(message, Exit::NotConnected)
    }

    /// Prints the message, and returns the exit code.
    pub(super) fn print(self, target: &TargetArgs) -> Exit {
        let message = match self.reason {
            Reason::Table(failure) => failure.message(target),
            Reason::Other(message) => message,
        };
        let note = self.note.map(|note| format!("; {note}")).unwrap_or_default();
        eprintln!("error: {}{note}", line(&message, MAX_MESSAGE));
        self.exit
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match TableFailure::of(&error) {
            Some(failure) => Self { exit: failure.exit(), reason: Reason::Table(failure), note: None },
            None => Self::failed(error),
        }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::failed(error)
    }
}

impl From<QuickBooksError> for Failure {
    fn from(error: QuickBooksError) -> Self {
        let exit = match &error {
            error if error.is_temporary() => Exit::Unreachable,
            QuickBooksError::NotConnected
            | QuickBooksError::AuthorizationEnded
            | QuickBooksError::InvalidClient
            | QuickBooksError::WrongCompany
            | QuickBooksError::AccessLost => Exit::NotConnected,
            _ => Exit::Failed,
        };
        Self::new(error, exit)
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        match error {
            MirrorError::Store(error) => error.into(),
            MirrorError::QuickBooks(error) => error.into(),
            other => Self::failed(other),
        }
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::NotConnected(_) => Self::not_connected(error),
            ConnectionError::Store(error) => error.into(),
            ConnectionError::QuickBooks(error) => error.into(),
            ConnectionError::TokenReplaced { error, note } => Self { note: Some(note), ..Self::from(*error) },
            ConnectionError::Transport(TransportSetupError::Unencrypted(_)) => Self::usage(error),
            other => Self::failed(other),
        }
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        let exit = match &error {
            OAuthError::Ended | OAuthError::Client => Exit::NotConnected,
            OAuthError::Unreachable | OAuthError::Unavailable { .. } => Exit::Unreachable,
        };
        Self::new(error, exit)
    }
}

impl From<CallbackError> for Failure {
    fn from(error: CallbackError) -> Self {
        match &error {
            CallbackError::Bind { .. } => Self::failed(format!("{error} with --port N")),
            CallbackError::Refused(_) => Self::not_connected(error),
            CallbackError::Timeout(_) => Self::failed(error),
        }
    }
}
