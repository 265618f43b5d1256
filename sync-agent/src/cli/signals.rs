//! Ctrl-C and SIGTERM: the first signal requests a clean stop, the second ends the process immediately.

use std::io;

use crate::cancellation::CancellationToken;

/// The exit code after a second signal: 128 plus the number of SIGINT.
const EXIT_INTERRUPTED: i32 = 130;

/// Returns a token that is cancelled by the first signal to this process.
#[expect(clippy::disallowed_methods, reason = "a second signal ends the process without waiting")]
pub(super) fn cancel_on_signals() -> io::Result<CancellationToken> {
    let mut signals = Signals::new()?;
    let cancellation = CancellationToken::default();
    let token = cancellation.clone();
    tokio::spawn(async move {
        signals.next().await;
        token.request();
        eprintln!("finishing the writes in progress, then stopping; press Ctrl-C again to stop now");
        signals.next().await;
        // Safe at any point: commits are atomic, and an unfinished export never looks finished.
        std::process::exit(EXIT_INTERRUPTED);
    });
    Ok(cancellation)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
