//! What can go wrong while measuring. Every message says what was being done and, where a person can mend
//! it, what to do next.

use std::io;
use std::process::ExitStatus;

/// The reason why no figure could be taken. A goal that is not met is not an error: it is a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error("could not {doing}: {source}")]
    Io { doing: String, source: io::Error },

    #[error(
        "`{tool}` was not found on PATH. Install it (Debian and Ubuntu: `apt-get install {package}`, Fedora and Amazon Linux: `dnf install {package}`) and run again"
    )]
    NoTool { tool: &'static str, package: &'static str },

    #[error("`{command}` failed with {status}; its own messages are above")]
    Command { command: String, status: ExitStatus },

    #[error("cargo built no executable called `{target}`, though its target is part of the workspace")]
    NoExecutable { target: String },

    #[error("`{name}` was built but scenario.rs has no events for it: add it there, so that it is measured")]
    NoScenario { name: String },

    #[error("no function is called `{asked}`; there are: {known}")]
    UnknownFunction { asked: String, known: String },

    #[error("could not prepare the data: {0:?}")]
    Data(#[from] clientele_shared::Error),

    #[error("could not make the engine's certificates: {0}")]
    Certificate(#[from] rcgen::Error),

    #[error("openssl could not make an RSA key ({status}): {said}")]
    NoKey { status: ExitStatus, said: String },

    #[error("could not put TLS in front of the engine: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),

    #[error("could not open the embedded engine: {0}")]
    Engine(String),

    #[error("{name} exited ({status}) while {waiting_for} was awaited. The end of what it wrote:\n{output}")]
    Exited { name: String, status: ExitStatus, waiting_for: &'static str, output: String },

    #[error(
        "{name} sent nothing for {seconds} s while {waiting_for} was awaited. The end of what it wrote:\n{output}"
    )]
    Silent { name: String, seconds: u64, waiting_for: &'static str, output: String },

    #[error(
        "{name} sent `{got}` while {waiting_for} was awaited: {body}\nThe end of what it wrote:\n{output}"
    )]
    Unexpected { name: String, got: String, waiting_for: &'static str, body: String, output: String },

    #[error(
        "{name} answered {got} where {expected} was expected, so its figures would be those of an error. It answered: {body}"
    )]
    WrongStatus { name: String, got: String, expected: u16, body: String },

    #[error(
        "{name} still used CPU {seconds} s after it had asked for an event: something in it does not come to rest"
    )]
    Restless { name: String, seconds: u64 },

    #[error("could not read {what} of {name} from {from}")]
    Figure { name: String, what: &'static str, from: String },

    #[error(
        "callgrind counted fewer instructions for {name} with more calls ({more}) than with fewer ({fewer}); run again on a quieter machine"
    )]
    Miscounted { name: String, fewer: u64, more: u64 },
}

/// Adds what was being done to an I/O error.
pub(crate) trait Doing<T> {
    /// Turns the error into one that reads "could not `what`: …".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, BenchError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, BenchError> {
        self.map_err(|source| BenchError::Io { doing: what(), source })
    }
}
