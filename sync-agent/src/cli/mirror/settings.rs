//! The `sync-agent settings` command.

use clap::Args;
use clientele_shared::model::{Deactivation, MirrorSide};
use serde::Serialize;

use super::failure::Failure;
use super::{MirrorArgs, MirrorCommand, Output};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sync-agent settings --tenant acme\n  sync-agent settings --tenant acme --winner \
    theirs --deactivate deleted\n\nExit codes: 0 done; 1 failed; 2 invalid options; 4 not connected; 5 the table \
    cannot be reached."
)]
pub(in crate::cli) struct SettingsArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
    /// The side whose value wins if both have changed a field
    #[arg(long, value_name = "ours|theirs")]
    winner: Option<MirrorSide>,
    /// The customers that are made inactive in QuickBooks: those that are deleted or INACTIVE here, those that are
    /// deleted, or none
    #[arg(long, value_name = "inactive|deleted|never")]
    deactivate: Option<Deactivation>,
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json {
    winner: MirrorSide,
    deactivate: Deactivation,
}

impl MirrorCommand for SettingsArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let connector = self.mirror.connector().await?;
        let before = connector.connection().await?.settings.deactivation;
        let change = connector.change_settings(|settings| {
            settings.winner = self.winner.unwrap_or(settings.winner);
            settings.deactivation = self.deactivate.unwrap_or(settings.deactivation);
        });
        let settings = change.await?.settings;
        let mut text =
            format!("winner: {}\ndeactivate: {}", settings.winner.as_str(), settings.deactivation.as_str());
        if settings.deactivation != before {
            text.push_str("\nthe next sync compares all customers, so that this applies to each of them");
        }
        Output::new(text, Json { winner: settings.winner, deactivate: settings.deactivation })
    }
}
