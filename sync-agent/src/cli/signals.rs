//! Ctrl-C and a polite kill: the first asks to stop where work ends cleanly, the second ends the program.

use std::io;

use crate::cancellation::CancellationToken;

/// The exit code of a program that a second Ctrl-C ended.
const BROKEN_OFF: i32 = 130;

/// A wish to stop that the signals of this process express.
pub(super) fn stop_on_signals() -> io::Result<CancellationToken> {
    let mut signals = Signals::new()?;
    let stop = CancellationToken::default();
    let wish = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        wish.request();
        eprintln!("stopping when what is under way is done; press Ctrl-C again to break off");
        signals.next().await;
        // Safe at any point: what is committed stays, what is not is nowhere.
        std::process::exit(BROKEN_OFF);
    });
    Ok(stop)
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
