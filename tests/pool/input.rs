//! Random input: every response is valid GraphQL, each error has one of this dialect's codes, a rejected
//! request writes nothing, and no function ever fails.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::{PATH, create, list, send};
use crate::guarantees::input::{any_text, any_value};
use crate::support::Stack;

/// Documents, with the fields of the object that is sent as the variable `$i`.
const DOCUMENTS: [(&str, &[&str]); 8] = [
    ("mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { id tags { name } } }", &CUSTOMER),
    (
        "mutation($i: UpdateCustomerInput!) { updateCustomer(id: \"cust_1\", input: $i) { id updatedAt } }",
        &CUSTOMER,
    ),
    (
        "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) { success updatedCount errors { id message } } }",
        &["ids", "update"],
    ),
    ("mutation($i: CreateTagInput!) { createTag(input: $i) { id } }", &["name", "color"]),
    (
        "query($i: CustomerFilter) { infiniteCustomers(first: 2, filter: $i) { edges { cursor } totalCount } }",
        &FILTER,
    ),
    ("query($i: CustomerSelector!) { customer(selector: $i) { id } }", &["id", "email", "quickbooksId"]),
    (
        "query($a: String, $b: String, $c: Int!) { infiniteCustomers(first: $c, after: $a, search: $b) { edges { node { id } } pageInfo { endCursor } totalCount } }",
        &[],
    ),
    (
        "query($b: String, $c: Int, $d: Int) { paginatedCustomers(page: $c, limit: $d, search: $b) { data { id } pagination { total } } }",
        &[],
    ),
];

const CUSTOMER: [&str; 18] = [
    "firstName",
    "lastName",
    "companyName",
    "email",
    "phone",
    "mobilePhone",
    "street",
    "city",
    "state",
    "zipCode",
    "status",
    "notes",
    "quickbooksId",
    "tagIds",
    "addTagIds",
    "removeTagIds",
    "id",
    "",
];

const FILTER: [&str; 12] = [
    "status",
    "statuses",
    "tagIds",
    "city",
    "state",
    "zipCode",
    "email",
    "hasQuickbooksId",
    "createdAtGte",
    "createdAtLte",
    "updatedAtGte",
    "updatedAtLte",
];

/// Every error code for a mistake of the client.
const CODES: [&str; 4] = ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "NOT_FOUND", "CONFLICT"];

#[derive(Debug, Clone)]
struct RandomRequest {
    query: String,
    variables: Value,
}

#[test]
fn random_requests_are_accepted_or_rejected_with_a_code() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stack = runtime.block_on(async {
        let stack = Stack::start().await;
        create(&stack.acme, json!({"firstName": "Ann"})).await;
        stack
    });
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, seed)
        .run(&any_request(), |request| runtime.block_on(check(&stack, &request)));
    if let Err(TestError::Fail(reason, request)) = result {
        panic!("{reason}: {request:#?}");
    }
}

async fn check(stack: &Stack, request: &RandomRequest) -> Result<(), TestCaseError> {
    let record = format!("/api/v1/customers/{}", stack.tenant().customer_uuid(1.try_into().unwrap()));
    let seen = async || (list(&stack.acme, "first: 1").await.1, stack.acme.get(&record).await.body);
    let before = seen().await;
    let response = send(&stack.acme, &request.query, request.variables.clone()).await;
    let body: Value = serde_json::from_str(&response.body).unwrap();
    prop_assert!(matches!(response.status.as_u16(), 200 | 400), "{:?}", response);
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    prop_assert!(response.status == 200 || !errors.is_empty(), "{:?}", response);
    for error in &errors {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        prop_assert!(CODES.contains(&code), "{:?}", response);
        prop_assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "{:?}", response);
    }
    let now = seen().await;
    if !errors.is_empty() {
        prop_assert_eq!(now, before);
    } else if request.query.contains("createCustomer") {
        prop_assert_eq!(now.0, before.0 + 1);
    } else {
        prop_assert_eq!(now.0, before.0);
    }
    Ok(())
}

fn any_request() -> impl Strategy<Value = RandomRequest> {
    let known = prop::sample::select(DOCUMENTS.to_vec()).prop_flat_map(|(query, fields)| {
        let count = if fields.is_empty() { 0..1 } else { 0..5 };
        let names = if fields.is_empty() { vec![""] } else { fields.to_vec() };
        let object = prop::collection::vec((prop::sample::select(names), any_value()), count);
        let number =
            prop_oneof![any::<i64>().prop_map(Value::from), (0..3_i64).prop_map(Value::from), any_value()];
        (object, any_value(), any_value(), number.clone(), number).prop_map(move |(object, a, b, c, d)| {
            let mut input: Map<String, Value> =
                object.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if query.contains("BulkUpdate") {
                input.entry("ids").or_insert(json!(["cust_1", "cust_2"]));
            }
            RandomRequest {
                query: query.to_owned(),
                variables: json!({"i": input, "a": a, "b": b, "c": c, "d": d}),
            }
        })
    });
    let odd = (any_text(), any_value()).prop_map(|(query, variables)| RandomRequest { query, variables });
    prop_oneof![5 => known, 1 => odd]
}

#[tokio::test]
async fn invalid_bodies_are_rejected() {
    let stack = Stack::start().await;
    for body in [
        "",
        "{",
        "[]",
        "null",
        "1",
        "\"{me{id}}\"",
        "{\"query\":1}",
        "{\"query\":\"{me{id}}\",\"variables\":[1]}",
    ] {
        let response = stack.acme.send(http::Method::POST, PATH, &[], body.to_owned()).await;
        assert_eq!(response.status, 400, "{body}: {}", response.body);
        assert_eq!(super::error_of(&response).0, "BAD_USER_INPUT", "{body}");
    }
}
