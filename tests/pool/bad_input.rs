//! Bad input of every kind: the error is clear and has the right code, and nothing is written.

use http::Method;
use serde_json::{Value, json};

use super::{PATH, create, error_of, execute_err, list, send};
use crate::support::{Caller, Stack};

const CREATE: &str = "mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { id } }";

/// Checks that a document is rejected with this code and message.
async fn check(caller: &Caller, query: &str, variables: Value, code: &str, message: &str) {
    let response = send(caller, query, variables.clone()).await;
    assert_eq!(response.status, 200, "{query} {variables}: {}", response.body);
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(body["data"], Value::Null, "{query} {variables}: {}", response.body);
    // GraphQL validation can report more than one error.
    let errors = body["errors"].as_array().unwrap();
    assert!(
        errors.iter().all(|error| error["extensions"]["code"] == code),
        "{query} {variables}: {}",
        response.body
    );
    let has_message = errors.iter().any(|error| error["message"].as_str().unwrap().contains(message));
    assert!(has_message, "{query} {variables}: {}", response.body);
}

#[tokio::test]
async fn invalid_requests_and_documents_are_rejected() {
    let stack = Stack::start().await;
    for body in [
        "",
        "[]",
        "{",
        "null",
        "{\"query\": 1}",
        "{}",
        "{\"query\": \"\"}",
        "{\"query\":\"{me{id}}\",\"variables\":[]}",
    ] {
        let response = stack.acme.send(Method::POST, PATH, &[], body).await;
        assert_eq!(
            (response.status.as_u16(), error_of(&response).0.as_str()),
            (400, "BAD_USER_INPUT"),
            "{body}"
        );
        assert!(response.body.starts_with("{\"data\":null,\"errors\":["), "{}", response.body);
    }
    let invalid = "GRAPHQL_VALIDATION_FAILED";
    for (query, message) in [
        ("{", "expected"),
        ("{ customers { id } }", "customers"),
        ("{ me }", "me"),
        ("query($x: Int!) { me { id } }", "x"),
        ("{ me { ...absent } }", "absent"),
        ("{ me { ...a } } fragment a on User { ...a }", "within itself"),
        ("{ infiniteCustomers { totalCount } }", "first"),
        ("{ infiniteCustomers(first: \"x\") { totalCount } }", "first"),
        ("{ infiniteCustomers(first: 1, filter: {status: GONE}) { totalCount } }", "filter"),
        ("{ infiniteCustomers(first: 1, filter: {shoeSize: 1}) { totalCount } }", "shoeSize"),
        ("query A { me { id } } query B { me { id } }", "Operation name required"),
        ("subscription { x }", ""),
    ] {
        check(&stack.acme, query, json!({}), invalid, message).await;
    }
    let not_a_time = "{ infiniteCustomers(first: 1, filter: {createdAtGte: \"yesterday\"}) { totalCount } }";
    check(&stack.acme, not_a_time, json!({}), "BAD_USER_INPUT", "must be a date and time, such as").await;
    let body = json!({"query": "query A { me { id } }", "operationName": "B"}).to_string();
    let response = stack.acme.send(Method::POST, PATH, &[], body).await;
    assert_eq!(error_of(&response), (invalid.to_owned(), "Unknown operation named \"B\"".to_owned()));
}

#[tokio::test]
async fn documents_that_are_too_complex_are_rejected() {
    let stack = Stack::start().await;
    let invalid = "GRAPHQL_VALIDATION_FAILED";
    let page = "infiniteCustomers(first: 100) { edges { node { id firstName lastName email phone mobilePhone \
                companyName street city state zipCode status tags { id name color } notes quickbooksId } } }";
    let pages =
        |count: usize| (0..count).fold("{".to_owned(), |all, n| all + &format!(" p{n}: {page}")) + " }";
    super::execute(&stack.acme, &pages(4), json!({})).await;
    check(&stack.acme, &pages(6), json!({}), invalid, "Query is too complex").await;
    let writes = (0..101).fold(String::new(), |all, n| all + &format!(" w{n}: deleteTag(id: \"tag_001\")"));
    check(&stack.acme, &format!("mutation {{ {writes} }}"), json!({}), invalid, "Query is too complex").await;
    let deep = format!("{{ __schema {{ types {}name{} }} }}", "{ ofType ".repeat(25), "}".repeat(25));
    check(&stack.acme, &deep.replace("ofType name", "ofType { name }"), json!({}), invalid, "").await;
    check(&stack.acme, &"{a".repeat(9_000), json!({}), invalid, "nested deeper").await;
    check(&stack.acme, &format!("{{ me {{ id }} }} #{}", "x".repeat(50_000)), json!({}), invalid, "bytes")
        .await;
    let many = "me { id } ".repeat(1_500);
    check(&stack.acme, &format!("{{ {many} }}"), json!({}), invalid, "fields").await;
}

