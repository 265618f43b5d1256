//! Tags: created, updated, deleted, and loaded in one call for a whole page of customers.

use serde_json::{Value, json};

use clientele_shared::model::Settings;

use super::{create, create_tag, execute, execute_err, list};
use crate::support::{Calls, Stack};

#[tokio::test]
async fn tags_can_be_created_updated_and_deleted() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let create_mutation = "mutation($i: CreateTagInput!) { createTag(input: $i) { id name color } }";
    let created =
        execute(acme, create_mutation, json!({"i": {"name": " Premium ", "color": "#ff00aa"}})).await;
    assert_eq!(created["createTag"], json!({"id": "tag_001", "name": "Premium", "color": "#FF00AA"}));
    let created = execute(acme, create_mutation, json!({"i": {"name": "Plain"}})).await;
    assert_eq!(created["createTag"], json!({"id": "tag_002", "name": "Plain", "color": "#4F46E5"}));
    let update_mutation =
        "mutation($id: ID!, $i: UpdateTagInput!) { updateTag(id: $id, input: $i) { id name color } }";
    let updated = execute(acme, update_mutation, json!({"id": "tag_001", "i": {"name": "Gold"}})).await;
    assert_eq!(updated["updateTag"], json!({"id": "tag_001", "name": "Gold", "color": "#FF00AA"}));
    let updated = execute(acme, update_mutation, json!({"id": "tag_001", "i": {}})).await;
    assert_eq!(updated["updateTag"]["name"], "Gold");
    let all = execute(acme, "{ tags { id } tag(id: \"tag_002\") { name } }", json!({})).await;
    assert_eq!(all, json!({"tags": [{"id": "tag_001"}, {"id": "tag_002"}], "tag": {"name": "Plain"}}));
    assert_eq!(execute(acme, "mutation { deleteTag(id: \"tag_001\") }", json!({})).await["deleteTag"], true);
    for query in [
        "{ tag(id: \"tag_001\") { id } }",
        "{ tag(id: \"weekly\") { id } }",
        "mutation { deleteTag(id: \"tag_001\") }",
        "mutation { updateTag(id: \"tag_001\", input: {}) { id } }",
        "mutation { updateTag(id: \"tag_001\", input: {name: \"x\"}) { id } }",
    ] {
        assert_eq!(
            execute_err(acme, query, json!({})).await,
            ("NOT_FOUND".into(), "Tag not found".into()),
            "{query}"
        );
    }
    for input in [
        json!({"name": " "}),
        json!({"name": "\u{200b}"}),
        json!({"name": "x".repeat(256)}),
        json!({"name": "salt; water"}),
        json!({"name": "x", "color": "red"}),
        json!({"name": "x", "color": "#12345"}),
    ] {
        assert_eq!(
            execute_err(acme, create_mutation, json!({"i": input})).await.0,
            "BAD_USER_INPUT",
            "{input}"
        );
    }
    for input in [json!({"name": null}), json!({"color": null}), json!({"color": "#GGGGGG"})] {
        let variables = json!({"id": "tag_002", "i": input});
        assert_eq!(execute_err(acme, update_mutation, variables).await.0, "BAD_USER_INPUT", "{input}");
    }
    // Numbers are never reused.
    assert_eq!(create_tag(acme, "Next").await, "tag_003");
}

#[tokio::test]
async fn customer_tags_can_be_replaced_added_and_removed() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    for name in ["A", "B", "C"] {
        create_tag(acme, name).await;
    }
    let id = create(acme, json!({"lastName": "Doe", "tagIds": ["tag_002", "tag_001", "tag_002"]})).await;
    let query = "mutation($id: ID!, $i: UpdateCustomerInput!) { updateCustomer(id: $id, input: $i) { tags { name } } }";
    let update = async |input: Value| {
        let tags =
            execute(acme, query, json!({"id": id, "i": input})).await["updateCustomer"]["tags"].clone();
        tags.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect::<String>()
    };
    assert_eq!(update(json!({"notes": "n"})).await, "AB");
    assert_eq!(update(json!({"addTagIds": ["tag_003"], "removeTagIds": ["tag_001"]})).await, "BC");
    assert_eq!(update(json!({"tagIds": ["tag_001"]})).await, "A");
    assert_eq!(update(json!({"tagIds": null})).await, "");
    assert_eq!(update(json!({"tagIds": ["tag_001", "tag_002"]})).await, "AB");
    let document = "mutation { createTag(input: {name: \"D\"}) { id } \
                    updateCustomer(id: \"cust_1\", input: {addTagIds: [\"tag_004\"]}) { tags { name } } \
                    deleteTag(id: \"tag_001\") }";
    let data = execute(acme, document, json!({})).await;
    assert_eq!(data["updateCustomer"]["tags"].as_array().unwrap().len(), 3);
    // A deleted tag is no longer shown, and filters by it are rejected.
    assert_eq!(update(json!({})).await, "BD");
    let filter = "{ infiniteCustomers(first: 1, filter: {tagIds: [\"tag_001\"]}) { totalCount } }";
    assert_eq!(execute_err(acme, filter, json!({})).await.0, "BAD_USER_INPUT");
    assert_eq!(list(acme, "first: 1, filter: {tagIds: [\"tag_002\"]}").await.1, 1);
}

#[tokio::test]
async fn page_of_30_customers_loads_its_tags_in_one_call() {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    let mut tags = Vec::new();
    stack.settings(Settings { usage_metering: false, ..Settings::default() }).await;
    for number in 0..12 {
        tags.push(create_tag(&stack.acme, &format!("Tag {number}")).await);
    }
    for number in 0..30 {
        let own = [&tags[number % 12], &tags[(number + 5) % 12]];
        create(&stack.acme, json!({"lastName": format!("No{number}"), "tagIds": own})).await;
    }
    drop(calls.take());
    let query =
        "{ infiniteCustomers(first: 30) { edges { node { id tags { id name } status } } totalCount } }";
    let data = execute(&stack.acme, query, json!({})).await;
    let edges = data["infiniteCustomers"]["edges"].as_array().unwrap();
    assert!(edges.iter().all(|edge| edge["node"]["tags"].as_array().unwrap().len() == 2));
    // The totals, which name the newest customer, the customers, and the tags.
    assert_eq!(calls.take().len(), 3);
}
