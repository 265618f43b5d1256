//! `erp-customer-update`: PUT /api/customers/{id}.

use http::Method;
use serde_json::{Value, json};

use super::{contacts, create, error_of, new_customer_corp, wrong_fields};
use crate::support::Stack;

#[tokio::test]
async fn update_matches_the_specification_and_keeps_absent_fields() {
    let stack = Stack::start().await;
    let created = stack.acme.post("/api/customers", &new_customer_corp()).await.expect(201)["data"].clone();
    stack.clock.advance_seconds(60);
    let body = json!({
        "name": "Updated Customer Name", "email": "new.orders@customer.com", "credit_limit": 15000.00,
        "discount_rate": 7.5, "is_active": true,
    });
    let path = format!("/api/customers/{}", created["id"].as_str().unwrap());
    let updated = stack.acme.put(&path, &body).await;
    assert_eq!(updated.header("etag"), "\"2\"");
    let mut expected = created;
    for (name, value) in body.as_object().unwrap() {
        expected[name] = value.clone();
    }
    expected["updated_at"] = json!("2030-01-15T10:31:00Z");
    assert_eq!(updated.expect(200)["data"], expected);
    assert!(
        updated.body.contains(r#""credit_limit":15000.00"#)
            && updated.body.contains(r#""discount_rate":7.5"#)
    );
    assert_eq!(stack.acme.get(&path).await.body, updated.body);
}

#[tokio::test]
async fn customer_sent_back_as_it_was_read_stays_as_it_is() {
    let stack = Stack::start().await;
    stack.acme.post("/api/customers", &new_customer_corp()).await.expect(201);
    let read = stack.acme.get("/api/customers/cust_1").await;
    let body: Value = read.expect(200)["data"].clone();
    stack.clock.advance_seconds(60);
    let put = stack.acme.put("/api/customers/cust_1", &body).await;
    assert_eq!((put.expect_text(200), put.header("etag")), (read.body.as_str(), "\"1\""));
}

#[tokio::test]
async fn null_and_empty_text_clear_a_field() {
    let stack = Stack::start().await;
    stack.acme.post("/api/customers", &new_customer_corp()).await.expect(201);
    let body = json!({
        "email": "", "phone": null, "credit_limit": null, "billing_address": null, "contacts": null, "currency": null,
        "payment_terms": "",
    });
    let updated = stack.acme.put("/api/customers/cust_1", &body).await.expect(200)["data"].clone();
    for name in ["email", "phone", "credit_limit", "billing_address", "payment_terms"] {
        assert_eq!(updated.get(name), None, "{name}");
    }
    assert_eq!((&updated["currency"], &updated["contacts"]), (&json!("USD"), &json!([])));
    for name in [json!(""), Value::Null, json!(" \u{200b}")] {
        let response = stack.acme.put("/api/customers/cust_1", &json!({ "name": name })).await;
        assert_eq!(wrong_fields(&response), ["name"]);
    }
}

#[tokio::test]
async fn list_of_contacts_replaces_all_contacts() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let put = async |list: Value| stack.acme.put(&path, &json!({ "contacts": list })).await;
    put(json!([{"name": "Ann"}, {"name": "Bob"}])).await.expect(200);
    assert_eq!(contacts(&stack.acme, &path).await, ["Ann*", "Bob"]);
    put(json!([{"id": "cont_2", "is_primary": true}, {"name": "Cid"}])).await.expect(200);
    assert_eq!(contacts(&stack.acme, &path).await, ["Bob*", "Cid"]);
    let unknown = put(json!([{"id": "cont_1", "name": "Ann"}])).await;
    assert_eq!(wrong_fields(&unknown), ["contacts[0].id"]);
    assert_eq!(contacts(&stack.acme, &path).await, ["Bob*", "Cid"]);
    stack.acme.put(&path, &json!({"notes": "x"})).await.expect(200);
    assert_eq!(contacts(&stack.acme, &path).await, ["Bob*", "Cid"]);
}

#[tokio::test]
async fn update_requires_the_version_in_if_match() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let put = async |etag: &str| {
        let body = json!({"notes": etag}).to_string();
        stack.acme.send(Method::PUT, &path, &[("if-match", etag)], body).await
    };
    put("\"1\"").await.expect(200);
    let late = put("\"1\"").await;
    assert_eq!((error_of(&late, 412).0.as_str(), late.header("etag")), ("version_mismatch", "\"2\""));
    put("*").await.expect(200);
    assert_eq!(wrong_fields(&put("1").await), ["If-Match"]);
}

#[tokio::test]
async fn customer_larger_than_48_kb_is_refused() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let contact = |n: usize| json!({"name": format!("{n:0>255}"), "title": "é\"".repeat(120), "phone": "\\".repeat(255)});
    let list: Vec<Value> = (0..50).map(contact).collect();
    let response = stack.acme.put(&path, &json!({ "contacts": list })).await;
    assert_eq!(error_of(&response, 422).0, "validation_error");
    assert!(contacts(&stack.acme, &path).await.is_empty());
}

#[tokio::test]
async fn address_is_replaced_as_a_whole_and_the_first_moment_stays() {
    let stack = Stack::start().await;
    let body = json!({"name": "Acme", "customer_since": "2020-01-02", "billing_address": {"line1": "1 Rd", "city": "Rio"}});
    stack.acme.post("/api/customers", &body).await.expect(201);
    let body = json!({"customer_since": "2024-01-01", "billing_address": {"city": "Recife"}});
    let updated = stack.acme.put("/api/customers/cust_1", &body).await.expect(200)["data"].clone();
    assert_eq!(updated["billing_address"], json!({"city": "Recife"}));
    assert_eq!(updated["customer_since"], "2020-01-02T00:00:00Z");
}

#[tokio::test]
async fn amounts_can_be_texts_and_terms_have_a_fixed_form() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let put = async |body: Value| stack.acme.put(&path, &body).await;
    let response =
        put(json!({"credit_limit": "12.5", "discount_rate": "7", "payment_terms": "NET_45"})).await;
    assert!(response.body.contains(r#""credit_limit":12.50"#), "{}", response.body);
    assert!(response.body.contains(r#""discount_rate":7.0"#), "{}", response.body);
    assert_eq!(response.expect(200)["data"]["payment_terms"], "net_45");
    let response = put(json!({"credit_limit": 0})).await;
    assert!(response.body.contains(r#""credit_limit":0.00"#), "{}", response.body);
    for terms in ["prepaid", "due_on_receipt", "net_180"] {
        assert_eq!(put(json!({ "payment_terms": terms })).await.expect(200)["data"]["payment_terms"], terms);
    }
    for terms in ["net_181", "cod"] {
        assert_eq!(wrong_fields(&put(json!({ "payment_terms": terms })).await), ["payment_terms"]);
    }
}

#[tokio::test]
async fn last_name_of_a_customer_cannot_be_cleared() {
    let stack = Stack::start().await;
    let document = "mutation { createCustomer(input: {email: \"a@example.com\"}) { id } }";
    stack.acme.post("/graphql", &json!({ "query": document })).await.expect(200);
    let put = async |body: Value| stack.acme.put("/api/customers/cust_1", &body).await;
    assert_eq!(wrong_fields(&put(json!({"email": null})).await), ["email"]);
    put(json!({"email": null, "name": "Ann"})).await.expect(200);
}
