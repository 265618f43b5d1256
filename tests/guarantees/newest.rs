//! Lists begin with the newest customer, which the slots name.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use clientele_shared::model::{CustomerFields, CustomerNumber};
use clientele_shared::store::{ImportedRow, RowKey};
use clientele_shared::table::keys::{self, Slot, attribute};

use crate::support::{Stack, john, numbered};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn customer_that_is_written_after_a_newer_one_does_not_hide_it() {
    let stack = Stack::start().await;
    let tenant = stack.tenant();
    let allocated = stack.store.customer_numbers_allocate(&tenant, 2).await.unwrap();
    let [first, second] = [0, 1].map(|nth| CustomerNumber::try_from(allocated.first.get() + nth).unwrap());
    for number in [second, first] {
        let fields = CustomerFields { last_name: Some(format!("Doe{number}")), ..CustomerFields::default() };
        let row =
            ImportedRow { key: RowKey::new("test", &number.to_string()), number, at: allocated.at, fields };
        assert!(stack.store.customers_import(&tenant, vec![row]).await.unwrap());
    }
    assert_eq!(slots_that_name(&stack, second).await, 1);
    assert_eq!(slots_that_name(&stack, first).await, 0);
    assert_eq!(names(&stack).await, ["Doe2", "Doe1"]);
}

#[tokio::test]
async fn update_leaves_the_newest_customer_of_its_slot() {
    let stack = Stack::start().await;
    let older = format!("{CUSTOMERS}/{}", stack.acme.create(&numbered(1)).await);
    stack.acme.create(&john()).await;
    stack.acme.put(&older, &serde_json::json!({"last_name": "Changed"})).await.expect(200);
    assert_eq!(names(&stack).await, ["Doe", "Changed"]);
}

#[tokio::test]
async fn list_begins_by_the_sequence_where_no_slot_names_a_customer() {
    let stack = Stack::start().await;
    for number in 1..=3 {
        stack.acme.create(&numbered(number)).await;
    }
    let mut forgotten = 0;
    for slot in Slot::all() {
        forgotten += usize::from(forget_newest(&stack, slot).await);
    }
    assert!(forgotten > 0, "no slot named a customer");
    assert_eq!(names(&stack).await.len(), 3);
    stack.acme.create(&john()).await;
    assert_eq!(names(&stack).await.len(), 4);
}

/// Returns the last names in the list of all customers.
async fn names(stack: &Stack) -> Vec<String> {
    let list: Value = stack.acme.get(&format!("{CUSTOMERS}?limit=10")).await.data();
    let customers = list["customers"].as_array().unwrap();
    customers.iter().map(|customer| customer["last_name"].as_str().unwrap().to_owned()).collect()
}

/// Returns how many slots name this customer as their newest.
async fn slots_that_name(stack: &Stack, number: CustomerNumber) -> usize {
    let slots = stack
        .client
        .query()
        .table_name(&stack.table)
        .key_condition_expression("#pk = :pk")
        .filter_expression("#newest = :number")
        .expression_attribute_names("#pk", attribute::PK)
        .expression_attribute_names("#newest", "newest")
        .expression_attribute_values(":pk", AttributeValue::S(keys::slots_partition(&stack.tenant())))
        .expression_attribute_values(":number", AttributeValue::N(number.to_string()));
    slots.send().await.unwrap().items().len()
}

/// Removes the newest customer from a slot; returns whether the slot named one.
async fn forget_newest(stack: &Stack, slot: Slot) -> bool {
    let key = keys::slot(&stack.tenant(), slot);
    let update = stack
        .client
        .update_item()
        .table_name(&stack.table)
        .key(attribute::PK, AttributeValue::S(key.pk))
        .key(attribute::SK, AttributeValue::S(key.sk))
        .condition_expression("attribute_exists(#newest)")
        .update_expression("REMOVE #newest")
        .expression_attribute_names("#newest", "newest");
    match update.send().await {
        Ok(_) => true,
        Err(error) => {
            assert!(error.into_service_error().is_conditional_check_failed_exception());
            false
        }
    }
}
