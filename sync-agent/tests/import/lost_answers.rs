//! Lost responses: the import must find out that its writes took effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use clientele_shared::Ambient;
use clientele_shared::model::{Mode, Tenant};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportOptions, Importer};

use crate::engine::{Engine, counts, generated, id};
use crate::prices::{list, prices};
use crate::pricing::pricing;

/// Number of attempts that the SDK makes at a request.
const SDK_ATTEMPTS: u32 = 4;

/// An interceptor that turns the next `remaining` responses to one operation into server errors.
#[derive(Debug)]
struct LoseResponses {
    operation: &'static str,
    remaining: Arc<AtomicU32>,
}

impl LoseResponses {
    /// Returns a store that loses the first responses to an operation, and the number still to be lost.
    fn store(operation: &'static str, engine: &Engine) -> (Store, Arc<AtomicU32>) {
        let remaining = Arc::new(AtomicU32::new(SDK_ATTEMPTS));
        let config = Connection::local(engine.url()).config().unwrap();
        let config = config.interceptor(Self { operation, remaining: remaining.clone() }).build();
        (Store::new(Client::from_conf(config), engine.table(), Ambient::system()), remaining)
    }
}

impl Intercept for LoseResponses {
    fn name(&self) -> &'static str {
        "LoseResponses"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().ok_or("the request has no operation name")?;
        let decrement = |remaining: u32| remaining.checked_sub(1);
        if operation.name() == self.operation
            && self.remaining.fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrement).is_ok()
        {
            *context.response_mut().status_mut() = 500.try_into()?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn written_rows_whose_response_was_lost_count_as_created() {
    const ROWS: usize = 40;
    let engine = Engine::start().await;
    let (store, remaining) = LoseResponses::store("TransactWriteItems", &engine);
    let file = engine.file("rows.csv", &generated(ROWS));
    let importer =
        Importer::new(store, id("demo"), Mode::Live, Customers::default(), ImportOptions::default());
    let outcome = importer.run(&file, &mut |_| {}).await.unwrap();
    assert_eq!(remaining.load(Ordering::SeqCst), 0);
    assert_eq!(outcome.counts, counts(ROWS as u64, 0, 0));
    engine.check_emails("demo", ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_whose_response_was_lost_are_rewritten_without_duplicates() {
    let engine = Engine::start().await;
    let (store, remaining) = LoseResponses::store("TransactWriteItems", &engine);
    let file = engine.file("prices.csv", &list(40));
    let importer =
        Importer::new(store, id("demo"), Mode::Live, prices(Some("USD")), ImportOptions::default());
    let outcome = importer.run(&file, &mut |_| {}).await.unwrap();
    assert_eq!(remaining.load(Ordering::SeqCst), 0);
    assert_eq!(outcome.counts, counts(40, 0, 0));
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let day = "2024-01-01".parse().unwrap();
    assert_eq!(pricing(&engine, &tenant, uuid::Uuid::nil(), day).await.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tag_whose_responses_were_lost_is_created_only_once() {
    for lost in [1, SDK_ATTEMPTS] {
        let engine = Engine::start().await;
        let (store, remaining) = LoseResponses::store("TransactWriteItems", &engine);
        remaining.store(lost, Ordering::SeqCst);
        let file = engine.file("tags.csv", "company_name,tags\nAlpha,weekly\nBeta,weekly\n");
        let importer =
            Importer::new(store, id("demo"), Mode::Live, Customers::default(), ImportOptions::default());
        assert_eq!(importer.run(&file, &mut |_| {}).await.unwrap().counts, counts(2, 0, 0));
        assert_eq!(remaining.load(Ordering::SeqCst), 0);
        let tags = engine.store.tags_list(&Tenant::new(&id("demo"), Mode::Live)).await.unwrap();
        assert_eq!(tags.len(), 1);
        let (customers, _) = engine.customers("demo").await;
        assert!(customers.values().all(|customer| customer.fields.tag_ids == [tags[0].id.clone()]));
    }
}
