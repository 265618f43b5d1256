//! `erp-contact-create`: POST /api/customers/{id}/contacts.

use futures::future::join_all;
use http::Method;
use serde_json::json;

use super::{add_contact, contacts, create, error_of, wrong_fields};
use crate::support::Stack;

#[tokio::test]
async fn added_contact_matches_the_specification() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    add_contact(&stack.acme, &path, &json!({"name": "Ann"})).await;
    let body = json!({
        "name": "Sarah Davis", "title": "Finance Manager", "email": "sarah.davis@customer.com",
        "phone": "+1-555-1100", "is_primary": false,
    });
    let added = stack.acme.post(&format!("{path}/contacts"), &body).await;
    let expected = concat!(
        r#"{"data":{"id":"cont_2","name":"Sarah Davis","title":"Finance Manager","email":"sarah.davis@customer.com","#,
        r#""phone":"+1-555-1100","is_primary":false,"customer_id":"cust_1","created_at":"2030-01-15T10:30:00Z"}}"#,
    );
    assert_eq!((added.expect_text(201), added.header("etag")), (expected, "\"3\""));
}

#[tokio::test]
async fn new_primary_contact_replaces_the_old_one() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    add_contact(&stack.acme, &path, &json!({"name": "Ann"})).await;
    add_contact(&stack.acme, &path, &json!({"name": "Bob"})).await;
    assert_eq!(contacts(&stack.acme, &path).await, ["Ann*", "Bob"]);
    add_contact(&stack.acme, &path, &json!({"name": "Cid", "is_primary": true})).await;
    assert_eq!(contacts(&stack.acme, &path).await, ["Ann", "Bob", "Cid*"]);
}

#[tokio::test]
async fn concurrent_writers_leave_one_primary_contact() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let contact = |n: usize| json!({"name": format!("C{n}"), "is_primary": true});
    join_all((0..8).map(|n| {
        let (acme, path) = (&stack.acme, &path);
        async move { add_contact(acme, path, &contact(n)).await }
    }))
    .await;
    let all = contacts(&stack.acme, &path).await;
    assert_eq!((all.len(), all.iter().filter(|name| name.ends_with('*')).count()), (8, 1), "{all:?}");
}

#[tokio::test]
async fn wrong_contacts_and_unknown_customers_are_refused() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let contacts = format!("{path}/contacts");
    for (body, expected) in [
        (json!({"title": "CEO"}), vec!["name"]),
        (json!({"name": " ", "email": "x", "is_primary": "maybe"}), vec!["name", "email", "is_primary"]),
        (json!({"name": "x".repeat(256)}), vec!["name"]),
    ] {
        assert_eq!(wrong_fields(&stack.acme.post(&contacts, &body).await), expected);
    }
    let missing = stack.acme.post("/api/customers/cust_9/contacts", &json!({"name": "Ann"})).await;
    assert_eq!(error_of(&missing, 404).1, "Customer not found");
    for n in 0..50 {
        add_contact(&stack.acme, &path, &json!({"name": format!("C{n}")})).await;
    }
    assert_eq!(wrong_fields(&stack.acme.post(&contacts, &json!({"name": "One more"})).await), ["contacts"]);
}

#[tokio::test]
async fn retried_request_with_the_same_idempotency_key_adds_one_contact() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let send = async || {
        let headers = [("idempotency-key", "1")];
        stack.acme.send(Method::POST, &format!("{path}/contacts"), &headers, r#"{"name": "Ann"}"#).await
    };
    let first = send().await;
    assert_eq!(send().await.expect_text(201), first.body);
    assert_eq!(contacts(&stack.acme, &path).await, ["Ann*"]);
}
