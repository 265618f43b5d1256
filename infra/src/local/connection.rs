//! The demo tenant's connection to the company of the stand-in, made at each start without a call of the stand-in.

use std::sync::Arc;

use clientele_infra_quickbooks::entities::Kind;
use clientele_infra_quickbooks::oauth::ACCESS_SECONDS;
use clientele_infra_quickbooks::page::company_name;
use clientele_infra_quickbooks::{StandIn, State};
use clientele_shared::model::{Connection, CurrencyError, Mode, QuickBooksIdError, RealmOwner, Timestamp};
use clientele_shared::store::Store;
use clientele_shared::{Ambient, Error};
use clientele_sync_agent::connection::{ConnectionError, Connector, PRODUCTION, SANDBOX, local_secrets};
use clientele_sync_agent::quickbooks::secrets::Secrets;

use super::DynamoDb;
use super::prepare::{self, PrepareError, TABLE, TENANT};

/// The reason why the demo tenant is not connected.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoConnectionError {
    /// The table cannot be reached.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The connection or its secrets cannot be stored.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The company's id is not one that can be stored.
    #[error("the id of the company {0}")]
    Realm(#[from] QuickBooksIdError),
    /// The company's currency is not one that can be stored.
    #[error("the currency of the company {0}")]
    Currency(#[from] CurrencyError),
}

/// The connection of the demo tenant.
#[derive(Debug)]
pub(super) struct DemoConnection {
    connector: Connector,
    /// Whether its secrets are of no use once the stack has stopped.
    is_temporary: bool,
}

impl DemoConnection {
    /// Connects the demo tenant. An earlier connection to a stand-in gets the new address and tokens and keeps its
    /// settings; one to a company at Intuit stays as it is.
    ///
    /// # Errors
    /// Returns [`DemoConnectionError`] if the table or the folder of the secrets cannot be used.
    pub(super) async fn make(
        dynamodb: &DynamoDb,
        stand_in: &StandIn,
        is_persistent: bool,
    ) -> Result<Self, DemoConnectionError> {
        let store = Store::new(prepare::client(dynamodb).await?, TABLE, Ambient::system());
        let tenant = TENANT.parse().map_err(|e| Error::internal("naming the demo tenant", e));
        let owner = RealmOwner { tenant: tenant.map_err(PrepareError::from)?, mode: Mode::Live };
        let connector = Connector::new(store, owner, Arc::new(local_secrets()?));
        let old = connector.find().await?;
        if old.as_ref().is_some_and(is_at_intuit) {
            return Ok(Self { connector, is_temporary: false });
        }
        let now = connector.store().ambient().now();
        let ready = stand_in.ready();
        let realm = ready.realm_id.parse()?;
        let old = old.filter(|old| old.realm == realm);
        let secret = match &old {
            Some(old) => old.secret.clone(),
            None => connector.secret_name(&realm)?,
        };
        let connection = {
            let state = stand_in.lock();
            let (home_currency, is_multicurrency) = currencies(&state);
            Connection {
                realm,
                company: company_name(&state),
                home_currency: home_currency.parse()?,
                is_multicurrency,
                environment: ready.url,
                secret,
                connected_at: old.as_ref().map_or(now, |old| old.connected_at),
                settings: old.map(|old| old.settings).unwrap_or_default(),
            }
        };
        connector.replace(&connection, &tokens(stand_in, now)).await?;
        Ok(Self { connector, is_temporary: !is_persistent })
    }

    /// Deletes the secrets if they are of no use any more, even those of a connection that has replaced this one.
    pub(super) async fn end(self) {
        if self.is_temporary
            && let Err(error) = self.delete_secrets().await
        {
            tracing::warn!("the secrets of the demo tenant's connection are not deleted: {error}");
        }
    }

    async fn delete_secrets(&self) -> Result<(), ConnectionError> {
        match self.connector.find().await? {
            Some(connection) if !is_at_intuit(&connection) => {
                self.connector.delete_secrets(&connection).await
            }
            _ => Ok(()),
        }
    }
}

/// Whether a connection is to a company at Intuit, and not to a stand-in.
fn is_at_intuit(connection: &Connection) -> bool {
    [PRODUCTION, SANDBOX].contains(&connection.environment.as_str())
}

/// Returns the credentials and tokens that the stack prints.
fn tokens(stand_in: &StandIn, now: Timestamp) -> Secrets {
    let state = stand_in.lock();
    Secrets {
        client_id: state.app.client_id.clone(),
        client_secret: state.app.client_secret.clone(),
        verifier_token: Some(state.app.verifier_token.clone()),
        access_token: state.ready.access_token.clone(),
        access_expires_at: now.plus_seconds(ACCESS_SECONDS),
        refresh_token: state.ready.refresh_token.clone(),
        refresh_expires_at: Some(now.plus_seconds(state.ready.refresh_expires_in)),
        hard_expires_at: Some(now.plus_seconds(state.ready.hard_expires_in)),
    }
}

/// Returns the currency of the company, and whether it has others.
fn currencies(state: &State) -> (String, bool) {
    let preferences = state.company.list(Kind::Preferences).next();
    let currencies =
        preferences.and_then(|(_, preferences)| preferences.object.get("CurrencyPrefs")?.as_object());
    let home = currencies.and_then(|currencies| currencies.reference("HomeCurrency"));
    let is_multicurrency = currencies.and_then(|currencies| currencies.flag("MultiCurrencyEnabled"));
    (home.unwrap_or_default(), is_multicurrency.unwrap_or_default())
}
