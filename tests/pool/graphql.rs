//! `pool-graphql`: GET /graphql, POST /graphql.

use http::Method;
use serde_json::{Value, json};

use clientele_functions_common::caller::KEY_SECONDS;
use clientele_shared::model::{Mode, Settings};

use super::{ask, create, create_tag, error_of, list, refused, send};
use crate::support::{Stack, golden, john};

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

const ONE: &str = "query Customer($selector: CustomerSelector!) {
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

const CREATE: &str = "mutation CreateCustomer($input: CreateCustomerInput!) {
createCustomer(input: $input) {
id
firstName
lastName
email
status
createdAt
}
}";

const UPDATE: &str = "mutation UpdateCustomer($id: ID!, $input: UpdateCustomerInput!) {
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
    stack.clock.pass_seconds(KEY_SECONDS);
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
async fn one_customer_by_each_of_its_names() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    create(acme, json!({"lastName": "Old", "email": "Both@Example.com"})).await;
    create(acme, json!({"lastName": "New", "email": "both@example.com", "quickbooksId": "QB-12345"})).await;
    let query = "query($s: CustomerSelector!) { customer(selector: $s) { lastName } }";
    for (selector, expected) in [
        (json!({"id": "cust_1"}), "Old"),
        (json!({"email": "BOTH@example.com"}), "New"),
        (json!({"email": null, "quickbooksId": "QB-12345"}), "New"),
    ] {
        assert_eq!(ask(acme, query, json!({"s": selector})).await["customer"]["lastName"], expected);
    }
    for nobody in [
        json!({"id": "cust_3"}),
        json!({"id": "cust_01"}),
        json!({"id": ""}),
        json!({"id": "7b1c"}),
        json!({"email": "none@example.com"}),
        json!({"quickbooksId": "qb12345"}),
    ] {
        let answer = send(acme, query, json!({"s": nobody})).await;
        assert_eq!(answer.expect(200)["data"], json!({"customer": null}), "{nobody}");
        assert_eq!(error_of(&answer), ("NOT_FOUND".into(), "Customer not found".into()), "{nobody}");
    }
    for wrong in [json!({}), json!({"id": "cust_1", "email": "both@example.com"}), json!({"email": " "})] {
        assert_eq!(refused(acme, query, json!({"s": wrong})).await.0, "BAD_USER_INPUT", "{wrong}");
    }
}

#[tokio::test]
async fn absent_stays_and_null_clears() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let id =
        create(acme, json!({"firstName": "A", "lastName": "B", "notes": "n", "phone": " 555-0123 "})).await;
    let query = "mutation($id: ID!, $i: UpdateCustomerInput!) { updateCustomer(id: $id, input: $i) \
                 { firstName lastName notes phone status } }";
    let update =
        async |input: Value| ask(acme, query, json!({"id": id, "i": input})).await["updateCustomer"].clone();
    let expected =
        json!({"firstName": "A", "lastName": "B", "notes": null, "phone": " 555-0123 ", "status": "ACTIVE"});
    assert_eq!(update(json!({"notes": null})).await, expected);
    assert_eq!(update(json!({})).await, expected);
    let changed = update(json!({"firstName": "", "status": "LEAD"})).await;
    assert_eq!((&changed["firstName"], &changed["status"]), (&Value::Null, &json!("LEAD")));
    let (code, message) = refused(acme, query, json!({"id": id, "i": {"status": null}})).await;
    assert_eq!((code.as_str(), message.as_str()), ("BAD_USER_INPUT", "status: must not be null"));
    let (code, message) = refused(acme, query, json!({"id": id, "i": {"lastName": null}})).await;
    assert_eq!(code, "BAD_USER_INPUT");
    assert_eq!(message, "input: one of firstName, lastName, companyName and email must be given");
    let answer = send(acme, query, json!({"id": "cust_99", "i": {}})).await;
    assert_eq!(answer.expect(200)["data"], Value::Null);
    assert_eq!(error_of(&answer).0, "NOT_FOUND");
}

#[tokio::test]
async fn what_pool_writes_trades_shows_and_the_other_way_round() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    acme.create(&john()).await;
    let shown = ask(acme, ONE, json!({"selector": {"id": "cust_1"}})).await;
    assert_eq!(shown["customer"]["lastName"], "Doe");
    assert_eq!(shown["customer"]["street"], Value::Null);
    create(acme, json!({"companyName": "Blue Pools", "city": "Austin"})).await;
    let list = acme.get("/api/v1/customers?search=austin").await.data();
    assert_eq!(list["customers"][0]["physical_city"], "Austin");
    let uuid = list["customers"][0]["uuid"].as_str().unwrap();
    acme.delete(&format!("/api/v1/customers/{uuid}")).await.expect(200);
    assert_eq!(refused(acme, ONE, json!({"selector": {"id": "cust_2"}})).await.0, "NOT_FOUND");
    let update = json!({"id": "cust_2", "input": {"notes": "x"}});
    assert_eq!(refused(acme, UPDATE, update).await.0, "NOT_FOUND");
    assert_eq!(super::list(acme, "first: 10").await, (vec!["cust_1".to_owned()], 1));
}

