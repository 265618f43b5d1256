//! Customers for the ledger: a typical one, and fillers to surround it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use clientele_shared::model::{Customer, CustomerFields, CustomerType, Status, Tenant};
use clientele_shared::store::{ImportedRow, RowKey, Store};
use clientele_shared::table::keys::{self, attribute};

use crate::support::Stack;

/// Returns a typical household of a service business: names, contact details, two addresses, a note.
pub(crate) fn typical() -> Value {
    json!({
        "first_name": "Margaret",
        "last_name": "Okafor",
        "email": "margaret.okafor@example.com",
        "phone": "206-555-0101",
        "physical_address1": "4118 Fremont Ave N",
        "physical_city": "Seattle",
        "physical_state": "WA",
        "physical_zip": "98103",
        "billing_address1": "4118 Fremont Ave N",
        "billing_city": "Seattle",
        "billing_state": "WA",
        "billing_zip": "98103",
        "notes": "Weekly service since 2016. Gate code changes every spring: ask before the first visit.",
    })
}

/// Returns a filler customer, adjacent to the typical customer in the search index but never a candidate in a
/// search for it. It has few search terms, so that thousands are written quickly. One in three has each
/// status, one in two each type, and one in two the VIP flag, so that every list has customers in each
/// partition that it reads. `notes` is the length of the notes and thus sets the item size.
pub(crate) fn filler(number: usize, notes: usize) -> CustomerFields {
    CustomerFields {
        first_name: Some("Bo".into()),
        last_name: Some("Oka".into()),
        status: Status::ALL[number % 3],
        customer_type: CustomerType::ALL[number / 3 % 2],
        is_vip: number / 6 % 2 == 1,
        notes: Some("n".repeat(notes)),
        ..CustomerFields::default()
    }
}

/// Imports customers, [`Store::IMPORT_ROWS`] per commit.
pub(crate) async fn import(store: &Store, tenant: &Tenant, source: &str, customers: &[CustomerFields]) {
    for (commit, chunk) in customers.chunks(Store::IMPORT_ROWS).enumerate() {
        let numbers =
            store.customer_numbers_allocate(tenant, u32::try_from(chunk.len()).unwrap()).await.unwrap();
        let row = |(at, fields): (usize, &CustomerFields)| ImportedRow {
            key: RowKey::new(source, &format!("{commit}/{at}")),
            number: (numbers.first.get() + u32::try_from(at).unwrap()).try_into().unwrap(),
            at: numbers.at,
            fields: fields.clone(),
        };
        assert!(store.customers_import(tenant, chunk.iter().enumerate().map(row).collect()).await.unwrap());
    }
}

/// Returns the size of a customer's item in bytes, as DynamoDB counts them, and its number of search entries.
pub(crate) async fn size_and_entries(stack: &Stack, tenant: &Tenant, customer: &Customer) -> (usize, usize) {
    let partition = keys::customer_partition(tenant, customer.uuid);
    let response = stack
        .client
        .query()
        .table_name(&stack.table)
        .key_condition_expression("#pk = :pk")
        .expression_attribute_names("#pk", attribute::PK)
        .expression_attribute_values(":pk", AttributeValue::S(partition))
        .send()
        .await
        .unwrap();
    let (record, entries): (Vec<_>, Vec<_>) =
        response.items().iter().partition(|item| item.contains_key(attribute::NUMBER));
    assert_eq!(record.len(), 1);
    (size_of_attributes(record[0]), entries.len())
}

fn size_of_attributes(attributes: &HashMap<String, AttributeValue>) -> usize {
    attributes.iter().map(|(name, value)| name.len() + size(value)).sum()
}

/// Returns the documented size of a value in bytes.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::M(attributes) => 3 + attributes.len() + size_of_attributes(attributes),
        AttributeValue::L(values) => 3 + values.len() + values.iter().map(size).sum::<usize>(),
        other => panic!("records do not contain {other:?}"),
    }
}
