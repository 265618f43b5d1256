//! `trades-customer-update`: PUT /api/v1/customers/{uuid}.

use http::Method;
use serde_json::json;

use crate::support::{Stack, john};

#[tokio::test]
async fn absent_fields_are_kept_and_null_clears_a_field() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.clock.advance_seconds(90);
    let change = json!({"email": "newemail@example.com", "is_vip": true, "billing_city": null});
    let response = stack.acme.put(&path, &change).await;
    let data = response.expect(200)["data"].clone();
    assert_eq!(data["email"], "newemail@example.com");
    assert_eq!(data["is_vip"], true);
    assert_eq!(data["billing_city"], json!(null));
    assert_eq!(data["billing_state"], "WA");
    assert_eq!(
        (&data["created_at"], &data["updated_at"]),
        (&json!("2030-01-15T10:30:00Z"), &json!("2030-01-15T10:31:30Z"))
    );
    assert_eq!(response.header("etag"), "\"2\"");
    assert_eq!(stack.acme.get(&path).await.body, response.body);
}

#[tokio::test]
async fn customer_from_get_can_be_put_back() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let fetched = stack.acme.get(&path).await.data();
    let mut sent = fetched.clone();
    sent["uuid"] = json!("00000000-0000-0000-0000-000000000000");
    sent["deleted_at"] = json!("2030-01-01T00:00:00Z");
    let mut response = stack.acme.put(&path, &sent).await.data();
    response["updated_at"] = fetched["updated_at"].clone();
    assert_eq!(response, fetched);
}

#[tokio::test]
async fn invalid_fields_are_named_and_nothing_is_written() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let before = stack.acme.get(&path).await.body;
    let wrong =
        json!({"first_name": null, "last_name": " ", "phone": "1", "notes": 7, "email": "new@example.com"});
    let response = stack.acme.put(&path, &wrong).await;
    assert_eq!(response.invalid_fields(), ["first_name", "last_name", "phone", "notes"]);
    assert_eq!(stack.acme.get(&path).await.body, before);
}

#[tokio::test]
async fn update_is_rejected_if_the_etag_does_not_match() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let put = |etag: &'static str, notes: &'static str| {
        let (acme, path) = (stack.acme.clone(), path.clone());
        async move {
            acme.send(Method::PUT, &path, &[("if-match", etag)], json!({"notes": notes}).to_string()).await
        }
    };
    put("\"1\"", "first").await.expect(200);
    let late = put("\"1\"", "late").await;
    late.error(412);
    assert_eq!(late.header("etag"), "\"2\"");
    put("\"no such\"", "late").await.error(412);
    assert_eq!(put("2", "late").await.invalid_fields(), ["If-Match"]);
    put("*", "second").await.expect(200);
    assert_eq!(stack.acme.get(&path).await.data()["notes"], "second");
}

#[tokio::test]
async fn deleted_and_unknown_customers_cannot_be_updated() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.acme.delete(&path).await.expect(200);
    for path in
        [path.as_str(), "/api/v1/customers/x", "/api/v1/customers/123e4567-e89b-12d3-a456-426614174000"]
    {
        let response = stack.acme.put(path, &json!({"deleted_at": null, "notes": "n"})).await;
        assert_eq!(response.error(404), "Customer not found");
    }
}

#[tokio::test]
async fn search_reflects_a_new_name() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.acme.put(&path, &json!({"last_name": "Smith"})).await.expect(200);
    for (word, found) in [("smith", 1), ("mith", 1), ("doe", 0), ("john", 1)] {
        let list = stack.acme.get(&format!("/api/v1/customers?search={word}")).await.data();
        assert_eq!(list["pagination"]["total"], found, "{word}");
    }
}

#[tokio::test]
async fn lists_and_totals_reflect_a_new_type() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.acme.put(&path, &json!({"customer_type": "Commercial", "is_vip": "true"})).await.expect(200);
    for (filter, total) in [("all", 1), ("residential", 0), ("commercial", 1), ("vip", 1)] {
        let list = stack.acme.get(&format!("/api/v1/customers?filter={filter}")).await.data();
        assert_eq!(list["pagination"]["total"], total, "{filter}");
        assert_eq!(list["customers"].as_array().unwrap().len(), total, "{filter}");
    }
}

#[tokio::test]
async fn retried_update_is_applied_once() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let key = [("idempotency-key", "change-1")];
    let body = json!({"notes": "once"}).to_string();
    let first = stack.acme.send(Method::PUT, &path, &key, body.clone()).await;
    stack.acme.put(&path, &json!({"notes": "later"})).await.expect(200);
    let second = stack.acme.send(Method::PUT, &path, &key, body).await;
    assert_eq!(first.body, second.body);
    assert_eq!(stack.acme.get(&path).await.data()["notes"], "later");
}
