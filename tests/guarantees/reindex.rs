//! The search index can be rebuilt from the records.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::Value;

use clientele_shared::table::keys::{self, attribute};

use crate::support::{Stack, john, numbered};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn reindex_restores_missing_search_terms() {
    let stack = Stack::start().await;
    for number in 1..=3 {
        stack.acme.create(&numbered(number)).await;
    }
    let john = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    stack.acme.delete(&john).await.expect(200);
    delete_all_terms(&stack).await;
    assert_eq!(found(&stack, "customer").await, 0);

    let tenant = stack.tenant();
    assert_eq!(stack.store.customer_number_last(&tenant).await.unwrap().unwrap().get(), 4);
    assert_eq!(stack.store.customers_reindex(&tenant, 1..=2).await.unwrap(), 2);
    assert_eq!(found(&stack, "customer").await, 2);
    assert_eq!(stack.store.customers_reindex(&tenant, 3..=9).await.unwrap(), 2);
    assert_eq!(found(&stack, "customer").await, 3);
    // A deleted customer is not found until it is restored.
    assert_eq!(found(&stack, "john").await, 0);
    stack.acme.send(Method::POST, &format!("{john}/restore"), &[], String::new()).await.expect(200);
    assert_eq!(found(&stack, "john").await, 1);
}

async fn found(stack: &Stack, word: &str) -> u64 {
    let list: Value = stack.acme.get(&format!("{CUSTOMERS}?search={word}")).await.data();
    list["pagination"]["total"].as_u64().unwrap()
}

/// Deletes every search term in the table.
async fn delete_all_terms(stack: &Stack) {
    let items = stack.client.scan().table_name(&stack.table).send().await.unwrap().items.unwrap();
    let key = |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().unwrap().clone();
    for item in &items {
        let (pk, sk) = (key(item, attribute::PK), key(item, attribute::SK));
        if sk.starts_with(keys::TERM_PREFIX) {
            let delete = stack.client.delete_item().table_name(&stack.table);
            let delete = delete.key(attribute::PK, AttributeValue::S(pk));
            delete.key(attribute::SK, AttributeValue::S(sk)).send().await.unwrap();
        }
    }
}
