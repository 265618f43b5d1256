//! The pool dialect: GraphQL, its operations, and the CSV exports.

mod bad_input;
mod bulk;
mod crashes;
mod customer_export;
mod customers;
pub(crate) mod faults;
mod filters;
mod graphql;
mod input;
mod limits;
mod pricing_export;
mod streamed_process;
mod tags;
mod transport;
mod walks;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Response};

/// The GraphQL route.
pub(crate) const PATH: &str = "/graphql";

/// Sends a document.
pub(crate) async fn send(caller: &Caller, query: &str, variables: Value) -> Response {
    let body = json!({ "query": query, "variables": variables });
    caller.send(Method::POST, PATH, &[], body.to_string()).await
}

/// Sends a document that must succeed; returns its data.
pub(crate) async fn execute(caller: &Caller, query: &str, variables: Value) -> Value {
    let response = send(caller, query, variables).await;
    let body = response.expect(200);
    assert!(body.get("errors").is_none(), "{query}: {}", response.body);
    body["data"].clone()
}

/// Sends a document that must be rejected; returns the code and message of its only error.
pub(crate) async fn execute_err(caller: &Caller, query: &str, variables: Value) -> (String, String) {
    let response = send(caller, query, variables).await;
    error_of(&response)
}

/// Returns the code and message of a response's only error.
#[track_caller]
pub(crate) fn error_of(response: &Response) -> (String, String) {
    let body: Value =
        serde_json::from_str(&response.body).unwrap_or_else(|e| panic!("{e}: {}", response.body));
    let errors =
        body["errors"].as_array().unwrap_or_else(|| panic!("the response has no errors: {}", response.body));
    assert_eq!(errors.len(), 1, "{}", response.body);
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}", response.body)).to_owned();
    (text(&errors[0]["extensions"]["code"]), text(&errors[0]["message"]))
}

/// Creates a customer and returns its id.
pub(crate) async fn create(caller: &Caller, input: Value) -> String {
    let query = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }";
    let data = execute(caller, query, json!({ "input": input })).await;
    data["createCustomer"]["id"].as_str().unwrap().to_owned()
}

/// Creates a tag and returns its id.
pub(crate) async fn create_tag(caller: &Caller, name: &str) -> String {
    let query = "mutation($name: String!) { createTag(input: {name: $name}) { id } }";
    let data = execute(caller, query, json!({ "name": name })).await;
    data["createTag"]["id"].as_str().unwrap().to_owned()
}

/// Returns the ids on a list page with these arguments, and the list's total.
pub(crate) async fn list(caller: &Caller, arguments: &str) -> (Vec<String>, u64) {
    let query = format!("{{ infiniteCustomers({arguments}) {{ edges {{ node {{ id }} }} totalCount }} }}");
    let data = execute(caller, &query, json!({})).await;
    let list = &data["infiniteCustomers"];
    let edges = list["edges"].as_array().unwrap();
    let ids = edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect();
    (ids, list["totalCount"].as_u64().unwrap())
}
