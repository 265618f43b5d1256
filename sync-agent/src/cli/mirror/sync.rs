//! The `sync-agent sync` command.

use clap::Args;
use serde::Serialize;
use tokio::time::Instant;

use super::super::exit::Exit;
use super::super::signals::cancel_on_signals;
use super::failure::Failure;
use super::progress_display::ProgressDisplay;
use super::text::{line, name};
use super::{MirrorArgs, MirrorCommand, Output};
use crate::cli::text::counted;
use crate::mirror::{SyncOptions, SyncReport};

/// Most documents that could not be mirrored in the text.
const MAX_SHOWN: usize = 5;
/// Most characters of a reason.
const MAX_REASON: usize = 200;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sync-agent sync --tenant acme\n  sync-agent sync --tenant acme --pull --json\n\n\
    The command can be interrupted at any point; the next run continues.\n\nExit codes: 0 done; 1 failed or stopped; \
    2 invalid options; 3 done, but customers were refused or are in conflict; 4 not connected, or the authorization \
    has ended; 5 QuickBooks or the table cannot be reached."
)]
pub(in crate::cli) struct SyncArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
    /// Only write our changes to QuickBooks [default: both directions]
    #[arg(long)]
    push: bool,
    /// Only take over changes from QuickBooks [default: both directions]
    #[arg(long)]
    pull: bool,
    /// Compare all records, as the first sync does, and not only those that have changed
    #[arg(long)]
    full: bool,
}

impl SyncArgs {
    fn options(&self) -> SyncOptions {
        let both = self.push == self.pull;
        SyncOptions { push: self.push || both, pull: self.pull || both, full: self.full }
    }
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    report: &'a SyncReport,
    seconds: f64,
}

impl MirrorCommand for SyncArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let connector = self.mirror.connector().await?;
        let connection = connector.connection().await?;
        let cancellation = cancel_on_signals()
            .map_err(|error| Failure::failed(format!("cannot listen for Ctrl-C: {error}")))?;
        let mirror = connector.mirror().await?.with_cancellation(cancellation);
        let started = Instant::now();
        let mut display = ProgressDisplay::new();
        let result = mirror.sync(self.options(), &mut |progress| display.show(progress)).await;
        display.clear();
        let report = result?;
        let seconds = started.elapsed().as_secs_f64();
        let heading = format!(
            "{}: synced with {} in {seconds:.1} s",
            self.mirror.target.label(),
            name(&connection.company)
        );
        let text = format!("{heading}\n{}", summary(&report, self.options()));
        let is_clean = report.conflicts == 0 && report.refused == 0;
        let exit = if is_clean { Exit::Done } else { Exit::SomeRejected };
        Ok(Output::new(text, Json { report: &report, seconds })?.with_exit(exit))
    }
}

/// Returns lines about what was done, and what to do next.
fn summary(report: &SyncReport, options: SyncOptions) -> String {
    let mut lines = Vec::new();
    if options.push {
        let pushed = &report.pushed;
        lines.push(format!(
            "to QuickBooks: {} created, {} updated, {} deactivated, {} linked, {} unchanged",
            pushed.created, pushed.updated, pushed.deactivated, pushed.linked, pushed.unchanged
        ));
    }
    if options.pull {
        let pulled = &report.pulled;
        lines.push(format!(
            "from QuickBooks: {} customers, {} orders, {} payments, {} prices",
            pulled.customers, pulled.orders, pulled.payments, pulled.prices
        ));
    }
    if report.conflicts > 0 {
        lines.push(format!(
            "{} in conflict; `sync-agent conflicts` shows both values",
            counted(report.conflicts, "field")
        ));
    }
    let unreadable = report.unreadable.len();
    let refused = report.refused.saturating_sub(unreadable);
    if refused > 0 {
        lines.push(format!("{} refused; `sync-agent status` shows why", counted(refused, "customer")));
    }
    if unreadable > 0 {
        let documents = counted(unreadable, "document");
        lines.push(format!("{documents} of QuickBooks could not be mirrored; correct them there:"));
        lines.extend(
            report.unreadable.iter().take(MAX_SHOWN).map(|text| format!("  {}", line(text, MAX_REASON))),
        );
        if unreadable > MAX_SHOWN {
            lines.push(format!("  … and {} more, all of which --json prints", unreadable - MAX_SHOWN));
        }
    }
    if report.pending > 0 {
        lines.push(format!("{} for the next sync", waiting(report.pending)));
    }
    lines.join("\n")
}

fn waiting(count: usize) -> String {
    let verb = if count == 1 { "waits" } else { "wait" };
    format!("{} {verb}", counted(count, "customer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_comes_with_its_next_step() {
        let report = SyncReport {
            conflicts: 1,
            refused: 3,
            pending: 1,
            unreadable: vec!["Invoice 7: has no customer".into()],
            ..SyncReport::default()
        };
        let text = summary(&report, SyncOptions { push: true, pull: false, full: false });
        assert_eq!(
            text.lines().skip(1).collect::<Vec<_>>(),
            [
                "1 field in conflict; `sync-agent conflicts` shows both values",
                "2 customers refused; `sync-agent status` shows why",
                "1 document of QuickBooks could not be mirrored; correct them there:",
                "  Invoice 7: has no customer",
                "1 customer waits for the next sync",
            ]
        );
    }
}
