//! The commands that look after a deployment: its table, its tenants, their API keys.

mod keys;
mod table;
mod tenant;

use std::io::{self, Write as _};

use clap::{Args, Subcommand};
use clientele_shared::Error;
use clientele_shared::store::Store;
use clientele_shared::table::environment::{self, ConnectError};

/// Commands on a table that is there, local or on AWS.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, list, rotate and revoke API keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Make and list tenants, and change their settings.
    #[command(subcommand)]
    Tenant(tenant::Tenants),
    /// Make the table where no template did, on DynamoDB Local, say; make its search index anew.
    #[command(subcommand)]
    Table(table::Table),
}

/// Why a command failed. The text is for the person who gave it.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is no such tenant.
    #[error("there is no tenant {0}: make it with `clientele tenant create {0}`")]
    NoTenant(String),
    /// There is no such key.
    #[error("{tenant} has no key {id}: `clientele keys list --tenant {tenant}` shows its keys")]
    NoKey {
        /// Whose key was asked for.
        tenant: String,
        /// Its id.
        id: String,
    },
    /// The search index could not be made anew to its end.
    #[error("stopped before customer {from}: {}. Run it again with --from {from}", .source.chain())]
    Reindex {
        /// The first customer that is not done.
        from: u32,
        /// Why.
        source: Error,
    },
    /// The table refused.
    #[error("{}", .0.chain())]
    Table(#[from] Error),
    /// Standard output is closed.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// Which table.
#[derive(Debug, Clone, Args)]
struct TableArgs {
    /// The DynamoDB table.
    #[arg(long, env = "TABLE_NAME", default_value = "clientele", value_name = "NAME", global = true)]
    table: String,
    /// The address of a local engine. Without it: AWS, with the credentials and region that the AWS command line
    /// would use.
    #[arg(long, value_name = "URL", global = true)]
    dynamodb: Option<String>,
}

impl TableArgs {
    async fn store(&self) -> Result<Store, CommandError> {
        Ok(environment::store(&self.table, self.dynamodb.as_deref()).await?)
    }
}

/// Runs a command.
///
/// # Errors
/// [`CommandError`] says what is in the way.
pub async fn run(command: Command) -> Result<(), CommandError> {
    let said = match command {
        Command::Keys(keys) => keys.run().await?,
        Command::Tenant(tenant) => tenant.run().await?,
        Command::Table(table) => table.run().await?,
    };
    let mut out = io::stdout().lock();
    out.write_all(said.as_bytes())?;
    out.flush()?;
    Ok(())
}
