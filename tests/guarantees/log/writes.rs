//! Writers of the log: every kind of write is logged once, wherever its process crashes.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{CustomerFields, Mode, Price, PriceEntry, PriceOwner, ProductId};
use clientele_shared::store::{ImportedRow, RowKey};

use super::{ALL, CUSTOMERS, Reader};
use crate::pool::execute;
use crate::support::{Caller, FaultAction, Faults, Stack, Steps, john, numbered, uuid_of};

#[tokio::test]
async fn every_write_is_logged_once() {
    let stack = Stack::start().await;
    let (acme, tenant) = (&stack.acme, stack.tenant());
    let mut reader = Reader::new(&stack.store, &tenant).await;
    let john = format!("{CUSTOMERS}/{}", acme.create(&john()).await);
    assert_eq!(reader.catch_up(&stack.store, ALL).await, [["C1:1"]]);
    acme.put(&john, &json!({"last_name": "Smith", "is_vip": true})).await.expect(200);
    assert_eq!(reader.catch_up(&stack.store, ALL).await, [["C1:2"]]);
    // A write that changes nothing is no commit.
    acme.put(&john, &json!({"last_name": "Smith"})).await.expect(200);
    assert!(reader.catch_up(&stack.store, ALL).await.is_empty());
    acme.delete(&john).await.expect(200);
    assert_eq!(reader.catch_up(&stack.store, ALL).await, [["C1:3"]]);
    acme.post(&format!("{john}/restore"), &Value::Null).await.expect(200);
    assert_eq!(reader.catch_up(&stack.store, ALL).await, [["C1:4"]]);
    // A refused write is no commit.
    acme.put(&john, &json!({"email": "none"})).await.expect(400);
    assert!(reader.catch_up(&stack.store, ALL).await.is_empty());

    let idempotent =
        async || acme.send(Method::DELETE, &john, &[("idempotency-key", "1")], String::new()).await;
    idempotent().await.expect(200);
    assert_eq!(idempotent().await.header("idempotent-replayed"), "true");
    assert_eq!(reader.catch_up(&stack.store, ALL).await, [["C1:5"]]);
    // The sandbox of the tenant has a log of its own.
    stack.caller("acme", Mode::Test, "read,write").await.create(&numbered(1)).await;
    assert!(reader.catch_up(&stack.store, ALL).await.is_empty());
    reader.check_order();
    reader.check_records(acme).await;
}

#[tokio::test]
async fn imports_bulk_updates_tags_and_prices_are_logged_once() {
    let stack = Stack::start().await;
    let (acme, tenant) = (&stack.acme, stack.tenant());
    let mut reader = Reader::new(&stack.store, &tenant).await;
    import(&stack, 48).await;
    assert_eq!(
        reader.catch_up(&stack.store, ALL).await,
        [(1..=48).map(|n| format!("C{n}:1")).collect::<Vec<_>>()]
    );
    let bulk = "mutation { bulkUpdateCustomers(input: {ids: [\"cust_1\", \"cust_48\"], \
                update: {status: LEAD}}) { updatedCount } }";
    execute(acme, bulk, json!({})).await;
    assert_eq!(reader.catch_up(&stack.store, ALL).await.concat(), ["C1:2", "C48:2"]);
    for mutation in [
        "createTag(input: {name: \"Gold\"}) { id }",
        "updateTag(id: \"tag_001\", input: {name: \"Silver\"}) { id }",
        "deleteTag(id: \"tag_001\")",
    ] {
        execute(acme, &format!("mutation {{ {mutation} }}"), json!({})).await;
        assert_eq!(reader.catch_up(&stack.store, ALL).await, [["Ttag_001"]], "{mutation}");
    }
    let customer = tenant.customer_uuid(7.try_into().unwrap());
    let entries = [PriceOwner::List, PriceOwner::Customer(customer)].map(price);
    stack.store.prices_put(&tenant, &entries).await.unwrap();
    let logged: BTreeSet<String> = reader.catch_up(&stack.store, ALL).await.concat().into_iter().collect();
    let expected = ["P:filter-clean".to_owned(), format!("P{customer}:filter-clean")];
    assert_eq!(logged, BTreeSet::from(expected));
    reader.check_order();
    reader.check_records(acme).await;
}

async fn import(stack: &Stack, count: u32) {
    let allocated = stack.store.customer_numbers_allocate(&stack.tenant(), count).await.unwrap();
    let rows = (0..count).map(|row| ImportedRow {
        key: RowKey::new("test", &row.to_string()),
        number: (allocated.first.get() + row).try_into().unwrap(),
        at: allocated.at,
        fields: CustomerFields { last_name: Some(format!("No{row}")), ..CustomerFields::default() },
    });
    assert!(stack.store.customers_import(&stack.tenant(), rows.collect()).await.unwrap());
}

fn price(owner: PriceOwner) -> PriceEntry {
    let price = Price {
        effective_from: None,
        service_type: None,
        name: None,
        amount: "12.50".parse().unwrap(),
        currency: "USD".parse().unwrap(),
    };
    PriceEntry { owner, product: "filter-clean".parse::<ProductId>().unwrap(), price }
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_of_writers_leave_no_change_out_of_the_log() {
    let (faults, steps) = (Faults::default(), Steps::default());
    let configure = |config| faults.without_retries(config);
    let stack = Stack::start_customized(configure, |app| app, |_, function| steps.limit(function)).await;
    let mut reader = Reader::new(&stack.store, &stack.tenant()).await;
    for action in [FaultAction::DropRequest, FaultAction::DropResponse] {
        for call in 1.. {
            faults.inject(call, action.clone());
            let responses = write_all(&stack.acme).await;
            let call_count = faults.clear().len();
            faults.settle().await;
            let acknowledged = responses.iter().filter(|status| **status < 300).count();
            let logged = reader.catch_up(&stack.store, ALL).await.len();
            assert!(logged >= acknowledged, "{action:?} of call {call}: {logged} of {acknowledged}");
            if call_count < call {
                break;
            }
        }
    }
    for step in 1.. {
        steps.set(step);
        faults.plan(|_| FaultAction::Pass);
        let responses = write_all(&stack.acme).await;
        steps.set(usize::MAX);
        faults.clear();
        faults.settle().await;
        let acknowledged = responses.iter().filter(|status| **status < 300).count();
        let logged = reader.catch_up(&stack.store, ALL).await.len();
        assert!(logged >= acknowledged, "stopped after step {step}: {logged} of {acknowledged}");
        if acknowledged == responses.len() {
            break;
        }
    }
    reader.check_order();
    reader.check_records(&stack.acme).await;
}

/// Creates, updates and deletes a customer, as far as this succeeds; returns the statuses of the responses.
async fn write_all(caller: &Caller) -> Vec<u16> {
    let created = caller.post(CUSTOMERS, &john()).await;
    let mut statuses = vec![created.status.as_u16()];
    if created.status.is_success() {
        let path = format!("{CUSTOMERS}/{}", uuid_of(&created.data()));
        let updated = caller.put(&path, &json!({"last_name": "Smith", "is_vip": true})).await;
        let deleted = caller.delete(&path).await;
        statuses.extend([updated.status.as_u16(), deleted.status.as_u16()]);
    }
    statuses
}