#[tokio::test]
async fn invalid_arguments_are_named() {
    let stack = Stack::start().await;
    let query =
        "query($f: Int!, $a: String) { infiniteCustomers(first: $f, after: $a) { edges { cursor } } }";
    let bad = "BAD_USER_INPUT";
    for first in [0, -1, 101, i32::MAX] {
        check(&stack.acme, query, json!({"f": first}), bad, "first: must be between 1 and 100").await;
    }
    for cursor in ["", "x", "cust_1", "e30=", "eyJpZCI6ImN1c3RfMCJ9", "eyJpZCI6InRhZ18wMDEifQ=="] {
        let (code, message) = execute_err(&stack.acme, query, json!({"f": 1, "a": cursor})).await;
        assert_eq!((code.as_str(), message.as_str()), (bad, "Invalid cursor"), "{cursor}");
    }
    let filter = "query($f: CustomerFilter) { infiniteCustomers(first: 1, filter: $f) { totalCount } }";
    for (wrong, message) in [
        (json!({"city": " "}), "city: must not be blank"),
        (json!({"email": "x".repeat(256)}), "email: must be at most 255 characters"),
        (json!({"tagIds": ["tag_001"]}), "tagIds: contains an unknown tag id"),
        (json!({"tagIds": ["weekly"]}), "tagIds: contains an unknown tag id"),
        (json!({"tagIds": vec!["tag_001"; 101]}), "tagIds: must have at most 100 values"),
    ] {
        check(&stack.acme, filter, json!({"f": wrong}), bad, message).await;
    }
}

#[tokio::test]
async fn filters_accept_at_most_100_values() {
    let stack = Stack::start().await;
    let query = "query($f: CustomerFilters) { paginatedCustomers(selector: {filters: $f}) { data { id } } }";
    let cities: Vec<String> = (0..101).map(|number| format!("City {number}")).collect();
    let message = "city: must have at most 100 values";
    check(&stack.acme, query, json!({"f": {"city": {"in": cities}}}), "BAD_USER_INPUT", message).await;
    super::execute(&stack.acme, query, json!({"f": {"city": {"in": cities[..100]}}})).await;
}

#[tokio::test]
async fn invalid_fields_are_named_and_nothing_is_written() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    for (input, message) in [
        (
            json!({}),
            "input: must leave the customer with at least one of firstName, lastName, companyName and email",
        ),
        (json!({"firstName": " ", "phone": "555-0200"}), "one of firstName"),
        (json!({"firstName": null, "city": "Austin"}), "one of firstName"),
        (json!({"email": "x"}), "email: must be an email address"),
        (json!({"firstName": "x".repeat(256)}), "firstName: must be at most 255 characters"),
        (json!({"firstName": "a\nb"}), "firstName: must be one line"),
        (json!({"lastName": "D", "notes": "n".repeat(20_001)}), "notes: must be at most 20000 characters"),
        (json!({"lastName": "D", "phone": "5\u{0}5"}), "phone: must be one line"),
        (json!({"lastName": "D", "status": null}), "status: must not be null"),
        (json!({"lastName": "D", "tagIds": ["tag_404"]}), "tagIds: contains an unknown tag id"),
        (
            json!({"lastName": "D", "email": "x", "city": "y".repeat(300)}),
            "email: must be an email address, such as john@example.com; city:",
        ),
    ] {
        check(acme, CREATE, json!({"i": input}), "BAD_USER_INPUT", message).await;
    }
    check(acme, CREATE, json!({"i": []}), "BAD_USER_INPUT", "").await;
    for input in [json!({"status": "GONE"}), json!({"firstName": 7}), json!({"shoeSize": 9}), json!(null)] {
        check(acme, CREATE, json!({"i": input}), "GRAPHQL_VALIDATION_FAILED", "").await;
    }
    assert_eq!(list(acme, "first: 10").await.1, 0);
    // The create with the unknown tag had allocated number 1, so no customer has that number.
    let before = "{ customer(selector: {id: \"cust_2\"}) { lastName updatedAt tags { id } } }";
    assert_eq!(create(acme, json!({"lastName": "D"})).await, "cust_2");
    let before = super::execute(acme, before, json!({})).await;
    stack.clock.advance_seconds(60);
    let update = "mutation($i: UpdateCustomerInput!) { updateCustomer(id: \"cust_2\", input: $i) { id } }";
    for input in [
        json!({"lastName": "E", "email": "x"}),
        json!({"lastName": "E", "addTagIds": ["tag_404"]}),
        json!({"lastName": "E", "removeTagIds": ["tag_404"]}),
        json!({"lastName": "E", "zipCode": "9".repeat(256)}),
    ] {
        assert_eq!(execute_err(acme, update, json!({"i": input})).await.0, "BAD_USER_INPUT", "{input}");
    }
    let after = "{ customer(selector: {id: \"cust_2\"}) { lastName updatedAt tags { id } } }";
    assert_eq!(super::execute(acme, after, json!({})).await, before);
}