#[tokio::test]
async fn a_retried_mutation_takes_effect_once() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "order-17")];
    let body = json!({"query": CREATE, "variables": {"input": {"lastName": "Doe"}}}).to_string();
    let first = stack.acme.send(Method::POST, "/graphql", &key, body.clone()).await;
    stack.clock.pass_seconds(60);
    let second = stack.acme.send(Method::POST, "/graphql", &key, body).await;
    assert_eq!(first.body, second.body);
    let other = json!({"query": CREATE, "variables": {"input": {"lastName": "Other"}}}).to_string();
    let answer = stack.acme.send(Method::POST, "/graphql", &key, other).await;
    assert_eq!(error_of(&answer).0, "CONFLICT");
    let two = "mutation { a: createCustomer(input: {lastName: \"A\"}) { id } b: createCustomer(input: {lastName: \"B\"}) { id } }";
    let body = json!({ "query": two }).to_string();
    let key = [("idempotency-key", "order-18")];
    let first = stack.acme.send(Method::POST, "/graphql", &key, body.clone()).await;
    assert_ne!(first.expect(200)["data"]["a"], first.expect(200)["data"]["b"]);
    assert_eq!(stack.acme.send(Method::POST, "/graphql", &key, body).await.body, first.body);
    assert_eq!(list(&stack.acme, "first: 10").await.1, 3);
}

#[tokio::test]
async fn pages_by_number_in_both_forms() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    for number in 1..=5 {
        create(acme, json!({"lastName": format!("No{number}"), "city": "Austin"})).await;
    }
    let query = "query($page: Int, $limit: Int, $filter: CustomerFilter) { \
                 paginatedCustomers(page: $page, limit: $limit, filter: $filter) { \
                 data { id } edges { node { id } cursor } pagination { total page limit totalPages } } }";
    for filter in [json!(null), json!({"city": "austin"}), json!({"state": ""})].iter().take(2) {
        let variables = json!({"page": 2, "limit": 2, "filter": filter});
        let page = ask(acme, query, variables).await["paginatedCustomers"].clone();
        assert_eq!(page["data"], json!([{"id": "cust_3"}, {"id": "cust_2"}]), "{filter}");
        assert_eq!(page["edges"][1], json!({"node": {"id": "cust_2"}, "cursor": "eyJpZCI6ImN1c3RfMiJ9"}));
        assert_eq!(page["pagination"], json!({"total": 5, "page": 2, "limit": 2, "totalPages": 3}));
    }
    let all = ask(
        acme,
        "{ paginatedCustomers { data { id } pagination { total page limit totalPages } } }",
        json!({}),
    )
    .await;
    assert_eq!(all["paginatedCustomers"]["data"].as_array().unwrap().len(), 5);
    assert_eq!(
        all["paginatedCustomers"]["pagination"],
        json!({"total": 5, "page": 1, "limit": 20, "totalPages": 1})
    );
    let beyond = ask(acme, query, json!({"page": 9, "limit": 2})).await;
    assert_eq!(beyond["paginatedCustomers"]["data"], json!([]));
    for wrong in [json!({"page": 0}), json!({"limit": 0}), json!({"limit": 101}), json!({"page": -1})] {
        assert_eq!(refused(acme, query, wrong.clone()).await.0, "BAD_USER_INPUT", "{wrong}");
    }
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

#[tokio::test]
async fn deleting_is_an_extension_that_a_tenant_turns_on() {
    let stack = Stack::start().await;
    create(&stack.acme, json!({"firstName": "A"})).await;
    let delete = "mutation { deleteCustomer(id: \"cust_1\") }";
    assert_eq!(refused(&stack.acme, delete, json!({})).await.0, "FORBIDDEN");
    stack.settings(Settings { pool_extensions: true, ..Settings::default() }).await;
    ask(&stack.acme, "{ me { id } }", json!({})).await;
    assert_eq!(ask(&stack.acme, delete, json!({})).await, json!({"deleteCustomer": true}));
    assert_eq!(refused(&stack.acme, delete, json!({})).await.0, "NOT_FOUND");
    assert_eq!(list(&stack.acme, "first: 10").await.1, 0);
}

#[tokio::test]
async fn new_customers_can_be_leads() {
    let stack = Stack::start().await;
    let status = "mutation { createCustomer(input: {firstName: \"A\"}) { status } }";
    assert_eq!(ask(&stack.acme, status, json!({})).await["createCustomer"]["status"], "ACTIVE");
    stack.settings(Settings { pool_creates_leads: true, ..Settings::default() }).await;
    ask(&stack.acme, "{ me { id } }", json!({})).await;
    assert_eq!(ask(&stack.acme, status, json!({})).await["createCustomer"]["status"], "LEAD");
    let tag = create_tag(&stack.acme, "x").await;
    let id = create(&stack.acme, json!({"firstName": "B", "status": "INACTIVE", "tagIds": [tag]})).await;
    assert_eq!(list(&stack.acme, "first: 10, filter: {status: INACTIVE}").await.0, [id]);
}
