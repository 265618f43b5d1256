//! Imports into a table that throttles are slower and never fail, and each row becomes one customer.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::time::Instant;

use clientele_shared::Ambient;
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::store::{Budget, CustomerQuery, PageRequest, RetryPolicy, Store};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use clientele_sync_agent::cancellation::CancellationToken;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportCounts, ImportEvent, ImportOptions, Importer};

use crate::simulation::network::{Caller, Machine};

const TABLE: &str = "clientele";
/// Five commits.
const ROWS: usize = 240;
const LATENCY: Duration = Duration::from_millis(5);

/// The network to a table with a limited capacity: it accepts some writes in each second, and for a while none.
#[derive(Clone)]
struct ThrottlingTable {
    engine: SharedHttpClient,
    started: Instant,
    writes_per_second: usize,
    /// The seconds in which nothing is written.
    closed: Range<u64>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The second in which `written` items were written.
    second: u64,
    written: usize,
    throttled: usize,
}

impl ThrottlingTable {
    /// Takes the capacity for some items; returns how many calls were throttled before, or `None` if there is room.
    fn throttle(&self, items: usize) -> Option<usize> {
        let state = &mut *self.state.lock().unwrap();
        let second = self.started.elapsed().as_secs();
        if second != state.second {
            (state.second, state.written) = (second, 0);
        }
        if !self.closed.contains(&second) && state.written + items <= self.writes_per_second {
            state.written += items;
            return None;
        }
        state.throttled += 1;
        Some(state.throttled)
    }
}

/// Returns how many items a call writes.
fn written_items(operation: &str, request: &Value) -> usize {
    match operation {
        "BatchWriteItem" => request["RequestItems"][TABLE].as_array().map_or(0, Vec::len),
        "TransactWriteItems" => request["TransactItems"].as_array().map_or(0, Vec::len),
        "UpdateItem" | "PutItem" | "DeleteItem" => 1,
        _ => 0,
    }
}

/// Returns what DynamoDB responds to a throttled write.
fn throttled_response(operation: &str, request: &Value, throttled: usize) -> HttpResponse {
    const PREFIX: &str = "com.amazonaws.dynamodb.v20120810#";
    let (status, body) = match operation {
        "BatchWriteItem" if throttled.is_multiple_of(2) => {
            (200, json!({"UnprocessedItems": request["RequestItems"]}))
        }
        "TransactWriteItems" => (
            400,
            json!({
                "__type": format!("{PREFIX}TransactionCanceledException"),
                "CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}],
            }),
        ),
        _ => (400, json!({"__type": format!("{PREFIX}ProvisionedThroughputExceededException")})),
    };
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()))
}

impl fmt::Debug for ThrottlingTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThrottlingTable")
    }
}

impl HttpClient for ThrottlingTable {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let engine = self.engine.http_connector(settings, components);
        SharedHttpConnector::new(ThrottlingConnector { table: self.clone(), engine })
    }
}

#[derive(Debug, Clone)]
struct ThrottlingConnector {
    table: ThrottlingTable,
    engine: SharedHttpConnector,
}

impl HttpConnector for ThrottlingConnector {
    #[expect(clippy::disallowed_methods, reason = "the latency of the network, in paused time")]
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { table, engine } = self.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(LATENCY).await;
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
            match written_items(&operation, &body) {
                0 => engine.call(request).await,
                items => match table.throttle(items) {
                    None => engine.call(request).await,
                    Some(throttled) => Ok(throttled_response(&operation, &body, throttled)),
                },
            }
        })
    }
}

