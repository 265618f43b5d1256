//! The local stack: everything on this machine, behind one port, as it is on AWS.
//!
//! A request goes [`server`] → [`gateway`] ([`routes`], [`response_type`], [`event`]) → [`function`], which is
//! `lambda_http` and the handler of a Lambda → [`answer`]. Under it are [`engine`] (DynamoDB) and [`s3`], both on [`data`].
//!
//! [`run`] starts and stops all of it. What stands above the engine is handed in: [`prepare`] gets a [`Backend`]
//! (where DynamoDB and S3 are), makes the table and the demo tenant (with the customers of [`demo`]), and returns a
//! [`Prepared`] with the functions.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, Write as _};

use serde_json::Value;

pub mod aws;
pub mod data;
pub mod demo;
pub mod engine;
pub mod event;
pub mod function;
pub mod gateway;
pub mod gateway_response;
pub mod info;
pub mod options;
pub mod prepare;
pub mod proxy_response;
pub mod routes;
pub mod s3;
pub mod server;
mod signal;

pub use options::Options;

use aws::Services;
use data::{Data, DataError};
use engine::{Engine, EngineError};
use function::Functions;
use gateway::{Gateway, GatewayError};
use info::{Info, InfoRoute, Storage, curl};
use prepare::TABLE;
use s3::{S3, S3Access, S3Error};
use server::{Server, ServerError, Site};
use signal::Signals;

/// Why the local stack did not start, or did not stop cleanly. The text is for the person who started it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each is the error of the part it names, and says what it is")]
pub enum LocalError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    S3(#[from] S3Error),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("cannot set up the table and the demo tenant: {}{}", whole(.source.as_ref()), hint(.dynamodb.as_deref()))]
    Prepare { source: Box<dyn std::error::Error + Send + Sync>, dynamodb: Option<String> },
    #[error("cannot listen for Ctrl-C: {0}")]
    Signals(#[source] io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
}

/// What to look at where the DynamoDB is not the one in this process.
fn hint(dynamodb: Option<&str>) -> String {
    dynamodb.map(|url| format!(". Does DynamoDB answer at {url}?")).unwrap_or_default()
}

/// An error and what caused it, in one line.
fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Where the functions find what they work on.
#[derive(Debug, Clone)]
pub struct Backend {
    /// DynamoDB.
    pub dynamodb: DynamoDb,
    /// S3.
    pub s3: S3Access,
    /// Where the records are, and with that whether a demo tenant may be there already.
    pub storage: Storage,
}

/// A DynamoDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DynamoDb {
    /// The one in this process: any region and any credentials will do, none need be looked for.
    Embedded {
        /// Its address.
        url: String,
    },
    /// One outside, with the region and credentials of the environment.
    At {
        /// Its address.
        url: String,
    },
}

/// What `prepare` returns.
#[derive(Debug)]
pub struct Prepared {
    /// Every function the template routes to, by the name of its binary.
    pub functions: Functions,
    /// The OpenAPI document, as JSON.
    pub openapi: String,
    /// A key of the demo tenant that may read and write.
    pub key: String,
    /// The demo tenant's name.
    pub tenant: String,
    /// The path of the first call to try, such as `/api/v1/customers?limit=3`.
    pub first_path: String,
    /// Values to try path parameters with, by name.
    pub samples: BTreeMap<String, String>,
}

