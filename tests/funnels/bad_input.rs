//! Errors have this dialect's format, name the wrong input, and write nothing.

use clientele_shared::model::Settings;
use http::Method;
use serde_json::{Value, json};

use super::{PATH, create, errors, errors_of, list, list_response, person, reported, send};
use crate::support::Stack;

const CREATE: &str = "mutation($node: InputCustomer!) { createCustomer(node: $node) { _id } }";
const UPDATE: &str = "mutation($node: InputUpdateCustomer!) { updateCustomer(id: 1, node: $node) { _id } }";

#[tokio::test]
async fn every_wrong_field_has_an_error_and_nothing_is_written() {
    let stack = Stack::start().await;
    let mut node = person("A\u{7}", "B", "no email");
    node["shipping_address"] = json!({"zip": "9".repeat(256), "email": "x"});
    node["custom"] = json!({"company": 5});
    let found = errors(&stack.acme, CREATE, json!({ "node": node })).await;
    let paths: Vec<Value> = found.iter().map(|error| error["path"].clone()).collect();
    let expected = [
        json!(["node", "email"]),
        json!(["node", "first_name"]),
        json!(["node", "shipping_address", "zip"]),
        json!(["node", "shipping_address", "email"]),
        json!(["node", "custom", "company"]),
    ];
    assert_eq!(paths, expected);
    let message = "node.email: must be an email address, such as john@example.com";
    assert_eq!(found[0], reported("ValidationError", message, json!(["node", "email"])));
    assert!(list(&stack.acme, "").await.is_empty());
}

#[tokio::test]
async fn wrong_values_are_refused() {
    let stack = Stack::start().await;
    create(&stack.acme, person("", "", "a@example.com")).await;
    let nested = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    for (node, path) in [
        (json!({"email": "bad", "tags": ["ghost"]}), json!(["node", "email"])),
        (json!({"email": ""}), json!(["node"])),
        (json!({"tags": many}), json!(["node", "tags"])),
        (json!({"tags": ["a", " ", "b|c"]}), json!(["node", "tags", 1])),
        (json!({"notes": "x".repeat(20_001)}), json!(["node", "notes"])),
        (json!({"custom": {"a": nested}}), json!(["node", "custom"])),
        (json!({"custom": {"a": "x".repeat(50_000)}}), json!(["node", "custom"])),
    ] {
        let found = errors(&stack.acme, UPDATE, json!({ "node": node })).await;
        assert_eq!((&found[0]["key"], &found[0]["path"]), (&json!("ValidationError"), &path), "{found:?}");
    }
    let found = errors(&stack.acme, CREATE, json!({"node": person("A", "B", "")})).await;
    assert_eq!(found, [reported("ValidationError", "node.email: is required", json!(["node", "email"]))]);
    let tags = stack.acme.post("/graphql", &json!({"query": "{ tags { id } }"})).await.expect(200);
    assert_eq!(tags["data"]["tags"], json!([]));
}

#[tokio::test]
async fn wrong_arguments_of_a_list_are_named() {
    let stack = Stack::start().await;
    let page = async |arguments: &str| {
        errors(&stack.acme, &format!("{{ customers({arguments}) {{ edges {{ cursor }} }} }}"), json!({}))
            .await
    };
    let cursor = "after: must be a cursor that this API returned for a list in the same order";
    let refused = reported("errors_invalid_cursor", cursor, json!(["after"]));
    for after in ["", "x", "WzEsMl0=", "WzVE4OTA5LDEe"] {
        assert_eq!(
            page(&format!("query: \"\", after: \"{after}\"")).await,
            std::slice::from_ref(&refused),
            "{after}"
        );
    }
    // A cursor of the list by number is none of the list by email.
    assert_eq!(page("query: \"order_by:email\", after: \"WzEsMV0=\"").await, [refused]);
    for first in [0, -1] {
        let found = page(&format!("query: \"\", first: {first}")).await;
        assert_eq!(found, [reported("ValidationError", "first: must be 1 or more", json!(["first"]))]);
    }
    for query in
        ["order_by:phone", "order_dir:up", "created_at:yesterday", "accepts_marketing:x", "tags:\\\"a"]
    {
        let found = page(&format!("query: \"{query}\"")).await;
        assert_eq!(
            (&found[0]["key"], &found[0]["path"]),
            (&json!("ValidationError"), &json!(["query"])),
            "{query}"
        );
    }
    let found = errors(&stack.acme, "mutation { deleteCustomers(items: [\"1\"]) }", json!({})).await;
    assert_eq!(found[0]["path"], json!(["items", 0]));
    let items: Vec<u32> = (0..101).collect();
    let document = format!("mutation {{ deleteCustomers(items: {items:?}) }}");
    let found = errors(&stack.acme, &document, json!({})).await;
    assert_eq!(found, [reported("ValidationError", "items: must have at most 100 ids", json!(["items"]))]);
    let long =
        format!("{{ node(id: 1) {{ ... on Customer {{ created_at(format: \"{}\") }} }} }}", "Y".repeat(65));
    create(&stack.acme, person("A", "B", "a@example.com")).await;
    assert_eq!(errors(&stack.acme, &long, json!({})).await[0]["path"], json!(["format"]));
}

#[tokio::test]
async fn fields_that_differ_under_one_response_key_are_refused_before_anything_is_written() {
    let stack = Stack::start().await;
    let create = |email: &str| {
        format!(
            "createCustomer(node: {{email: \"{email}\", phone: \"\", first_name: \"\", last_name: \"\", \
             accepts_marketing: true, tags: []}}) {{ _id }}"
        )
    };
    let document =
        format!("mutation {{ ...f {} }} fragment f on Mutation {{ {} }}", create("a@x.yz"), create("b@x.yz"));
    let found = errors(&stack.acme, &document, json!({})).await;
    assert!(found[0]["message"].as_str().unwrap().contains("differ in name or arguments"), "{found:?}");
    assert!(list(&stack.acme, "").await.is_empty());
}

