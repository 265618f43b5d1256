//! Exports of a table that throttles, and of commits that are still becoming visible.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use clientele_shared::model::{CustomerNumber, ExportContent, Mode};
use clientele_shared::store::{Store, Write};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::keys::{self, attribute};
use clientele_sync_agent::export::{ExportDestination, ExportOptions, Exported, Exporter};
use serde_json::json;
use tokio::sync::Notify;

use super::rows;
use crate::support::{FaultAction, Faults, Stack};

const THROTTLED: &str =
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"Rate exceeded"}"#;

/// An exporter whose calls can have faults.
struct Scene<'a> {
    stack: &'a Stack,
    faults: Faults,
    store: Store,
    folder: tempfile::TempDir,
}

impl<'a> Scene<'a> {
    async fn new(stack: &'a Stack) -> Self {
        let faults = Faults::default();
        let config = faults.without_retries(Connection::local(&stack.url).config().unwrap());
        let store = Store::new(Client::from_conf(config.build()), &stack.table, stack.clock.ambient());
        let scene = Self { stack, faults, store, folder: tempfile::tempdir().unwrap() };
        for name in ["Ann", "Bob"] {
            scene.create(name).await;
        }
        scene
    }

    async fn create(&self, name: &str) {
        let fields = serde_json::from_value(json!({ "last_name": name })).unwrap();
        self.stack.store.customer_create(&self.stack.tenant(), fields, Write::plain()).await.unwrap();
    }

    /// Throttles the first batch reads.
    fn throttle_reads(&self, count: usize) {
        let mut throttled = 0;
        self.faults.plan(move |call| {
            if call.operation == "BatchGetItem" && throttled < count {
                throttled += 1;
                return FaultAction::Respond(400, THROTTLED.into());
            }
            FaultAction::Pass
        });
    }

    async fn export(&self, incremental: bool) -> Exported {
        self.stack.clock.advance_seconds(1);
        let content = ExportContent { incremental, ..ExportContent::default() };
        let options = ExportOptions { content, ..ExportOptions::default() };
        let exporter = Exporter::new(self.store.clone(), "acme".parse().unwrap(), Mode::Live, options);
        exporter.run(&ExportDestination::Folder(self.folder.path().to_owned()), &mut |_| {}).await.unwrap()
    }
}

#[tokio::test]
async fn export_of_a_table_that_throttles_is_slower_and_complete() {
    let stack = Stack::start().await;
    let scene = Scene::new(&stack).await;
    scene.throttle_reads(2);
    assert_eq!(scene.export(false).await.manifest.rows, 2);
    assert_eq!(scene.faults.clear().iter().filter(|name| *name == "BatchGetItem").count(), 2 + 2);
}

#[tokio::test]
async fn customers_keep_their_order_if_the_first_batch_is_read_last() {
    let stack = Stack::start().await;
    let scene = Scene::new(&stack).await;
    for name in ["Cleo", "Dora", "Eve"] {
        // A batch has 1,000 numbers, whether or not they are in use.
        stack.store.customer_numbers_allocate(&stack.tenant(), 1_500).await.unwrap();
        scene.create(name).await;
    }
    scene.throttle_reads(3);
    let ids: Vec<String> =
        rows(&scene.export(false).await).into_iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, ["cust_4505", "cust_3004", "cust_1503", "cust_2", "cust_1"]);
}

/// The record is put back to its state of before the commit, as a reader finds it that is faster than the transaction.
#[tokio::test]
async fn record_that_is_older_than_the_log_says_is_read_again() {
    let stack = Stack::start().await;
    let scene = Scene::new(&stack).await;
    scene.export(false).await;
    let (client, table) = (&stack.client, stack.table.as_str());
    let key = keys::customer(&stack.tenant(), stack.tenant().customer_uuid(CustomerNumber::new(1).unwrap()));
    let read = async || {
        let get = client.get_item().table_name(table).consistent_read(true);
        let get = get.key(attribute::PK, aws_sdk_dynamodb::types::AttributeValue::S(key.pk.clone()));
        let get = get.key(attribute::SK, aws_sdk_dynamodb::types::AttributeValue::S(key.sk.clone()));
        get.send().await.unwrap().item.unwrap()
    };
    let put = async |item| {
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    };
    let old = read().await;
    let uuid = stack.tenant().customer_uuid(CustomerNumber::new(1).unwrap());
    let change = |mut fields: clientele_shared::model::CustomerFields| {
        fields.phone = Some("206-555-0123".into());
        Ok(fields)
    };
    stack.store.customer_update(&stack.tenant(), uuid, change, Write::plain()).await.unwrap();
    let new = read().await;
    put(old).await;
    let (reread, visible) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (signal, hold) = (Arc::clone(&reread), Arc::clone(&visible));
    let mut reads = 0;
    scene.faults.plan(move |call| {
        if call.operation != "BatchGetItem" {
            return FaultAction::Pass;
        }
        reads += 1;
        if reads < 3 {
            return FaultAction::Pass;
        }
        signal.notify_one();
        FaultAction::Hold(Arc::clone(&hold))
    });
    let become_visible = async {
        reread.notified().await;
        put(new).await;
        // The calls after the one that is held pass.
        scene.faults.plan(|_| FaultAction::Pass);
        visible.notify_one();
    };
    let (exported, ()) = tokio::join!(scene.export(true), become_visible);
    let phones: Vec<String> = rows(&exported).into_iter().map(|row| row["phone"].clone()).collect();
    assert_eq!(phones, ["206-555-0123"]);
}