/// Starts the local stack, prints how to reach it, and runs until Ctrl-C or SIGTERM.
///
/// The port and the folder are taken first, so that what is in the way is said before anything is written.
///
/// # Errors
///
/// When a part does not start, or `prepare` fails.
pub async fn run<P, F, E>(options: Options, prepare: P) -> Result<(), LocalError>
where
    P: FnOnce(Backend) -> F,
    F: Future<Output = Result<Prepared, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut signals = Signals::listen().map_err(LocalError::Signals)?;
    let server = Server::bind(options.port).await?;
    let data = match &options.data {
        Some(folder) => Data::kept_in(folder)?,
        None => Data::temporary()?,
    };
    let table = Table::open(options.dynamodb.clone(), &data).await?;
    let s3 = S3::start(&data).await?;

    let storage = table.storage(&data);
    let backend = Backend { dynamodb: table.dynamodb(), s3: s3.access().clone(), storage: storage.clone() };
    let prepared = tokio::select! {
        prepared = prepare(backend) => Some(prepared.map_err(|e| LocalError::Prepare {
            source: e.into(),
            dynamodb: options.dynamodb.clone(),
        })?),
        () = signals.stop() => None,
    };
    if let Some(prepared) = prepared {
        let services = Services::at(table.embedded_url(), s3.access().url.clone());
        let site = site(&server, prepared, services, storage)?;
        announce(&options, &site.info, s3.access()).map_err(LocalError::Output)?;
        server.serve(site, async move { signals.stop().await }).await?;
    }
    s3.stop().await?;
    table.stop().await?;
    Ok(())
}

/// The DynamoDB that is used.
enum Table {
    Embedded(Engine),
    At(String),
}

impl Table {
    async fn open(outside: Option<String>, data: &Data) -> Result<Self, EngineError> {
        match outside {
            Some(url) => Ok(Self::At(url)),
            None => Engine::start(data).await.map(Self::Embedded),
        }
    }

    fn dynamodb(&self) -> DynamoDb {
        match self {
            Self::Embedded(engine) => DynamoDb::Embedded { url: engine.url().to_owned() },
            Self::At(url) => DynamoDb::At { url: url.clone() },
        }
    }

    fn embedded_url(&self) -> Option<String> {
        match self {
            Self::Embedded(engine) => Some(engine.url().to_owned()),
            Self::At(_) => None,
        }
    }

    fn storage(&self, data: &Data) -> Storage {
        match self {
            Self::At(url) => Storage::Remote(url.clone()),
            Self::Embedded(_) if data.is_kept() => Storage::Folder(data.folder().display().to_string()),
            Self::Embedded(_) => Storage::Temporary,
        }
    }

    async fn stop(self) -> Result<(), EngineError> {
        match self {
            Self::Embedded(engine) => engine.stop().await,
            Self::At(_) => Ok(()),
        }
    }
}

fn site(
    server: &Server,
    prepared: Prepared,
    services: Services,
    storage: Storage,
) -> Result<Site, GatewayError> {
    let url = server.url();
    let gateway = Gateway::new(routes::TEMPLATE, prepared.functions)?;
    let info = Info {
        curl: curl(&url, &prepared.key, &prepared.first_path),
        routes: gateway.routes().map(InfoRoute::from).collect(),
        url,
        key: prepared.key,
        tenant: prepared.tenant,
        storage,
        samples: prepared.samples,
    };
    Ok(Site { gateway, services, openapi: prepared.openapi, info })
}

/// Says how to reach the stack. The port is open by now: who calls at once is answered.
fn announce(options: &Options, info: &Info, s3: &S3Access) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if options.json {
        let (url, key) = (Value::from(info.url.as_str()), Value::from(info.key.as_str()));
        writeln!(out, r#"{{"url":{url},"key":{key}}}"#)?;
    } else {
        let Info { url, key, tenant, curl, storage, .. } = info;
        let S3Access { bucket, access_key, secret_key, .. } = s3;
        writeln!(
            out,
            "Clientele is running.\n\n  Open     {url}/\n  API      {url}\n  Key      {key}   (tenant {tenant})\n  \
             Records  {storage}\n  DynamoDB {url}   (table {TABLE}; any credentials)\n  \
             S3       {url}   (bucket {bucket}; credentials {access_key} / {secret_key})\n\n\
             Try it:\n\n  {curl}\n\nCtrl-C stops it."
        )?;
    }
    out.flush()
}
