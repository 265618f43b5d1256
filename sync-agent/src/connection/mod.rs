//! A tenant's connection to a company in QuickBooks: made (`connect`), opened for the mirror, and ended
//! (`disconnect`).
//!
//! The connection is in the table. Its secrets are in a [`SecretStore`] under the name that the connection holds:
//! in AWS Secrets Manager, or below the home folder for a local engine.

mod connect;
mod disconnect;
mod error;

use std::sync::Arc;

use clientele_shared::model::{Connection, MirrorSettings, RealmOwner, Tenant};
use clientele_shared::store::Store;
use clientele_shared::table::environment;

use crate::mirror::Mirror;
use crate::quickbooks::oauth::{Addresses, OAuth};
use crate::quickbooks::secrets::{AwsSecrets, FileSecrets, SecretStore, Secrets};
use crate::quickbooks::transport::HttpTransport;
use crate::quickbooks::{ClientConfig, Pace, QuickBooks};

pub use connect::{Connected, NewConnection};
pub use disconnect::Disconnected;
pub use error::ConnectionError;

/// The folder below the home folder that holds the secrets of local connections.
const FOLDER: &str = ".clientele/quickbooks";

/// The name of Intuit's environment of real companies.
pub const PRODUCTION: &str = "production";

/// The name of Intuit's environment of sandbox companies.
pub const SANDBOX: &str = "sandbox";

/// Returns the addresses of an environment: `production`, `sandbox`, or the URL of a stand-in.
#[must_use]
pub fn addresses(environment: &str) -> Addresses {
    match environment {
        PRODUCTION => Addresses::production(),
        SANDBOX => Addresses::sandbox(),
        url => Addresses::at(url),
    }
}

/// Returns the store of secrets that belongs to a DynamoDB: files below the home folder for a local engine at
/// `http://…`, and AWS Secrets Manager for any other.
///
/// # Errors
/// Returns [`ConnectionError::NoHome`] if there is no home folder, and [`ConnectionError::Aws`] if AWS cannot be set
/// up.
pub async fn secret_store(dynamodb: Option<&str>) -> Result<Arc<dyn SecretStore>, ConnectionError> {
    if dynamodb.is_some_and(|url| url.starts_with("http://")) {
        return Ok(Arc::new(local_secrets()?));
    }
    let aws = environment::aws().await?;
    Ok(Arc::new(AwsSecrets::new(aws_sdk_secretsmanager::Client::new(&aws))))
}

/// Returns the store of secrets below the home folder.
///
/// # Errors
/// Returns [`ConnectionError::NoHome`] if there is no home folder.
pub fn local_secrets() -> Result<FileSecrets, ConnectionError> {
    let home = environment::home().ok_or(ConnectionError::NoHome)?;
    Ok(FileSecrets::new(home.join(FOLDER)))
}

/// The connection of one set of records, and the place of its secrets.
#[derive(Debug, Clone)]
pub struct Connector {
    store: Store,
    owner: RealmOwner,
    secrets: Arc<dyn SecretStore>,
}

impl Connector {
    /// Returns the connector of a set of records.
    #[must_use]
    pub fn new(store: Store, owner: RealmOwner, secrets: Arc<dyn SecretStore>) -> Self {
        Self { store, owner, secrets }
    }

