//! The `sync-agent connect` command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clientele_shared::model::{Connection, Currency, RealmId};
use serde::Serialize;

use super::consent::{ConsentArgs, Given};
use super::credentials::{App, CredentialArgs, read};
use super::failure::Failure;
use super::text::{line, moment, name, rfc3339};
use super::{MirrorArgs, MirrorCommand, Output};
use crate::connection::{
    Connected, ConnectionError, Connector, NewConnection, PRODUCTION, SANDBOX, addresses,
};
use crate::quickbooks::QuickBooksError;
use crate::quickbooks::secrets::Secrets;
use crate::url::http_url;

/// Most characters of a reason.
const MAX_REASON: usize = 200;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sync-agent connect --tenant acme --client-id ABc1 --client-secret-file secret.txt\n  \
    sync-agent connect --tenant acme --client-id ABc1 --client-secret-file secret.txt --environment sandbox --realm-id \
    9341453172 --refresh-token-file token.txt\n\nSecrets are read from files and stored in AWS Secrets Manager, or \
    below ~/.clientele for a local engine. A tenant that is connected again keeps its settings and links.\n\nExit codes: \
    0 connected; 1 failed or stopped; 2 invalid options; 4 QuickBooks refuses the credentials or the company; 5 \
    QuickBooks or the table cannot be reached."
)]
pub(in crate::cli) struct ConnectArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
    #[command(flatten)]
    credentials: CredentialArgs,
    /// Environment at Intuit [default: that of the earlier connection, or production]
    #[arg(long, value_enum, conflicts_with = "url")]
    environment: Option<Environment>,
    /// URL of a stand-in for QuickBooks, such as the one that the local stack prints
    #[arg(long, value_name = "URL", value_parser = http_url)]
    url: Option<String>,
    /// Id of the company, for a connection without the browser
    #[arg(long, value_name = "ID", requires = "refresh_token_file")]
    realm_id: Option<RealmId>,
    /// File with a refresh token of the company, for a connection without the browser. The token is refreshed at once
    #[arg(long, value_name = "FILE", requires = "realm_id")]
    refresh_token_file: Option<PathBuf>,
    /// Currency of customers without one, in which the company must keep its books
    #[arg(long, value_name = "CODE", default_value = "USD")]
    currency: Currency,
    #[command(flatten)]
    consent: ConsentArgs,
}

/// The environments of Intuit.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Environment {
    /// Real companies
    Production,
    /// Companies for tests
    Sandbox,
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    realm_id: &'a str,
    company: &'a str,
    environment: &'a str,
    currency: Currency,
    refresh_token_expires_at: Option<String>,
    hard_expires_at: Option<String>,
}

impl MirrorCommand for ConnectArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let connector = self.mirror.connector().await?;
        let old = connector.find().await?;
        let environment = self.environment(old.as_ref());
        let app = self.credentials.app(earlier(&connector, old.as_ref(), &environment).await)?;
        let (realm, secrets) = match (&self.realm_id, &self.refresh_token_file) {
            (Some(realm), Some(file)) => {
                let now = connector.store().ambient().now();
                (realm.clone(), app.with_refresh_token(read(file)?, now))
            }
            _ => self.authorize(&connector, app, &environment).await?,
        };
        let (token_file, currency) = (self.refresh_token_file.clone(), self.currency);
        let new = NewConnection { realm, environment, secrets, token_file, currency };
        let connected = connector.connect(new).await.map_err(|error| self.explain(error))?;
        if let Some(reason) = &connected.left_behind {
            eprintln!(
                "warning: the secrets of the earlier connection were not deleted: {}",
                line(reason, MAX_REASON)
            );
        }
        self.output(&connected)
    }
}

impl ConnectArgs {
    fn environment(&self, old: Option<&Connection>) -> String {
        let chosen = match (&self.url, self.environment) {
            (Some(url), _) => Some(url.as_str()),
            (None, Some(Environment::Production)) => Some(PRODUCTION),
            (None, Some(Environment::Sandbox)) => Some(SANDBOX),
            (None, None) => old.map(|old| old.environment.as_str()),
        };
        chosen.unwrap_or(PRODUCTION).to_owned()
    }

    /// Lets a person choose the company in the browser.
    async fn authorize(
        &self,
        connector: &Connector,
        app: App,
        environment: &str,
    ) -> Result<(RealmId, Secrets), Failure> {
        let oauth = connector.oauth(environment)?;
        let Given { consent, redirect_uri } =
            self.consent.ask(&addresses(environment), &app.client_id).await?;
        let realm: RealmId = consent
            .realm_id
            .parse()
            .map_err(|error| Failure::failed(format!("the company's id from QuickBooks {error}")))?;
        let App { client_id, client_secret, verifier_token } = app;
        let secrets = oauth.exchange_code(&client_id, &client_secret, &consent.code, &redirect_uri).await?;
        Ok((realm, Secrets { verifier_token, ..secrets }))
    }

    /// Returns the failure of a connection, with the file whose token is not valid.
    fn explain(&self, error: ConnectionError) -> Failure {
        match (&error, &self.refresh_token_file) {
            (ConnectionError::QuickBooks(QuickBooksError::AuthorizationEnded), Some(file)) => {
                Failure::not_connected(format!(
                    "the refresh token in {} is not valid, or no longer; get a new one, or connect in the browser",
                    file.display()
                ))
            }
            _ => error.into(),
        }
    }

    fn output(&self, connected: &Connected) -> Result<Output, Failure> {
        let Connected { connection, refresh_expires_at, hard_expires_at, .. } = connected;
        let text = format!(
            "{} is connected to {} ({})\nthe authorization ends on {} unless a sync renews it, and on {} in any case\n\
             `sync-agent plan` shows what the first sync would do",
            self.mirror.target.label(),
            name(&connection.company),
            connection.realm,
            moment(*refresh_expires_at),
            moment(*hard_expires_at)
        );
        Output::new(
            text,
            Json {
                realm_id: connection.realm.as_str(),
                company: &connection.company,
                environment: &connection.environment,
                currency: connection.home_currency,
                refresh_token_expires_at: rfc3339(*refresh_expires_at),
                hard_expires_at: rfc3339(*hard_expires_at),
            },
        )
    }
}

/// Returns the secrets of the earlier connection, if it was to this environment.
async fn earlier(connector: &Connector, old: Option<&Connection>, environment: &str) -> Option<Secrets> {
    let old = old.filter(|old| old.environment == environment)?;
    // Secrets that cannot be read are replaced by those that the options name.
    connector.secrets(old).await.ok().flatten()
}
