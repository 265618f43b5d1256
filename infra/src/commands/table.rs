//! `clientele table …`

use std::io::{self, Write as _};

use clap::Subcommand;
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::table::{definition, environment};

use super::{CommandError, TableArgs};

/// How many customers are read and indexed at a time.
const AT_A_TIME: u32 = 500;

/// What to do with the table.
#[derive(Debug, Subcommand)]
pub enum Table {
    /// Make the table with its indexes; on AWS the template does that.
    Create(Create),
    /// Put a tenant's customers into the search index anew: once, after an upgrade that says so. Others may write
    /// meanwhile, and it may be stopped and run again.
    Reindex(Reindex),
}

/// Makes the table.
#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    table: TableArgs,
}

/// Makes the search index anew.
#[derive(Debug, clap::Args)]
pub struct Reindex {
    /// The tenant.
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    /// The live records or those of the sandbox.
    #[arg(long, value_name = "live|test", default_value = "live")]
    mode: Mode,
    /// The customer number to begin with: where an earlier run stopped.
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
        let created = definition::create_table(&client, &table.table).await?;
        let what = if created { "Created" } else { "There is already" };
        Ok(format!("{what} the table {}.\n", table.table))
    }
}

impl Reindex {
    async fn run(self) -> Result<String, CommandError> {
        let store = self.table.store().await?;
        super::tenant::settings(&store, &self.tenant).await?;
        let tenant = Tenant::new(&self.tenant, self.mode);
        let last = store.customer_number_last(&tenant).await?.map_or(0, |last| last.get());
        let (mut from, mut done) = (self.from.max(1), 0);
        while from <= last {
            let to = from.saturating_add(AT_A_TIME - 1).min(last);
            let some = store.customers_reindex(&tenant, from..=to).await;
            done += some.map_err(|source| CommandError::Reindex { from, source })?;
            write!(io::stderr(), "\rcustomer {to} of {last}")?;
            from = to + 1;
        }
        writeln!(io::stderr())?;
        Ok(format!("Put {done} customers of {} into the search index anew.\n", self.tenant))
    }
}
