//! A crash at any point of a write leaves each record entirely old or entirely new, with exact totals and
//! correct searches. The same mutation, sent again, takes full effect.

use serde_json::{Value, json};

use super::{create, execute, list, send};
use crate::support::{Caller, FaultAction, Faults, Stack, Steps};
use clientele_shared::model::Mode;

/// A mutation that sets name, status and city, in three forms.
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
async fn create_is_atomic_at_every_crash_point() {
    crash_at_every_point(Operation::Create).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn update_is_atomic_at_every_crash_point() {
    crash_at_every_point(Operation::Update).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_update_is_atomic_per_record_at_every_crash_point() {
    crash_at_every_point(Operation::Bulk).await;
}

async fn crash_at_every_point(operation: Operation) {
    let (faults, steps) = (Faults::default(), Steps::default());
    let configure = |config| faults.without_retries(config);
    let stack = Stack::start_customized(configure, |app| app, |_, function| steps.limit(function)).await;
    for action in [FaultAction::DropRequest, FaultAction::DropResponse] {
        let mut call = 1;
        loop {
            let caller =
                customers(&stack, &format!("{call}-{}", matches!(action, FaultAction::DropRequest))).await;
            faults.inject(call, action.clone());
            attempt(&caller, operation).await;
            let call_count = faults.clear().len();
            faults.settle().await;
            check(&caller, operation, &format!("{operation:?}, call {call} {action:?}")).await;
            if call_count < call {
                break;
            }
            call += 1;
        }
        assert!(call > 3, "{operation:?} made only {call} calls; are all of them recorded?");
    }
    let mut step = 1;
    loop {
        let caller = customers(&stack, &format!("step-{step}")).await;
        faults.plan(|_| FaultAction::Pass);
        steps.set(step);
        let is_complete = attempt(&caller, operation).await;
        steps.set(usize::MAX);
        faults.clear();
        faults.settle().await;
        check(&caller, operation, &format!("{operation:?}, stopped after step {step}")).await;
        if is_complete {
            break;
        }
        step += 1;
    }
    assert!(step > 3, "{operation:?} took only {step} steps; are all of them counted?");
}

/// Creates three customers of a new tenant; returns a caller whose key the functions have not cached.
async fn customers(stack: &Stack, tenant: &str) -> Caller {
    let setup_caller = stack.caller(tenant, Mode::Live, "read,write").await;
    for _ in 0..3 {
        create(&setup_caller, json!({"lastName": "Miller", "city": "Dallas"})).await;
    }
    // This key is not cached, so the first call of the mutation looks it up.
    stack.caller(tenant, Mode::Live, "read,write").await
}

/// Sends the mutation; returns whether it succeeded.
async fn attempt(caller: &Caller, operation: Operation) -> bool {
    let (document, variables) = operation.document();
    let response = send(caller, document, variables).await;
    assert!([200, 502, 503].contains(&response.status.as_u16()), "{response:#?}");
    let body: Value = serde_json::from_str(&response.body).unwrap();
    response.status == 200 && body.get("errors").is_none()
}

/// Checks the records, before and after the mutation is sent again.
async fn check(caller: &Caller, operation: Operation, context: &str) {
    let before = check_records(caller, context).await;
    let (document, variables) = operation.document();
    let data = execute(caller, document, variables).await;
    assert!(!data.is_null(), "{context}");
    let new = check_records(caller, context).await;
    let expected = match operation {
        Operation::Create => before + 1,
        Operation::Update => 1,
        Operation::Bulk => 3,
    };
    assert_eq!(new, expected, "{context}, sent again");
}

/// Checks that every record is entirely old or entirely new, and that lists, totals and searches agree with
/// the records; returns the number of new records.
async fn check_records(caller: &Caller, context: &str) -> u64 {
    let query =
        "{ paginatedCustomers(limit: 100) { data { id lastName status city } pagination { total } } }";
    let all = execute(caller, query, json!({})).await["paginatedCustomers"].clone();
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
