//! The commands that manage a deployment: its table, its tenants and their API keys.

mod keys;
mod log;
mod table;
mod tenant;

use std::io::{self, Write as _};

use clap::{Args, Subcommand};
use clientele_shared::Error;
use clientele_shared::store::{FullPassReason, Store};
use clientele_shared::table::environment::{self, ConnectError};

/// A command on a table, local or on AWS.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, list, rotate and revoke API keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print a tenant's log of changes, or start a new epoch of it after a restore of the table
    #[command(subcommand)]
    Log(log::Log),
    /// Create and list tenants, and show or change their settings
    #[command(subcommand)]
    Tenant(tenant::Tenants),
    /// Create the table on a local DynamoDB, or rebuild a tenant's search index
    #[command(subcommand)]
    Table(table::Table),
}

/// The reason why a command failed. The message is for the person who ran it.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The connection to DynamoDB could not be set up.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The tenant does not exist.
    #[error("tenant `{0}` does not exist; create it with `clientele tenant create {0}`")]
    NoTenant(String),
    /// The tenant has no key with this id.
    #[error(
        "tenant `{tenant}` has no key `{id}`; list its keys with `clientele keys list --tenant {tenant}`"
    )]
    NoKey {
        /// The tenant's name.
        tenant: String,
        /// The key's id.
        id: String,
    },
    /// Rebuilding the search index was interrupted.
    #[error("stopped before customer {from}: {}; to continue, run the command again with --from {from}", .source.chain())]
    Reindex {
        /// Number of the first customer that is not reindexed.
        from: u32,
        /// The cause.
        source: Error,
    },
    /// The log does not continue from the position given.
    #[error("{0}; run the command without --since for a new position, then read all records again")]
    FullPass(FullPassReason),
    /// The store failed.
    #[error("{}", .0.chain())]
    Table(#[from] Error),
    /// Standard output or standard error is closed.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// The options that select a table.
#[derive(Debug, Clone, Args)]
struct TableArgs {
    /// DynamoDB table
    #[arg(
        id = "table",
        long = "table",
        env = "TABLE_NAME",
        default_value = "clientele",
        value_name = "NAME",
        global = true
    )]
    name: String,
    /// URL of a local DynamoDB, such as the one that the local stack prints [default: AWS, with the
    /// credentials and region that the AWS command line would use]
    #[arg(long, value_name = "URL", global = true)]
    dynamodb: Option<String>,
}

impl TableArgs {
    /// Returns whether the table is in a local engine.
    fn is_local(&self) -> bool {
        self.dynamodb.as_deref().is_some_and(|url| url.starts_with("http://"))
    }

    async fn store(&self) -> Result<Store, CommandError> {
        Ok(environment::store(&self.name, self.dynamodb.as_deref()).await?)
    }
}

/// Runs a command and prints its result to standard output.
///
/// # Errors
///
/// Returns [`CommandError::NoTenant`] or [`CommandError::NoKey`] if the named tenant or key does not exist,
/// [`CommandError::Connect`] if no connection can be set up, [`CommandError::Reindex`] if a reindex is
/// interrupted, [`CommandError::FullPass`] if a log does not continue from the position given,
/// [`CommandError::Table`] for any other failure of the store, and [`CommandError::Output`] if the output
/// cannot be written.
pub async fn run(command: Command) -> Result<(), CommandError> {
    let output = match command {
        Command::Keys(keys) => keys.run().await?,
        Command::Log(log) => log.run().await?,
        Command::Tenant(tenant) => tenant.run().await?,
        Command::Table(table) => table.run().await?,
    };
    let mut out = io::stdout().lock();
    out.write_all(output.as_bytes())?;
    out.flush()?;
    Ok(())
}
