//! The local stack in this process, as `clientele` starts it, with its demo tenant.

use std::sync::Arc;

use clientele_infra::console::api::Console;
use clientele_infra::local::aws::Services;
use clientele_infra::local::data::Data;
use clientele_infra::local::engine::Engine;
use clientele_infra::local::gateway::Gateway;
use clientele_infra::local::info::{Info, Storage};
use clientele_infra::local::prepare::{TABLE, prepare};
use clientele_infra::local::routes::TEMPLATE;
use clientele_infra::local::s3::S3;
use clientele_infra::local::server::{Server, ServerError, Site};
use clientele_infra::local::{Backend, DynamoDb};
use clientele_shared::Ambient;
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Failure;

/// A running stack.
pub(crate) struct Stack {
    pub(crate) url: String,
    pub(crate) key: Arc<str>,
    /// The tenant to which the key belongs.
    pub(crate) tenant: Tenant,
    /// The table, for imports.
    pub(crate) store: Store,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServerError>>,
    /// The folder of the table, deleted on drop.
    _data: Data,
}

impl Stack {
    /// Starts the stack on a free port, for this many connections with one API key.
    pub(crate) async fn start(connections: usize) -> Result<Self, Failure> {
        let server = Server::bind(0).await?;
        let url = server.url();
        let data = Data::temporary()?;
        let engine = Engine::open(&data).await?;
        let s3 = S3::open(&data, url.clone()).await?;
        let config = Connection::local("http://embedded.invalid").config()?;
        let client = aws_sdk_dynamodb::Client::from_conf(config.http_client(engine.http_client()).build());
        let store = Store::new(client, TABLE, Ambient::system());
        let backend = Backend {
            dynamodb: DynamoDb::Embedded(engine.clone()),
            s3: s3.access().clone(),
            storage: Storage::Temporary,
            verifier_token: None,
        };
        let prepared = prepare(backend).await?;
        let gateway = Gateway::new(TEMPLATE, prepared.functions)?.with_key_concurrency(connections);
        let info = Info {
            url: url.clone(),
            stage_prefix: String::new(),
            key: prepared.key.clone(),
            tenant: prepared.tenant.clone(),
            curl: String::new(),
            storage: Storage::Temporary,
            samples: prepared.samples,
            routes: Vec::new(),
            specifications: prepared.specifications,
        };
        let services = Services::new(Some(engine), s3);
        let site = Site { gateway, services, console: Console::with_info(info) };
        let (stop, stopped) = oneshot::channel::<()>();
        // The server also stops if the sender is dropped.
        let served = tokio::spawn(server.serve(site, async move { drop(stopped.await) }));
        let tenant = Tenant::new(&prepared.tenant.parse::<TenantId>()?, Mode::Live);
        Ok(Self { url, key: prepared.key.into(), tenant, store, stop, served, _data: data })
    }

    /// Stops the stack and waits for its end.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        drop(self.stop);
        Ok(self.served.await??)
    }
}
