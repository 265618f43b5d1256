//! Batches and `requestid`.

use serde_json::{Value, json};

use crate::client::Client;

fn create(id: &str, name: &str) -> Value {
    json!({ "bId": id, "operation": "create", "Customer": { "DisplayName": name } })
}

#[tokio::test]
async fn items_succeed_and_fail_for_themselves() {
    let client = Client::start().await;
    let items = json!({ "BatchItemRequest": [
        create("1", "Ann"),
        create("2", "ann"),
        { "bId": "3", "Query": "select * from Customer where DisplayName = 'Ann'" },
        { "bId": "4", "operation": "update", "Customer": { "Id": "1", "SyncToken": "9", "sparse": true } },
        { "bId": "5", "operation": "delete", "Invoice": { "Id": "3", "SyncToken": "0" } },
        { "bId": "6", "operation": "update", "optionsData": "void", "SalesReceipt": { "Id": "6", "SyncToken": "0" } },
        { "bId": "7", "operation": "explode", "Customer": {} },
        { "bId": "8" },
    ] });
    let response = client.post("batch", items).await;
    assert_eq!(response.status, 200, "{}", response.body);
    let items = response.json()["BatchItemResponse"].as_array().unwrap().clone();
    let ids: Vec<&str> = items.iter().map(|item| item["bId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(items[0]["Customer"]["DisplayName"], "Ann");
    assert_eq!(items[2]["QueryResponse"]["Customer"][0]["Id"], items[0]["Customer"]["Id"]);
    assert_eq!(items[4]["Invoice"], json!({ "status": "Deleted", "domain": "QBO", "Id": "3" }));
    assert_eq!(items[5]["SalesReceipt"]["TotalAmt"], 0);
    for (at, code) in [(1, "6240"), (3, "5010"), (6, "500"), (7, "2020")] {
        assert_eq!(items[at]["Fault"]["Error"][0]["code"], code, "{at}");
        assert_eq!(items[at]["Fault"]["type"], "ValidationFault");
    }
}

#[tokio::test]
async fn batch_of_31_items_is_refused_and_nothing_is_written() {
    let client = Client::start().await;
    let batch = |size: usize| {
        let items: Vec<Value> = (0..size).map(|n| create(&n.to_string(), &format!("C{n}"))).collect();
        json!({ "BatchItemRequest": items })
    };
    let refused = client.post("batch", batch(31)).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "1040"));
    let found = client.query("select count(*) from Customer where DisplayName like 'C%'").await;
    assert_eq!(found.json()["QueryResponse"]["totalCount"], 0);
    assert_eq!(client.post("batch", batch(30)).await.status, 200);
}

#[tokio::test]
async fn request_id_replays_the_response_to_the_byte() {
    let client = Client::start().await;
    let body = json!({ "DisplayName": "Ann" });
    let first = client.post("customer?requestid=r-1", body.clone()).await;
    client.advance(3).await;
    let second = client.post("customer?requestid=r-1", body.clone()).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    let other = client.post("customer?requestid=r-1", json!({ "DisplayName": "Bob" })).await;
    assert_eq!(other.body, first.body);
    client.switch("request_id_other_body", json!("error_600")).await;
    assert_eq!(client.post("customer?requestid=r-1", json!({ "DisplayName": "Bob" })).await.code(), "600");
    assert_eq!(client.post("customer?requestid=r-1", body).await.body, first.body);
    let calls = client.control(http::Method::GET, "/stand-in/calls", json!({})).await;
    let replayed: Vec<bool> =
        calls.as_array().unwrap().iter().map(|call| call["replayed"].as_bool().unwrap()).collect();
    assert_eq!(replayed, [false, true, true, false, true]);
}

#[tokio::test]
async fn refused_requests_are_not_replayed() {
    let client = Client::start().await;
    client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    let body = json!({ "DisplayName": "Ann" });
    assert_eq!(client.post("customer?requestid=r-2", body).await.code(), "6240");
    assert_eq!(client.post("customer?requestid=r-2", json!({ "DisplayName": "Bob" })).await.status, 200);
}

#[tokio::test]
async fn request_id_of_a_batch_repeats_no_item_and_has_its_limits() {
    let client = Client::start().await;
    let batch = json!({ "BatchItemRequest": [create("1", "Ann"), create("2", "Bob")] });
    let first = client.post("batch?requestid=b-1", batch.clone()).await;
    let second = client.post("batch?requestid=b-1", batch.clone()).await;
    assert_eq!(first.body, second.body);
    assert_eq!(
        client.post(&format!("batch?requestid={}", "x".repeat(37)), batch.clone()).await.code(),
        "2050"
    );
    assert_eq!(
        client.post(&format!("customer?requestid={}", "x".repeat(51)), json!({})).await.code(),
        "2050"
    );
    let long = json!({ "BatchItemRequest": [create("12345678901", "Cid")] });
    assert_eq!(client.post("batch?requestid=b-2", long.clone()).await.code(), "2050");
    assert_eq!(client.post("batch", long).await.status, 200);
}
