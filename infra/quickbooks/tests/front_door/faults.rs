//! Faults that tests order.

use http::Method;
use serde_json::{Value, json};

use crate::client::Client;

async fn order(client: &Client, order: Value) {
    client.control(Method::POST, "/stand-in/faults", order).await;
}

async fn count(client: &Client, name: &str) -> Value {
    let found = client.query(&format!("select count(*) from Customer where DisplayName = '{name}'")).await;
    found.json()["QueryResponse"]["totalCount"].clone()
}

#[tokio::test]
async fn faults_with_a_response_write_nothing() {
    let client = Client::start().await;
    for (action, status, code) in [
        ("status_500", 500, Some("10000")),
        ("status_503", 503, Some("10000")),
        ("unauthorized", 401, Some("3200")),
        ("fault_in_200", 200, Some("6000")),
        ("throttle", 429, None),
        ("xml_error", 500, None),
    ] {
        order(&client, json!({ "match": { "operation": "create" }, "do": action })).await;
        let response = client.post("customer", json!({ "DisplayName": "Ann" })).await;
        assert_eq!(response.status, status, "{action}");
        match code {
            Some(code) => assert_eq!(response.code(), code),
            None => assert!(
                response.body.starts_with("<?xml")
                    && response.header("content-type").unwrap().contains("xml")
            ),
        }
        assert_eq!(count(&client, "Ann").await, 0, "{action}");
    }
    client.save("Customer", json!({ "DisplayName": "Ann" })).await;
}

#[tokio::test]
async fn dropped_connections_differ_in_whether_the_call_was_carried_out() {
    let client = Client::start().await;
    for (action, written) in [("drop_before", 0), ("drop_after", 1)] {
        let path = format!("/v3/company/{}/customer", client.ready.realm_id);
        order(&client, json!({ "match": { "path": path }, "do": action })).await;
        let body = json!({ "DisplayName": action });
        let path = format!("customer?requestid={action}");
        assert!(client.try_api(Method::POST, &path, Some(&body)).await.is_none(), "{action}");
        assert_eq!(count(&client, action).await, written, "{action}");
        assert_eq!(client.post(&path, body).await.status, 200);
        assert_eq!(count(&client, action).await, 1, "{action}");
    }
    let calls = client.control(Method::GET, "/stand-in/calls", json!({})).await;
    let faults: Vec<&str> =
        calls.as_array().unwrap().iter().filter_map(|call| call["fault"].as_str()).collect();
    assert_eq!(faults, ["drop_before", "drop_after"]);
}

#[tokio::test]
async fn slow_and_timed_out_calls_end_after_their_seconds() {
    let client = Client::start().await;
    order(&client, json!({ "match": {}, "do": "slow", "seconds": 0.01 })).await;
    assert_eq!(client.get("customer/1").await.status, 200);
    order(&client, json!({ "match": {}, "do": "timeout", "seconds": 0.01 })).await;
    let body = json!({ "DisplayName": "Ann" });
    assert!(client.try_api(Method::POST, "customer", Some(&body)).await.is_none());
    assert_eq!(count(&client, "Ann").await, 0);
}

#[tokio::test]
async fn faults_count_calls_and_can_be_cleared() {
    let client = Client::start().await;
    order(&client, json!({ "match": { "entity": "Customer" }, "after": 1, "times": 2, "do": "status_503" }))
        .await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(client.get("customer/1").await.status);
        assert_eq!(client.get("invoice/1").await.status, 200);
    }
    assert_eq!(statuses, [200, 503, 503, 200]);
    order(&client, json!({ "match": {}, "times": 9, "do": "status_500" })).await;
    client.control(Method::DELETE, "/stand-in/faults", json!({})).await;
    assert_eq!(client.get("customer/1").await.status, 200);
}

#[tokio::test]
async fn token_endpoint_is_hit_only_by_its_path() {
    let client = Client::start().await;
    order(&client, json!({ "match": {}, "do": "status_500" })).await;
    crate::oauth::refresh(&client, &client.ready.refresh_token).await;
    order(&client, json!({ "match": { "path": "/oauth2/v1/tokens/bearer" }, "do": "status_503" })).await;
    let response = client.send(Method::POST, "/oauth2/v1/tokens/bearer", &[], "").await.unwrap();
    assert_eq!(response.status, 503);
}

#[tokio::test]
async fn token_endpoint_drops_delays_and_carries_out_as_ordered() {
    let client = Client::start().await;
    client.switch("refresh_token_rotation", json!("every_time")).await;
    let path = "/oauth2/v1/tokens/bearer";
    let credentials =
        format!("client_id={}&client_secret={}", client.ready.client_id, client.ready.client_secret);
    let faulty = async |action: &str, token: &str| {
        order(&client, json!({ "match": { "path": path }, "do": action, "seconds": 0.01 })).await;
        let body = format!("{credentials}&grant_type=refresh_token&refresh_token={token}");
        client.send(Method::POST, path, &[], body).await
    };
    let first = client.ready.refresh_token.clone();
    for action in ["drop_before", "timeout"] {
        assert!(faulty(action, &first).await.is_none(), "{action}");
    }
    let slow = faulty("slow", &first).await.unwrap();
    assert_eq!(slow.status, 200, "{}", slow.body);
    let second = slow.json()["refresh_token"].as_str().unwrap().to_owned();
    assert!(faulty("drop_after", &second).await.is_none());
    let lost = faulty("slow", &second).await.unwrap();
    assert_eq!((lost.status, &lost.json()["error"]), (400, &json!("invalid_grant")));
}
