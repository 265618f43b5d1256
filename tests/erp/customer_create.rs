//! `erp-customer-create`: POST /api/customers.

use http::Method;
use serde_json::json;

use clientele_shared::model::Mode;

use super::{error_of, new_customer_corp, wrong_fields};
use crate::support::Stack;

const CUSTOMERS: &str = "/api/customers";

/// The response of the specification's example, with the members that its example of a GET shows, too.
const CREATED: &str = concat!(
    r#"{"data":{"id":"cust_1","name":"New Customer Corp","email":"orders@newcustomer.com","phone":"+1-555-0999","#,
    r#""website":"https://newcustomer.com","tax_id":"12-9876543","billing_address":{"line1":"123 New Customer St","#,
    r#""city":"Business City","state":"CA","postal_code":"90210","country":"US"},"shipping_address":{"#,
    r#""line1":"456 Warehouse Ave","city":"Distribution City","state":"CA","postal_code":"90211","country":"US"},"#,
    r#""contacts":[{"id":"cont_1","name":"Bob Wilson","title":"Operations Manager","#,
    r#""email":"bob.wilson@newcustomer.com","phone":"+1-555-1000","is_primary":true}],"payment_terms":"net_30","#,
    r#""currency":"USD","credit_limit":5000.00,"current_balance":0.00,"discount_rate":2.5,"#,
    r#""preferred_shipping":"FEDEX_GROUND","customer_since":"2030-01-15T10:30:00Z","lifetime_value":0.00,"#,
    r#""total_orders":0,"is_active":true,"created_at":"2030-01-15T10:30:00Z","updated_at":"2030-01-15T10:30:00Z"}}"#,
);

#[tokio::test]
async fn created_customer_matches_the_specification() {
    let stack = Stack::start().await;
    let created = stack.acme.post(CUSTOMERS, &new_customer_corp()).await;
    assert_eq!(created.expect_text(201), CREATED);
    assert_eq!((created.location(), created.header("etag")), ("/api/customers/cust_1", "\"1\""));
    assert_eq!(stack.acme.get("/api/customers/cust_1").await.body, CREATED);
}

#[tokio::test]
async fn only_the_name_is_required_and_absent_fields_are_omitted() {
    let stack = Stack::start().await;
    assert_eq!(wrong_fields(&stack.acme.post(CUSTOMERS, &json!({"email": "a@example.com"})).await), ["name"]);
    let created = stack.acme.post(CUSTOMERS, &json!({"name": "Acme", "email": null, "phone": ""})).await;
    let members: Vec<String> = created.expect(201)["data"].as_object().unwrap().keys().cloned().collect();
    let expected = [
        "contacts",
        "created_at",
        "currency",
        "current_balance",
        "customer_since",
        "id",
        "is_active",
        "lifetime_value",
        "name",
        "total_orders",
        "updated_at",
    ];
    assert_eq!(members, expected);
}

#[tokio::test]
async fn customer_since_can_be_set_and_figures_cannot() {
    let stack = Stack::start().await;
    let body = json!({
        "name": "Acme", "customer_since": "2023-06-15", "is_active": false, "id": "cust_77",
        "current_balance": 5, "lifetime_value": "x", "total_orders": -1,
    });
    let created = stack.acme.post(CUSTOMERS, &body).await.expect(201)["data"].clone();
    assert_eq!(created["customer_since"], "2023-06-15T00:00:00Z");
    assert_eq!((&created["id"], &created["is_active"]), (&json!("cust_1"), &json!(false)));
    assert_eq!((&created["current_balance"], &created["total_orders"]), (&json!(0.0), &json!(0)));
}

