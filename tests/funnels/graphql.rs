//! `funnels-graphql`: GET /api/v2, POST /api/v2.

use http::Method;
use serde_json::{Value, json};

use super::{PATH, create, execute, list, person, send};
use crate::support::{Stack, golden};

/// The list query of the specification, as printed.
const LIST: &str = "query CustomersQuery($first: Int, $after: String, $query: String!){
\tcustomers(query: \"order_by:id order_dir:desc\", after: \"WzVE4OTA5LDEe/4OTA5XQ==\", first: 10){
\t\tedges{
\t\t\tnode{
\t\t\t\tid
\t\t\t\t_id
\t\t\t\tavatar
\t\t\t\tfull_name
\t\t\t\texpenses
\t\t\t\torders_count
\t\t\t\tupdated_at
\t\t\t\tcreated_at
\t\t\t}
\t\t\tcursor
\t\t}
\t\tpageInfo{
\t\t\tendCursor
\t\t\thasNextPage
\t\t}
\t}
}";

/// The fields that the responses of the specification show.
const FIELDS: &str = "id _id avatar full_name";

#[tokio::test]
async fn printed_list_query_runs_from_the_beginning_with_a_warning() {
    let stack = Stack::start().await;
    create(&stack.acme, person("Yassir", "Ennazk", "yassir@example.com")).await;
    stack.clock.advance_seconds(3_600);
    let response = send(&stack.acme, LIST, json!({})).await;
    let body = response.expect(200);
    let node = &body["data"]["customers"]["edges"][0]["node"];
    let mut shown = node.clone();
    shown["avatar"] = json!("…");
    assert_eq!(
        shown,
        json!({
            "id": "Q3VzdG9tZXI6MQ==", "_id": 1, "avatar": "…", "full_name": "Yassir Ennazk", "expenses": 0,
            "orders_count": 0, "updated_at": "an hour ago", "created_at": "an hour ago",
        })
    );
    assert!(response.body.contains(r#""expenses":0,"#), "whole amounts have no decimal places");
    let page = json!({"endCursor": "WzEsMV0=", "hasNextPage": false});
    assert_eq!(body["data"]["customers"]["pageInfo"], page);
    assert_eq!(body["data"]["customers"]["edges"][0]["cursor"], "WzEsMV0=");
    let warning = "after: the cursor of the documentation means the beginning of the list";
    assert_eq!(body["extensions"], json!({ "warnings": [warning] }));
}

#[tokio::test]
async fn create_get_and_update_match_the_specification() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let node = person("Yassir", "Ennazk", "test@lightfunnels.com");
    let document = format!(
        "mutation mutationName($node: InputCustomer!) {{ createCustomer(node: $node){{ {FIELDS} }} }}"
    );
    let expected = json!({
        "id": "Q3VzdG9tZXI6MQ==", "_id": 1, "full_name": "Yassir Ennazk",
        // From the specification's example of a webhook.
        "avatar": "//www.gravatar.com/avatar/402c2d5ecacd869e2b977a4f4584d3fa",
    });
    assert_eq!(execute(acme, &document, json!({ "node": node })).await["createCustomer"], expected);

    let document =
        format!("query CustomerQuery($id: ID!){{ node(id: $id){{ ... on Customer{{ {FIELDS} }} }} }}");
    for id in [json!("Q3VzdG9tZXI6MQ=="), json!("cus_1"), json!("1"), json!(1)] {
        assert_eq!(execute(acme, &document, json!({ "id": id })).await["node"], expected, "{id}");
    }

    let document = format!(
        "mutation updateCustomerMutation($node: InputUpdateCustomer!, $id: ID!){{ updateCustomer(node: $node, id: $id){{ {FIELDS} }} }}"
    );
    let update = json!({"node": {"last_name": "Ennazki"}, "id": "Q3VzdG9tZXI6MQ=="});
    assert_eq!(execute(acme, &document, update).await["updateCustomer"]["full_name"], "Yassir Ennazki");
}

#[tokio::test]
async fn id_of_an_update_can_be_declared_as_an_integer() {
    let stack = Stack::start().await;
    create(&stack.acme, person("A", "B", "a@example.com")).await;
    for (declared, id) in [("Int!", json!(1)), ("Int", json!(1)), ("ID!", json!(1)), ("ID!", json!("cus_1"))]
    {
        let document = format!(
            "mutation($node: InputUpdateCustomer!, $id: {declared}){{ updateCustomer(node: $node, id: $id){{ _id }} }}"
        );
        let data = execute(&stack.acme, &document, json!({"node": {}, "id": id})).await;
        assert_eq!(data["updateCustomer"]["_id"], 1, "{declared}");
    }
}

#[tokio::test]
async fn node_that_is_not_a_customer_of_the_tenant_is_null() {
    let stack = Stack::start().await;
    create(&stack.acme, person("A", "B", "a@example.com")).await;
    for id in ["Q3VzdG9tZXI6Mg==", "cus_GsGlWiz-Tp1zRTOJf7Dkp", "T3JkZXI6MQ==", "cust_1", ""] {
        let data =
            execute(&stack.acme, "query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(data, json!({ "node": null }), "{id}");
    }
}

#[tokio::test]
async fn deleted_customers_are_gone_and_unknown_ones_are_reported() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    for name in ["A", "B", "C"] {
        create(acme, person(name, "", &format!("{name}@example.com"))).await;
    }
    let document = "mutation($items: [ID!]!) { deleteCustomers(items: $items) }";
    let ids = json!({"items": ["Q3VzdG9tZXI6MQ==", "cus_3", "3", "9", "nonsense"]});
    let body = send(acme, document, ids).await.expect(200);
    let deleted = json!(["Q3VzdG9tZXI6MQ==", "Q3VzdG9tZXI6Mw==", "Q3VzdG9tZXI6Mw==", null, null]);
    assert_eq!(body["data"]["deleteCustomers"], deleted);
    let paths: Vec<&Value> = body["errors"].as_array().unwrap().iter().map(|error| &error["path"]).collect();
    assert_eq!(paths, [&json!(["items", 3]), &json!(["items", 4])]);
    assert_eq!(body["errors"][0]["key"], "errors_not_found");
    assert_eq!(list(acme, "").await, [2]);
}

#[tokio::test]
async fn account_is_a_health_check() {
    let stack = Stack::start().await;
    let data = execute(&stack.acme, "{ account { id } }", json!({})).await;
    assert!(data["account"]["id"].as_str().is_some_and(|id| !id.is_empty()));
}

#[tokio::test]
async fn fields_are_in_the_order_of_the_document() {
    let stack = Stack::start().await;
    let mut node = person("A", "B", "a@example.com");
    node["tags"] = json!(["t"]);
    create(&stack.acme, node).await;
    let document =
        "mutation { updateCustomer(id: 1, node: {}) { orders { id } expenses tags summary { visits } _id } }";
    let response = send(&stack.acme, document, json!({})).await;
    let expected = r#"{"orders":[],"expenses":0,"tags":["t"],"summary":{"visits":0},"_id":1}"#;
    assert!(response.body.contains(expected), "{}", response.body);
}

#[tokio::test]
async fn queries_can_be_sent_by_get() {
    let stack = Stack::start().await;
    create(&stack.acme, person("A", "B", "a@example.com")).await;
    let query = "/api/v2?query=%7Bnode(id:1)%7B...on%20Customer%7Bfull_name%7D%7D%7D";
    let body = stack.acme.get(query).await.expect(200);
    assert_eq!(body, json!({"data": {"node": {"full_name": "A B"}}}));
}

#[tokio::test]
async fn fields_of_a_node_are_merged_over_fragments() {
    let stack = Stack::start().await;
    create(&stack.acme, person("Ann", "Lee", "ann@example.com")).await;
    let document = "query($id: ID!) { a: node(id: $id) { id ...f ... on Customer { shipping_address { city } } } ...g } \
                    fragment f on Customer { full_name tags } \
                    fragment g on Query { a: node(id: $id) { ... on Customer { last_name full_name } } }";
    let data = execute(&stack.acme, document, json!({"id": "1"})).await;
    let expected = json!({
        "id": "Q3VzdG9tZXI6MQ==", "full_name": "Ann Lee", "tags": [], "shipping_address": null, "last_name": "Lee",
    });
    assert_eq!(data["a"], expected);
}

#[tokio::test]
async fn retried_create_makes_one_customer() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "signup-1")];
    let send = async |email: &str| {
        let query = "mutation($node: InputCustomer!) { createCustomer(node: $node) { _id email } }";
        let body = json!({"query": query, "variables": {"node": person("A", "B", email)}});
        stack.acme.send(Method::POST, PATH, &key, body.to_string()).await.expect(200)
    };
    let first = send("a@example.com").await;
    assert_eq!(first, send("a@example.com").await);
    assert_eq!(send("b@example.com").await["errors"][0]["key"], "errors_conflict");
    // Another alias does not make it another request.
    let query = "mutation($node: InputCustomer!) { other: createCustomer(node: $node) { _id } }";
    let body = json!({"query": query, "variables": {"node": person("A", "B", "c@example.com")}});
    let other = stack.acme.send(Method::POST, PATH, &key, body.to_string()).await.expect(200);
    assert_eq!(other["errors"][0]["key"], "errors_conflict");
    assert_eq!(list(&stack.acme, "").await, [1]);
}

#[test]
fn schema_matches_the_golden_file() {
    let difference = golden::difference("funnels.graphql", &clientele_functions_funnels::sdl());
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
}
