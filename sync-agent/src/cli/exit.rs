//! The exit codes of the commands.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// The command succeeded.
    Done,
    /// The command failed or was stopped.
    Failed,
    /// The options were invalid.
    Usage,
    /// The command finished, but some rows were rejected, or some records were refused or are in conflict.
    SomeRejected,
    /// The tenant is not connected to QuickBooks, or the authorization has ended.
    NotConnected,
    /// The table or QuickBooks cannot be reached. Nothing is lost, and the next run continues.
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::SomeRejected => Self::from(3),
            Exit::NotConnected => Self::from(4),
            Exit::Unreachable => Self::from(5),
        }
    }
}

/// Prints the result to standard output. Returns `exit`, or [`Exit::Failed`] if the result cannot be printed.
pub(super) fn print_result(text: &str, exit: Exit) -> Exit {
    match writeln!(io::stdout().lock(), "{text}") {
        Ok(()) => exit,
        Err(error) => {
            eprintln!("error: cannot print the result: {error}");
            Exit::Failed
        }
    }
}
