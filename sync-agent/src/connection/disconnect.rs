//! Ending a connection: the authorization, the secrets and the connection itself, in this order.

use clientele_shared::model::{Connection, Timestamp};

use super::{ConnectionError, Connector};
use crate::quickbooks::oauth::OAuthError;
use crate::quickbooks::secrets::Secrets;

/// A connection that was ended.
#[derive(Debug)]
pub struct Disconnected {
    /// The connection as it was.
    pub connection: Connection,
    /// When the refresh token would have ended.
    pub refresh_expires_at: Option<Timestamp>,
    /// When the authorization would have ended.
    pub hard_expires_at: Option<Timestamp>,
    /// Why QuickBooks has not ended the authorization, if it has not.
    pub not_revoked: Option<String>,
}

impl Connector {
    /// Ends the authorization, deletes the secrets and removes the connection. Records, links and progress stay.
    ///
    /// If the authorization cannot be ended in QuickBooks, the connection is removed all the same.
    ///
    /// # Errors
    /// Returns [`ConnectionError::Secrets`] if the secrets cannot be deleted, and the errors of [`Self::connection`].
    pub async fn disconnect(&self) -> Result<Disconnected, ConnectionError> {
        let connection = self.connection().await?;
        let (secrets, not_revoked) = match self.secrets(&connection).await {
            Ok(None) => (None, None),
            Ok(Some(secrets)) => {
                let failure = self.revoke(&connection, &secrets).await.err();
                (Some(secrets), failure)
            }
            Err(error) => (None, Some(error.to_string())),
        };
        self.delete_secrets(&connection).await?;
        self.store.connection_delete(&self.owner, &connection.realm).await?;
        Ok(Disconnected {
            connection,
            refresh_expires_at: secrets.as_ref().and_then(|secrets| secrets.refresh_expires_at),
            hard_expires_at: secrets.and_then(|secrets| secrets.hard_expires_at),
            not_revoked,
        })
    }

    /// Ends the authorization in QuickBooks.
    async fn revoke(&self, connection: &Connection, secrets: &Secrets) -> Result<(), String> {
        let oauth = self.oauth(&connection.environment).map_err(|error| error.to_string())?;
        match oauth.revoke(secrets).await {
            Ok(()) => Ok(()),
            Err(OAuthError::Unreachable) => Err("QuickBooks cannot be reached".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}
