//! Every kind of request to the functions of the erp dialect.

use http::Method;
use serde_json::{Value, json};

use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_shared::model::OrderStatus;

use super::{Exerciser, IDEMPOTENCY_KEY, unique_email};
use crate::support::orders::{order, write};

const CUSTOMERS: &str = "/api/customers";

/// Every kind of list of a customer's orders.
pub(super) const ORDER_QUERIES: [&str; 3] =
    ["orders", "orders?status=shipped&limit=1&page=2", "orders?date_from=2024-01-10&date_to=2024-02-10"];

/// Every kind of period.
pub(super) const ANALYTICS_QUERIES: [&str; 2] = ["analytics", "analytics?period=30d"];

/// Creates a customer through the function of another dialect, and returns its path.
async fn customer(exerciser: &Exerciser<'_>, name: &str) -> String {
    let body = json!({"company_name": name, "first_name": "Ann", "last_name": "Lee", "email": format!("{name}@example.com")});
    let uuid = exerciser.stack.acme.create(&body).await;
    let last = exerciser.stack.store.customer_number_last(&exerciser.stack.tenant()).await.unwrap().unwrap();
    assert_eq!(exerciser.stack.tenant().customer_uuid(last).to_string(), uuid);
    format!("{CUSTOMERS}/{}", last.to_customer_id())
}

pub(super) async fn list(exerciser: &mut Exerciser<'_>) {
    for number in 0..12 {
        customer(exerciser, &format!("c{number}")).await;
    }
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    for query in [
        "",
        "?limit=2",
        "?limit=2&page=2",
        "?limit=2&page=5",
        "?is_active=true",
        "?is_active=false",
        "?search=lee&limit=2&page=3",
    ] {
        exerciser.request(Method::GET, &format!("{CUSTOMERS}{query}"), &[], &Value::Null, 200).await;
    }
}

pub(super) async fn create(exerciser: &mut Exerciser<'_>) {
    let body = |name: &str| json!({"name": name, "email": format!("{name}@example.com")});
    exerciser.request(Method::POST, CUSTOMERS, &[], &body("a"), 201).await;
    exerciser.request(Method::POST, CUSTOMERS, &IDEMPOTENCY_KEY, &body("b"), 201).await;
    exerciser.request(Method::POST, CUSTOMERS, &IDEMPOTENCY_KEY, &body("b"), 201).await;
    unique_email(exerciser).await;
    exerciser.request(Method::POST, CUSTOMERS, &[], &body("c"), 201).await;
    exerciser.request(Method::POST, CUSTOMERS, &[], &body("c"), 409).await;
}

pub(super) async fn get(exerciser: &mut Exerciser<'_>) {
    let path = customer(exerciser, "acme").await;
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    exerciser.request(Method::GET, &path, &[], &Value::Null, 200).await;
}

pub(super) async fn update(exerciser: &mut Exerciser<'_>) {
    let path = customer(exerciser, "acme").await;
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    for (body, headers) in [
        (json!({"notes": "n"}), [].as_slice()),
        (json!({"is_active": false}), &[]),
        (json!({"name": "Smith"}), &[]),
        (json!({"name": "Miller"}), &IDEMPOTENCY_KEY),
        (json!({"name": "Miller"}), &IDEMPOTENCY_KEY),
    ] {
        exerciser.request(Method::PUT, &path, headers, &body, 200).await;
    }
    unique_email(exerciser).await;
    customer(exerciser, "taken").await;
    exerciser.request(Method::PUT, &path, &[], &json!({"email": "free@example.com"}), 200).await;
    exerciser.request(Method::PUT, &path, &[], &json!({"email": "taken@example.com"}), 409).await;
}

pub(super) async fn credit_check(exerciser: &mut Exerciser<'_>) {
    let path = customer(exerciser, "acme").await;
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    for _ in 0..2 {
        exerciser.request(Method::POST, &format!("{path}/credit-check"), &[], &Value::Null, 200).await;
    }
}

/// Sends a request for a contact, and the same with an `Idempotency-Key`, twice.
pub(super) async fn contact(exerciser: &mut Exerciser<'_>, method: Method, under: &str, status: u16) {
    let (path, other) = (customer(exerciser, "acme").await, customer(exerciser, "bolt").await);
    for path in [&path, &other] {
        let first = json!({"name": "Ann"});
        exerciser.stack.acme.post(&format!("{path}/contacts"), &first).await.expect(201);
    }
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    let body = json!({"name": "Bob"});
    exerciser.request(method.clone(), &format!("{path}/contacts{under}"), &[], &body, status).await;
    for _ in 0..2 {
        let contact = format!("{other}/contacts{under}");
        exerciser.request(method.clone(), &contact, &IDEMPOTENCY_KEY, &body, status).await;
    }
}

/// Requests what a customer's orders are or amount to.
pub(super) async fn orders(exerciser: &mut Exerciser<'_>, queries: &[&str]) {
    let path = customer(exerciser, "acme").await;
    let made = |id: &str, at: &str| order(id, at, OrderStatus::Shipped, 1_000);
    let orders = [
        made("a", "2024-01-01T00:00:00Z"),
        made("b", "2024-02-01T00:00:00Z"),
        made("c", "2030-01-01T00:00:00Z"),
    ];
    write(exerciser.stack, &path, &orders).await;
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    for query in queries {
        exerciser.request(Method::GET, &format!("{path}/{query}"), &[], &Value::Null, 200).await;
    }
}
