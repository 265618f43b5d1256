//! `pool-graphql`: GET /graphql, POST /graphql.

use http::Method;
use serde_json::{Value, json};

use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_shared::model::Mode;

use super::{create, error_of, execute, execute_err, list, send};
use crate::support::{Stack, golden};

/// The queries of the specification, verbatim.
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
async fn create_update_get_and_bulk_update_match_the_specification() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let tag = execute(
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
    stack.clock.advance_seconds(60);
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
async fn list_matches_the_specification() {
    let stack = Stack::start().await;
    for number in 0..3 {
        let smith = json!({
            "firstName": "John", "lastName": "Smith", "email": "john@example.com", "phone": "555-0123",
            "street": "123 Main St", "city": "Austin", "state": "TX", "status": (["ACTIVE", "ACTIVE", "LEAD"])[number],
        });
        create(&stack.acme, smith).await;
    }
    let variables = json!({"first": 1, "search": "Smith", "filter": {"status": "ACTIVE"}});
    let response = send(&stack.acme, INFINITE, variables).await;
    assert_eq!(
        response.body,
        concat!(
            r#"{"data":{"infiniteCustomers":{"edges":[{"node":{"id":"cust_2","firstName":"John","#,
            r#""lastName":"Smith","email":"john@example.com","phone":"555-0123","status":"ACTIVE","#,
            r#""street":"123 Main St","city":"Austin","state":"TX"},"cursor":"eyJpZCI6ImN1c3RfMiJ9"}],"#,
            r#""pageInfo":{"hasNextPage":true,"endCursor":"eyJpZCI6ImN1c3RfMiJ9"},"totalCount":2}}}"#
        )
    );
    assert_eq!(response.header("content-type"), "application/json; charset=utf-8");
    let variables = json!({"first": 20, "after": "eyJpZCI6ImN1c3RfMSJ9", "filter": null, "search": null});
    let empty = execute(&stack.acme, INFINITE, variables).await;
    let page_info = json!({"hasNextPage": false, "endCursor": null});
    assert_eq!(empty["infiniteCustomers"], json!({"edges": [], "pageInfo": page_info, "totalCount": 3}));
}

#[tokio::test]
async fn get_accepts_queries_and_rejects_mutations() {
    let stack = Stack::start().await;
    create(&stack.acme, json!({"companyName": "Blue"})).await;
    let query = "query=query%20Q(%24id%3AID!)%7Bcustomer(selector%3A%7Bid%3A%24id%7D)%7BcompanyName%7D%7D";
    let path = format!("/graphql?{query}&variables=%7B%22id%22%3A%22cust_1%22%7D&operationName=Q");
    let response = stack.acme.get(&path).await;
    assert_eq!(response.expect(200)["data"]["customer"]["companyName"], "Blue");
    let mutation = "/graphql?query=mutation%7BcreateTag(input%3A%7Bname%3A%22x%22%7D)%7Bid%7D%7D";
    let response = stack.acme.get(mutation).await;
    assert_eq!(response.status, 405);
    assert_eq!(response.header("allow"), "POST");
    assert_eq!(error_of(&response).0, "BAD_USER_INPUT");
    assert_eq!(execute(&stack.acme, "{ tags { id } }", json!({})).await["tags"], json!([]));
    for wrong in ["/graphql", "/graphql?query=%20", "/graphql?query=%7Bme%7Bid%7D%7D&variables=%5B1%5D"] {
        let response = stack.acme.get(wrong).await;
        assert_eq!(
            (response.status.as_u16(), error_of(&response).0.as_str()),
            (400, "BAD_USER_INPUT"),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn requests_without_a_valid_key_are_unauthorized() {
    let stack = Stack::start().await;
    let not_authorized =
        r#"{"data":null,"errors":[{"message":"Not authorized","extensions":{"code":"UNAUTHORIZED"}}]}"#;
    for headers in [[].as_slice(), &[("authorization", "Bearer ctc_live_x")]] {
        let response = stack.anonymous(Method::POST, "/graphql", headers).await;
        assert_eq!((response.status.as_u16(), response.body.as_str()), (401, not_authorized));
    }
    create(&stack.acme, json!({"lastName": "Doe"})).await;
    stack.store.api_key_revoke(&"acme".parse().unwrap(), &stack.acme.key.id()).await.unwrap();
    stack.clock.advance_seconds(FRESH_SECONDS);
    // The key is still cached, but the function revalidates it during the write and so stops the write.
    let response = send(&stack.acme, CREATE, json!({"input": {"lastName": "Late"}})).await;
    assert_eq!((response.status.as_u16(), response.body.as_str()), (401, not_authorized));
    let other = stack.caller("acme", Mode::Live, "read").await;
    assert_eq!(list(&other, "first: 10").await.1, 1);
}

#[tokio::test]
async fn mutations_require_the_write_scope() {
    let stack = Stack::start().await;
    let reader = stack.caller("acme", Mode::Live, "read").await;
    let variables = json!({"input": {"lastName": "Doe"}});
    let (code, message) = execute_err(&reader, CREATE, variables.clone()).await;
    assert_eq!((code.as_str(), message.as_str()), ("FORBIDDEN", "This API key lacks the scope `write`"));
    let two = format!("query Q {{ me {{ id }} }} {CREATE}");
    let body = |name: &str| json!({"query": two, "operationName": name, "variables": variables}).to_string();
    let response = reader.send(Method::POST, "/graphql", &[], body("CreateCustomer")).await;
    assert_eq!(error_of(&response).0, "FORBIDDEN");
    let writer = stack.caller("acme", Mode::Live, "write").await;
    let response = send(&writer, "{ me { id } }", json!({})).await;
    assert_eq!((response.status.as_u16(), error_of(&response).0.as_str()), (403, "FORBIDDEN"));
    assert_eq!(list(&stack.acme, "first: 10").await.1, 0);
}

#[tokio::test]
async fn fragments_aliases_directives_and_typename_work() {
    let stack = Stack::start().await;
    create(&stack.acme, json!({"firstName": "A"})).await;
    create(&stack.acme, json!({"firstName": "B"})).await;
    let query = "query Two($with: Boolean!) { one: customer(selector: {id: \"cust_1\"}) { ...name } \
                 two: customer(selector: {id: \"cust_2\"}) { ...name status @include(if: $with) __typename } } \
                 fragment name on Customer { firstName }";
    let data = execute(&stack.acme, query, json!({"with": false})).await;
    assert_eq!(data, json!({"one": {"firstName": "A"}, "two": {"firstName": "B", "__typename": "Customer"}}));
    let me = execute(&stack.acme, "{ me { id email } }", json!({})).await;
    assert_eq!(me["me"], json!({"id": stack.acme.key.id().as_str(), "email": null}));
}

/// The introspection query of Apollo's and GraphiQL's tools.
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
async fn schema_can_be_introspected() {
    let stack = Stack::start().await;
    let data = execute(&stack.acme, INTROSPECTION, json!({})).await;
    let types = data["__schema"]["types"].as_array().unwrap();
    assert!(types.iter().any(|kind| kind["name"] == "Customer"));
    assert!(!data.to_string().contains("deleteCustomer"), "the specification has no delete");
}

#[test]
fn schema_matches_the_golden_file() {
    let difference = golden::difference("pool.graphql", &clientele_functions_pool::sdl());
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
}
