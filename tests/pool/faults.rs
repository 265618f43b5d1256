//! Faults of the table: told with 429 or 503 and `Retry-After` in this dialect's shape, whichever call they inject.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{create, create_tag, error_of, list, send};
use crate::support::{FaultAction, Faults, Stack};

#[tokio::test]
async fn a_fault_of_any_call_is_told() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.without_retries(config)).await;
    create_tag(&stack.acme, "One").await;
    create(&stack.acme, json!({"lastName": "Smith", "city": "Austin"})).await;
    let throttled =
        json!({"__type": "com.amazon.coral.availability#ThrottlingException", "message": "slow down"});
    let failed =
        json!({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "secret"});
    for document in [
        "{ infiniteCustomers(first: 5) { edges { node { tags { id } } } totalCount } }",
        "{ infiniteCustomers(first: 5, search: \"smith\") { totalCount } }",
        "{ infiniteCustomers(first: 5, filter: {city: \"austin\", tagIds: [\"tag_001\"]}) { totalCount } }",
        "{ paginatedCustomers(page: 2, limit: 1) { data { id } } }",
        "{ customer(selector: {id: \"cust_1\"}) { id tags { id } } }",
        "mutation { createCustomer(input: {lastName: \"Doe\", tagIds: [\"tag_001\"]}) { id } }",
        "mutation { updateCustomer(id: \"cust_1\", input: {lastName: \"Miller\"}) { id } }",
        "mutation { updateTag(id: \"tag_001\", input: {name: \"Two\"}) { id } }",
        "mutation { bulkUpdateCustomers(input: {ids: [\"cust_1\"], update: {city: \"Dallas\"}}) { success } }",
    ] {
        for (status, body, code) in
            [(429, &throttled, "RATE_LIMITED"), (503, &failed, "INTERNAL_SERVER_ERROR")]
        {
            let mut told = BTreeSet::new();
            for call in 1.. {
                let from_engine = if status == 429 { 400 } else { 500 };
                faults.inject(call, FaultAction::Answer(from_engine, body.to_string()));
                let answer = send(&stack.acme, document, json!({})).await;
                let made = faults.clear().len();
                if made < call {
                    break;
                }
                assert_eq!(answer.status, status, "{document}, call {call}: {}", answer.body);
                assert_eq!((error_of(&answer).0.as_str(), answer.header("retry-after")), (code, "1"));
                assert!(answer.body.starts_with("{\"data\":null,") && !answer.body.contains("secret"));
                told.insert(call);
            }
            assert!(!told.is_empty(), "{document} makes no calls: are they seen?");
        }
    }
    // What was refused is not there.
    let (ids, total) = list(&stack.acme, "first: 50").await;
    assert_eq!(ids.len() as u64, total);
    let one =
        super::ask(&stack.acme, "{ customer(selector: {id: \"cust_1\"}) { lastName city } }", json!({}))
            .await;
    assert!(["Smith", "Miller"].map(Value::from).contains(&one["customer"]["lastName"]), "{one}");
}
