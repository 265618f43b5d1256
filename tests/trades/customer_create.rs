//! `trades-customer-create`: POST /api/v1/customers.

use http::Method;
use serde_json::json;

use clientele_functions_trades::TradesSettings;

use crate::support::{Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn create_matches_the_specification() {
    let stack = Stack::start().await;
    let response = stack.acme.post(CUSTOMERS, &john()).await;
    let body = response.expect(201);
    let uuid = body["data"]["uuid"].as_str().unwrap().to_owned();
    // The response in the specification, with the same fields in the same order, except for the uuid and the
    // times.
    let expected = format!(
        concat!(
            r#"{{"success":true,"data":{{"uuid":"{}","first_name":"John","last_name":"Doe","company_name":null,"#,
            r#""email":"john@example.com","phone":"206-555-1234","customer_type":"Residential","is_vip":false,"#,
            r#""physical_address1":null,"physical_address2":null,"physical_city":null,"physical_state":null,"#,
            r#""physical_zip":null,"billing_address1":"123 Main St","billing_address2":null,"#,
            r#""billing_city":"Seattle","billing_state":"WA","billing_zip":"98101","#,
            r#""primary_service_location_uuid":null,"notes":null,"internal_flags":null,"#,
            r#""on_my_way_notify_via":null,"created_at":"2030-01-15T10:30:00Z","#,
            r#""updated_at":"2030-01-15T10:30:00Z","deleted_at":null}}}}"#
        ),
        uuid
    );
    assert_eq!(response.body, expected);
    assert_eq!(response.header("etag"), "\"1\"");
    assert_eq!(response.header("location"), format!("/prod{CUSTOMERS}/{uuid}"));
    assert_eq!(response.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(stack.acme.get(&format!("{CUSTOMERS}/{uuid}")).await.body, response.body);
}

#[tokio::test]
async fn invalid_fields_are_named_and_nothing_is_written() {
    let stack = Stack::start().await;
    let response =
        stack.acme.post(CUSTOMERS, &json!({"last_name": "Doe", "phone": "12", "email": "x"})).await;
    assert_eq!(response.invalid_fields(), ["email", "phone", "first_name"]);
    for body in ["", "[]", "{", "null", "\"text\"", "{\"first_name\":\"A\"} trailing"] {
        let response = stack.acme.send(Method::POST, CUSTOMERS, &[], body).await;
        assert_eq!(response.invalid_fields(), ["body"], "{body}");
    }
    assert_eq!(stack.acme.get(CUSTOMERS).await.data()["pagination"]["total"], 0);
}

#[tokio::test]
async fn fields_over_the_length_limit_are_rejected() {
    let stack = Stack::start().await;
    let response = stack
        .acme
        .post(
            CUSTOMERS,
            &json!({"first_name": "x".repeat(256), "last_name": "D", "notes": "n".repeat(20_001)}),
        )
        .await;
    assert_eq!(response.invalid_fields(), ["first_name", "notes"]);
}

#[tokio::test]
async fn retried_create_creates_one_customer() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "order-17")];
    let first = stack.acme.send(Method::POST, CUSTOMERS, &key, john().to_string()).await;
    stack.clock.advance_seconds(60);
    let second = stack.acme.send(Method::POST, CUSTOMERS, &key, john().to_string()).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(second.header("etag"), "\"1\"");
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(stack.acme.get(CUSTOMERS).await.data()["pagination"]["total"], 1);
}

#[tokio::test]
async fn idempotency_key_belongs_to_one_request_and_one_tenant() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "order-17")];
    stack.acme.send(Method::POST, CUSTOMERS, &key, john().to_string()).await.expect(201);
    let other_body = json!({"first_name": "Jane", "last_name": "Doe"}).to_string();
    let response = stack.acme.send(Method::POST, CUSTOMERS, &key, other_body).await;
    assert_eq!(
        response.error(409),
        "This Idempotency-Key was already used for a different request; send a new key"
    );
    let bolt = stack.caller("bolt", clientele_shared::model::Mode::Live, "write").await;
    let response = bolt.send(Method::POST, CUSTOMERS, &key, john().to_string()).await;
    assert_eq!(response.header("idempotent-replayed"), "");
    response.expect(201);
    let blank =
        stack.acme.send(Method::POST, CUSTOMERS, &[("idempotency-key", " ")], john().to_string()).await;
    assert_eq!(blank.invalid_fields(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn idempotency_key_expires_after_24_hours() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "order-17")];
    stack.acme.send(Method::POST, CUSTOMERS, &key, john().to_string()).await.expect(201);
    stack.clock.advance_seconds(24 * 3600);
    let other = json!({"first_name": "Jane", "last_name": "Doe"}).to_string();
    stack.acme.send(Method::POST, CUSTOMERS, &key, other).await.expect(201);
    assert_eq!(stack.acme.get(CUSTOMERS).await.data()["pagination"]["total"], 2);
}

#[tokio::test]
async fn create_returns_200_if_the_setting_is_on() {
    let stack = Stack::start().await;
    stack.dialect_settings(&TradesSettings { create_answers_200: true }).await;
    stack.acme.post(CUSTOMERS, &john()).await.expect(200);
}

#[tokio::test]
async fn body_is_parsed_as_json_with_any_content_type() {
    let stack = Stack::start().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    stack.acme.send(Method::POST, CUSTOMERS, &form, john().to_string()).await.expect(201);
    let vendor = [("content-type", "application/vnd.api+json")];
    stack.acme.send(Method::POST, CUSTOMERS, &vendor, john().to_string()).await.expect(201);
}
