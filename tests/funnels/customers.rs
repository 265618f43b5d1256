//! Fields of customers: what is written is read, and what is absent stays.

use serde_json::{Value, json};

use super::{create, execute, person};
use crate::support::{Caller, Stack};

const ADDRESS: &str =
    "id _id line1 line2 city area country first_name last_name zip state email phone toString";

async fn get(caller: &Caller, fields: &str) -> Value {
    let document = format!("{{ node(id: 1) {{ ... on Customer {{ {fields} }} }} }}");
    execute(caller, &document, json!({})).await["node"].clone()
}

async fn update(caller: &Caller, node: Value) {
    let document = "mutation($node: InputUpdateCustomer!) { updateCustomer(id: 1, node: $node) { _id } }";
    execute(caller, document, json!({ "node": node })).await;
}

fn full() -> Value {
    json!({
        "email": " Ann@Example.com ", "phone": " 555-0100", "first_name": "Ann", "last_name": "Lee",
        "accepts_marketing": true, "tags": ["VIP", "Pool", "VIP"], "notes": "Two dogs\nand a cat",
        "custom": {"company": "Lee & Co", "score": 1.5, "nested": {"a": [1, null]}},
        "shipping_address": {
            "line1": "1 Main St", "line2": "Floor 2", "city": "Seattle", "area": "Ballard", "country": "US",
            "first_name": "Bo", "last_name": "Lee", "zip": "98101", "state": "WA", "email": "bo@example.com", "phone": "1",
        },
    })
}

#[tokio::test]
async fn every_field_is_read_as_it_was_written() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    create(acme, full()).await;
    let fields = format!(
        "email phone first_name last_name full_name location accepts_marketing notes custom tags leads {{ id }} \
         shipping_address {{ {ADDRESS} }} billing_address {{ {ADDRESS} }} expenses orders_count orders {{ id }} \
         summary {{ visits orders {{ expenses count list {{ referrer }} }} }}"
    );
    assert_eq!(
        get(acme, &fields).await,
        json!({
            "email": "Ann@Example.com", "phone": " 555-0100", "first_name": "Ann", "last_name": "Lee",
            "full_name": "Ann Lee", "location": "US, Seattle", "accepts_marketing": true,
            "notes": "Two dogs\nand a cat", "tags": ["VIP", "Pool"], "leads": [],
            "custom": {"score": 1.5, "nested": {"a": [1, null]}, "company": "Lee & Co"},
            "shipping_address": {
                "id": "U2hpcHBpbmdBZGRyZXNzOjE=", "_id": 1, "line1": "1 Main St", "line2": "Floor 2",
                "city": "Seattle", "area": "Ballard", "country": "US", "first_name": "Bo", "last_name": "Lee",
                "zip": "98101", "state": "WA", "email": "bo@example.com", "phone": "1",
                "toString": "1 Main St, Floor 2, Ballard, Seattle, WA 98101, US",
            },
            "billing_address": null, "expenses": 0, "orders_count": 0, "orders": [],
            "summary": {"visits": 0, "orders": {"expenses": 0, "count": 0, "list": []}},
        })
    );
}

#[tokio::test]
async fn custom_fields_are_read_as_they_were_written_whatever_their_names() {
    let stack = Stack::start().await;
    let custom = json!({
        "": 1, "a b": -0.5, "__typename": "é\u{0}\u{2028}", "1": {"-": [{"$ref": 1e300}, u64::MAX, i64::MIN]}, "ß\"\\": {},
    });
    let mut node = full();
    node["custom"] = custom.clone();
    create(&stack.acme, node).await;
    assert_eq!(get(&stack.acme, "custom").await, json!({ "custom": custom }));
}

