//! Errors of the bench. Each message names the failed action and, where possible, the remedy.

use std::io;
use std::process::ExitStatus;

/// The reason why a measurement failed. A missed goal is a result, not an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error("could not {doing}: {source}")]
    Io { doing: String, source: io::Error },

    #[error(
        "`{tool}` was not found on PATH; install it (Debian and Ubuntu: `apt-get install {package}`, Fedora and Amazon Linux: `dnf install {package}`) and run the bench again"
    )]
    NoTool { tool: &'static str, package: &'static str },

    #[error("`{command}` failed with {status}; see its messages above")]
    Command { command: String, status: ExitStatus },

    #[error("cargo built no executable named `{target}`, although the workspace has that target")]
    NoExecutable { target: String },

    #[error("`{name}` has no scenario; add its events in scenario.rs so that it can be measured")]
    NoScenario { name: String },

    #[error("no function is named `{name}`; choose one of: {known}")]
    UnknownFunction { name: String, known: String },

    #[error("could not create the data: {}", .0.chain())]
    Data(#[from] clientele_shared::Error),

    #[error("could not create the engine's certificates: {0}")]
    Certificate(#[from] rcgen::Error),

    #[error("openssl could not generate an RSA key ({status}): {stderr}")]
    NoKey { status: ExitStatus, stderr: String },

    #[error("could not configure TLS for the engine: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),

    #[error("could not start the embedded engine: {0}")]
    Engine(String),

    #[error(
        "{name} exited ({status}) while the bench waited for {waiting_for}; the end of its output:\n{output}"
    )]
    Exited { name: String, status: ExitStatus, waiting_for: &'static str, output: String },

    #[error(
        "{name} sent nothing for {seconds} s while the bench waited for {waiting_for}; the end of its output:\n{output}"
    )]
    Silent { name: String, seconds: u64, waiting_for: &'static str, output: String },

    #[error(
        "{name}: the bench waited for {waiting_for} but got {got}: {body}\nThe end of its output:\n{output}"
    )]
    Unexpected { name: String, got: String, waiting_for: &'static str, body: String, output: String },

    #[error(
        "{name} returned {got} instead of {expected}, so its figures would be those of an error; its response: {body}"
    )]
    WrongStatus { name: String, got: String, expected: u16, body: String },

    #[error(
        "{name} still used CPU {seconds} s after requesting an event; find the background work that does not finish"
    )]
    Restless { name: String, seconds: u64 },

    #[error(
        "the store does not write this item, which the bench puts into its table; adapt table.rs: {item}"
    )]
    OtherFormat { item: String },

    #[error("`{name}` did not return the expected customers and total: {body}")]
    WrongList { name: String, body: String },

    #[error("could not read {what} of {name} from {from}")]
    Figure { name: String, what: &'static str, from: String },

    #[error(
        "callgrind counted fewer instructions for {name} with more events ({more}) than with fewer ({fewer}); run the bench again when the machine is idle"
    )]
    Miscounted { name: String, fewer: u64, more: u64 },
}

/// Adds the failed action to an I/O error.
pub(crate) trait Doing<T> {
    /// Converts the error into [`BenchError::Io`], whose message is "could not `action`: …".
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, BenchError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, BenchError> {
        self.map_err(|source| BenchError::Io { doing: action(), source })
    }
}
