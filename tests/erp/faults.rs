//! Faults of the table are reported with 429 or 503 and `Retry-After` in this dialect's format, whichever call fails.

use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{OrderStatus, Settings};

use super::error_of;
use crate::pool::faults::start_without_retries;
use crate::support::orders::{order, write};
use crate::support::{FaultAction, Faults};

/// A request to every kind of function. Requests that write give the same result each time.
fn requests() -> Vec<(Method, &'static str, Value)> {
    vec![
        (Method::GET, "/api/customers?search=acme&limit=2", Value::Null),
        (Method::GET, "/api/customers/cust_1", Value::Null),
        (Method::PUT, "/api/customers/cust_1", json!({"notes": "n", "contacts": [{"name": "Ann"}]})),
        (Method::POST, "/api/customers", json!({"name": "Bolt"})),
        (Method::POST, "/api/customers/cust_1/contacts", json!({"name": "Bob"})),
        (Method::GET, "/api/customers/cust_1/orders?date_from=2024-01-10", Value::Null),
        (Method::GET, "/api/customers/cust_1/analytics?period=all", Value::Null),
        (Method::POST, "/api/customers/cust_1/credit-check", Value::Null),
    ]
}

#[tokio::test]
async fn fault_in_any_call_is_reported() {
    let faults = Faults::default();
    let stack = start_without_retries(&faults).await;
    stack.settings(Settings { usage_metering: false, ..Settings::default() }).await;
    stack.acme.post("/api/customers", &json!({"name": "Acme"})).await.expect(201);
    write(&stack, "cust_1", &[order("1", "2024-01-15T00:00:00Z", OrderStatus::Delivered, 100)]).await;
    for (status, engine_status, kind, code) in [
        (429, 400, "com.amazon.coral.availability#ThrottlingException", "rate_limited"),
        (503, 500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "unavailable"),
    ] {
        let answer = json!({"__type": kind, "message": "secret"}).to_string();
        for (method, path, body) in requests() {
            let mut reported = 0;
            for call in 1.. {
                faults.inject(call, FaultAction::Respond(engine_status, answer.clone()));
                let response = stack.acme.send(method.clone(), path, &[], body.to_string()).await;
                if faults.clear().len() < call {
                    break;
                }
                let context = format!("{method} {path}, call {call}: {}", response.body);
                // After a call that wrote something, throttling is not reported as such.
                let expected = if response.status == 503 { (503, "unavailable") } else { (status, code) };
                assert_eq!(error_of(&response, expected.0).0, expected.1, "{context}");
                assert_eq!(response.header("retry-after"), "1", "{context}");
                assert!(!response.body.contains("secret"), "{context}");
                reported += 1;
            }
            assert!(reported > 0, "{method} {path} made no calls; are they recorded?");
        }
    }
    let shown = stack.acme.get("/api/customers/cust_1").await.expect(200);
    assert_eq!(shown["data"]["name"], "Acme");
}
