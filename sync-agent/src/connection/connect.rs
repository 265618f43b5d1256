//! Connecting a company: its tokens are stored and used once before the connection replaces an earlier one.

use std::path::{Path, PathBuf};

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Connection, Currency, RealmId, Timestamp};

use super::{ConnectionError, Connector};
use crate::quickbooks::secrets::{Secrets, replace_secret_file};

/// A connection to be made.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// The company.
    pub realm: RealmId,
    /// The environment: `production`, `sandbox`, or the URL of a stand-in.
    pub environment: String,
    /// The app's credentials and the tokens. An access token that has ended is refreshed first.
    pub secrets: Secrets,
    /// The file that the refresh token comes from, if it comes from one.
    pub token_file: Option<PathBuf>,
    /// The currency of customers without one. The company must keep its books in it.
    pub currency: Currency,
}

/// A connection that was made.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// When the refresh token ends unless it is used before.
    pub refresh_expires_at: Option<Timestamp>,
    /// When a person must connect the company again in any case.
    pub hard_expires_at: Option<Timestamp>,
    /// Why the secrets of the earlier connection could not be deleted, if they could not.
    pub left_behind: Option<String>,
}

impl Connector {
    /// Connects a company in place of the one that is connected, if any. The settings of the mirror stay, and so does
    /// what the mirror knows of the company from earlier.
    ///
    /// If the company is refused, nothing is stored, and an earlier connection stays as it was. A refresh token that
    /// QuickBooks has replaced meanwhile is replaced in its file too.
    ///
    /// # Errors
    /// Returns [`ConnectionError::OtherTenant`] if the company belongs to another tenant,
    /// [`ConnectionError::OtherCurrency`] if it has another currency, [`ConnectionError::QuickBooks`] if QuickBooks
    /// refuses the credentials or the company or cannot be reached, and the errors of [`Self::find`].
    pub async fn connect(&self, new: NewConnection) -> Result<Connected, ConnectionError> {
        let old = self.find().await?;
        self.check_owner(&new.realm).await?;
        let name = self.secret_name(&new.realm)?;
        self.secrets.save(&name, &new.secrets).await?;
        match self.establish(&new, name.clone(), old.as_ref()).await {
            Ok(mut connected) => {
                if let Some(old) = old {
                    let deleted = self.secrets.delete(&old.secret).await;
                    connected.left_behind = deleted.err().map(|error| error.to_string());
                }
                Ok(connected)
            }
            Err(error) => Err(self.give_back(&new, &name, error).await),
        }
    }

    /// Undoes what a refused connection has stored, and returns the reason. A refresh token that QuickBooks has replaced
    /// goes back to its file, because the one there is useless from now on.
    async fn give_back(&self, new: &NewConnection, secret: &str, error: ConnectionError) -> ConnectionError {
        // A secret that cannot be read can hold the only token that is valid: it stays.
        let Ok(stored) = self.secrets.load(secret).await else { return error };
        let token = stored.map(|stored| stored.refresh_token);
        let replaced = token.filter(|token| *token != new.secrets.refresh_token);
        let written = match (replaced, &new.token_file) {
            (Some(token), Some(file)) => Some(write_back(file, token, secret).await),
            _ => None,
        };
        if !may_be_stored(&error) && !matches!(written, Some(Err(_))) {
            // The reason of the refusal matters more than a secret that cannot be deleted.
            drop(self.secrets.delete(secret).await);
        }
        match written {
            Some(Ok(note) | Err(note)) => ConnectionError::TokenReplaced { error: Box::new(error), note },
            None => error,
        }
    }

    /// Fails if a company belongs to another tenant.
    ///
    /// # Errors
    /// Returns [`ConnectionError::OtherTenant`] if it does, and [`ConnectionError::Store`] if the table cannot be
    /// read.
    pub async fn check_owner(&self, realm: &RealmId) -> Result<(), ConnectionError> {
        match self.store.realm_owner_get(realm).await? {
            Some(other) if other != self.owner => Err(ConnectionError::OtherTenant(other)),
            _ => Ok(()),
        }
    }

    /// Returns a new name for the secrets of a company, so that no two connections share them.
    ///
    /// # Errors
    /// Returns [`ConnectionError::NoRandomness`] if the operating system has no randomness.
    #[expect(
        clippy::disallowed_methods,
        reason = "a name in a store that tables share, each with its own Ambient"
    )]
    pub fn secret_name(&self, realm: &RealmId) -> Result<String, ConnectionError> {
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(ConnectionError::NoRandomness)?;
        let random = u32::from_be_bytes(random);
        Ok(format!("clientele/quickbooks/{}/{realm}-{random:08x}", self.tenant().as_str()))
    }

    /// Reads the company with its secrets, and stores the connection.
    async fn establish(
        &self,
        new: &NewConnection,
        secret: String,
        old: Option<&Connection>,
    ) -> Result<Connected, ConnectionError> {
        let mut connection = Connection {
            realm: new.realm.clone(),
            company: String::new(),
            home_currency: new.currency,
            is_multicurrency: false,
            environment: new.environment.clone(),
            secret,
            connected_at: self.store.ambient().now(),
            settings: old.map(|old| old.settings).unwrap_or_default(),
        };
        let company = self.quickbooks(&connection)?.company().await?;
        match company.home_currency.parse() {
            Ok(currency) if currency == new.currency => {}
            Ok(company) => {
                return Err(ConnectionError::OtherCurrency { company, expected: new.currency });
            }
            Err(_) => return Err(ConnectionError::NoCurrency(company.home_currency)),
        }
        connection.company = company.name;
        connection.is_multicurrency = company.is_multicurrency;
        // The tokens can have been refreshed meanwhile.
        let secrets = self.secrets(&connection).await?.unwrap_or_else(|| new.secrets.clone());
        self.store.connection_put(&self.owner, &connection).await?;
        let Secrets { refresh_expires_at, hard_expires_at, .. } = secrets;
        Ok(Connected { connection, refresh_expires_at, hard_expires_at, left_behind: None })
    }
}

/// Writes a new refresh token to the file of the old one. Returns what a person has to know, as an error if the token is only
/// in the secret.
async fn write_back(file: &Path, token: String, secret: &str) -> Result<String, String> {
    let shown = file.display();
    match replace_secret_file(file, token).await {
        Ok(()) => Ok(format!("QuickBooks has replaced the refresh token, and {shown} holds the new one")),
        Err(source) => Err(format!(
            "QuickBooks has replaced the refresh token, and the new one cannot be written to {shown}: {source}; take it \
             from the secret {secret}"
        )),
    }
}

/// Whether the connection might have been stored although the call failed.
fn may_be_stored(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::Store(error) if !matches!(error, StoreError::Conflict(_)))
}