#[tokio::test]
async fn texts_without_a_value_are_empty() {
    let stack = Stack::start().await;
    stack.acme.post("/api/customers", &json!({"name": "Acme"})).await.expect(201);
    let fields = "email phone first_name last_name full_name location avatar notes custom tags shipping_address { id }";
    let expected = json!({
        "email": "", "phone": "", "first_name": "", "last_name": "", "full_name": "Acme", "location": null,
        // The MD5 of nothing.
        "avatar": "//www.gravatar.com/avatar/d41d8cd98f00b204e9800998ecf8427e",
        "notes": null, "custom": {"company": "Acme"}, "tags": [], "shipping_address": null,
    });
    assert_eq!(get(&stack.acme, fields).await, expected);
}

#[tokio::test]
async fn absent_fields_keep_their_value_and_null_clears_it() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    create(acme, full()).await;
    let fields = "phone notes accepts_marketing custom tags shipping_address { line1 city }";
    let before = get(acme, fields).await;
    update(acme, json!({})).await;
    assert_eq!(get(acme, fields).await, before);

    update(acme, json!({"shipping_address": {"city": "Tacoma"}, "custom": {"score": 2}, "tags": ["New"]}))
        .await;
    let after = get(acme, fields).await;
    assert_eq!(after["shipping_address"], json!({"line1": "1 Main St", "city": "Tacoma"}));
    assert_eq!(after["custom"], json!({"score": 2, "company": "Lee & Co"}));
    assert_eq!(after["tags"], json!(["New"]));

    let nulls = json!({
        "phone": null, "notes": "", "accepts_marketing": null, "tags": null, "shipping_address": null,
        "custom": {"company": null},
    });
    update(acme, nulls).await;
    let cleared = json!({
        "phone": "", "notes": null, "accepts_marketing": false, "custom": {}, "tags": [], "shipping_address": null,
    });
    assert_eq!(get(acme, fields).await, cleared);
}

#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let stack = Stack::start().await;
    // A phone and an email that this dialect would refuse from a client.
    let uuid = stack.acme.create(&json!({"first_name": "Ann", "last_name": "Lee"})).await;
    let fields = "email phone first_name last_name accepts_marketing notes custom tags";
    let read = get(&stack.acme, fields).await;
    let before = stack.acme.get(&format!("/api/v1/customers/{uuid}")).await;
    update(&stack.acme, read).await;
    let after = stack.acme.get(&format!("/api/v1/customers/{uuid}")).await;
    assert_eq!((before.header("etag"), &before.body), (after.header("etag"), &after.body));
}

#[tokio::test]
async fn tags_are_names_and_missing_ones_are_created_once() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let tag = "mutation { createTag(input: {name: \"VIP\"}) { id } }";
    acme.post("/graphql", &json!({ "query": tag })).await.expect(200);
    let mut node = person("A", "B", "a@example.com");
    node["tags"] = json!(["VIP", "Pool"]);
    create(acme, node.clone()).await;
    create(acme, node).await;
    let tags = acme.post("/graphql", &json!({"query": "{ tags { id name } }"})).await.expect(200);
    let expected = json!([{"id": "tag_001", "name": "VIP"}, {"id": "tag_002", "name": "Pool"}]);
    assert_eq!(tags["data"]["tags"], expected);
}

#[tokio::test]
async fn times_are_shown_as_their_arguments_ask() {
    let stack = Stack::start().await;
    create(&stack.acme, person("A", "B", "a@example.com")).await;
    stack.clock.advance_seconds(2 * 86_400);
    update(&stack.acme, json!({"notes": "x"})).await;
    let fields = "a: created_at b: created_at(suffix: false) c: created_at(format: \"YYYY-MM-DD HH:mm:ss\") \
                  d: created_at(format: \"fromNow\", suffix: true) e: updated_at(format: \"dddd [the] Do\") f: updated_at";
    let expected = json!({
        "a": "2 days ago", "b": "2 days", "c": "2030-01-15 10:30:00", "d": "2 days ago", "e": "Thursday the 17th",
        "f": "a few seconds ago",
    });
    assert_eq!(get(&stack.acme, fields).await, expected);
}
