//! `pool-graphql`: GET /graphql, POST /graphql.

use http::Method;
use serde_json::{Value, json};

use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_shared::model::Mode;

use super::{ask, create, error_of, list, refused, send};
use crate::support::{Stack, golden};

/// The document's queries, to the letter.
const INFINITE: &str =
    "query InfiniteCustomers($first: Int!, $after: String, $filter: CustomerFilter, $search: String) {
infiniteCustomers(first: $first, after: $after, filter: $filter, search: $search) {
edges {
node {
id
firstName
lastName
email
phone
status
street
city
state
}
cursor
}
pageInfo {
hasNextPage
endCursor
}
totalCount
}
}";

pub(super) const ONE: &str = "query Customer($selector: CustomerSelector!) {
customer(selector: $selector) {
id
firstName
lastName
email
phone
mobilePhone
companyName
street
city
state
zipCode
status
tags {
id
name
color
}
notes
quickbooksId
createdAt
updatedAt
}
}";

pub(super) const CREATE: &str = "mutation CreateCustomer($input: CreateCustomerInput!) {
createCustomer(input: $input) {
id
firstName
lastName
email
status
createdAt
}
}";

pub(super) const UPDATE: &str = "mutation UpdateCustomer($id: ID!, $input: UpdateCustomerInput!) {
updateCustomer(id: $id, input: $input) {
id
firstName
lastName
email
phone
status
updatedAt
}
}";

const BULK: &str = "mutation BulkUpdateCustomers($input: BulkUpdateCustomersInput!) {
bulkUpdateCustomers(input: $input) {
success
updatedCount
errors {
id
message
}
}
}";

fn jane() -> Value {
    json!({
        "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "phone": "555-0200",
        "street": "456 Oak Ave", "city": "Austin", "state": "TX", "zipCode": "78702", "status": "ACTIVE",
        "tagIds": ["tag_001"],
    })
}

#[tokio::test]
async fn the_documents_examples_from_create_to_bulk() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let tag = ask(
        acme,
        "mutation { createTag(input: {name: \"Premium\", color: \"#4F46E5\"}) { id name color } }",
        json!({}),
    );
    assert_eq!(tag.await["createTag"], json!({"id": "tag_001", "name": "Premium", "color": "#4F46E5"}));

    let created = send(acme, CREATE, json!({ "input": jane() })).await;
    assert_eq!(
        created.body,
        concat!(
            r#"{"data":{"createCustomer":{"id":"cust_1","firstName":"Jane","lastName":"Doe","#,
            r#""email":"jane@example.com","status":"ACTIVE","createdAt":"2030-01-15T10:30:00Z"}}}"#
        )
    );
    stack.clock.pass_seconds(60);
    let input = json!({"phone": "555-0999", "notes": "Updated contact preference: email only"});
    let updated = send(acme, UPDATE, json!({ "id": "cust_1", "input": input })).await;
    assert_eq!(
        updated.body,
        concat!(
            r#"{"data":{"updateCustomer":{"id":"cust_1","firstName":"Jane","lastName":"Doe","#,
            r#""email":"jane@example.com","phone":"555-0999","status":"ACTIVE","updatedAt":"2030-01-15T10:31:00Z"}}}"#
        )
    );
    let one = send(acme, ONE, json!({"selector": {"id": "cust_1"}})).await;
    assert_eq!(
        one.body,
        concat!(
            r#"{"data":{"customer":{"id":"cust_1","firstName":"Jane","lastName":"Doe","email":"jane@example.com","#,
            r#""phone":"555-0999","mobilePhone":null,"companyName":null,"street":"456 Oak Ave","city":"Austin","#,
            r#""state":"TX","zipCode":"78702","status":"ACTIVE","#,
            r##""tags":[{"id":"tag_001","name":"Premium","color":"#4F46E5"}],"##,
            r#""notes":"Updated contact preference: email only","quickbooksId":null,"#,
            r#""createdAt":"2030-01-15T10:30:00Z","updatedAt":"2030-01-15T10:31:00Z"}}}"#
        )
    );
    let bulk = json!({"input": {"ids": ["cust_1"], "update": {"status": "INACTIVE"}}});
    assert_eq!(
        send(acme, BULK, bulk).await.body,
        r#"{"data":{"bulkUpdateCustomers":{"success":true,"updatedCount":1,"errors":[]}}}"#
    );
}

#[tokio::test]
async fn the_documents_list() {
    let stack = Stack::start().await;
    for number in 0..3 {
        let smith = json!({
            "firstName": "John", "lastName": "Smith", "email": "john@example.com", "phone": "555-0123",
            "street": "123 Main St", "city": "Austin", "state": "TX", "status": (["ACTIVE", "ACTIVE", "LEAD"])[number],
        });
        create(&stack.acme, smith).await;
    }
    let variables = json!({"first": 1, "search": "Smith", "filter": {"status": "ACTIVE"}});
    let answer = send(&stack.acme, INFINITE, variables).await;
    assert_eq!(
        answer.body,
        concat!(
            r#"{"data":{"infiniteCustomers":{"edges":[{"node":{"id":"cust_2","firstName":"John","#,
            r#""lastName":"Smith","email":"john@example.com","phone":"555-0123","status":"ACTIVE","#,
            r#""street":"123 Main St","city":"Austin","state":"TX"},"cursor":"eyJpZCI6ImN1c3RfMiJ9"}],"#,
            r#""pageInfo":{"hasNextPage":true,"endCursor":"eyJpZCI6ImN1c3RfMiJ9"},"totalCount":2}}}"#
        )
    );
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    let variables = json!({"first": 20, "after": "eyJpZCI6ImN1c3RfMSJ9", "filter": null, "search": null});
    let empty = ask(&stack.acme, INFINITE, variables).await;
    let page_info = json!({"hasNextPage": false, "endCursor": null});
    assert_eq!(empty["infiniteCustomers"], json!({"edges": [], "pageInfo": page_info, "totalCount": 3}));
}

