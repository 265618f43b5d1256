//! API keys: both header forms, scopes, modes, revocation.

use http::Method;
use serde_json::json;

use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_shared::model::Mode;

use crate::support::{Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn api_key_is_accepted_in_either_header() {
    let stack = Stack::start().await;
    let secret = stack.acme.secret.as_str();
    let bearer = format!("Bearer {secret}");
    stack.anonymous(Method::GET, CUSTOMERS, &[("x-api-key", secret)]).await.expect(200);
    stack.anonymous(Method::GET, CUSTOMERS, &[("authorization", &bearer)]).await.expect(200);
}

#[tokio::test]
async fn requests_without_a_valid_key_are_unauthorized() {
    let stack = Stack::start().await;
    let response = stack.anonymous(Method::GET, CUSTOMERS, &[]).await;
    assert!(response.error(401).starts_with("API key required"));
    // API Gateway's REST APIs forward this header under another name.
    assert_eq!(response.header("x-amzn-remapped-www-authenticate"), "Bearer");
    let almost = format!("{}x", stack.acme.secret);
    for wrong in ["ctc_live_sk_test_1234567890abcdefghijklmnopqrstuvwxyz", "sk_live_1", &almost] {
        let response = stack.anonymous(Method::GET, CUSTOMERS, &[("x-api-key", wrong)]).await;
        assert_eq!(response.error(401), "Invalid API key");
    }
}

#[tokio::test]
async fn requests_outside_the_scopes_of_a_key_are_forbidden() {
    let stack = Stack::start().await;
    let reader = stack.caller("acme", Mode::Live, "read").await;
    let writer = stack.caller("acme", Mode::Live, "write").await;
    let uuid = writer.create(&john()).await;
    let path = format!("{CUSTOMERS}/{uuid}");
    reader.get(&path).await.expect(200);
    assert_eq!(writer.get(&path).await.error(403), "This API key lacks the scope `read`");
    assert_eq!(reader.post(CUSTOMERS, &john()).await.error(403), "This API key lacks the scope `write`");
    reader.put(&path, &john()).await.error(403);
    reader.delete(&path).await.error(403);
    reader.post(&format!("{path}/restore"), &john()).await.error(403);
    assert_eq!(reader.get(CUSTOMERS).await.data()["pagination"]["total"], 1);
}

#[tokio::test]
async fn test_keys_access_only_the_sandbox() {
    let stack = Stack::start().await;
    let sandbox = stack.caller("acme", Mode::Test, "read,write").await;
    assert!(sandbox.secret.starts_with("ctc_test_"));
    let uuid = sandbox.create(&john()).await;
    stack.acme.get(&format!("{CUSTOMERS}/{uuid}")).await.error(404);
    assert_eq!(stack.acme.get(CUSTOMERS).await.data()["pagination"]["total"], 0);
    assert_eq!(sandbox.get(CUSTOMERS).await.data()["pagination"]["total"], 1);
}

#[tokio::test]
async fn revoked_and_rotated_keys_stop_working_after_fresh_seconds() {
    let stack = Stack::start().await;
    let acme = "acme".parse().unwrap();
    stack.acme.get(CUSTOMERS).await.expect(200);
    let (_, secret) = stack.store.api_key_rotate(&acme, &stack.acme.key.id()).await.unwrap();
    stack.anonymous(Method::GET, CUSTOMERS, &[("x-api-key", secret.reveal())]).await.expect(200);
    stack.clock.advance_seconds(FRESH_SECONDS);
    assert_eq!(stack.acme.get(CUSTOMERS).await.error(401), "Invalid API key");
    let keys = stack.store.api_keys_list(&acme).await.unwrap();
    stack.store.api_key_revoke(&acme, &keys[0].id()).await.unwrap();
    stack.clock.advance_seconds(FRESH_SECONDS);
    stack.anonymous(Method::GET, CUSTOMERS, &[("x-api-key", secret.reveal())]).await.error(401);
}

#[tokio::test]
async fn only_the_hash_of_a_key_is_stored() {
    let stack = Stack::start().await;
    let response = stack.client.scan().table_name(&stack.table).send().await.unwrap();
    let everything = format!("{:?}", response.items());
    assert!(everything.contains(stack.acme.key.hash.as_str()));
    assert!(!everything.contains(&stack.acme.secret));
}

#[tokio::test]
async fn key_that_cannot_read_is_shown_no_stored_customer() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let writer = stack.caller("acme", Mode::Live, "write").await;
    writer.create(&john()).await;
    for response in
        [writer.put(&path, &json!({})).await, writer.post(&format!("{path}/restore"), &json!({})).await]
    {
        assert_eq!(response.error(403), "This API key lacks the scope `read`");
    }
    assert!(!writer.delete(&path).await.body.contains("John"));
}
