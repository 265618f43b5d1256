//! Whatever is sent, the answer is GraphQL's and this dialect's own: each error has a code, what is refused is not
//! written, and no function ever fails.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::{PATH, create, list, send};
use crate::guarantees::input::{any_text, any_value};
use crate::support::Stack;

/// Documents whose variables are sent; `$i` is an object of the named members.
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

/// Every code there is for what a caller did wrong.
const CODES: [&str; 4] = ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "NOT_FOUND", "CONFLICT"];

#[derive(Debug, Clone)]
struct Sent {
    query: String,
    variables: Value,
}

#[test]
fn whatever_is_sent_is_taken_or_refused_with_a_code() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stack = runtime.block_on(async {
        let stack = Stack::start().await;
        create(&stack.acme, json!({"firstName": "Ann"})).await;
        stack
    });
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, seed)
        .run(&any_request(), |sent| runtime.block_on(check(&stack, &sent)));
    if let Err(TestError::Fail(reason, sent)) = result {
        panic!("{reason}: {sent:#?}");
    }
}

async fn check(stack: &Stack, sent: &Sent) -> Result<(), TestCaseError> {
    let record = format!("/api/v1/customers/{}", stack.tenant().customer_uuid(1.try_into().unwrap()));
    let seen = async || (list(&stack.acme, "first: 1").await.1, stack.acme.get(&record).await.body);
    let before = seen().await;
    let answer = send(&stack.acme, &sent.query, sent.variables.clone()).await;
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    prop_assert!(matches!(answer.status.as_u16(), 200 | 400), "{:?}", answer);
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    prop_assert!(answer.status == 200 || !errors.is_empty(), "{:?}", answer);
    for error in &errors {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        prop_assert!(CODES.contains(&code), "{:?}", answer);
        prop_assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "{:?}", answer);
    }
    let now = seen().await;
    if !errors.is_empty() {
        prop_assert_eq!(now, before);
    } else if sent.query.contains("createCustomer") {
        prop_assert_eq!(now.0, before.0 + 1);
    } else {
        prop_assert_eq!(now.0, before.0);
    }
    Ok(())
}

fn any_request() -> impl Strategy<Value = Sent> {
    let known = prop::sample::select(DOCUMENTS.to_vec()).prop_flat_map(|(query, members)| {
        let count = if members.is_empty() { 0..1 } else { 0..5 };
        let names = if members.is_empty() { vec![""] } else { members.to_vec() };
        let object = prop::collection::vec((prop::sample::select(names), any_value()), count);
        let number =
            prop_oneof![any::<i64>().prop_map(Value::from), (0..3_i64).prop_map(Value::from), any_value()];
        (object, any_value(), any_value(), number.clone(), number).prop_map(move |(object, a, b, c, d)| {
            let mut input: Map<String, Value> =
                object.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if query.contains("BulkUpdate") {
                input.entry("ids").or_insert(json!(["cust_1", "cust_2"]));
            }
            Sent { query: query.to_owned(), variables: json!({"i": input, "a": a, "b": b, "c": c, "d": d}) }
        })
    });
    let odd = (any_text(), any_value()).prop_map(|(query, variables)| Sent { query, variables });
    prop_oneof![5 => known, 1 => odd]
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
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
        let answer = stack.acme.send(http::Method::POST, PATH, &[], body.to_owned()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert_eq!(super::error_of(&answer).0, "BAD_USER_INPUT", "{body}");
    }
}
