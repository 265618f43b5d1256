//! The funnels dialect: GraphQL at `/api/v2`.

mod bad_input;
mod customers;
mod dialects;
mod faults;
mod graphql;
mod lists;
mod orders;
mod walks;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Response};

/// The route.
pub(crate) const PATH: &str = "/api/v2";

/// Sends a document.
pub(crate) async fn send(caller: &Caller, query: &str, variables: Value) -> Response {
    let body = json!({ "query": query, "variables": variables });
    caller.send(Method::POST, PATH, &[], body.to_string()).await
}

/// Sends a document that must succeed without warnings; returns its data.
pub(crate) async fn execute(caller: &Caller, query: &str, variables: Value) -> Value {
    let response = send(caller, query, variables).await;
    let body = response.expect(200);
    assert!(body.get("errors").is_none() && body.get("extensions").is_none(), "{query}: {}", response.body);
    body["data"].clone()
}

/// Sends a document that must be refused; returns the errors.
pub(crate) async fn errors(caller: &Caller, query: &str, variables: Value) -> Vec<Value> {
    errors_of(&send(caller, query, variables).await)
}

/// Returns a response's errors, without their places in the document.
#[track_caller]
pub(crate) fn errors_of(response: &Response) -> Vec<Value> {
    let body: Value = serde_json::from_str(&response.body).unwrap();
    let mut errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {body}")).clone();
    for error in &mut errors {
        error.as_object_mut().unwrap().remove("locations");
    }
    errors
}

/// An error as this dialect reports it.
pub(crate) fn reported(key: &str, message: &str, path: Value) -> Value {
    json!({ "message": message, "name": "ReportedError", "key": key, "path": path })
}

/// The input for a customer with these names and this email.
pub(crate) fn person(first_name: &str, last_name: &str, email: &str) -> Value {
    json!({
        "email": email, "phone": "", "first_name": first_name, "last_name": last_name,
        "accepts_marketing": false, "tags": [],
    })
}

/// Creates a customer and returns its number.
pub(crate) async fn create(caller: &Caller, node: Value) -> u64 {
    let query = "mutation($node: InputCustomer!) { createCustomer(node: $node) { _id } }";
    execute(caller, query, json!({ "node": node })).await["createCustomer"]["_id"].as_u64().unwrap()
}

/// Returns the response to a list with these arguments.
pub(crate) async fn list_response(caller: &Caller, query: &str) -> Response {
    let document = "query($q: String!) { customers(query: $q, first: 250) { edges { node { _id } } } }";
    send(caller, document, json!({ "q": query })).await
}

/// Returns the numbers of the customers that a query lists.
pub(crate) async fn list(caller: &Caller, query: &str) -> Vec<u64> {
    numbers(&list_response(caller, query).await.expect(200)["data"]["customers"])
}

/// Returns the numbers on a page.
pub(crate) fn numbers(page: &Value) -> Vec<u64> {
    let edges = page["edges"].as_array().unwrap_or_else(|| panic!("no edges: {page}"));
    edges.iter().map(|edge| edge["node"]["_id"].as_u64().unwrap()).collect()
}

/// Returns documents that request and change the records with these ids, and search for what another tenant has.
pub(crate) fn documents_with(ids: &[String]) -> Vec<Value> {
    let one = "query($v: ID!) { node(id: $v) { ... on Customer { email tags orders { name } } } }";
    let update = "mutation($v: ID!) { updateCustomer(id: $v, node: {last_name: \"Taken\"}) { email } }";
    let delete = "mutation($v: [ID!]!) { deleteCustomers(items: $v) }";
    let list = "query($v: String!) { customers(query: $v, first: 250) { edges { node { email tags } } } }";
    let page = "query($v: String) { customers(query: \"\", after: $v) { edges { node { email } } } }";
    let mut documents = Vec::new();
    let mut add = |query: &str, value: Value| {
        // A variable, because an error message can quote an id that is part of the document.
        documents.push(json!({"query": query, "variables": {"v": value}}));
    };
    for id in ids {
        for query in [one, update, page] {
            add(query, json!(id));
        }
        add(delete, json!([id]));
    }
    for query in [
        "",
        "zanzibar3",
        "tags:quokka",
        "email:zanzibar3@quokka.example",
        "order_by:email quokka",
        "last_year",
    ] {
        add(list, json!(query));
    }
    documents
}