#[tokio::test]
async fn a_query_by_get_and_no_mutation() {
    let stack = Stack::start().await;
    create(&stack.acme, json!({"companyName": "Blue"})).await;
    let query = "query=query%20Q(%24id%3AID!)%7Bcustomer(selector%3A%7Bid%3A%24id%7D)%7BcompanyName%7D%7D";
    let path = format!("/graphql?{query}&variables=%7B%22id%22%3A%22cust_1%22%7D&operationName=Q");
    let answer = stack.acme.get(&path).await;
    assert_eq!(answer.expect(200)["data"]["customer"]["companyName"], "Blue");
    let mutation = "/graphql?query=mutation%7BcreateTag(input%3A%7Bname%3A%22x%22%7D)%7Bid%7D%7D";
    let answer = stack.acme.get(mutation).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "POST");
    assert_eq!(error_of(&answer).0, "BAD_USER_INPUT");
    assert_eq!(ask(&stack.acme, "{ tags { id } }", json!({})).await["tags"], json!([]));
    for wrong in ["/graphql", "/graphql?query=%20", "/graphql?query=%7Bme%7Bid%7D%7D&variables=%5B1%5D"] {
        let answer = stack.acme.get(wrong).await;
        assert_eq!(
            (answer.status.as_u16(), error_of(&answer).0.as_str()),
            (400, "BAD_USER_INPUT"),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn without_a_key_in_force_nobody_gets_in() {
    let stack = Stack::start().await;
    let not_authorized =
        r#"{"data":null,"errors":[{"message":"Not authorized","extensions":{"code":"UNAUTHORIZED"}}]}"#;
    for headers in [[].as_slice(), &[("authorization", "Bearer ctc_live_x")]] {
        let answer = stack.anonymous(Method::POST, "/graphql", headers).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (401, not_authorized));
    }
    create(&stack.acme, json!({"lastName": "Doe"})).await;
    stack.store.api_key_revoke(&"acme".parse().unwrap(), &stack.acme.key.id()).await.unwrap();
    stack.clock.pass_seconds(FRESH_SECONDS);
    // The function remembers the key still: what it learns meanwhile keeps the write from happening.
    let answer = send(&stack.acme, CREATE, json!({"input": {"lastName": "Late"}})).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (401, not_authorized));
    let other = stack.caller("acme", Mode::Live, "read").await;
    assert_eq!(list(&other, "first: 10").await.1, 1);
}

#[tokio::test]
async fn a_mutation_needs_the_scope_write() {
    let stack = Stack::start().await;
    let reader = stack.caller("acme", Mode::Live, "read").await;
    let variables = json!({"input": {"lastName": "Doe"}});
    let (code, message) = refused(&reader, CREATE, variables.clone()).await;
    assert_eq!((code.as_str(), message.as_str()), ("FORBIDDEN", "This API key lacks the scope `write`"));
    let two = format!("query Q {{ me {{ id }} }} {CREATE}");
    let body = |name: &str| json!({"query": two, "operationName": name, "variables": variables}).to_string();
    let answer = reader.send(Method::POST, "/graphql", &[], body("CreateCustomer")).await;
    assert_eq!(error_of(&answer).0, "FORBIDDEN");
    let writer = stack.caller("acme", Mode::Live, "write").await;
    let answer = send(&writer, "{ me { id } }", json!({})).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer).0.as_str()), (403, "FORBIDDEN"));
    assert_eq!(list(&stack.acme, "first: 10").await.1, 0);
}

#[tokio::test]
async fn graphql_itself_works_as_clients_use_it() {
    let stack = Stack::start().await;
    create(&stack.acme, json!({"firstName": "A"})).await;
    create(&stack.acme, json!({"firstName": "B"})).await;
    let query = "query Two($with: Boolean!) { one: customer(selector: {id: \"cust_1\"}) { ...name } \
                 two: customer(selector: {id: \"cust_2\"}) { ...name status @include(if: $with) __typename } } \
                 fragment name on Customer { firstName }";
    let data = ask(&stack.acme, query, json!({"with": false})).await;
    assert_eq!(data, json!({"one": {"firstName": "A"}, "two": {"firstName": "B", "__typename": "Customer"}}));
    let me = ask(&stack.acme, "{ me { id email } }", json!({})).await;
    assert_eq!(me["me"], json!({"id": stack.acme.key.id().as_str(), "email": null}));
}

/// The introspection query that Apollo's and GraphiQL's tools send.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } \
    subscriptionType { name } types { ...FullType } directives { name description locations \
    args(includeDeprecated: true) { ...InputValue } } } } fragment FullType on __Type { kind name description \
    specifiedByURL fields(includeDeprecated: true) { name description args(includeDeprecated: true) \
    { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields(includeDeprecated: true) \
    { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description \
    isDeprecated deprecationReason } possibleTypes { ...TypeRef } } fragment InputValue on __InputValue { name \
    description type { ...TypeRef } defaultValue isDeprecated deprecationReason } fragment TypeRef on __Type \
    { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn the_schema_can_be_asked_for() {
    let stack = Stack::start().await;
    let data = ask(&stack.acme, INTROSPECTION, json!({})).await;
    let types = data["__schema"]["types"].as_array().unwrap();
    assert!(types.iter().any(|kind| kind["name"] == "Customer"));
    assert!(!data.to_string().contains("deleteCustomer"), "the document has no delete");
}

#[test]
fn the_schema_is_the_one_agreed_to() {
    let difference = golden::difference("pool.graphql", &clientele_functions_pool::sdl());
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
}
