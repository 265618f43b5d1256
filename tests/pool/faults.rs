//! Faults of the table are reported with 429 or 503 and `Retry-After` in this dialect's format, whichever
//! call fails.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use clientele_shared::model::Settings;
use clientele_shared::store::RetryPolicy;

use super::{create, create_tag, error_of, list, send};
use crate::support::{FaultAction, Faults, Stack, with_retry_policy};

#[tokio::test]
async fn fault_in_any_call_is_reported() {
    let faults = Faults::default();
    let stack = start_without_retries(&faults).await;
    create_tag(&stack.acme, "One").await;
    stack.settings(Settings { usage_metering: false, ..Settings::default() }).await;
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
            let mut failed_calls = BTreeSet::new();
            for call in 1.. {
                let engine_status = if status == 429 { 400 } else { 500 };
                faults.inject(call, FaultAction::Respond(engine_status, body.to_string()));
                let response = send(&stack.acme, document, json!({})).await;
                let call_count = faults.clear().len();
                if call_count < call {
                    break;
                }
                assert_eq!(response.status, status, "{document}, call {call}: {}", response.body);
                assert_eq!((error_of(&response).0.as_str(), response.header("retry-after")), (code, "1"));
                assert!(response.body.starts_with("{\"data\":null,") && !response.body.contains("secret"));
                failed_calls.insert(call);
            }
            assert!(!failed_calls.is_empty(), "{document} made no calls; are they recorded?");
        }
    }
    // The failed requests left no inconsistency behind.
    let (ids, total) = list(&stack.acme, "first: 50").await;
    assert_eq!(ids.len() as u64, total);
    let one =
        super::execute(&stack.acme, "{ customer(selector: {id: \"cust_1\"}) { lastName city } }", json!({}))
            .await;
    assert!(["Smith", "Miller"].map(Value::from).contains(&one["customer"]["lastName"]), "{one}");
}

#[tokio::test]
async fn document_that_has_written_something_is_not_reported_as_throttled() {
    let faults = Faults::default();
    let stack = start_without_retries(&faults).await;
    throttle_after_the_first_commit(&faults);
    let document = "mutation { one: createCustomer(input: {lastName: \"One\"}) { id } \
                    two: createCustomer(input: {lastName: \"Two\"}) { id } }";
    let response = send(&stack.acme, document, json!({})).await;
    faults.clear();
    assert_eq!(list(&stack.acme, "first: 50").await.1, 1);
    assert_eq!((response.status.as_u16(), response.header("retry-after")), (503, "1"), "{}", response.body);
}

#[tokio::test]
async fn bulk_update_that_is_written_in_part_is_not_reported_as_throttled() {
    let faults = Faults::default();
    let stack = start_without_retries(&faults).await;
    let mut ids = Vec::new();
    for number in 0..120 {
        ids.push(create(&stack.acme, json!({"lastName": format!("No {number}")})).await);
    }
    throttle_after_the_first_commit(&faults);
    let document = "mutation($ids: [ID!]!) { \
                    bulkUpdateCustomers(input: {ids: $ids, update: {status: LEAD}}) { success } }";
    let response = send(&stack.acme, document, json!({ "ids": ids })).await;
    faults.clear();
    faults.settle().await;
    let changed = list(&stack.acme, "first: 100, filter: {status: LEAD}").await.1;
    assert!((1..120).contains(&changed), "{changed} of 120 were changed");
    assert_eq!(response.status, 503, "{}", response.body);
}

/// Throttles every call from the second commit on.
fn throttle_after_the_first_commit(faults: &Faults) {
    let throttled =
        json!({"__type": "com.amazon.coral.availability#ThrottlingException", "message": "slow down"});
    let body = throttled.to_string();
    let mut commits = 0;
    faults.plan(move |sent| {
        commits += usize::from(sent.operation == "TransactWriteItems");
        if commits > 1 { FaultAction::Respond(400, body.clone()) } else { FaultAction::Pass }
    });
}

pub(crate) async fn start_without_retries(faults: &Faults) -> Stack {
    let one_attempt = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
    let configure = |config| faults.without_retries(config);
    Stack::start_customized(configure, |app| with_retry_policy(app, one_attempt), |_, function| function)
        .await
}
