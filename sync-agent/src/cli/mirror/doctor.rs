//! The `sync-agent doctor` command.

use clap::Args;
use serde::Serialize;

use super::super::exit::Exit;
use super::super::signals::cancel_on_signals;
use super::failure::Failure;
use super::progress_display::ProgressDisplay;
use super::text::line;
use super::{MirrorArgs, MirrorCommand, Output};
use crate::cli::text::counted;
use crate::mirror::Finding;

/// Most findings in the text.
const MAX_SHOWN: usize = 50;
/// Most characters of a finding.
const MAX_MESSAGE: usize = 300;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sync-agent doctor --tenant acme\n  sync-agent doctor --tenant acme --repair --json\n\n\
    QuickBooks is only read. Exit codes: 0 nothing found, or everything repaired; 1 failed or stopped; 2 invalid \
    options; 3 findings are left; 4 not connected, or the authorization has ended; 5 QuickBooks or the table cannot \
    be reached."
)]
pub(in crate::cli) struct DoctorArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
    /// Repair what can be repaired without writing to QuickBooks
    #[arg(long)]
    repair: bool,
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    findings: &'a [Finding],
}

impl MirrorCommand for DoctorArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let connector = self.mirror.connector().await?;
        let cancellation = cancel_on_signals()
            .map_err(|error| Failure::failed(format!("cannot listen for Ctrl-C: {error}")))?;
        let mirror = connector.mirror().await?.with_cancellation(cancellation);
        let mut display = ProgressDisplay::new();
        let result = mirror.doctor(self.repair, &mut |progress| display.show(progress)).await;
        display.clear();
        let findings = result?;
        let is_clean = findings.iter().all(|finding| finding.repaired);
        let exit = if is_clean { Exit::Done } else { Exit::SomeRejected };
        Ok(Output::new(summary(&findings), Json { findings: &findings })?.with_exit(exit))
    }
}

/// Returns a line for each finding.
fn summary(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "both sides agree; nothing was found".to_owned();
    }
    let one = |finding: &Finding| {
        let mark = if finding.repaired { "repaired: " } else { "" };
        format!("  {mark}{}: {}", finding.subject, line(&finding.message, MAX_MESSAGE))
    };
    let mut lines = vec![format!("{}:", counted(findings.len(), "finding"))];
    lines.extend(findings.iter().take(MAX_SHOWN).map(one));
    if findings.len() > MAX_SHOWN {
        lines.push(format!("  … and {} more, all of which --json prints", findings.len() - MAX_SHOWN));
    }
    lines.join("\n")
}
