//! Answers that are lost: what was written is written, and the import must find out.

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

/// How often the SDK asks before it gives up.
const ATTEMPTS_OF_THE_SDK: u32 = 4;

/// Turns the answers to one operation into server errors, so many times.
#[derive(Debug)]
struct LoseAnswers {
    operation: &'static str,
    left: Arc<AtomicU32>,
}

impl LoseAnswers {
    /// A store of this engine that loses the first answers, and how many it is still to lose.
    fn to(operation: &'static str, engine: &Engine) -> (Store, Arc<AtomicU32>) {
        let left = Arc::new(AtomicU32::new(ATTEMPTS_OF_THE_SDK));
        let config = Connection::local(engine.url()).config().unwrap();
        let config = config.interceptor(Self { operation, left: left.clone() }).build();
        (Store::new(Client::from_conf(config), engine.table(), Ambient::system()), left)
    }
}

impl Intercept for LoseAnswers {
    fn name(&self) -> &'static str {
        "LoseAnswers"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().ok_or("a call without a name")?;
        let less = |left: u32| left.checked_sub(1);
        if operation.name() == self.operation
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
        {
            *context.response_mut().status_mut() = 500.try_into()?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_were_written_though_the_answer_was_lost_count_as_created() {
    const ROWS: usize = 40;
    let engine = Engine::start().await;
    let (store, left) = LoseAnswers::to("TransactWriteItems", &engine);
    let file = engine.file("rows.csv", &generated(ROWS));
    let importer =
        Importer::new(store, id("demo"), Mode::Live, Customers::default(), ImportOptions::default());
    let outcome = importer.run(&file, &mut |_| {}).await.unwrap();
    assert_eq!(left.load(Ordering::SeqCst), 0);
    assert_eq!(outcome.counts, counts(ROWS as u64, 0, 0));
    engine.check_emails("demo", ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_whose_answer_was_lost_are_written_again_and_are_one() {
    let engine = Engine::start().await;
    let (store, left) = LoseAnswers::to("BatchWriteItem", &engine);
    let file = engine.file("prices.csv", &list(40));
    let importer =
        Importer::new(store, id("demo"), Mode::Live, prices(Some("USD")), ImportOptions::default());
    let outcome = importer.run(&file, &mut |_| {}).await.unwrap();
    assert_eq!(left.load(Ordering::SeqCst), 0);
    assert_eq!(outcome.counts, counts(40, 0, 0));
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let day = "2024-01-01".parse().unwrap();
    assert_eq!(pricing(&engine, &tenant, uuid::Uuid::nil(), day).await.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tag_that_was_made_though_every_answer_was_lost_is_one() {
    for lost in [1, ATTEMPTS_OF_THE_SDK] {
        let engine = Engine::start().await;
        let (store, left) = LoseAnswers::to("PutItem", &engine);
        left.store(lost, Ordering::SeqCst);
        let file = engine.file("tags.csv", "company_name,tags\nAlpha,weekly\nBeta,weekly\n");
        let importer =
            Importer::new(store, id("demo"), Mode::Live, Customers::default(), ImportOptions::default());
        assert_eq!(importer.run(&file, &mut |_| {}).await.unwrap().counts, counts(2, 0, 0));
        assert_eq!(left.load(Ordering::SeqCst), 0);
        let tags = engine.store.tags_list(&Tenant::new(&id("demo"), Mode::Live)).await.unwrap();
        assert_eq!(tags.len(), 1);
        let (customers, _) = engine.customers("demo").await;
        assert!(customers.values().all(|customer| customer.fields.tag_ids == [tags[0].id.to_string()]));
    }
}
