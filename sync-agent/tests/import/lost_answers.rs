//! Answers that are lost: what was written is written, and the import must find out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use clientele_shared::Ambient;
use clientele_shared::model::Mode;
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use clientele_sync_agent::import::{ImportOptions, Importer};

use crate::engine::{Engine, TABLE, counts, generated, id};

/// How often the SDK asks before it gives up.
const ATTEMPTS_OF_THE_SDK: u32 = 4;

/// Turns the answers to transactions into server errors, so many times.
#[derive(Debug)]
struct LoseAnswers(Arc<AtomicU32>);

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
        if operation.name() == "TransactWriteItems"
            && self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
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
    let left = Arc::new(AtomicU32::new(ATTEMPTS_OF_THE_SDK));
    let config = Connection::local(engine.url()).config().unwrap().interceptor(LoseAnswers(left.clone()));
    let store = Store::new(Client::from_conf(config.build()), TABLE, Ambient::system());
    let file = engine.file("rows.csv", &generated(ROWS));
    let importer = Importer::new(store, id("demo"), Mode::Live, ImportOptions::default());
    let outcome = importer.run(&file, &mut |_| {}).await.unwrap();
    assert_eq!(left.load(Ordering::SeqCst), 0);
    assert_eq!(outcome.counts, counts(ROWS as u64, 0, 0));
    engine.check_emails("demo", ROWS).await;
}
