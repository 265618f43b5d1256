//! Limits on requests, which are on by default.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::Client;

#[tokio::test]
async fn eleventh_request_of_a_second_gets_429_in_xml_and_a_minute_clears_it() {
    let client = Client::start_throttled().await;
    client.control(Method::POST, "/stand-in/clock", json!({ "speed": 0 })).await;
    for _ in 0..10 {
        assert_eq!(client.get("customer/1").await.status, 200);
    }
    let refused = client.get("customer/1").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, None));
    assert!(refused.body.contains("3001") && refused.body.starts_with("<?xml"), "{}", refused.body);
    client.switch("throttle_format", json!("json")).await;
    client.switch("retry_after", json!(true)).await;
    let refused = client.get("customer/1").await;
    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("3001", Some("60")));
    client.advance(61).await;
    assert_eq!(client.get("customer/1").await.status, 200);
}

#[tokio::test]
async fn forty_first_batch_of_a_minute_gets_429() {
    let client = Client::start_throttled().await;
    client.control(Method::POST, "/stand-in/clock", json!({ "speed": 0 })).await;
    let batch = json!({ "BatchItemRequest": [{ "bId": "1", "Query": "select count(*) from Vendor" }] });
    for _ in 0..40 {
        client.advance(1).await;
        assert_eq!(client.post("batch", batch.clone()).await.status, 200);
    }
    client.advance(1).await;
    assert_eq!(client.post("batch", batch.clone()).await.status, 429);
    assert_eq!(client.get("customer/1").await.status, 200);
    client.advance(61).await;
    assert_eq!(client.post("batch", batch).await.status, 200);
}

#[tokio::test]
async fn eleventh_concurrent_request_gets_429() {
    let client = Client::start().await;
    client.switch("throttling", json!(true)).await;
    client.switch("requests_per_second", json!(1000)).await;
    let slow = json!({ "match": { "path": "/customer/2" }, "times": 10, "do": "slow", "seconds": 600 });
    client.control(Method::POST, "/stand-in/faults", slow).await;
    let started = async {
        loop {
            let calls = client.control(Method::GET, "/stand-in/calls", json!({})).await;
            if calls.as_array().unwrap().len() == 10 {
                return client.get("customer/1").await.status;
            }
            tokio::task::yield_now().await;
        }
    };
    let slow = futures::future::join_all((0..10).map(|_| client.get("customer/2")));
    tokio::select! {
        status = started => assert_eq!(status, 429),
        _ = slow => panic!("the slow requests ended"),
    }
}

#[tokio::test]
async fn lapsed_company_and_lost_access_have_their_codes() {
    let client = Client::start().await;
    client.switch("company_status", json!("lapsed")).await;
    assert_eq!(client.refused("Customer", json!({ "DisplayName": "Ann" })).await, "6190");
    assert_eq!(client.get("customer/1").await.status, 200);
    client.switch("company_status", json!("access_lost")).await;
    let refused = client.get("customer/1").await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "120"));
}

#[tokio::test]
async fn each_query_of_a_batch_is_a_metered_call() {
    let client = Client::start().await;
    client.switch("monthly_metered_calls", json!(3)).await;
    let queries = |count: usize| {
        let items: Vec<_> = (0..count)
            .map(|n| json!({ "bId": n.to_string(), "Query": "select count(*) from Vendor" }))
            .collect();
        json!({ "BatchItemRequest": items })
    };
    assert_eq!(client.post("batch", queries(4)).await.status, 403);
    assert_eq!(client.post("batch", queries(3)).await.status, 200);
    assert_eq!(client.get("customer/1").await.status, 403);
    client.save("Customer", json!({ "DisplayName": "Ann" })).await;
}

#[tokio::test]
async fn connection_without_a_complete_head_is_closed() {
    let client = Client::start().await;
    let address = client.ready.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    // With the clock paused, the next timer is due as soon as all tasks wait.
    tokio::time::pause();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(3600), stream.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the connection is still open after an hour");
}
