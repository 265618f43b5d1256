//! The `clientele console` command: the console for the table of a deployment, or for a deployed API.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;

use clientele_functions_common::App;
use clientele_shared::model::{ApiKey, Mode, Scopes, Secret, TenantId};
use clientele_shared::store::{NewApiKey, Store};
use clientele_shared::table::environment::{self, ConnectError};
use clientele_shared::{Ambient, Error};
use clientele_sync_agent::url::http_url;
use serde_json::json;

use super::api::{Console, Records};
use super::remote::{self, Remote, RemoteError};
use crate::functions;
use crate::local::aws::Services;
use crate::local::calls::CallLog;
use crate::local::gateway::{Gateway, GatewayError};
use crate::local::info::{Info, InfoRoute, Storage, curl};
use crate::local::log_lines::LogLines;
use crate::local::prepare::{metered, specifications};
use crate::local::routes::{Routes, TEMPLATE};
use crate::local::server::{Server, ServerError, Site};
use crate::signal::Signals;

/// Default port.
const DEFAULT_PORT: u16 = 4749;
/// Name of the API key that lasts as long as the console.
const KEY: &str = "console";
/// The request that is shown as an example.
const FIRST_PATH: &str = "/api/v1/customers?limit=3";

/// Open the console for the table of a deployment, or for a deployed API. Without --url, the functions run in this
/// process, on the table in AWS or at --dynamodb
#[derive(Debug, Clone, clap::Args)]
pub struct ConsoleArgs {
    /// URL of a local DynamoDB, or https://… of AWS [default: AWS, with the credentials and region that the AWS
    /// command line would use]
    #[arg(long, value_name = "URL", value_parser = http_url, conflicts_with = "url")]
    dynamodb: Option<String>,
    /// URL of a deployed API, with its stage. The page asks for an API key and keeps it in the tab
    #[arg(long, value_name = "URL", value_parser = http_url)]
    url: Option<String>,
    /// DynamoDB table
    #[arg(long, env = "TABLE_NAME", default_value = "clientele", value_name = "NAME")]
    table: String,
    /// Tenant whose records are shown
    #[arg(long, value_name = "NAME", required_unless_present = "url")]
    tenant: Option<TenantId>,
    /// Which of the tenant's records are shown
    #[arg(long, value_name = "live|test", default_value = "live")]
    mode: Mode,
    /// Listen on this port of 127.0.0.1; 0 chooses a free port
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Print a single line {"url":…} once the console accepts requests, for scripts
    #[arg(long)]
    json: bool,
}

/// The reason why the console did not start or stop cleanly.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is named after the component that failed")]
pub enum ConsoleError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error(
        "tenant `{0}` does not exist; create it with `clientele tenant create {0}`, or pass another --tenant NAME"
    )]
    NoTenant(TenantId),
    #[error("{}; check --dynamodb and --table", .0.chain())]
    Table(#[from] Error),
    #[error("cannot listen for Ctrl-C: {0}")]
    Signals(#[source] io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
}

/// Serves the console until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// Returns the [`ConsoleError`] variant of the component that does not start or stop, and [`ConsoleError::NoTenant`] if
/// the tenant does not exist.
pub async fn run(args: ConsoleArgs, log_lines: LogLines) -> Result<(), ConsoleError> {
    let signals = Signals::listen().map_err(ConsoleError::Signals)?;
    let server = Server::bind(args.port).await?;
    match (&args.url, &args.tenant) {
        (Some(url), _) => serve_api(&args, url, server, signals).await,
        (None, Some(tenant)) => serve_table(&args, tenant, server, signals, log_lines).await,
        // The options require one of the two.
        (None, None) => Ok(()),
    }
}

/// Serves the console for an API elsewhere.
async fn serve_api(
    args: &ConsoleArgs,
    url: &str,
    server: Server,
    mut signals: Signals,
) -> Result<(), ConsoleError> {
    let routes = Routes::read(TEMPLATE).map_err(GatewayError::from)?;
    let info = info(url, "", "", Storage::Api(url.to_owned()), routes.all().map(InfoRoute::from).collect());
    let console = Console::with_info(info);
    let remote = Remote::new(url)?;
    announce(args, &server.url(), url).map_err(ConsoleError::Output)?;
    remote::serve(server, &console, remote, async move { signals.stop().await }).await?;
    Ok(())
}

/// Serves the console for a table, with a key that is revoked at the end.
async fn serve_table(
    args: &ConsoleArgs,
    tenant: &TenantId,
    server: Server,
    mut signals: Signals,
    log_lines: LogLines,
) -> Result<(), ConsoleError> {
    let client = metered(&environment::client(args.dynamodb.as_deref()).await?);
    let store = Store::new(client, args.table.clone(), Ambient::system());
    let (key, secret) = new_key(&store, tenant, args.mode).await?;
    let calls = CallLog::new(log_lines);
    let app = Arc::new(App::new(store.clone()));
    let gateway = Gateway::new(TEMPLATE, functions::linked(&app))?.with_calls(calls.clone());
    let place = args.dynamodb.clone().unwrap_or_else(|| "AWS".to_owned());
    let routes = gateway.routes().map(InfoRoute::from).collect();
    let info =
        info(&server.url(), secret.reveal(), &tenant.to_string(), Storage::Remote(place.clone()), routes);
    let records = Records {
        store: store.clone(),
        tenant: tenant.clone(),
        mode: args.mode,
        dynamodb: args.dynamodb.clone(),
    };
    let console = Console { calls, records: Some(records), ..Console::with_info(info) };
    let place = format!("tenant {tenant}, table {} in {place}", args.table);
    let announced = announce(args, &server.url(), &place).map_err(ConsoleError::Output);
    let site = Site { gateway, services: Services::none(), console };
    let served = match announced {
        Ok(()) => server.serve(site, async move { signals.stop().await }).await.map_err(ConsoleError::from),
        Err(error) => Err(error),
    };
    store.api_key_revoke(tenant, &key.id()).await?;
    served
}

/// Creates the key with which the page calls the API.
async fn new_key(store: &Store, tenant: &TenantId, mode: Mode) -> Result<(ApiKey, Secret), ConsoleError> {
    let new = NewApiKey { tenant: tenant.clone(), mode, scopes: Scopes::all(), name: KEY.to_owned() };
    store.api_key_create(new).await.map_err(|error| match error {
        Error::NotFound(_) => ConsoleError::NoTenant(tenant.clone()),
        other => other.into(),
    })
}

fn info(url: &str, key: &str, tenant: &str, storage: Storage, routes: Vec<InfoRoute>) -> Info {
    Info {
        url: url.to_owned(),
        stage_prefix: String::new(),
        key: key.to_owned(),
        tenant: tenant.to_owned(),
        curl: curl(url, key, FIRST_PATH),
        storage,
        samples: BTreeMap::new(),
        routes,
        specifications: specifications(),
    }
}

/// Prints the address.
fn announce(args: &ConsoleArgs, url: &str, place: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", json!({ "url": url }))?;
    } else {
        writeln!(out, "The console shows {place}.\n\n  Open  {url}/\n\nPress Ctrl-C to stop.")?;
    }
    out.flush()
}