    /// Returns the store of the records.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the set of records.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        self.owner.tenant()
    }

    /// Returns the connection, or `None` if there is none.
    ///
    /// # Errors
    /// Returns [`ConnectionError::NoTenant`] if the tenant does not exist, and [`ConnectionError::Store`] if the
    /// table cannot be read.
    pub async fn find(&self) -> Result<Option<Connection>, ConnectionError> {
        match self.store.tenant_settings(&self.owner.tenant).await {
            Ok(_) => Ok(self.store.connection_get(&self.tenant()).await?),
            Err(clientele_shared::Error::NotFound(_)) => {
                Err(ConnectionError::NoTenant(self.owner.tenant.clone()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the connection.
    ///
    /// # Errors
    /// Returns [`ConnectionError::NotConnected`] if there is none, and the errors of [`Self::find`].
    pub async fn connection(&self) -> Result<Connection, ConnectionError> {
        self.find().await?.ok_or_else(|| ConnectionError::NotConnected(self.owner.clone()))
    }

    /// Returns the secrets of a connection, or `None` if they were deleted.
    ///
    /// # Errors
    /// Returns [`ConnectionError::Secrets`] if they cannot be read.
    pub async fn secrets(&self, connection: &Connection) -> Result<Option<Secrets>, ConnectionError> {
        Ok(self.secrets.load(&connection.secret).await?)
    }

    /// Deletes the secrets of a connection, if there are any.
    ///
    /// # Errors
    /// Returns [`ConnectionError::Secrets`] if they cannot be deleted.
    pub async fn delete_secrets(&self, connection: &Connection) -> Result<(), ConnectionError> {
        Ok(self.secrets.delete(&connection.secret).await?)
    }

    /// Stores a connection and its secrets as they are, without a call of QuickBooks.
    ///
    /// # Errors
    /// Returns [`ConnectionError::Secrets`] if the secrets cannot be saved, and [`ConnectionError::Store`] if the
    /// company belongs to another tenant or the table cannot be written.
    pub async fn replace(&self, connection: &Connection, secrets: &Secrets) -> Result<(), ConnectionError> {
        self.secrets.save(&connection.secret, secrets).await?;
        Ok(self.store.connection_put(&self.owner, connection).await?)
    }

    /// Returns the mirror of the connected company.
    ///
    /// # Errors
    /// Returns [`ConnectionError::Transport`] if the environment cannot be reached securely, and the errors of
    /// [`Self::connection`].
    pub async fn mirror(&self) -> Result<Mirror, ConnectionError> {
        self.open(self.connection().await?)
    }

    /// Returns the mirror of a company whose connection has been read.
    ///
    /// # Errors
    /// Returns [`ConnectionError::Transport`] if the environment cannot be reached securely.
    pub fn open(&self, connection: Connection) -> Result<Mirror, ConnectionError> {
        let quickbooks = self.quickbooks(&connection)?;
        Ok(Mirror::new(self.store.clone(), self.tenant(), connection, quickbooks))
    }

    /// Stores other settings of the mirror, and returns the connection with them.
    ///
    /// # Errors
    /// Returns the errors of [`Self::connection`].
    pub async fn change_settings(
        &self,
        change: impl FnOnce(&mut MirrorSettings),
    ) -> Result<Connection, ConnectionError> {
        let old = self.connection().await?;
        let mut new = old.clone();
        change(&mut new.settings);
        if new != old {
            self.store.connection_put(&self.owner, &new).await?;
        }
        Ok(new)
    }

    /// Returns a client for the company of a connection.
    fn quickbooks(&self, connection: &Connection) -> Result<QuickBooks, ConnectionError> {
        let addresses = addresses(&connection.environment);
        Ok(QuickBooks::new(ClientConfig {
            transport: Arc::new(HttpTransport::new(&addresses)?),
            addresses,
            realm_id: connection.realm.to_string(),
            secrets: Arc::clone(&self.secrets),
            secret_name: connection.secret.clone(),
            ambient: self.store.ambient().clone(),
            pace: Pace::default(),
        }))
    }

    /// Returns the endpoints of an environment that give and end tokens.
    ///
    /// # Errors
    /// Returns [`ConnectionError::Transport`] if the environment cannot be reached securely.
    pub fn oauth(&self, environment: &str) -> Result<OAuth, ConnectionError> {
        let addresses = addresses(environment);
        let transport = Arc::new(HttpTransport::new(&addresses)?);
        Ok(OAuth::new(transport, addresses, self.store.ambient().clone()))
    }
}
