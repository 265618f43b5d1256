//! The local stack: the whole deployment on one machine, behind one port.
//!
//! A request passes through [`server`] → [`gateway`] ([`routes`], [`event`]) → [`function`] (`lambda_http`
//! and a Lambda's handler) → [`proxy_response`]. [`gateway_response`] supplies the errors that the gateway
//! sends itself. The functions run on [`engine`] (DynamoDB) and [`s3`], both of which store their files in
//! [`data`].
//!
//! [`run`] starts and stops everything. Its caller passes in `prepare` (see [`prepare`]), which receives a
//! [`Backend`] (the addresses of DynamoDB and S3), creates the table and the demo tenant (with the customers
//! of [`demo`]), and returns the functions in a [`Prepared`].

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, Write as _};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use clientele_infra_quickbooks::{Ready, StandIn};
use clientele_shared::error::chain;
use serde_json::json;

use crate::console::api::{Console, Records};
use crate::signal::Signals;

pub mod aws;
pub mod body;
pub mod calls;
mod connection;
pub mod data;
pub mod demo;
pub mod engine;
pub mod engine_calls;
pub mod event;
pub mod function;
pub mod gateway;
pub mod gateway_response;
pub mod info;
pub mod key_limits;
pub mod log_lines;
pub mod options;
pub mod prepare;
pub mod proxy_response;
pub mod quickbooks;
pub mod reset;
pub mod routes;
pub mod s3;
mod s3_operations;
pub mod server;
mod template;
pub mod units;

pub use options::Options;

use aws::Services;
use calls::CallLog;
use data::{Data, DataError};
use engine::{Engine, EngineError};
use function::Functions;
use gateway::{Gateway, GatewayError};
use info::{Info, InfoRoute, Specification, Storage, curl};
use log_lines::LogLines;
use prepare::TABLE;
use quickbooks::{QuickBooks, QuickBooksError};
use reset::Demo;
use s3::{S3, S3Access, S3Error};
use server::{Server, ServerError, Site};

