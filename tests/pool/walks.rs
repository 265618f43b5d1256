//! Walks of thousands of customers during concurrent writes: no customer appears twice, and no customer that
//! exists throughout is skipped.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use clientele_shared::model::{CustomerFields, Status};
use clientele_shared::store::{ImportedRow, RowKey, Store};

use super::{create, execute};
use crate::support::{Caller, Stack};

pub(super) const COUNT: u32 = 3_000;

/// Creates customers 1 to 3,000, a third with each status.
pub(super) async fn customers(stack: &Stack) {
    let numbers: Vec<u32> = (1..=COUNT).collect();
    for chunk in numbers.chunks(Store::IMPORT_ROWS) {
        let count = u32::try_from(chunk.len()).unwrap();
        let numbers = stack.store.customer_numbers_allocate(&stack.tenant(), count).await.unwrap();
        let rows = chunk.iter().map(|number| ImportedRow {
            key: RowKey::new("walk", &number.to_string()),
            number: (*number).try_into().unwrap(),
            at: numbers.at,
            fields: CustomerFields {
                first_name: Some("Bo".into()),
                status: Status::ALL[*number as usize % 3],
                ..CustomerFields::default()
            },
        });
        assert!(stack.store.customers_import(&stack.tenant(), rows.collect()).await.unwrap());
    }
}

/// Reads a list to its end by cursor; calls `between` after each page but the last.
async fn walk(caller: &Caller, filter: Value, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let query = "query($after: String, $filter: CustomerFilter) { \
                 infiniteCustomers(first: 100, after: $after, filter: $filter) { \
                 edges { node { id } cursor } pageInfo { hasNextPage endCursor } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    for page in 0.. {
        let data = execute(caller, query, json!({"after": after, "filter": filter})).await;
        let list = &data["infiniteCustomers"];
        let edges = list["edges"].as_array().unwrap();
        seen.extend(edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()));
        let info = &list["pageInfo"];
        assert_eq!(info["endCursor"], edges.last().map_or(Value::Null, |edge| edge["cursor"].clone()));
        if info["hasNextPage"] == false {
            return seen;
        }
        after = info["endCursor"].clone();
        between(page).await;
    }
    unreachable!()
}

#[tokio::test]
async fn walk_sees_every_customer_once_during_concurrent_writes() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let acme = &stack.acme;
    // After each page: one create, two status changes and one delete, ahead of and behind the walk.
    let between = async |page: usize| {
        create(acme, json!({"firstName": "New"})).await;
        for (number, status) in [(page * 90 + 5, "LEAD"), (COUNT as usize - page * 90 - 7, "ACTIVE")] {
            let query =
                "mutation($id: ID!, $i: UpdateCustomerInput!) { updateCustomer(id: $id, input: $i) { id } }";
            let id = format!("cust_{}", number.max(1));
            execute(acme, query, json!({"id": id, "i": {"status": status}})).await;
        }
        let tenant = stack.tenant();
        let deleted_uuid = tenant.customer_uuid(u32::try_from(page * 100 + 50).unwrap().try_into().unwrap());
        let write = clientele_shared::store::Write::plain();
        stack.store.customer_delete(&tenant, deleted_uuid, write).await.unwrap();
    };
    let seen = walk(acme, Value::Null, between).await;
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "a customer was listed twice");
    let deleted = |number: u32| number % 100 == 50;
    for number in (1..=COUNT).filter(|number| !deleted(*number)) {
        assert!(distinct.contains(&format!("cust_{number}")), "cust_{number} was skipped");
    }
}

#[tokio::test]
async fn cursor_works_after_its_customer_is_deleted_and_with_another_filter() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let all = walk(&stack.acme, Value::Null, async |_| ()).await;
    assert_eq!(all.len(), COUNT as usize);
    let leads = walk(&stack.acme, json!({"status": "LEAD"}), async |_| ()).await;
    assert_eq!(leads.len(), COUNT as usize / 3);
    let tenant = stack.tenant();
    let deleted_uuid = tenant.customer_uuid(50_u32.try_into().unwrap());
    stack
        .store
        .customer_delete(&tenant, deleted_uuid, clientele_shared::store::Write::plain())
        .await
        .unwrap();
    // eyJpZCI6ImN1c3RfNTAifQ== is the cursor of cust_50.
    let arguments = "first: 2, after: \"eyJpZCI6ImN1c3RfNTAifQ==\", filter: {status: LEAD}";
    let (ids, total) = super::list(&stack.acme, arguments).await;
    assert_eq!(ids, ["cust_47", "cust_44"]);
    assert_eq!(total, u64::from(COUNT / 3) - 1);
}
