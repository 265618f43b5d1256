//! The controls: calls, edits by a person, merge, reset, clock.

use http::Method;
use serde_json::{Value, json};

use crate::client::Client;

async fn calls(client: &Client, after: u64) -> Vec<Value> {
    let calls = client.control(Method::GET, &format!("/stand-in/calls?after={after}"), json!({})).await;
    calls.as_array().unwrap().clone()
}

#[tokio::test]
async fn log_names_each_call_in_order() {
    let client = Client::start().await;
    let realm = client.ready.realm_id.clone();
    let id = client.save("Customer", json!({ "DisplayName": "Ann" })).await["Id"].clone();
    client.post("customer?requestid=r", json!({ "Id": id, "SyncToken": "9", "sparse": true })).await;
    client.get("customer/1?minorversion=75").await;
    client.query("select * from invoice").await;
    client.get("cdc?entities=Customer&changedSince=2026-01-01").await;
    client
        .post("batch", json!({ "BatchItemRequest": [{ "bId": "1", "Query": "select * from Vendor" }] }))
        .await;
    client.post("invoice?operation=void", json!({ "Id": "1", "SyncToken": "9" })).await;
    let path = |rest: &str| format!("/v3/company/{realm}/{rest}");
    let expected = [
        ("POST", path("customer"), json!("Customer"), "create", json!(null), 200, false),
        ("POST", path("customer"), json!("Customer"), "update", json!("r"), 400, false),
        ("GET", path("customer/1"), json!("Customer"), "read", json!(null), 200, true),
        ("GET", path("query"), json!("Invoice"), "query", json!(null), 200, true),
        ("GET", path("cdc"), json!(null), "cdc", json!(null), 200, true),
        ("POST", path("batch"), json!(null), "batch", json!(null), 200, true),
        ("POST", path("invoice"), json!("Invoice"), "void", json!(null), 400, false),
    ];
    let found = calls(&client, 0).await;
    assert_eq!(found.len(), expected.len());
    for (at, (method, path, entity, operation, requestid, status, metered)) in
        expected.into_iter().enumerate()
    {
        let call = &found[at];
        assert_eq!(call["number"], at + 1);
        assert_eq!((&call["method"], &call["path"]), (&json!(method), &json!(path)));
        assert_eq!((&call["entity"], &call["operation"]), (&entity, &json!(operation)));
        assert_eq!(
            (&call["requestid"], &call["status"], &call["metered"]),
            (&requestid, &json!(status), &json!(metered))
        );
        assert!(call["time"].is_string());
    }
    assert_eq!(calls(&client, 6).await.len(), 1);
}

