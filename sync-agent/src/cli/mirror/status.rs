//! The `sync-agent status` command.

use clap::Args;
use clientele_shared::model::{Connection, Parked, ParkedObject, Timestamp};
use serde::Serialize;

use super::super::exit::Exit;
use super::failure::Failure;
use super::text::{line, moment, name, rfc3339};
use super::{MirrorArgs, MirrorCommand, Output};
use crate::cli::text::counted;
use crate::connection::{ConnectionError, Connector};
use crate::mirror::MirrorStatus;
use crate::quickbooks::QuickBooksError;
use crate::quickbooks::secrets::Secrets;

/// Most refused customers in the text.
const MAX_SHOWN: usize = 10;
/// Most characters of a reason.
const MAX_REASON: usize = 200;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sync-agent status --tenant acme\n  sync-agent status --tenant acme --json\n\n\
    Exit codes: 0 connected; 1 failed; 2 invalid options; 4 not connected, or the authorization has ended; 5 the table \
    cannot be reached."
)]
pub(in crate::cli) struct StatusArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
}

/// The result as `--json` prints it.
#[derive(Default, Serialize)]
struct Json {
    connected: bool,
    company: Option<String>,
    realm_id: Option<String>,
    environment: Option<String>,
    last_sync_at: Option<String>,
    checkpoint_at: Option<String>,
    pending: Option<usize>,
    conflicts: Option<usize>,
    refused: Option<usize>,
    refresh_token_expires_at: Option<String>,
    hard_expires_at: Option<String>,
}

impl MirrorCommand for StatusArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let connector = self.mirror.connector().await?;
        let connection = match connector.connection().await {
            Ok(connection) => connection,
            Err(error @ ConnectionError::NotConnected(_)) => {
                eprintln!("error: {error}");
                return Ok(Output::new("", Json::default())?.with_exit(Exit::NotConnected));
            }
            Err(error) => return Err(error.into()),
        };
        let secrets = connector.secrets(&connection).await?;
        let status = MirrorStatus::read(connector.store(), &connector.tenant(), &connection).await?;
        let exit = match authorization(&connector, secrets.as_ref()) {
            Ok(()) => Exit::Done,
            Err(error) => {
                eprintln!("error: {error}");
                Exit::NotConnected
            }
        };
        let parked = connector.store().mirror_parked(&connector.tenant(), &connection.realm).await?;
        let label = self.mirror.target.label();
        let objects = connector.store().mirror_parked_objects(&connector.tenant(), &connection.realm).await?;
        let refused = refused(&parked, &objects);
        let text = describe(&label, &connection, &status, secrets.as_ref(), refused);
        Ok(Output::new(text, json(&connection, &status, secrets.as_ref()))?.with_exit(exit))
    }
}

/// Fails if the tokens are missing or have ended by the clock.
fn authorization(connector: &Connector, secrets: Option<&Secrets>) -> Result<(), QuickBooksError> {
    let secrets = secrets.ok_or(QuickBooksError::NotConnected)?;
    let now = connector.store().ambient().now();
    let has_ended = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    if has_ended(secrets.refresh_expires_at) || has_ended(secrets.hard_expires_at) {
        return Err(QuickBooksError::AuthorizationEnded);
    }
    Ok(())
}

fn json(connection: &Connection, status: &MirrorStatus, secrets: Option<&Secrets>) -> Json {
    Json {
        connected: secrets.is_some(),
        company: Some(connection.company.clone()),
        realm_id: Some(connection.realm.to_string()),
        environment: Some(connection.environment.clone()),
        last_sync_at: rfc3339(status.last_sync_at),
        checkpoint_at: rfc3339(status.checkpoint_at),
        pending: Some(status.pending),
        conflicts: Some(status.conflicts),
        refused: Some(status.refused),
        refresh_token_expires_at: rfc3339(secrets.and_then(|secrets| secrets.refresh_expires_at)),
        hard_expires_at: rfc3339(secrets.and_then(|secrets| secrets.hard_expires_at)),
    }
}

fn describe(
    label: &str,
    connection: &Connection,
    status: &MirrorStatus,
    secrets: Option<&Secrets>,
    refused: Vec<String>,
) -> String {
    let Connection { company, realm, environment, .. } = connection;
    let mut lines = vec![format!("{label}: connected to {} ({realm}, {environment})", name(company))];
    lines.push(match status.last_sync_at {
        Some(at) => format!("last sync: {}", at.to_rfc3339_seconds()),
        None => "last sync: never; `sync-agent plan` shows what the first one would do".to_owned(),
    });
    if let Some(at) = status.checkpoint_at {
        lines.push(format!("changes in QuickBooks are known up to {}", at.to_rfc3339_seconds()));
    }
    lines.push(format!("pending: {}", counted(status.pending, "customer")));
    if status.conflicts > 0 {
        let fields = counted(status.conflicts, "field");
        lines.push(format!("conflicts: {fields}; `sync-agent conflicts` shows both values"));
    }
    lines.extend(refused);
    if let Some(secrets) = secrets {
        lines.push(format!(
            "the authorization ends on {} unless a sync renews it, and on {} in any case",
            moment(secrets.refresh_expires_at),
            moment(secrets.hard_expires_at)
        ));
    }
    lines.join("\n")
}

/// Returns lines about the customers that QuickBooks refused, and the objects there that cannot be mirrored.
fn refused(parked: &[Parked], objects: &[ParkedObject]) -> Vec<String> {
    let customer = |parked: &Parked| {
        let reason = line(&parked.reason, MAX_REASON);
        format!("{}  {}: {reason}", parked.number.to_customer_id(), name(&parked.name))
    };
    let customers: Vec<String> = parked.iter().take(MAX_SHOWN).map(customer).collect();
    let shown = objects.iter().take(MAX_SHOWN).map(|object| line(&object.reason, MAX_REASON)).collect();
    let next = "the next sync tries again:";
    let mut lines = Vec::new();
    for (heading, count, shown) in [
        (
            format!("refused: {}; correct these, and {next}", counted(parked.len(), "customer")),
            parked.len(),
            customers,
        ),
        (
            format!(
                "not mirrored: {}; correct these in QuickBooks, and {next}",
                counted(objects.len(), "document")
            ),
            objects.len(),
            shown,
        ),
    ] {
        if count > 0 {
            lines.push(heading);
            lines.extend(shown.into_iter().map(|line| format!("  {line}")));
        }
        if count > MAX_SHOWN {
            lines.push(format!("  … and {} more", count - MAX_SHOWN));
        }
    }
    lines
}
