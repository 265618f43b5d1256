//! A customer's search terms never pile up: a rename deletes those that the customer no longer needs, even if they do
//! not fit in one transaction, if the process is killed, or if the customer is renamed back in the meantime.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use clientele_shared::model::Customer;
use clientele_shared::rules::entries::{marks, terms};
use clientele_shared::store::RetryPolicy;
use clientele_shared::table::keys;

use crate::support::{FaultAction, Faults, Stack, Steps, with_retry_policy};

const CUSTOMERS: &str = "/api/v1/customers";

/// Returns a name of 250 letters without a pattern, which has 248 search terms.
fn long_name(number: u32) -> String {
    let mut random = number.wrapping_mul(2_654_435_761).wrapping_add(97);
    let letter = |_| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(u32::from('a') + (random >> 16) % 26).unwrap()
    };
    (0..250).map(letter).collect()
}

fn renamed(number: u32) -> serde_json::Value {
    json!({ "first_name": long_name(number), "last_name": long_name(number + 50) })
}

/// The terms and marks next to a customer's record that it needs and lacks, and those that it has and does not need.
async fn differences(stack: &Stack, uuid: &str) -> (Vec<String>, Vec<String>) {
    let tenant = stack.tenant();
    let customer: Customer = stack.store.customer_get(&tenant, uuid.parse().unwrap(), true).await.unwrap();
    let needed: BTreeSet<String> =
        (terms(&customer).iter().map(|term| keys::term(&tenant, customer.uuid, term)))
            .chain(marks(&customer).iter().map(|mark| keys::mark(&tenant, customer.uuid, mark)))
            .map(|key| key.sk)
            .collect();
    let there = terms_stored(stack, keys::customer_partition(&tenant, customer.uuid)).await;
    let without = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
    (without(&needed, &there), without(&there, &needed))
}

/// The sort keys of the terms and marks in a customer's partition.
async fn terms_stored(stack: &Stack, partition: String) -> BTreeSet<String> {
    let query = stack.client.query().table_name(&stack.table).consistent_read(true);
    let query = query
        .key_condition_expression("pk = :pk AND begins_with(sk, :term)")
        .expression_attribute_values(":pk", AttributeValue::S(partition))
        .expression_attribute_values(":term", AttributeValue::S(keys::TERM_PREFIX.to_owned()));
    let mut items = query.into_paginator().items().send();
    let mut stored = BTreeSet::new();
    while let Some(item) = items.next().await {
        stored.insert(item.unwrap()["sk"].as_s().unwrap().clone());
    }
    stored
}

#[track_caller]
fn check_exact((missing, surplus): (Vec<String>, Vec<String>), context: &str) {
    assert!(missing.is_empty(), "{context}: the search terms {missing:?} are missing");
    assert!(
        surplus.is_empty(),
        "{context}: {} search terms are left, such as {:?}",
        surplus.len(),
        surplus[0]
    );
}

/// Starts a stack that retries without backoff.
async fn start(faults: &Faults, steps: &Steps) -> Stack {
    let none = std::time::Duration::ZERO;
    let policy = RetryPolicy { initial_backoff: none, max_backoff: none, ..RetryPolicy::default() };
    let configure = |config| faults.with_retries(config);
    Stack::start_customized(
        configure,
        |app| with_retry_policy(app, policy),
        |_, function| steps.limit(function),
    )
    .await
}

#[tokio::test]
async fn long_renames_leave_no_obsolete_terms() {
    let stack = Stack::start().await;
    let uuid = stack.acme.create(&renamed(0)).await;
    for number in 1..=25 {
        stack.acme.put(&format!("{CUSTOMERS}/{uuid}"), &renamed(number)).await.expect(200);
        check_exact(differences(&stack, &uuid).await, &format!("rename {number}"));
    }
}