#[tokio::test]
async fn person_edits_without_a_version() {
    let client = Client::start().await;
    let ann = client.edit("Customer", "create", json!({ "DisplayName": "Ann" })).await;
    let updated = client.edit("Customer", "update", json!({ "Id": ann["Id"], "Notes": "n" })).await;
    assert_eq!((&updated["SyncToken"], &updated["DisplayName"]), (&json!("1"), &json!("Ann")));
    let line = json!({ "Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {} });
    let invoice = json!({ "CustomerRef": { "value": ann["Id"] }, "Line": [line] });
    let invoice = client.edit("Invoice", "create", invoice).await;
    let inactive = client.edit("Customer", "deactivate", json!({ "Id": ann["Id"] })).await;
    assert_eq!((&inactive["Active"], &inactive["Balance"]), (&json!(false), &json!(0)));
    let query = format!("select * from CreditMemo where CustomerRef = '{}'", ann["Id"].as_str().unwrap());
    assert_eq!(client.query(&query).await.json()["QueryResponse"]["CreditMemo"][0]["TotalAmt"], 5);
    assert_eq!(client.edit("Invoice", "void", json!({ "Id": invoice["Id"] })).await["TotalAmt"], 0);
    assert_eq!(client.edit("Invoice", "delete", json!({ "Id": invoice["Id"] })).await["status"], "Deleted");
    let refused =
        json!({ "entity": "Customer", "operation": "update", "object": { "Id": "1", "DisplayName": "a:b" } });
    let refused = client.send(Method::POST, "/stand-in/edit", &[], refused.to_string()).await.unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (400, "2040"));
}

#[tokio::test]
async fn merge_moves_transactions_and_balances_to_the_survivor() {
    let client = Client::start().await;
    let before = client.read("Customer", &json!("1")).await["Balance"].as_f64().unwrap();
    let merged = client.read("Customer", &json!("2")).await["Balance"].as_f64().unwrap();
    let survivor = client.edit("Customer", "merge", json!({ "Id": "1", "deletedId": "2" })).await;
    assert_eq!(survivor["Balance"].as_f64().unwrap(), before + merged);
    assert_eq!(client.get("customer/2").await.code(), "610");
    let moved = client.query("select * from Invoice where CustomerRef = '1'").await.json();
    assert_eq!(moved["QueryResponse"]["Invoice"].as_array().unwrap().len(), 2);
    let cdc = client.get("cdc?entities=Customer&changedSince=2020-01-01").await.json();
    let customers = cdc["CDCResponse"][0]["QueryResponse"][0]["Customer"].as_array().unwrap().clone();
    let gone: Vec<&Value> = customers.iter().filter(|customer| customer["status"] == "Deleted").collect();
    assert_eq!((gone.len(), &gone[0]["Id"]), (1, &json!("2")));
}

#[tokio::test]
async fn reset_returns_to_the_demo_company_and_keeps_the_credentials() {
    let client = Client::start().await;
    let demo = client.read("Customer", &json!("1")).await;
    client.edit("Customer", "update", json!({ "Id": "1", "DisplayName": "Changed" })).await;
    client.post("customer?requestid=r", json!({ "DisplayName": "Ann" })).await;
    client.switch("cdc_boundary", json!("exclusive")).await;
    client.advance(10 * 86_400).await;
    client.control(Method::POST, "/stand-in/revoke", json!({})).await;
    client.control(Method::POST, "/stand-in/faults", json!({ "match": {}, "do": "status_500" })).await;
    client.control(Method::POST, "/stand-in/reset", json!({})).await;
    let read = client.read("Customer", &json!("1")).await;
    assert_eq!((&read["DisplayName"], &read["SyncToken"]), (&demo["DisplayName"], &demo["SyncToken"]));
    let switches = client.control(Method::GET, "/stand-in/switches", json!({})).await;
    assert!(switches.as_array().unwrap().iter().all(|switch| switch["value"] == switch["default"]));
    let created = client.post("customer?requestid=r", json!({ "DisplayName": "Ann" })).await;
    assert_eq!((created.status, &created.json()["Customer"]["SyncToken"]), (200, &json!("0")));
    crate::oauth::refresh(&client, &client.ready.refresh_token).await;
}

#[tokio::test]
async fn clock_moves_times_and_expiry() {
    let client = Client::start().await;
    let before = client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    client.control(Method::POST, "/stand-in/clock", json!({ "speed": 0 })).await;
    client.advance(1800).await;
    let after = client.save("Customer", json!({ "DisplayName": "Bob" })).await;
    let seconds = |object: &Value| {
        let time = object["MetaData"]["CreateTime"].as_str().unwrap();
        clientele_infra_quickbooks::clock::parse_time(time).unwrap().as_second()
    };
    assert!((1800..1803).contains(&(seconds(&after) - seconds(&before))));
    client.advance(1801).await;
    assert_eq!(client.get("customer/1").await.status, 401);
    let refused = client.send(Method::POST, "/stand-in/clock", &[], r#"{"speed":-1}"#).await.unwrap();
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn controls_reject_other_websites_and_bad_bodies() {
    let client = Client::start().await;
    let send = async |headers: &[(&str, &str)], body: &'static str| {
        client.send(Method::PUT, "/stand-in/switches", headers, body).await.unwrap().status
    };
    assert_eq!(send(&[("host", "evil.example.com")], "{}").await, 403);
    assert_eq!(send(&[("origin", "http://evil.example.com")], "{}").await, 403);
    assert_eq!(send(&[("origin", "http://127.0.0.1:1")], "{}").await, 200);
    assert_eq!(send(&[], r#"{"throttling":"often"}"#).await, 400);
    assert_eq!(send(&[], r#"{"none":1}"#).await, 400);
    assert_eq!(send(&[], "{").await, 400);
}

#[tokio::test]
async fn person_clears_fields_and_replaces_addresses_whatever_clients_can() {
    let client = Client::start().await;
    client.switch("sparse_clear", json!("never")).await;
    client.switch("sparse_sub_object", json!("merge")).await;
    let address = json!({ "Line1": "1 Main", "City": "Tampa" });
    let ann =
        client.save("Customer", json!({ "DisplayName": "Ann", "Notes": "n", "BillAddr": address })).await;
    let edit = json!({ "Id": ann["Id"], "Notes": "", "BillAddr": { "City": "Miami" } });
    let edited = client.edit("Customer", "update", edit).await;
    assert_eq!((edited.get("Notes"), edited["BillAddr"].get("Line1")), (None, None));
    assert_eq!(edited["BillAddr"]["City"], "Miami");
}

#[tokio::test]
async fn log_keeps_a_bounded_part_of_each_call() {
    let client = Client::start().await;
    let items: Vec<Value> = (0..200).map(|n| json!({ "bId": n.to_string(), "Query": "select" })).collect();
    let id = "\u{e9}".repeat(300);
    let encoded: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let batch = json!({ "BatchItemRequest": items });
    assert_eq!(client.post(&format!("batch?requestid={encoded}"), batch).await.status, 400);
    client.get(&format!("customer/{}", "1".repeat(300))).await;
    let found = calls(&client, 0).await;
    assert_eq!(found[0]["items"].as_array().unwrap().len(), 64);
    assert_eq!(found[0]["requestid"].as_str().unwrap(), "\u{e9}".repeat(200));
    assert_eq!(found[1]["path"].as_str().unwrap().len(), 200);
}