#[tokio::test]
async fn wrong_fields_are_named_and_nothing_is_written() {
    let stack = Stack::start().await;
    for (body, expected) in [
        (r#"{"name": "X", "credit_limit": 1e400}"#, "credit_limit"),
        (r#"{"name": "X", "credit_limit": 10.005}"#, "credit_limit"),
        (r#"{"name": "X", "credit_limit": "abc"}"#, "credit_limit"),
        (r#"{"name": "X", "credit_limit": -1}"#, "credit_limit"),
        (r#"{"name": "X", "discount_rate": 100.5}"#, "discount_rate"),
        (r#"{"name": "X", "customer_since": "2024-02-30"}"#, "customer_since"),
        (r#"{"name": "X", "payment_terms": "cod"}"#, "payment_terms"),
        (r#"{"name": "X", "notes": 1e400}"#, "notes"),
        (
            r#"{"name": "X", "contacts": [{"name": "A", "is_primary": true}, {"name": "B", "is_primary": true}]}"#,
            "contacts[1].is_primary",
        ),
    ] {
        let response = stack.acme.send(Method::POST, CUSTOMERS, &[], body).await;
        assert_eq!(wrong_fields(&response), [expected], "{body}");
    }
    let many = json!({"name": "X", "contacts": vec![json!({"name": "A"}); 200]});
    assert_eq!(wrong_fields(&stack.acme.post(CUSTOMERS, &many).await), ["contacts"]);
    assert_eq!(stack.acme.get(CUSTOMERS).await.expect(200)["meta"]["total"], 0);
}

#[tokio::test]
async fn malformed_bodies_return_400() {
    let stack = Stack::start().await;
    for body in ["", "[]", "{\"name\":", "\"x\"", "{\"name\": \"X\"} x"] {
        let response = stack.acme.send(Method::POST, CUSTOMERS, &[], body).await;
        assert_eq!(error_of(&response, 400).0, "malformed_body", "{body}");
    }
}

#[tokio::test]
async fn errors_are_problems_for_clients_that_ask_for_them() {
    let stack = Stack::start().await;
    let headers = [("accept", "application/json;q=0.5, application/problem+json"), ("x-request-id", "t-1")];
    let response = stack.acme.send(Method::POST, CUSTOMERS, &headers, "{}").await;
    assert_eq!(response.header("content-type"), "application/problem+json");
    assert_eq!(
        response.expect(422),
        json!({
            "title": "Unprocessable Entity", "status": 422, "detail": "name: is required", "code": "validation_error",
            "errors": [{"field": "name", "message": "is required"}], "request_id": "t-1",
        })
    );
    let response = stack.acme.send(Method::POST, CUSTOMERS, &[("x-request-id", "t-2")], "{}").await;
    assert_eq!(response.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(
        response.expect(422),
        json!({"error": {
            "code": "validation_error", "message": "name: is required",
            "details": [{"field": "name", "message": "is required"}], "request_id": "t-2",
        }})
    );
}

#[tokio::test]
async fn keys_without_a_scope_are_refused() {
    let stack = Stack::start().await;
    let unknown = stack.anonymous(Method::POST, CUSTOMERS, &[("x-api-key", "ctc_live_x")]).await;
    assert_eq!(error_of(&unknown, 401).0, "unauthorized");
    let reader = stack.caller("acme", Mode::Live, "read").await;
    assert_eq!(error_of(&reader.post(CUSTOMERS, &new_customer_corp()).await, 403).0, "forbidden");
    let writer = stack.caller("acme", Mode::Live, "write").await;
    writer.post(CUSTOMERS, &new_customer_corp()).await.expect(201);
    // The response to an update shows the whole customer.
    assert_eq!(error_of(&writer.put("/api/customers/cust_1", &json!({})).await, 403).0, "forbidden");
    assert_eq!(error_of(&writer.get("/api/customers/cust_1").await, 403).0, "forbidden");
}

#[tokio::test]
async fn retried_create_with_the_same_idempotency_key_takes_effect_once() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "order-7")];
    let body = new_customer_corp().to_string();
    let first = stack.acme.send(Method::POST, CUSTOMERS, &key, body.clone()).await;
    let again = stack.acme.send(Method::POST, CUSTOMERS, &key, body).await;
    assert_eq!((again.expect_text(201), again.location()), (first.body.as_str(), first.location()));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = stack.acme.send(Method::POST, CUSTOMERS, &key, r#"{"name": "Other"}"#).await;
    assert_eq!(error_of(&other, 409).0, "conflict");
    assert_eq!(stack.acme.get(CUSTOMERS).await.expect(200)["meta"]["total"], 1);
}
