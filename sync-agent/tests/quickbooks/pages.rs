//! Reading all objects of an entity while others change them.

use std::collections::BTreeSet;

use clientele_sync_agent::quickbooks::{BatchItem, BatchOperation, Entity, Object, Pages, QuickBooks};
use serde_json::json;

use crate::stand_in::{Company, create, object};

fn id(object: &Object) -> String {
    object["Id"].as_str().unwrap().to_owned()
}

/// Creates this number of customers, a multiple of 30.
async fn fill(client: &QuickBooks, count: usize) {
    for batch in 0..count / 30 {
        let items: Vec<BatchItem> = (0..30).map(|n| create(&format!("C{batch}-{n}"))).collect();
        let results = client.batch(&format!("fill-{batch}"), &items).await.unwrap();
        assert!(results.iter().all(Result::is_ok));
    }
}

/// Changes customers, inactive ones after it included, so that they move to the end.
async fn touch(client: &QuickBooks, request_id: &str, customers: &[Object]) {
    for (n, some) in customers.chunks(30).enumerate() {
        let item = |customer: &Object| {
            let (id, token) = (&customer["Id"], &customer["SyncToken"]);
            let body = object(json!({ "Id": id, "SyncToken": token, "sparse": true, "Notes": "new" }));
            BatchItem { operation: BatchOperation::Update, entity: Entity::Customer, body }
        };
        let items: Vec<BatchItem> = some.iter().map(item).collect();
        let results = client.batch(&format!("{request_id}-{n}"), &items).await.unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }
}

/// Reads the rest, and returns all ids in order.
async fn rest(pages: &mut Pages, mut ids: Vec<String>) -> Vec<String> {
    while let Some(page) = pages.next_page().await.unwrap() {
        ids.extend(page.iter().map(id));
    }
    ids
}

/// Asserts that each customer was read once.
async fn assert_complete(client: &QuickBooks, ids: &[String]) {
    let count = "SELECT COUNT(*) FROM Customer WHERE Active IN (true, false)";
    let total = usize::try_from(client.query_count(count).await.unwrap()).unwrap();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((distinct.len(), ids.len()), (total, total));
}

#[tokio::test]
async fn customers_are_read_once_although_some_change_during_the_read() {
    let company = Company::start().await;
    // A batch takes some of the clock's seconds, so that times differ.
    company.set_speed(300.0);
    let client = company.client();
    fill(&client, 2520).await;
    let mut pages = client.query_all(Entity::Customer);
    assert_eq!(pages.started_at(), None);
    let first = pages.next_page().await.unwrap().unwrap();
    assert_eq!(first.len(), 1000);
    let started_at = pages.started_at().unwrap();
    touch(&client, "early", &first[100..400]).await;
    company.edit("deactivate", "Customer", json!({ "Id": id(&first[500]) })).await;
    let mut ids: Vec<String> = first.iter().map(id).collect();
    let second = pages.next_page().await.unwrap().unwrap();
    ids.extend(second.iter().map(id));
    touch(&client, "late", &second[..30]).await;
    let ids = rest(&mut pages, ids).await;
    assert_eq!(pages.next_page().await.unwrap(), None);
    assert_complete(&client, &ids).await;

    let changed = rest(&mut client.query_changed(Entity::Customer, started_at), Vec::new()).await;
    assert!(changed.len() >= 331 && first[100..400].iter().all(|customer| changed.contains(&id(customer))));
}

#[tokio::test]
async fn customers_of_one_moment_are_read_once_although_some_leave_it() {
    let company = Company::start().await;
    company.set_speed(0.0);
    let client = company.client();
    fill(&client, 2520).await;
    let mut pages = client.query_all(Entity::Customer);
    let first = pages.next_page().await.unwrap().unwrap();
    let mut ids: Vec<String> = first.iter().map(id).collect();
    company.advance(10);
    touch(&client, "first", &first[300..330]).await;
    for n in 0..2 {
        let page = pages.next_page().await.unwrap().unwrap();
        ids.extend(page.iter().map(id));
        company.advance(10);
        touch(&client, &format!("more-{n}"), &first[400 + 30 * n..430 + 30 * n]).await;
    }
    let ids = rest(&mut pages, ids).await;
    assert_complete(&client, &ids).await;
}

#[tokio::test]
async fn page_that_fails_is_read_again() {
    let company = Company::start().await;
    let client = company.client();
    company.fault(json!({ "match": { "operation": "query" }, "times": 8, "do": "status_503" }));
    let mut pages = client.query_all(Entity::Vendor);
    assert!(pages.next_page().await.unwrap_err().is_temporary());
    assert!(!rest(&mut pages, Vec::new()).await.is_empty());
}