#[tokio::test]
async fn rename_succeeds_if_its_clean_up_fails() {
    let (faults, steps) = (Faults::default(), Steps::default());
    let stack = start(&faults, &steps).await;
    let uuid = stack.acme.create(&renamed(0)).await;
    let path = format!("{CUSTOMERS}/{uuid}");
    for (number, kind, status) in [
        (1, "com.amazon.coral.availability#ThrottlingException", 400),
        (2, "com.amazonaws.dynamodb.v20120810#InternalServerError", 500),
    ] {
        let body = json!({ "__type": kind, "message": "injected by the test" }).to_string();
        let mut commits = 0;
        faults.plan(move |sent| {
            commits += usize::from(sent.operation == "TransactWriteItems");
            let is_clean_up = sent.operation == "TransactWriteItems" && commits > 1;
            if is_clean_up { FaultAction::Respond(status, body.clone()) } else { FaultAction::Pass }
        });
        let response = stack.acme.put(&path, &renamed(number)).await;
        faults.clear();
        // The record is renamed, which neither 429 nor 503 may deny.
        response.expect(200);
        assert_eq!(stack.acme.get(&path).await.data(), response.data());
        let (missing, surplus) = differences(&stack, &uuid).await;
        assert!(missing.is_empty() && !surplus.is_empty(), "the clean-up did not fail");
    }
    stack.acme.put(&path, &renamed(3)).await.expect(200);
    check_exact(differences(&stack, &uuid).await, "the next rename");
}

#[tokio::test]
async fn clean_up_killed_at_any_step_is_completed_by_the_next_rename() {
    let (faults, steps) = (Faults::default(), Steps::default());
    let stack = start(&faults, &steps).await;
    let uuid = stack.acme.create(&renamed(0)).await;
    let path = format!("{CUSTOMERS}/{uuid}");
    let mut killed = 0;
    for step in 1.. {
        steps.set(step);
        let response = stack.acme.put(&path, &renamed(step as u32 % 40)).await;
        steps.set(usize::MAX);
        faults.settle().await;
        let (missing, surplus) = differences(&stack, &uuid).await;
        assert!(missing.is_empty(), "step {step}: the search terms {missing:?} are missing");
        // The terms of one name that was not written, and of one that is not written any more.
        assert!(surplus.len() <= 1_000, "step {step}: {} search terms are left", surplus.len());
        if response.status.is_success() {
            break;
        }
        killed += 1;
        stack.acme.put(&path, &json!({ "company_name": format!("Company {step}") })).await.expect(200);
        check_exact(differences(&stack, &uuid).await, &format!("after step {step}"));
    }
    assert!(killed > 5, "the rename took only {killed} steps; are all of them counted?");
}

/// The clean-up is held back; the customer gets its old name back in the meantime, and commits before or after it.
#[tokio::test(flavor = "multi_thread")]
async fn customer_renamed_back_during_the_clean_up_keeps_its_terms() {
    for commits_first in [true, false] {
        let (faults, steps) = (Faults::default(), Steps::default());
        let stack = start(&faults, &steps).await;
        let uuid = stack.acme.create(&renamed(0)).await;
        let path = format!("{CUSTOMERS}/{uuid}");
        let (clean_up, commit) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (sender, mut held) = mpsc::unbounded_channel();
        let (holds, mut commits) = ([Arc::clone(&clean_up), Arc::clone(&commit)], 0);
        faults.plan(move |sent| {
            if sent.operation != "TransactWriteItems" {
                return FaultAction::Pass;
            }
            commits += 1;
            match commits {
                2 | 3 => {
                    sender.send(commits).unwrap();
                    FaultAction::Hold(Arc::clone(&holds[commits - 2]))
                }
                _ => FaultAction::Pass,
            }
        });
        let rename = |number| {
            let (acme, path) = (stack.acme.clone(), path.clone());
            tokio::spawn(async move { acme.put(&path, &renamed(number)).await })
        };
        let first = rename(1);
        assert_eq!(held.recv().await, Some(2), "the clean-up");
        let back = rename(0);
        assert_eq!(held.recv().await, Some(3), "the commit of the rename back");
        if commits_first {
            commit.notify_one();
            back.await.unwrap().expect(200);
            clean_up.notify_one();
            first.await.unwrap().expect(200);
        } else {
            clean_up.notify_one();
            first.await.unwrap().expect(200);
            commit.notify_one();
            back.await.unwrap().expect(200);
        }
        faults.clear();
        assert_eq!(stack.acme.get(&path).await.data()["first_name"], long_name(0));
        check_exact(differences(&stack, &uuid).await, &format!("committed first: {commits_first}"));
    }
}
