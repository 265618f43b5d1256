//! How a command ends.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything is done.
    Done,
    /// It failed, or was stopped.
    Failed,
    /// It was typed wrongly.
    Usage,
    /// It is done but for some rows.
    SomeRejected,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::SomeRejected => Self::from(3),
        }
    }
}

/// Writes the result to standard output. Where nobody can read it, the command has failed.
pub(super) fn print_result(text: &str, exit: Exit) -> Exit {
    match writeln!(io::stdout().lock(), "{text}") {
        Ok(()) => exit,
        Err(error) => {
            eprintln!("cannot write the result: {error}");
            Exit::Failed
        }
    }
}
