//! Change data capture.

use clientele_infra_quickbooks::entities::Kind;
use http::Method;
use serde_json::{Value, json};

use crate::client::Client;

async fn changes(client: &Client, entities: &str, since: &str) -> Vec<Value> {
    let since: String = form_urlencoded::byte_serialize(since.as_bytes()).collect();
    let response = client.get(&format!("cdc?entities={entities}&changedSince={since}")).await;
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["CDCResponse"][0]["QueryResponse"].as_array().unwrap().clone()
}

async fn now(client: &Client) -> String {
    let clock = client.control(Method::GET, "/stand-in/clock", json!({})).await;
    clock["now"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn changed_inactive_and_deleted_objects_are_reported_since_a_moment() {
    let client = Client::start().await;
    client.advance(10).await;
    let since = now(&client).await;
    client.advance(10).await;
    let ann = client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    client
        .save("Customer", json!({ "Id": ann["Id"], "SyncToken": "0", "sparse": true, "Active": false }))
        .await;
    client.post("invoice?operation=delete", json!({ "Id": "3", "SyncToken": "0" })).await;
    let found = changes(&client, "Customer,Invoice,Vendor", &since).await;
    assert_eq!(found.len(), 3);
    assert_eq!((&found[0]["startPosition"], &found[0]["maxResults"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&found[0]["Customer"][0]["Id"], &found[0]["Customer"][0]["Active"]),
        (&ann["Id"], &json!(false))
    );
    let deleted = &found[1]["Invoice"][0];
    assert_eq!((&deleted["status"], &deleted["Id"]), (&json!("Deleted"), &json!("3")));
    assert!(deleted["MetaData"]["LastUpdatedTime"].is_string() && deleted.get("SyncToken").is_none());
    assert_eq!(found[2], json!({}));
}

#[tokio::test]
async fn boundary_is_inclusive_unless_switched() {
    let client = Client::start().await;
    let ann = client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    client.advance(10).await;
    let since = ann["MetaData"]["LastUpdatedTime"].as_str().unwrap();
    assert_eq!(changes(&client, "Customer", since).await[0]["maxResults"], 1);
    client.switch("cdc_boundary", json!("exclusive")).await;
    assert_eq!(changes(&client, "Customer", since).await[0], json!({}));
}

#[tokio::test]
async fn window_of_30_days_is_truncated_or_refused() {
    let client = Client::start().await;
    client.save("Customer", json!({ "DisplayName": "Old" })).await;
    client.advance(31 * 86_400).await;
    let refreshed = client.stand_in.lock().ready.refresh_token.clone();
    let mut client = client;
    client.token =
        crate::oauth::refresh(&client, &refreshed).await["access_token"].as_str().unwrap().to_owned();
    client.save("Customer", json!({ "DisplayName": "New" })).await;
    let found = changes(&client, "Customer", "2020-01-01").await;
    assert_eq!(found[0]["Customer"].as_array().unwrap().len(), 1);
    client.switch("cdc_beyond_30_days", json!("error")).await;
    assert_eq!(client.get("cdc?entities=Customer&changedSince=2020-01-01").await.status, 400);
}

#[tokio::test]
async fn at_most_1000_objects_are_returned_over_all_entities() {
    let client = Client::start().await;
    client.create_customers(1020).await;
    let found = changes(&client, "Invoice,Customer,Vendor", "2020-01-01").await;
    assert_eq!((&found[0]["maxResults"], &found[1]["maxResults"]), (&json!(3), &json!(997)));
    assert_eq!(found[2], json!({}));
}

#[tokio::test]
async fn invalid_requests_are_refused() {
    let client = Client::start().await;
    for (path, code) in [
        ("cdc?entities=Customer", "2020"),
        ("cdc?changedSince=2026-01-01", "2020"),
        ("cdc?entities=TaxCode&changedSince=2026-01-01", "4001"),
        ("cdc?entities=Customer&changedSince=yesterday", "2030"),
    ] {
        assert_eq!(client.get(path).await.code(), code, "{path}");
    }
}

#[tokio::test]
async fn deletions_are_dropped_after_30_days() {
    let client = Client::start().await;
    client.edit("Invoice", "delete", json!({ "Id": "1" })).await;
    client.advance(30 * 86_400 + 1).await;
    client.edit("Invoice", "delete", json!({ "Id": "3" })).await;
    let state = client.stand_in.lock();
    let ids: Vec<u64> = state.company.deleted(Kind::Invoice).map(|(id, _)| id).collect();
    assert_eq!(ids, [3]);
}