/// A table that throttles, a store on it, and a file to import.
struct Scene {
    table: ThrottlingTable,
    store: Store,
    /// A store that is never throttled.
    observer: Store,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(writes_per_second: usize, closed: Range<u64>) -> Self {
        let config = || Connection::local("http://engine.invalid").config().unwrap();
        let engine = Machine::new(1).client(Caller::Observer);
        let observer = Client::from_conf(config().http_client(engine.clone()).build());
        create_table(&observer, TABLE).await.unwrap();
        let observer = Store::new(observer, TABLE, Ambient::system());
        observer.tenant_create(&tenant_id()).await.unwrap();
        let table = ThrottlingTable {
            engine,
            started: Instant::now(),
            writes_per_second,
            closed,
            state: Arc::default(),
        };
        // Only the retries of the store and the import count.
        let config = config().http_client(table.clone()).retry_config(RetryConfig::disabled());
        let policy = RetryPolicy {
            max_attempts: 10,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
        };
        let store = Store::new(Client::from_conf(config.build()), TABLE, Ambient::system());
        let store = store.with_retry_policy(policy);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("customers.csv");
        let rows: String = (0..ROWS).map(|row| format!("Ann,Lee,{}\n", email(row))).collect();
        std::fs::write(&file, format!("first_name,last_name,email\n{rows}")).unwrap();
        Self { table, store, observer, file, _folder: folder }
    }

    fn importer(&self) -> Importer<Customers> {
        let (kind, options) = (Customers::default(), ImportOptions::default());
        Importer::new(self.store.clone(), tenant_id(), Mode::Live, kind, options)
    }

    fn throttled(&self) -> usize {
        self.table.state.lock().unwrap().throttled
    }

    /// Checks that each row is one customer, and that there are no other customers.
    async fn check_customers(&self) {
        let (tenant, query) = (Tenant::new(&tenant_id(), Mode::Live), CustomerQuery::default());
        let (mut emails, mut after) = (Vec::new(), None);
        loop {
            let request = PageRequest::after(after, 100);
            let page = self.observer.customers(&tenant, &query, request, Budget::default()).await.unwrap();
            emails.extend(page.customers.into_iter().filter_map(|listed| listed.customer.fields.email));
            after = page.next;
            if after.is_none() {
                assert_eq!(page.total.unwrap().count(), ROWS as u64);
                break;
            }
        }
        assert_eq!(emails.len(), ROWS);
        let expected: BTreeSet<String> = (0..ROWS).map(email).collect();
        assert!(emails.into_iter().collect::<BTreeSet<_>>() == expected);
    }
}

fn tenant_id() -> TenantId {
    "acme".parse().unwrap()
}

fn email(row: usize) -> String {
    format!("person{row}@example.com")
}

fn written(rows: u64) -> ImportCounts {
    ImportCounts { written: rows, ..ImportCounts::default() }
}

#[tokio::test(start_paused = true)]
async fn import_into_a_throttled_table_completes_with_each_row_once() {
    // Each row has about 30 items, so the import needs several seconds, with two minutes between them.
    let scene = Scene::new(1_000, 2..122).await;
    let outcome = scene.importer().run(&scene.file, &mut |_| {}).await.unwrap();
    assert_eq!((outcome.counts, outcome.interrupted), (written(ROWS as u64), false));
    assert!(scene.throttled() > 100, "{}", scene.throttled());
    assert!(scene.table.started.elapsed() > Duration::from_secs(122));
    scene.check_customers().await;
}

#[tokio::test(start_paused = true)]
async fn cancelled_import_does_not_wait_for_the_end_of_throttling() {
    let scene = Scene::new(1_000, 2..u64::MAX).await;
    let cancellation = CancellationToken::default();
    let importer = scene.importer().with_cancellation(cancellation.clone());
    let mut ignore = |_: ImportEvent<'_>| {};
    let mut import = Box::pin(importer.run(&scene.file, &mut ignore));
    tokio::time::timeout(Duration::from_secs(120), &mut import).await.unwrap_err();
    cancellation.request();
    let outcome = import.await.unwrap();
    assert!(outcome.interrupted && outcome.counts.written < ROWS as u64, "{:?}", outcome.counts);
    assert!(scene.table.started.elapsed() < Duration::from_secs(150));
}
