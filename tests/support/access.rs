//! What a call to the table touches, in the words of an IAM policy: action, table or index, partition key.

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

/// One thing that a call needs leave for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    /// The action, such as `dynamodb:GetItem`. A transaction needs the actions of its parts.
    pub(crate) action: &'static str,
    /// The index, or `None` for the table itself.
    pub(crate) index: Option<String>,
    /// The partition key: what `dynamodb:LeadingKeys` holds.
    pub(crate) partition: String,
}

/// Everything that a call needs leave for; `None` when that cannot be told.
pub(crate) fn of(input: &Input) -> Option<Vec<Access>> {
    if let Some(get) = input.downcast_ref::<GetItemInput>() {
        return Some(vec![table("dynamodb:GetItem", get.key.as_ref()?)?]);
    }
    if let Some(put) = input.downcast_ref::<PutItemInput>() {
        return Some(vec![table("dynamodb:PutItem", put.item.as_ref()?)?]);
    }
    if let Some(update) = input.downcast_ref::<UpdateItemInput>() {
        return Some(vec![table("dynamodb:UpdateItem", update.key.as_ref()?)?]);
    }
    if let Some(delete) = input.downcast_ref::<DeleteItemInput>() {
        return Some(vec![table("dynamodb:DeleteItem", delete.key.as_ref()?)?]);
    }
    if let Some(query) = input.downcast_ref::<QueryInput>() {
        return Some(vec![of_query(query)?]);
    }
    if let Some(batch) = input.downcast_ref::<BatchGetItemInput>() {
        let wanted = batch.request_items.as_ref()?.values();
        return wanted
            .flat_map(|wanted| wanted.keys())
            .map(|key| table("dynamodb:BatchGetItem", key))
            .collect();
    }
    if let Some(batch) = input.downcast_ref::<BatchWriteItemInput>() {
        let writes = batch.request_items.as_ref()?.values().flatten();
        let item = |write: &aws_sdk_dynamodb::types::WriteRequest| {
            let put = write.put_request().map(aws_sdk_dynamodb::types::PutRequest::item);
            let delete = write.delete_request().map(aws_sdk_dynamodb::types::DeleteRequest::key);
            table("dynamodb:BatchWriteItem", put.or(delete)?)
        };
        return writes.map(item).collect();
    }
    let transaction = input.downcast_ref::<TransactWriteItemsInput>()?;
    transaction.transact_items.as_ref()?.iter().map(of_part).collect()
}

fn of_part(part: &TransactWriteItem) -> Option<Access> {
    part.put()
        .and_then(|put| table("dynamodb:PutItem", put.item()))
        .or_else(|| part.update().and_then(|update| table("dynamodb:UpdateItem", update.key())))
        .or_else(|| part.delete().and_then(|delete| table("dynamodb:DeleteItem", delete.key())))
        .or_else(|| {
            part.condition_check().and_then(|check| table("dynamodb:ConditionCheckItem", check.key()))
        })
}

/// The partition is what the key condition sets `#pk` equal to.
fn of_query(query: &QueryInput) -> Option<Access> {
    query.key_condition_expression.as_ref().filter(|condition| condition.starts_with("#pk = :pk"))?;
    let partition = query.expression_attribute_values.as_ref()?.get(":pk")?.as_s().ok()?;
    Some(Access { action: "dynamodb:Query", index: query.index_name.clone(), partition: partition.clone() })
}

fn table(action: &'static str, key: &HashMap<String, AttributeValue>) -> Option<Access> {
    let partition = key.get(attribute::PK)?.as_s().ok()?;
    Some(Access { action, index: None, partition: partition.clone() })
}