/// The reason why the local stack did not start or stop cleanly, worded for the person who started it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is named after the component that failed")]
pub enum LocalError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    S3(#[from] S3Error),
    #[error(transparent)]
    QuickBooks(#[from] QuickBooksError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("cannot set up the table and the demo tenant: {}{}", chain(.source.as_ref()), hint(.dynamodb.as_deref()))]
    Prepare { source: Box<dyn std::error::Error + Send + Sync>, dynamodb: Option<String> },
    #[error("cannot listen for Ctrl-C: {0}")]
    Signals(#[source] io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
}

/// Returns a hint to append to the error if DynamoDB runs outside this process.
fn hint(dynamodb: Option<&str>) -> String {
    dynamodb.map(|url| format!("; check that DynamoDB is reachable at {url}")).unwrap_or_default()
}

/// The services that the functions use.
#[derive(Debug, Clone)]
pub struct Backend {
    /// The DynamoDB in use.
    pub dynamodb: DynamoDb,
    /// Address and credentials of S3.
    pub s3: S3Access,
    /// Location of the records. Unless they are temporary, the demo tenant might already exist.
    pub storage: Storage,
    /// The token with which the QuickBooks stand-in signs webhooks; `None` without a stand-in.
    pub verifier_token: Option<String>,
}

/// The DynamoDB in use.
#[derive(Debug, Clone)]
pub enum DynamoDb {
    /// The embedded engine, in this process.
    Embedded(Engine),
    /// A DynamoDB outside this process. An `https` URL is called with the environment's region and credentials.
    External {
        /// Base URL.
        url: String,
    },
}

/// The result of `prepare`.
#[derive(Debug)]
pub struct Prepared {
    /// Every function that the template routes to, by the name of its binary.
    pub functions: Functions,
    /// The demo tenant's records, for the console.
    pub records: Records,
    /// The client of the table.
    pub client: Client,
    /// The OpenAPI specifications of the REST dialects.
    pub specifications: Vec<Specification>,
    /// API key of the demo tenant, with all scopes.
    pub key: String,
    /// Name of the demo tenant.
    pub tenant: String,
    /// Path of the example request, such as `/api/v1/customers?limit=3`.
    pub first_path: String,
    /// Sample values for path parameters, by parameter name.
    pub samples: BTreeMap<String, String>,
}

/// Starts the local stack, prints its addresses and API key, and runs until Ctrl-C or SIGTERM.
///
/// The port is bound and the folder locked first, so that a conflict is reported before anything is written.
///
/// # Errors
///
/// Returns the [`LocalError`] variant of the component that does not start or stop, [`LocalError::Prepare`]
/// if `prepare` fails, and [`LocalError::Output`] if standard output is closed.
pub async fn run<P, F, E>(options: Options, log_lines: LogLines, prepare: P) -> Result<(), LocalError>
where
    P: FnOnce(Backend) -> F,
    F: Future<Output = Result<Prepared, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    data::keep_files_private();
    let mut signals = Signals::listen().map_err(LocalError::Signals)?;
    let server = Server::bind(options.port).await?;
    let data = match &options.data {
        Some(folder) => Data::persistent(folder)?,
        None => Data::temporary()?,
    };
    let dynamodb = match options.dynamodb.clone() {
        Some(url) => DynamoDb::External { url },
        None => DynamoDb::Embedded(Engine::open(&data).await?),
    };
    let s3 = S3::open(&data, server.url()).await?;
    let mut quickbooks = start_quickbooks(&options, &data).await?;

    let storage = dynamodb.storage(&data);
    let ready = quickbooks.as_ref().map(QuickBooks::ready).cloned();
    let backend = Backend {
        dynamodb: dynamodb.clone(),
        s3: s3.access().clone(),
        storage: storage.clone(),
        verifier_token: ready.as_ref().map(|ready| ready.verifier_token.clone()),
    };
    let prepared = tokio::select! {
        prepared = prepare(backend) => Some(prepared.map_err(|e| LocalError::Prepare {
            source: e.into(),
            dynamodb: options.dynamodb.clone(),
        })?),
        () = signals.stop() => None,
    };
    if let Some(prepared) = prepared {
        if let Some(quickbooks) = &mut quickbooks {
            quickbooks.connect_demo(&dynamodb, &data).await;
        }
        let access = s3.access().clone();
        let stand_in = quickbooks.as_ref().map(QuickBooks::stand_in);
        let services = Services::new(dynamodb.engine(), s3);
        let site = site(&server, prepared, services, storage, (&options, log_lines, stand_in))?;
        let info = &site.console.info;
        if let Some(quickbooks) = &quickbooks {
            quickbooks.send_webhooks_to(&info.url)?;
        }
        announce(&options, &server.url(), info, &access, ready.as_ref()).map_err(LocalError::Output)?;
        server.serve(site, async move { signals.stop().await }).await?;
    }
    if let Some(quickbooks) = quickbooks {
        quickbooks.stop().await;
    }
    Ok(())
}

async fn start_quickbooks(options: &Options, data: &Data) -> Result<Option<QuickBooks>, QuickBooksError> {
    if options.no_quickbooks { Ok(None) } else { QuickBooks::start(options.port, data).await.map(Some) }
}

impl DynamoDb {
    fn engine(self) -> Option<Engine> {
        match self {
            Self::Embedded(engine) => Some(engine),
            Self::External { .. } => None,
        }
    }

    fn storage(&self, data: &Data) -> Storage {
        match self {
            Self::External { url } => Storage::Remote(url.clone()),
            Self::Embedded(_) if data.is_persistent() => Storage::Folder(data.folder().display().to_string()),
            Self::Embedded(_) => Storage::Temporary,
        }
    }
}

fn site(
    server: &Server,
    prepared: Prepared,
    services: Services,
    storage: Storage,
    (options, log_lines, stand_in): (&Options, LogLines, Option<Arc<StandIn>>),
) -> Result<Site, GatewayError> {
    let stage = options.stage.clone().unwrap_or_default();
    let stage_prefix = stage.prefix();
    let url = server.url() + &stage_prefix;
    let calls = CallLog::new(log_lines);
    let gateway = Gateway::new(routes::TEMPLATE, prepared.functions)?
        .with_stage(stage)
        .with_calls(calls.clone())
        .with_concurrency(options.concurrency)
        .with_key_concurrency(options.key_concurrency);
    let info = Info {
        curl: curl(&url, &prepared.key, &prepared.first_path),
        routes: gateway.routes().map(InfoRoute::from).collect(),
        url,
        stage_prefix,
        key: prepared.key,
        tenant: prepared.tenant,
        storage,
        samples: prepared.samples,
        specifications: prepared.specifications,
    };
    // A reset reads the whole table, which would cost money elsewhere.
    let is_own = !matches!(info.storage, Storage::Remote(_));
    let demo = is_own.then(|| Arc::new(Demo::new(prepared.client)));
    let console =
        Console { calls, records: Some(prepared.records), demo, stand_in, ..Console::with_info(info) };
    Ok(Site { gateway, services, console })
}

/// Prints how to reach the stack at `origin`. The port is already bound, so a request sent immediately is
/// queued.
fn announce(
    options: &Options,
    origin: &str,
    info: &Info,
    s3: &S3Access,
    quickbooks: Option<&Ready>,
) -> io::Result<()> {
    let Info { url, key, tenant, curl, storage, .. } = info;
    let S3Access { bucket, access_key, secret_key, .. } = s3;
    let mut out = io::stdout().lock();
    if options.json {
        let mut line = json!({
            "url": url,
            "key": key,
            "tenant": tenant,
            "dynamodb": { "url": origin, "table": TABLE },
            "s3": { "url": origin, "bucket": bucket, "access_key": access_key, "secret_key": secret_key },
        });
        if let Some(ready) = quickbooks {
            line["quickbooks"] = json!(ready);
        }
        writeln!(out, "{line}")?;
        return out.flush();
    }
    let quickbooks = quickbooks.map(quickbooks::describe).unwrap_or_default();
    writeln!(
        out,
        "Clientele is running.\n\n  Open     {origin}/\n  API      {url}\n  Key      {key}   (tenant {tenant})\n  \
         Records  {storage}\n  DynamoDB {origin}   (table {TABLE}; any credentials)\n  \
         S3       {origin}   (bucket {bucket}; credentials {access_key} / {secret_key}){quickbooks}\n\n\
         Try it:\n\n  {curl}\n\nPress Ctrl-C to stop."
    )?;
    out.flush()
}
