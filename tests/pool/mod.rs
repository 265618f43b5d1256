//! The pool dialect: GraphQL and what can be asked in it, and the files.

mod bad_input;
mod bulk;
mod crashes;
mod customer_export;
mod customers;
mod faults;
mod filters;
mod graphql;
mod input;
mod pricing_export;
mod streamed_process;
mod tags;
mod transport;
mod walks;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller};

/// The route of GraphQL.
pub(crate) const PATH: &str = "/graphql";

/// Sends a document.
pub(crate) async fn send(caller: &Caller, query: &str, variables: Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    caller.send(Method::POST, PATH, &[], body.to_string()).await
}

/// Sends a document that must succeed; returns its data.
pub(crate) async fn ask(caller: &Caller, query: &str, variables: Value) -> Value {
    let answer = send(caller, query, variables).await;
    let body = answer.expect(200);
    assert!(body.get("errors").is_none(), "{query}: {}", answer.body);
    body["data"].clone()
}

/// Sends a document that must be refused; returns code and message of its one error.
pub(crate) async fn refused(caller: &Caller, query: &str, variables: Value) -> (String, String) {
    let answer = send(caller, query, variables).await;
    error_of(&answer)
}

/// Code and message of the one error of an answer.
#[track_caller]
pub(crate) fn error_of(answer: &Answer) -> (String, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.body));
    let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no error: {}", answer.body));
    assert_eq!(errors.len(), 1, "{}", answer.body);
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
    (text(&errors[0]["extensions"]["code"]), text(&errors[0]["message"]))
}

/// Creates a customer; returns its id.
pub(crate) async fn create(caller: &Caller, input: Value) -> String {
    let query = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }";
    let data = ask(caller, query, json!({ "input": input })).await;
    data["createCustomer"]["id"].as_str().unwrap().to_owned()
}

/// Makes a tag; returns its id.
pub(crate) async fn create_tag(caller: &Caller, name: &str) -> String {
    let query = "mutation($name: String!) { createTag(input: {name: $name}) { id } }";
    let data = ask(caller, query, json!({ "name": name })).await;
    data["createTag"]["id"].as_str().unwrap().to_owned()
}

/// The ids of a list under these arguments, with its total.
pub(crate) async fn list(caller: &Caller, arguments: &str) -> (Vec<String>, u64) {
    let query = format!("{{ infiniteCustomers({arguments}) {{ edges {{ node {{ id }} }} totalCount }} }}");
    let data = ask(caller, &query, json!({})).await;
    let list = &data["infiniteCustomers"];
    let edges = list["edges"].as_array().unwrap();
    let ids = edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect();
    (ids, list["totalCount"].as_u64().unwrap())
}
