//! `trades-customer-get`: GET /api/v1/customers/{uuid}.

use http::Method;

use crate::support::{Stack, john};

#[tokio::test]
async fn unknown_and_malformed_uuids_return_the_same_404() {
    let stack = Stack::start().await;
    for uuid in ["123e4567-e89b-12d3-a456-426614174000", "x", "123", "cust_1", "%00", "%2e%2e", "{uuid}", "ä"]
    {
        let response = stack
            .acme
            .get(&format!("/api/v1/customers/{}", uuid.replace('{', "%7B").replace('ä', "%C3%A4")))
            .await;
        assert_eq!(response.error(404), "Customer not found", "{uuid}");
    }
}

#[tokio::test]
async fn uuids_are_case_insensitive() {
    let stack = Stack::start().await;
    let uuid = stack.acme.create(&john()).await;
    let response = stack.acme.get(&format!("/api/v1/customers/{}", uuid.to_uppercase())).await;
    assert_eq!(response.data()["uuid"], uuid);
}

#[tokio::test]
async fn deleted_customer_is_hidden_unless_include_deleted_is_set() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.clock.advance_seconds(30);
    stack.acme.delete(&path).await.expect(200);
    assert_eq!(stack.acme.get(&path).await.error(404), "Customer not found");
    let shown = stack.acme.get(&format!("{path}?include_deleted=true")).await.data();
    assert_eq!(shown["deleted_at"], "2030-01-15T10:30:30Z");
    let response = stack.acme.get(&format!("{path}?include_deleted=maybe")).await;
    assert_eq!(response.invalid_fields(), ["include_deleted"]);
}

#[tokio::test]
async fn matching_if_none_match_returns_304() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let etag = stack.acme.get(&path).await.header("etag").to_owned();
    let again = stack.acme.send(Method::GET, &path, &[("if-none-match", &etag)], String::new()).await;
    assert_eq!((again.status.as_u16(), again.body.as_str(), again.header("etag")), (304, "", "\"1\""));
    let other = stack.acme.send(Method::GET, &path, &[("if-none-match", "\"7\"")], String::new()).await;
    other.expect(200);
}

#[tokio::test]
async fn every_response_carries_the_request_id() {
    let stack = Stack::start().await;
    let headers = [("x-request-id", "trace-42")];
    let response = stack.acme.send(Method::GET, "/api/v1/customers/x", &headers, String::new()).await;
    assert_eq!(response.header("x-request-id"), "trace-42");
    let response = stack.acme.get("/api/v1/customers/x").await;
    assert!(!response.header("x-request-id").is_empty());
}
