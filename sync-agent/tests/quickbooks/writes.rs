//! Batches: results in the order of the items, with the fault of each.

use clientele_sync_agent::quickbooks::{
    BatchItem, BatchOperation, Entity, FaultKind, MAX_BATCH, QuickBooksError,
};
use serde_json::json;

use crate::stand_in::{Company, count, create, object};

#[tokio::test]
async fn results_are_in_the_order_of_the_items_with_the_fault_of_one() {
    for order in ["in_order", "reversed"] {
        let company = Company::start().await;
        company.switch("batch_order", json!(order));
        let client = company.client();
        let mut items: Vec<BatchItem> = (0..MAX_BATCH).map(|n| create(&format!("C{n}"))).collect();
        items[17] = create("a:b");
        let results = client.batch("0123456789-0123456789-0123456789-012", &items).await.unwrap();
        assert_eq!(results.len(), MAX_BATCH);
        for (item, result) in items.iter().zip(&results) {
            match result {
                Ok(saved) => assert_eq!(saved["DisplayName"], item.body["DisplayName"]),
                Err(fault) => {
                    assert_eq!((fault.code.as_str(), &item.body["DisplayName"]), ("2040", &json!("a:b")))
                }
            }
        }
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
        let calls = client.calls();
        assert_eq!((calls.reads, calls.writes, calls.batches), (0, 30, 1));
    }
}

#[tokio::test]
async fn updates_need_the_current_token_and_names_are_unique() {
    let company = Company::start().await;
    let client = company.client();
    let ann = client.batch("a", &[create("Ann")]).await.unwrap().remove(0).unwrap();
    let update = |fields: serde_json::Value, entity| {
        let mut body = object(fields);
        body.insert("sparse".into(), json!(true));
        BatchItem { operation: BatchOperation::Update, entity, body }
    };
    let (id, token) = (&ann["Id"], &ann["SyncToken"]);
    let items = [
        update(json!({ "Id": id, "SyncToken": token, "Notes": "x" }), Entity::Customer),
        create("ann"),
        update(json!({ "Id": "99999", "SyncToken": "0" }), Entity::Customer),
    ];
    let results = client.batch("b", &items).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap()["Notes"], "x");
    assert_eq!(results[1].as_ref().unwrap_err().kind(), FaultKind::NameTaken);
    assert_eq!(results[2].as_ref().unwrap_err().kind(), FaultKind::NotFound);
    let stale = client.batch("c", &items[..1]).await.unwrap();
    assert_eq!(stale[0].as_ref().unwrap_err().kind(), FaultKind::Stale);
}

#[tokio::test]
async fn batch_that_is_sent_again_is_carried_out_once() {
    let company = Company::start().await;
    let items = [create("Ann"), create("Bob")];
    let first = company.client().batch("same", &items).await.unwrap();
    let again = company.client().batch("same", &items).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(count(&company.client(), "Ann").await, 1);
}

#[tokio::test]
async fn impossible_batches_are_not_sent() {
    let company = Company::start().await;
    let client = company.client();
    assert!(client.batch("a", &[]).await.unwrap().is_empty());
    let many: Vec<BatchItem> = (0..=MAX_BATCH).map(|n| create(&n.to_string())).collect();
    let long_id = "x".repeat(37);
    for (id, items) in [("a", many.as_slice()), (&long_id, &many[..1]), ("", &many[..1])] {
        let error = client.batch(id, items).await.unwrap_err();
        assert!(matches!(error, QuickBooksError::Malformed(_)), "{error}");
    }
    assert!(company.transport.take_sent().is_empty());
}
