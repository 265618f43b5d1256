//! `clientele keys …`

use clap::{Args, Subcommand};
use clientele_shared::Error;
use clientele_shared::model::{ApiKey, ApiKeyId, Mode, Scopes, Secret, TenantId};
use clientele_shared::store::NewApiKey;

use super::{CommandError, TableArgs};

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a key. Its secret is shown now and never again.
    Create(Create),
    /// List a tenant's keys: ids, names and rights, no secrets.
    List(List),
    /// Replace a key by a new one of the same name and rights; the old one ends within seconds.
    Rotate(Named),
    /// End a key within seconds.
    Revoke(Named),
}

/// A new key.
#[derive(Debug, Args)]
pub struct Create {
    /// Whose key.
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    /// `live` for the real records, `test` for a sandbox of its own.
    #[arg(long, default_value = "live", value_name = "live|test")]
    mode: Mode,
    /// What it may do: any of read, write, export, with commas between.
    #[arg(long, default_value = "read,write", value_name = "SCOPES")]
    scopes: Scopes,
    /// What to call it.
    #[arg(long, default_value = "unnamed", value_name = "TEXT")]
    name: String,
    #[command(flatten)]
    table: TableArgs,
}

/// A tenant's keys.
#[derive(Debug, Args)]
pub struct List {
    /// Whose keys.
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    #[command(flatten)]
    table: TableArgs,
}

/// One key.
#[derive(Debug, Args)]
pub struct Named {
    /// Whose key.
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    /// The key's id, as `clientele keys list` shows it.
    id: String,
    #[command(flatten)]
    table: TableArgs,
}

impl Keys {
    pub(super) async fn run(self) -> Result<String, CommandError> {
        match self {
            Self::Create(create) => create.run().await,
            Self::List(List { tenant, table }) => {
                let keys = table.store().await?.api_keys_list(&tenant).await?;
                Ok(keys.iter().map(|key| format!("{}\n", line(key))).collect())
            }
            Self::Rotate(named) => {
                let (store, id) = (named.table.store().await?, named.id());
                let rotated = store.api_key_rotate(&named.tenant, &id).await;
                let (key, secret) = rotated.map_err(|error| named.lost(error))?;
                Ok(shown(&key, &secret))
            }
            Self::Revoke(named) => {
                let (store, id) = (named.table.store().await?, named.id());
                let key =
                    store.api_key_revoke(&named.tenant, &id).await.map_err(|error| named.lost(error))?;
                Ok(format!("Revoked: {}\n", line(&key)))
            }
        }
    }
}

impl Create {
    async fn run(self) -> Result<String, CommandError> {
        let Self { tenant, mode, scopes, name, table } = self;
        let missing = CommandError::NoTenant(tenant.to_string());
        let made = table.store().await?.api_key_create(NewApiKey { tenant, mode, scopes, name }).await;
        let (key, secret) = made.map_err(|error| match error {
            Error::NotFound(_) => missing,
            other => other.into(),
        })?;
        Ok(shown(&key, &secret))
    }
}

impl Named {
    fn id(&self) -> ApiKeyId {
        ApiKeyId::from_text(&self.id)
    }

    fn lost(&self, error: Error) -> CommandError {
        match error {
            Error::NotFound(_) => {
                CommandError::NoKey { tenant: self.tenant.to_string(), id: self.id.clone() }
            }
            other => other.into(),
        }
    }
}

/// The one time that a secret is shown.
fn shown(key: &ApiKey, secret: &Secret) -> String {
    format!("{}\n\n  {}\n\nKeep it now: it is not shown again.\n", line(key), secret.reveal())
}

fn line(key: &ApiKey) -> String {
    let created = key.created_at.to_rfc3339_seconds();
    format!("{}  {}  {}  {created}  {}", key.id().as_str(), key.mode, key.scopes, key.name)
}
