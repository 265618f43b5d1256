//! `clientele tenant`: creates and lists tenants, and shows or changes their settings.

use clap::{Args, Subcommand};
use clientele_functions_pool::PoolSettings;
use clientele_functions_trades::TradesSettings;
use clientele_shared::Error;
use clientele_shared::model::{Settings, TenantId};
use clientele_shared::store::Store;

use super::{CommandError, TableArgs};

/// A command on tenants.
#[derive(Debug, Subcommand)]
pub enum Tenants {
    /// Create a tenant
    Create(Named),
    /// List the tenants
    List(List),
    /// Change the settings given as options, then show all settings of the tenant
    Settings(Change),
}

/// The arguments of `tenant create`.
#[derive(Debug, Args)]
pub struct Named {
    /// Name of the tenant: 1 to 32 lower-case letters, digits and inner hyphens
    name: TenantId,
    #[command(flatten)]
    table: TableArgs,
}

/// The arguments of `tenant list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    table: TableArgs,
}

/// The arguments of `tenant settings`.
#[derive(Debug, Args)]
pub struct Change {
    /// Name of the tenant
    name: TenantId,
    /// Count the trades requests of each month; costs one write unit per request
    #[arg(long, value_name = "true|false")]
    usage_metering: Option<bool>,
    /// Requests per month in all APIs, beyond which requests are refused while usage metering is on
    #[arg(long, value_name = "N")]
    usage_limit: Option<u64>,
    /// Respond with 200 instead of 201 when a trades client creates a customer
    #[arg(long, value_name = "true|false")]
    trades_create_answers_200: Option<bool>,
    /// Refuse a write that gives a customer the email of another customer that is not deleted; imports are
    /// exempt
    #[arg(long, value_name = "true|false")]
    unique_email: Option<bool>,
    /// Let pool clients delete customers, an operation that pool's specification does not include
    #[arg(long, value_name = "true|false")]
    pool_extensions: Option<bool>,
    /// Give customers that pool clients create without a status the status LEAD instead of ACTIVE
    #[arg(long, value_name = "true|false")]
    pool_creates_leads: Option<bool>,
    /// Put an apostrophe before cells that a spreadsheet would run as a formula, in CSV files for pool
    /// clients
    #[arg(long, value_name = "true|false")]
    csv_formula_guard: Option<bool>,
    #[command(flatten)]
    table: TableArgs,
}

impl Tenants {
    pub(super) async fn run(self) -> Result<String, CommandError> {
        match self {
            Self::Create(Named { name, table }) => {
                let created = table.store().await?.tenant_create(&name).await?;
                Ok(if created {
                    format!(
                        "Created tenant {name}. Next, create a key: clientele keys create --tenant {name}\n"
                    )
                } else {
                    format!("Tenant {name} already exists.\n")
                })
            }
            Self::List(List { table }) => {
                let tenants = table.store().await?.tenants_list().await?;
                Ok(tenants.into_iter().map(|name| format!("{name}\n")).collect())
            }
            Self::Settings(change) => change.run().await,
        }
    }
}

impl Change {
    async fn run(self) -> Result<String, CommandError> {
        let store = self.table.store().await?;
        let before = settings(&store, &self.name).await?;
        let after = self.apply(&before)?;
        if after != before {
            store.tenant_settings_set(&self.name, &after).await?;
        }
        Ok(lines(&after)?)
    }

    /// Returns the settings with those replaced that were given as options.
    fn apply(&self, before: &Settings) -> Result<Settings, Error> {
        let trades: TradesSettings = before.dialect()?;
        let pool: PoolSettings = before.dialect()?;
        let own = Settings {
            usage_metering: self.usage_metering.unwrap_or(before.usage_metering),
            usage_limit: self.usage_limit.unwrap_or(before.usage_limit),
            unique_email: self.unique_email.unwrap_or(before.unique_email),
            csv_formula_guard: self.csv_formula_guard.unwrap_or(before.csv_formula_guard),
            dialects: before.dialects.clone(),
        };
        let trades_after = TradesSettings {
            create_answers_200: self.trades_create_answers_200.unwrap_or(trades.create_answers_200),
        };
        let pool_after = PoolSettings {
            extensions: self.pool_extensions.unwrap_or(pool.extensions),
            creates_leads: self.pool_creates_leads.unwrap_or(pool.creates_leads),
        };
        let own = if trades_after == trades { own } else { own.with_dialect(&trades_after)? };
        if pool_after == pool { Ok(own) } else { own.with_dialect(&pool_after) }
    }
}

/// Formats all settings, one on each line.
fn lines(settings: &Settings) -> Result<String, Error> {
    let trades: TradesSettings = settings.dialect()?;
    let pool: PoolSettings = settings.dialect()?;
    let lines = [
        ("usage-metering", settings.usage_metering.to_string()),
        ("usage-limit", settings.usage_limit.to_string()),
        ("trades-create-answers-200", trades.create_answers_200.to_string()),
        ("unique-email", settings.unique_email.to_string()),
        ("pool-extensions", pool.extensions.to_string()),
        ("pool-creates-leads", pool.creates_leads.to_string()),
        ("csv-formula-guard", settings.csv_formula_guard.to_string()),
    ];
    Ok(lines.into_iter().map(|(name, value)| format!("{name:<25}  {value}\n")).collect())
}

/// Returns the tenant's settings, or [`CommandError::NoTenant`] if the tenant does not exist.
pub(super) async fn settings(store: &Store, name: &TenantId) -> Result<Settings, CommandError> {
    store.tenant_settings(name).await.map_err(|error| match error {
        Error::NotFound(_) => CommandError::NoTenant(name.to_string()),
        other => other.into(),
    })
}
