//! `clientele table`: creates the table and rebuilds search indexes.

use std::io::{self, Write as _};

use clap::Subcommand;
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::table::{definition, environment};

use super::{CommandError, TableArgs};

/// Customers that are read and indexed in one batch.
const BATCH_SIZE: u32 = 500;

/// A command on the table.
#[derive(Debug, Subcommand)]
pub enum Table {
    /// Create the table with its indexes. On AWS, deploying template.yaml does that; this command also turns on
    /// deletion protection and point-in-time recovery there
    Create(Create),
    /// Rebuild a tenant's search index if the release notes of an upgrade say so. Clients can keep writing
    /// while the command runs, and it can be stopped and run again
    Reindex(Reindex),
}

/// The arguments of `table create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    table: TableArgs,
}

/// The arguments of `table reindex`.
#[derive(Debug, clap::Args)]
pub struct Reindex {
    /// Tenant whose customers are reindexed
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    /// `live` for the tenant's live records, `test` for those of its sandbox
    #[arg(long, value_name = "live|test", default_value = "live")]
    mode: Mode,
    /// Customer number to start at, as printed by a run that stopped early
    #[arg(long, value_name = "N", default_value_t = 1)]
    from: u32,
    #[command(flatten)]
    table: TableArgs,
}

impl Table {
    pub(super) async fn run(self) -> Result<String, CommandError> {
        match self {
            Self::Create(create) => create.run().await,
            Self::Reindex(reindex) => reindex.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> Result<String, CommandError> {
        let Self { table } = self;
        let client = environment::client(table.dynamodb.as_deref()).await?;
        let created = if table.is_local() {
            definition::create_table(&client, &table.name).await?
        } else {
            definition::create_protected_table(&client, &table.name).await?
        };
        let name = table.name;
        Ok(if created {
            format!("Created table {name}.\n")
        } else {
            format!("Table {name} already exists.\n")
        })
    }
}

impl Reindex {
    async fn run(self) -> Result<String, CommandError> {
        let store = self.table.store().await?;
        super::tenant::settings(&store, &self.tenant).await?;
        let tenant = Tenant::new(&self.tenant, self.mode);
        let last = store.customer_number_last(&tenant).await?.map_or(0, |last| last.get());
        let (mut from, mut count) = (self.from.max(1), 0);
        while from <= last {
            let to = from.saturating_add(BATCH_SIZE - 1).min(last);
            let batch = store.customers_reindex(&tenant, from..=to).await;
            count += batch.map_err(|source| CommandError::Reindex { from, source })?;
            write!(io::stderr(), "\rcustomer {to} of {last}")?;
            from = to + 1;
        }
        writeln!(io::stderr())?;
        Ok(format!("Reindexed {count} customers of {}.\n", self.tenant))
    }
}
