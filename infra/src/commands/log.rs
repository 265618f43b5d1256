//! `clientele log`: prints the log of changes, and starts a new epoch after a restore.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::{Args, Subcommand};
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::store::{Change, LogBatch, LogEntry, LogPosition, LogRead, Store};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::{CommandError, TableArgs};
use crate::signal::Signals;

/// How long `--follow` waits between two reads.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Entries that are read and printed in one batch.
const BATCH_SIZE: usize = 1000;

/// A command on the log of changes.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Print the changes of the last 90 days, one per line, then the position after them on standard error
    Tail(Tail),
    /// Start a new epoch after a restore of the table, before the first write; every stored position then needs
    /// a full pass
    RenewEpoch(RenewEpoch),
}

/// The arguments of `log tail`.
#[derive(Debug, Args)]
pub struct Tail {
    /// Tenant whose changes are printed
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    /// `live` for the tenant's live records, `test` for those of its sandbox
    #[arg(long, value_name = "live|test", default_value = "live")]
    mode: Mode,
    /// Position to start after, as printed by an earlier run [default: the oldest change in the log]
    #[arg(long, value_name = "POSITION")]
    since: Option<LogPosition>,
    /// Print each change as a JSON object on one line, and the position as an object after each batch
    #[arg(long)]
    json: bool,
    /// Wait for further changes, reading every second until Ctrl-C
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    table: TableArgs,
}

/// The arguments of `log renew-epoch`.
#[derive(Debug, Args)]
pub struct RenewEpoch {
    /// Tenant whose log starts a new epoch, in live mode and in the sandbox
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    #[command(flatten)]
    table: TableArgs,
}

impl Log {
    pub(super) async fn run(self) -> Result<String, CommandError> {
        match self {
            Self::Tail(tail) => tail.run().await,
            Self::RenewEpoch(renew) => renew.run().await,
        }
    }
}

impl RenewEpoch {
    async fn run(self) -> Result<String, CommandError> {
        let store = self.table.store().await?;
        super::tenant::settings(&store, &self.tenant).await?;
        for mode in [Mode::Live, Mode::Test] {
            store.log_epoch_renew(&Tenant::new(&self.tenant, mode)).await?;
        }
        Ok(format!(
            "Started a new epoch of the logs of {}. Every reader of them needs a full pass.\n",
            self.tenant
        ))
    }
}

impl Tail {
    async fn run(self) -> Result<String, CommandError> {
        let mut signals = Signals::listen()?;
        let store = self.table.store().await?;
        super::tenant::settings(&store, &self.tenant).await?;
        let tenant = Tenant::new(&self.tenant, self.mode);
        let mut position = match &self.since {
            Some(position) => position.clone(),
            None => store.log_start(&tenant).await?,
        };
        let mut polls = interval(POLL_INTERVAL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            polls.tick().await;
            tokio::select! {
                () = signals.stop() => break,
                printed = self.print_new(&store, &tenant, &mut position) => printed?,
            }
            if !self.follow {
                break;
            }
        }
        if !self.json {
            writeln!(io::stderr(), "position: {position}")?;
        }
        Ok(String::new())
    }

    /// Prints every change after the position and moves the position behind them.
    async fn print_new(
        &self,
        store: &Store,
        tenant: &Tenant,
        position: &mut LogPosition,
    ) -> Result<(), CommandError> {
        loop {
            let batch = match store.log_read(tenant, position, BATCH_SIZE).await? {
                LogRead::Entries(batch) => batch,
                LogRead::FullPass(reason) => return Err(CommandError::FullPass(reason)),
            };
            self.print(&batch)?;
            *position = batch.position;
            if batch.is_caught_up || batch.entries.is_empty() {
                return Ok(());
            }
        }
    }

    fn print(&self, batch: &LogBatch) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for entry in &batch.entries {
            for change in &entry.changes {
                if self.json {
                    writeln!(out, "{}", to_json(entry, change))?;
                } else {
                    writeln!(out, "{}", to_line(entry, change))?;
                }
            }
        }
        if self.json && !(self.follow && batch.entries.is_empty()) {
            writeln!(out, "{}", json!({"position": batch.position.to_string()}))?;
        }
        out.flush()
    }
}

fn to_line(entry: &LogEntry, change: &Change) -> String {
    let at = entry.at.to_rfc3339_seconds();
    let (slot, seq) = (entry.slot.get(), entry.seq);
    let change = match change {
        Change::Customer { number, version } => {
            format!("customer {} version {version}", number.to_customer_id())
        }
        Change::Order { customer, order, version } => {
            format!("order {} of customer {} version {version}", order.as_str(), customer.to_customer_id())
        }
        Change::Tag(id) => format!("tag {}", id.as_str()),
        Change::Price { customer: None, product } => format!("list price of {product}"),
        Change::Price { customer: Some(uuid), product } => format!("price of {product} for customer {uuid}"),
        other => other.to_string(),
    };
    format!("{at}  {slot:>2}/{seq:<6}  {change}")
}

fn to_json(entry: &LogEntry, change: &Change) -> Value {
    let mut line = json!({
        "at": entry.at.to_rfc3339_seconds(),
        "slot": entry.slot.get(),
        "seq": entry.seq,
    });
    match change {
        Change::Customer { number, version } => {
            line["customer"] = number.to_customer_id().into();
            line["version"] = (*version).into();
        }
        Change::Order { customer, order, version } => {
            line["order"] = order.as_str().into();
            line["customer"] = customer.to_customer_id().into();
            line["version"] = (*version).into();
        }
        Change::Tag(id) => line["tag"] = id.as_str().into(),
        Change::Price { customer, product } => {
            line["price"] = product.as_str().into();
            line["customer_uuid"] = customer.map(|uuid| uuid.to_string()).into();
        }
        other => line["change"] = other.to_string().into(),
    }
    line
}
