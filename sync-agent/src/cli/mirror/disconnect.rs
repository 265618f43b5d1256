//! The `sync-agent disconnect` command.

use clap::Args;
use serde::Serialize;

use super::failure::Failure;
use super::text::{line, name, rfc3339};
use super::{MirrorArgs, MirrorCommand, Output};
use crate::connection::Disconnected;

/// Most characters of a reason.
const MAX_REASON: usize = 200;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sync-agent disconnect --tenant acme\n  sync-agent disconnect --tenant acme --mode \
    test --json\n\nCustomers, orders and their links to QuickBooks stay. Connect the same company again, and the next \
    sync continues.\n\nExit codes: 0 done; 1 failed; 2 invalid options; 4 not connected; 5 the table cannot be reached."
)]
pub(in crate::cli) struct DisconnectArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    realm_id: &'a str,
    company: &'a str,
    refresh_token_expires_at: Option<String>,
    hard_expires_at: Option<String>,
    revoked: bool,
}

impl MirrorCommand for DisconnectArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let disconnected = self.mirror.connector().await?.disconnect().await?;
        let Disconnected { connection, refresh_expires_at, hard_expires_at, not_revoked } = disconnected;
        if let Some(reason) = &not_revoked {
            eprintln!(
                "warning: the authorization was not ended in QuickBooks ({}); disconnect the app there, in the list of \
                 connected apps",
                line(reason, MAX_REASON)
            );
        }
        let text = format!(
            "{} is no longer connected to {}; customers, orders and their links stay",
            self.mirror.target.label(),
            name(&connection.company)
        );
        Output::new(
            text,
            Json {
                realm_id: connection.realm.as_str(),
                company: &connection.company,
                refresh_token_expires_at: rfc3339(refresh_expires_at),
                hard_expires_at: rfc3339(hard_expires_at),
                revoked: not_revoked.is_none(),
            },
        )
    }
}
