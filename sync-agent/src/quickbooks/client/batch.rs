//! Writes, up to 30 in one request. Each succeeds or fails separately.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::entity::Entity;
use super::super::error::QuickBooksError;
use super::super::fault::Fault;
use super::call::Call;
use super::{Object, QuickBooks};

/// Most items of a batch.
pub const MAX_BATCH: usize = 30;
/// Most characters of a batch's request id.
const MAX_REQUEST_ID: usize = 36;

/// A write of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchItem {
    /// The kind of write.
    pub operation: BatchOperation,
    /// The entity.
    pub entity: Entity,
    /// The fields. An update needs `Id` and `SyncToken`, and `sparse` to keep the fields that it leaves out.
    pub body: Object,
}

/// The kinds of write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchOperation {
    /// A new object.
    Create,
    /// A change of an object.
    Update,
}

impl QuickBooks {
    /// Writes at most 30 objects, and returns the saved object or the fault of each, in the order of `items`.
    /// They must not depend on each other: QuickBooks writes them in any order.
    ///
    /// `request_id` has at most 36 characters. QuickBooks carries out a batch once for each id, however often
    /// it is sent; store the id before the call, and use it again for the same items only.
    ///
    /// # Errors
    ///
    /// Returns a [`QuickBooksError`] if the whole call fails; with [`QuickBooksError::Offline`] or
    /// [`QuickBooksError::Unavailable`], the batch might have been carried out. Returns
    /// [`QuickBooksError::Malformed`] if there are too many items or `request_id` is too long.
    pub async fn batch(
        &self,
        request_id: &str,
        items: &[BatchItem],
    ) -> Result<Vec<Result<Object, Fault>>, QuickBooksError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let is_id = (1..=MAX_REQUEST_ID).contains(&request_id.chars().count());
        if items.len() > MAX_BATCH || !is_id {
            let text = "a batch has at most 30 items, and a request id of 1 to 36 characters";
            return Err(QuickBooksError::malformed(text));
        }
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let call = Call::batch(&self.0, request_id, body(items), count)?;
        results(self.0.run(&call).await?, items)
    }
}

fn body(items: &[BatchItem]) -> Bytes {
    let item = |(number, item): (usize, &BatchItem)| {
        let operation = match item.operation {
            BatchOperation::Create => "create",
            BatchOperation::Update => "update",
        };
        json!({ "bId": number.to_string(), "operation": operation, (item.entity.name()): item.body })
    };
    let items: Vec<Value> = (1..).zip(items).map(item).collect();
    Bytes::from(json!({ "BatchItemRequest": items }).to_string())
}

/// Returns the results in the order of the items, whatever their order in the response is.
fn results(mut response: Object, items: &[BatchItem]) -> Result<Vec<Result<Object, Fault>>, QuickBooksError> {
    let Some(Value::Array(found)) = response.remove("BatchItemResponse") else {
        return Err(QuickBooksError::malformed("QuickBooks returned no results for the batch"));
    };
    let mut results: Vec<Option<Result<Object, Fault>>> = vec![None; items.len()];
    for mut result in found {
        let id = result.get("bId").and_then(Value::as_str).and_then(|id| id.parse::<usize>().ok());
        let Some(at) = id.and_then(|id| id.checked_sub(1)) else { continue };
        let (Some(item), Some(slot)) = (items.get(at), results.get_mut(at)) else { continue };
        *slot = result.as_object_mut().and_then(|result| item_result(result, item.entity));
    }
    Ok(results.into_iter().map(|result| result.unwrap_or_else(|| Err(missing()))).collect())
}

fn item_result(result: &mut Object, entity: Entity) -> Option<Result<Object, Fault>> {
    if let Some(fault) = Fault::in_object(200, result) {
        return Some(Err(fault));
    }
    match result.remove(entity.name()) {
        Some(Value::Object(object)) => Some(Ok(object)),
        _ => None,
    }
}

/// Returns the fault of an item without a result, which counts as transient.
fn missing() -> Fault {
    let message = "the response to the batch has no result for this item".to_owned();
    Fault { message, ..Fault::of_status(500) }
}
