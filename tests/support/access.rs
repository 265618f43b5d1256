//! The accesses of a DynamoDB call, in the terms of an IAM policy: action, table or index, partition key.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use aws_smithy_runtime_api::client::interceptors::context::Input;

use clientele_shared::table::keys::attribute;

/// One access that a call needs permission for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    /// The action, such as `dynamodb:GetItem`. A transaction needs the actions of its items.
    pub(crate) action: &'static str,
    /// The index, or `None` for the table itself.
    pub(crate) index: Option<String>,
    /// The partition key, which IAM compares with `dynamodb:LeadingKeys`.
    pub(crate) partition: String,
}

/// Returns every access that a call needs permission for, or `None` if they cannot be determined.
pub(crate) fn accesses_of(input: &Input) -> Option<Vec<Access>> {
    if let Some(get) = input.downcast_ref::<GetItemInput>() {
        return Some(vec![table_access("dynamodb:GetItem", get.key.as_ref()?)?]);
    }
    if let Some(put) = input.downcast_ref::<PutItemInput>() {
        return Some(vec![table_access("dynamodb:PutItem", put.item.as_ref()?)?]);
    }
    if let Some(update) = input.downcast_ref::<UpdateItemInput>() {
        return Some(vec![table_access("dynamodb:UpdateItem", update.key.as_ref()?)?]);
    }
    if let Some(delete) = input.downcast_ref::<DeleteItemInput>() {
        return Some(vec![table_access("dynamodb:DeleteItem", delete.key.as_ref()?)?]);
    }
    if let Some(query) = input.downcast_ref::<QueryInput>() {
        return Some(vec![query_access(query)?]);
    }
    if let Some(batch) = input.downcast_ref::<BatchGetItemInput>() {
        let tables = batch.request_items.as_ref()?.values();
        return tables
            .flat_map(|table| table.keys())
            .map(|key| table_access("dynamodb:BatchGetItem", key))
            .collect();
    }
    if let Some(batch) = input.downcast_ref::<BatchWriteItemInput>() {
        let writes = batch.request_items.as_ref()?.values().flatten();
        let item = |write: &aws_sdk_dynamodb::types::WriteRequest| {
            let put = write.put_request().map(aws_sdk_dynamodb::types::PutRequest::item);
            let delete = write.delete_request().map(aws_sdk_dynamodb::types::DeleteRequest::key);
            table_access("dynamodb:BatchWriteItem", put.or(delete)?)
        };
        return writes.map(item).collect();
    }
    let transaction = input.downcast_ref::<TransactWriteItemsInput>()?;
    transaction.transact_items.as_ref()?.iter().map(transaction_item_access).collect()
}

fn transaction_item_access(item: &TransactWriteItem) -> Option<Access> {
    item.put()
        .and_then(|put| table_access("dynamodb:PutItem", put.item()))
        .or_else(|| item.update().and_then(|update| table_access("dynamodb:UpdateItem", update.key())))
        .or_else(|| item.delete().and_then(|delete| table_access("dynamodb:DeleteItem", delete.key())))
        .or_else(|| {
            item.condition_check().and_then(|check| table_access("dynamodb:ConditionCheckItem", check.key()))
        })
}

/// Returns the access of a query, whose partition is the value that the key condition compares with `#pk`.
fn query_access(query: &QueryInput) -> Option<Access> {
    query.key_condition_expression.as_ref().filter(|condition| condition.starts_with("#pk = :pk"))?;
    let partition = query.expression_attribute_values.as_ref()?.get(":pk")?.as_s().ok()?;
    Some(Access { action: "dynamodb:Query", index: query.index_name.clone(), partition: partition.clone() })
}

fn table_access(action: &'static str, key: &HashMap<String, AttributeValue>) -> Option<Access> {
    let partition = key.get(attribute::PK)?.as_s().ok()?;
    Some(Access { action, index: None, partition: partition.clone() })
}
