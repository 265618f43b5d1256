//! A crash at any point of a write leaves each record entirely old or entirely new, the totals exact and the search
//! right; and the same mutation, sent again, takes full effect.

use serde_json::{Value, json};

use super::{ask, create, list, send};
use crate::support::{Caller, FaultAction, Faults, Stack, Steps};
use clientele_shared::model::Mode;

/// A mutation of everybody's name and status, in its three ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Create,
    Update,
    Bulk,
}

impl Operation {
    fn document(self) -> (&'static str, Value) {
        let new = json!({"lastName": "Smith", "status": "LEAD", "city": "Austin"});
        match self {
            Self::Create => (
                "mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { id } }",
                json!({ "i": new }),
            ),
            Self::Update => (
                "mutation($i: UpdateCustomerInput!) { updateCustomer(id: \"cust_1\", input: $i) { id } }",
                json!({ "i": new }),
            ),
            Self::Bulk => (
                "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) { success } }",
                json!({"i": {"ids": ["cust_1", "cust_2", "cust_3"], "update": new}}),
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_is_whole_or_not_at_all() {
    break_off_everywhere(Operation::Create).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_whole_or_not_at_all() {
    break_off_everywhere(Operation::Update).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_of_a_bulk_update_is_whole_or_not_at_all() {
    break_off_everywhere(Operation::Bulk).await;
}

async fn break_off_everywhere(operation: Operation) {
    let (faults, steps) = (Faults::default(), Steps::default());
    let configure = |config| faults.without_retries(config);
    let stack = Stack::start_around(configure, |store| store, |function| steps.limit(function)).await;
    for action in [FaultAction::Cut, FaultAction::LoseAnswer] {
        let mut call = 1;
        loop {
            let caller = customers(&stack, &format!("{call}-{}", matches!(action, FaultAction::Cut))).await;
            faults.inject(call, action.clone());
            attempt(&caller, operation).await;
            let made = faults.clear().len();
            faults.settle().await;
            check(&caller, operation, &format!("{operation:?}, call {call} {action:?}")).await;
            if made < call {
                break;
            }
            call += 1;
        }
        assert!(call > 3, "{operation:?} makes {call} calls: are they all seen?");
    }
    let mut step = 1;
    loop {
        let caller = customers(&stack, &format!("step-{step}")).await;
        faults.plan(|_| FaultAction::Pass);
        steps.set(step);
        let is_done = attempt(&caller, operation).await;
        steps.set(usize::MAX);
        faults.clear();
        faults.settle().await;
        check(&caller, operation, &format!("{operation:?}, stopped after step {step}")).await;
        if is_done {
            break;
        }
        step += 1;
    }
    assert!(step > 3, "{operation:?} takes {step} steps: are they all seen?");
}

/// Three customers of a new tenant.
async fn customers(stack: &Stack, tenant: &str) -> Caller {
    let prepares = stack.caller(tenant, Mode::Live, "read,write").await;
    for _ in 0..3 {
        create(&prepares, json!({"lastName": "Miller", "city": "Dallas"})).await;
    }
    // The functions do not know this key yet, and their first call is to look it up.
    stack.caller(tenant, Mode::Live, "read,write").await
}

/// Sends the mutation; returns whether it was answered with data.
async fn attempt(caller: &Caller, operation: Operation) -> bool {
    let (document, variables) = operation.document();
    let answer = send(caller, document, variables).await;
    assert!([200, 502, 503].contains(&answer.status.as_u16()), "{answer:#?}");
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    answer.status == 200 && body.get("errors").is_none()
}

/// Holds what is there against what may be, before and after the mutation is sent again.
async fn check(caller: &Caller, operation: Operation, context: &str) {
    let before = check_records(caller, context).await;
    let (document, variables) = operation.document();
    let data = ask(caller, document, variables).await;
    assert!(!data.is_null(), "{context}");
    let new = check_records(caller, context).await;
    let expected = match operation {
        Operation::Create => before + 1,
        Operation::Update => 1,
        Operation::Bulk => 3,
    };
    assert_eq!(new, expected, "{context}, sent again");
}

/// Every record is old or new as a whole, and lists, totals and searches agree; returns how many are new.
async fn check_records(caller: &Caller, context: &str) -> u64 {
    let query =
        "{ paginatedCustomers(limit: 100) { data { id lastName status city } pagination { total } } }";
    let all = ask(caller, query, json!({})).await["paginatedCustomers"].clone();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for customer in all["data"].as_array().unwrap() {
        let id = customer["id"].as_str().unwrap().to_owned();
        let record = (&customer["lastName"], &customer["status"], &customer["city"]);
        if record == (&json!("Smith"), &json!("LEAD"), &json!("Austin")) {
            new.push(id);
        } else {
            assert_eq!(record, (&json!("Miller"), &json!("ACTIVE"), &json!("Dallas")), "{context}");
            old.push(id);
        }
    }
    assert_eq!(all["pagination"]["total"], old.len() + new.len(), "{context}");
    for (arguments, expected) in [
        ("filter: {status: LEAD}", &new),
        ("filter: {status: ACTIVE}", &old),
        ("search: \"smi\"", &new),
        ("search: \"miller\"", &old),
        ("filter: {city: \"austin\"}", &new),
        ("filter: {city: \"dallas\"}", &old),
    ] {
        let arguments = format!("first: 100, {arguments}");
        let (ids, total) = list(caller, &arguments).await;
        assert_eq!((&ids, total), (expected, expected.len() as u64), "{arguments}, {context}");
    }
    new.len() as u64
}
