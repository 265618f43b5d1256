//! Shutdown signals: Ctrl-C and, on Unix, SIGTERM, and SIGHUP of a terminal that is closed.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signal handlers, installed on creation so that a signal before the call of `stop` is not lost.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    hang_up: Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    #[cfg(unix)]
    /// Installs the handlers.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system if a handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    #[cfg(windows)]
    /// Installs the handlers.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system if a handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for one of the signals.
    #[cfg(unix)]
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }

    /// Waits for Ctrl-C.
    #[cfg(windows)]
    pub async fn stop(&mut self) {
        self.interrupt.recv().await;
    }
}
