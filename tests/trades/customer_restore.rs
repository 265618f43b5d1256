//! `trades-customer-restore`: POST /api/v1/customers/{uuid}/restore.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Stack, john};

#[tokio::test]
async fn restore_returns_the_deleted_customer_unchanged() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let before = stack.acme.get(&path).await.data();
    stack.acme.delete(&path).await.expect(200);
    let response = stack.acme.post(&format!("{path}/restore"), &Value::Null).await;
    assert_eq!(response.data(), before);
    assert_eq!(response.header("etag"), "\"3\"");
    assert_eq!(stack.acme.get(&path).await.data(), before);
    let list = stack.acme.get("/api/v1/customers?search=john").await.data();
    assert_eq!((&list["pagination"]["total"], &list["customers"][0]), (&json!(1), &before));
}

#[tokio::test]
async fn restore_keeps_a_live_customer_unchanged_and_rejects_an_unknown_one() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let response = stack.acme.post(&format!("{path}/restore"), &Value::Null).await;
    response.expect(200);
    assert_eq!(response.header("etag"), "\"1\"");
    let unknown = "/api/v1/customers/123e4567-e89b-12d3-a456-426614174000/restore";
    assert_eq!(stack.acme.post(unknown, &Value::Null).await.error(404), "Customer not found");
}

#[tokio::test]
async fn restore_that_changed_nothing_is_replayed_after_a_delete() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let restore = format!("{path}/restore");
    let send = async || {
        stack.acme.send(Method::POST, &restore, &[("idempotency-key", "restore-1")], String::new()).await
    };
    let first = send().await;
    first.expect(200);
    stack.acme.delete(&path).await.expect(200);
    let again = send().await;
    assert_eq!((again.expect(200), again.header("idempotent-replayed")), (first.expect(200), "true"));
    assert_eq!(stack.acme.get(&path).await.error(404), "Customer not found");
    // Another key restores.
    let other = stack.acme.send(Method::POST, &restore, &[("idempotency-key", "restore-2")], String::new());
    assert_eq!(other.await.header("etag"), "\"3\"");
}