#[tokio::test]
async fn unknown_customer_cannot_be_updated() {
    let stack = Stack::start().await;
    let found = errors(&stack.acme, UPDATE, json!({"node": {}})).await;
    assert_eq!(found, [reported("errors_not_found", "Customer not found", json!(["id"]))]);
}

#[tokio::test]
async fn taken_email_is_reported_where_emails_are_unique() {
    let stack = Stack::start().await;
    create(&stack.acme, person("A", "B", "a@example.com")).await;
    // Households share an email unless the tenant says otherwise.
    create(&stack.acme, person("A", "C", "a@example.com")).await;
    stack.settings(Settings { unique_email: true, ..Settings::default() }).await;
    let taken = reported("errors_dup_email", "Another customer has this email", json!(["node", "email"]));
    assert_eq!(
        errors(&stack.acme, CREATE, json!({"node": person("D", "E", "A@example.com")})).await,
        [taken]
    );
}

#[tokio::test]
async fn errors_of_graphql_itself_have_no_key() {
    let stack = Stack::start().await;
    for document in ["{", "{ nothing }", "{ customers { edges { cursor } } }"] {
        let found = errors(&stack.acme, document, json!({})).await;
        assert!(found[0]["message"].is_string() && found[0].get("key").is_none(), "{found:?}");
    }
}

#[tokio::test]
async fn callers_without_access_are_refused() {
    let stack = Stack::start().await;
    let access = |message: &str| reported("errors_store_access", message, json!([]));
    let response = stack.anonymous(Method::POST, PATH, &[("authorization", "Bearer ctc_live_x")]).await;
    assert_eq!((response.status.as_u16(), errors_of(&response)), (401, vec![access("Invalid API key")]));
    let reader = stack.caller("acme", clientele_shared::model::Mode::Live, "read").await;
    let response = send(&reader, CREATE, json!({"node": person("A", "B", "a@example.com")})).await;
    let message = "This API key lacks the scope `write`";
    assert_eq!((response.status.as_u16(), errors_of(&response)), (200, vec![access(message)]));
    let writer = stack.caller("acme", clientele_shared::model::Mode::Live, "write").await;
    let response = send(&writer, "{ account { id } }", json!({})).await;
    assert_eq!(
        (response.status.as_u16(), &errors_of(&response)[0]["key"]),
        (403, &json!("errors_store_access"))
    );
    stack.settings(Settings { usage_limit: 0, ..Settings::default() }).await;
    let later = stack.caller("acme", clientele_shared::model::Mode::Live, "read").await;
    let response = send(&later, "{ account { id } }", json!({})).await;
    let message = "Monthly usage limit of 0 requests exceeded";
    let refused = reported("errors_usage_limit", message, json!([]));
    assert_eq!((response.status.as_u16(), errors_of(&response)), (403, vec![refused]));
}

#[tokio::test]
async fn malformed_bodies_are_refused() {
    let stack = Stack::start().await;
    for body in ["", "x", "[]", "{}", "{\"query\": 1}"] {
        let response = stack.acme.send(Method::POST, PATH, &[], body).await;
        let found = errors_of(&response);
        assert_eq!((response.status.as_u16(), &found[0]["key"]), (400, &json!("ValidationError")), "{body}");
    }
    let body = json!({"query": CREATE, "variables": {"node": person("A", "B", "a@example.com")}});
    let response = stack.acme.send(Method::POST, PATH, &[("idempotency-key", " ")], body.to_string()).await;
    assert_eq!(response.status, 400);
    let get = format!("{PATH}?query=mutation%20%7B%20deleteCustomers(items%3A%5B1%5D)%20%7D");
    let response = stack.acme.get(&get).await;
    assert_eq!((response.status.as_u16(), response.header("allow")), (405, "POST"));
    let hash = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}});
    let response = stack.acme.post(PATH, &hash).await;
    assert_eq!(errors_of(&response)[0]["message"], "PersistedQueryNotSupported");
}

#[tokio::test]
async fn response_that_would_be_too_large_is_refused() {
    let stack = Stack::start().await;
    let mut node = person("A", "B", "a@example.com");
    node["custom"] = json!({"text": "x".repeat(45_000)});
    create(&stack.acme, node).await;
    let aliases: String = (0..150).map(|n| format!("a{n}: custom ")).collect();
    let document = format!("{{ node(id: 1) {{ ... on Customer {{ {aliases} }} }} }}");
    let found = errors(&stack.acme, &document, json!({})).await;
    assert_eq!(found[0]["key"], "errors_response_too_large");
    assert!(found[0]["message"].as_str().unwrap().contains("`first`"));
}

#[tokio::test]
async fn expensive_documents_are_refused() {
    let stack = Stack::start().await;
    let lists: String = (0..21)
        .map(|n| format!("a{n}: customers(query: \"x\", first: 1) {{ edges {{ cursor }} }} "))
        .collect();
    for document in [
        "{ customers(query: \"\", first: 250) { edges { node { orders { id name total } } } } }".to_owned(),
        format!("{{ {lists} }}"),
    ] {
        assert!(
            send(&stack.acme, &document, json!({})).await.expect(200).get("errors").is_some(),
            "{document}"
        );
    }
    let words = list_response(&stack.acme, &"x".repeat(2_001)).await.expect(200);
    assert_eq!(words["errors"][0]["path"], json!(["query"]));
    let long = list_response(&stack.acme, &"x".repeat(256)).await.expect(200);
    assert_eq!(long["errors"][0]["path"], json!(["query"]), "{long}");
}
