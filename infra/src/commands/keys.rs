//! `clientele keys`: creates, lists, rotates and revokes API keys.

use clap::{Args, Subcommand};
use clientele_shared::Error;
use clientele_shared::model::{ApiKey, ApiKeyId, Mode, Scopes, Secret, TenantId};
use clientele_shared::store::NewApiKey;

use super::{CommandError, TableArgs};

/// A command on API keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Create a key and print its secret, which cannot be shown again
    Create(Create),
    /// List a tenant's keys, without their secrets
    List(List),
    /// Replace a key with a new one of the same name, mode and scopes; the old key can work for up to 5 more
    /// seconds
    Rotate(Named),
    /// Revoke a key, which can work for up to 5 more seconds
    Revoke(Named),
}

/// The arguments of `keys create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Tenant that the key belongs to
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    /// `live` for the tenant's live records, `test` for the separate records of its sandbox
    #[arg(long, default_value = "live", value_name = "live|test")]
    mode: Mode,
    /// Operations that the key allows: any of read, write and export, separated by commas
    #[arg(long, default_value = "read,write", value_name = "SCOPES")]
    scopes: Scopes,
    /// Name that identifies the key in lists
    #[arg(long, default_value = "unnamed", value_name = "TEXT")]
    name: String,
    #[command(flatten)]
    table: TableArgs,
}

/// The arguments of `keys list`.
#[derive(Debug, Args)]
pub struct List {
    /// Tenant that the keys belong to
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    #[command(flatten)]
    table: TableArgs,
}

/// The arguments of `keys rotate` and `keys revoke`.
#[derive(Debug, Args)]
pub struct Named {
    /// Tenant that the key belongs to
    #[arg(long, value_name = "NAME")]
    tenant: TenantId,
    /// Id of the key, the first column of `clientele keys list`
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
                Ok(keys.iter().map(|key| format!("{}\n", summary(key))).collect())
            }
            Self::Rotate(named) => {
                let (store, id) = (named.table.store().await?, named.id());
                let rotated = store.api_key_rotate(&named.tenant, &id).await;
                let (key, secret) = rotated.map_err(|error| named.command_error(error))?;
                Ok(with_secret(&key, &secret))
            }
            Self::Revoke(named) => {
                let (store, id) = (named.table.store().await?, named.id());
                let revoked = store.api_key_revoke(&named.tenant, &id).await;
                let key = revoked.map_err(|error| named.command_error(error))?;
                Ok(format!("Revoked: {}\n", summary(&key)))
            }
        }
    }
}

impl Create {
    async fn run(self) -> Result<String, CommandError> {
        let Self { tenant, mode, scopes, name, table } = self;
        let no_tenant = CommandError::NoTenant(tenant.to_string());
        let created = table.store().await?.api_key_create(NewApiKey { tenant, mode, scopes, name }).await;
        let (key, secret) = created.map_err(|error| match error {
            Error::NotFound(_) => no_tenant,
            other => other.into(),
        })?;
        Ok(with_secret(&key, &secret))
    }
}

impl Named {
    fn id(&self) -> ApiKeyId {
        ApiKeyId::from_text(&self.id)
    }

    fn command_error(&self, error: Error) -> CommandError {
        match error {
            Error::NotFound(_) => {
                CommandError::NoKey { tenant: self.tenant.to_string(), id: self.id.clone() }
            }
            other => other.into(),
        }
    }
}

/// Formats a new key with its secret, which cannot be shown again.
fn with_secret(key: &ApiKey, secret: &Secret) -> String {
    format!("{}\n\n  {}\n\nStore it now; it cannot be shown again.\n", summary(key), secret.reveal())
}

/// Formats a key in one line, without its secret.
fn summary(key: &ApiKey) -> String {
    let created = key.created_at.to_rfc3339_seconds();
    format!("{}  {}  {}  {created}  {}", key.id().as_str(), key.mode, key.scopes, key.name)
}
