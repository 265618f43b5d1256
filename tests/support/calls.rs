//! Records every call that a stack makes to its table: its accesses, its start and end, and its cost.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use aws_smithy_runtime_api::client::interceptors::context::{Input, Output};
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use super::access::{self, Access};

/// A call, finished or in progress.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The operation, such as `GetItem`.
    pub(crate) operation: &'static str,
    /// The partitions that the call reads and writes.
    pub(crate) accesses: Vec<Access>,
    /// When the call began, on a logical clock that counts starts and ends.
    pub(crate) began: usize,
    /// How the call ended; `None` if it is in progress or was abandoned.
    pub(crate) end: Option<End>,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// When the call ended, on the same clock as [`Call::began`].
    pub(crate) at: usize,
    /// The units consumed from the table (`table`) and each index, as the engine reports them; `None` if the
    /// call failed.
    pub(crate) units: Option<Vec<(String, f64)>>,
}

impl Call {
    /// Returns whether the call consumes read units.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.operation, "GetItem" | "Query" | "BatchGetItem")
    }
}

/// The calls recorded since the last [`Calls::take`]. Clones share one record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Journal>>);

#[derive(Debug, Default)]
struct Journal {
    now: usize,
    calls: Vec<Call>,
}

/// Identifies a call in the journal by its start; the SDK keeps it until the call ends.
#[derive(Debug, Clone, Copy)]
struct Began(usize);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Calls {
    /// Returns and removes the recorded calls.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = request_units(context.input_mut())
            .ok_or_else(|| unsupported(context.input(), "handle this operation"))?;
        let accesses = access::accesses_of(context.input())
            .ok_or_else(|| unsupported(context.input(), "determine what this call accesses"))?;
        let mut journal = self.0.lock().unwrap();
        journal.now += 1;
        let began = journal.now;
        journal.calls.push(Call { operation, accesses, began, end: None });
        config.interceptor_state().store_put(Began(began));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Began(began)) = config.load::<Began>().copied() else { return Ok(()) };
        let units = match context.output_or_error() {
            Some(Ok(output)) => Some(units_by_resource(&consumed(output))?),
            _ => None,
        };
        let mut journal = self.0.lock().unwrap();
        journal.now += 1;
        let end = End { at: journal.now, units };
        if let Some(call) = journal.calls.iter_mut().find(|call| call.began == began) {
            call.end = Some(end);
        }
        Ok(())
    }
}

fn unsupported(input: &Input, what: &str) -> BoxError {
    format!("the recorder cannot {what}; add it to tests/support/calls.rs and access.rs: {input:?}").into()
}

/// Makes the engine report the consumed units; returns the operation's name, or `None` if unsupported.
fn request_units(input: &mut Input) -> Option<&'static str> {
    macro_rules! request {
        ($($name:literal: $kind:ty),+ $(,)?) => {
            $(if let Some(input) = input.downcast_mut::<$kind>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Indexes);
                return Some($name);
            })+
        };
    }
    request! {
        "GetItem": GetItemInput,
        "Query": QueryInput,
        "PutItem": PutItemInput,
        "UpdateItem": UpdateItemInput,
        "DeleteItem": DeleteItemInput,
        "BatchGetItem": BatchGetItemInput,
        "BatchWriteItem": BatchWriteItemInput,
        "TransactWriteItems": TransactWriteItemsInput,
    }
    None
}

/// Returns the consumed capacity that a response reports.
fn consumed(output: &Output) -> Vec<ConsumedCapacity> {
    macro_rules! one {
        ($($kind:ty),+ $(,)?) => {
            $(if let Some(output) = output.downcast_ref::<$kind>() {
                return output.consumed_capacity.iter().cloned().collect();
            })+
        };
    }
    macro_rules! some {
        ($($kind:ty),+ $(,)?) => {
            $(if let Some(output) = output.downcast_ref::<$kind>() {
                return output.consumed_capacity.clone().unwrap_or_default();
            })+
        };
    }
    one!(GetItemOutput, QueryOutput, PutItemOutput, UpdateItemOutput, DeleteItemOutput);
    some!(BatchGetItemOutput, BatchWriteItemOutput, TransactWriteItemsOutput);
    Vec::new()
}

/// Returns the units by table and index, or an error if they do not add up to the total.
fn units_by_resource(consumed: &[ConsumedCapacity]) -> Result<Vec<(String, f64)>, BoxError> {
    let mut by_resource = Vec::new();
    for one in consumed {
        let table = one.table().and_then(aws_sdk_dynamodb::types::Capacity::capacity_units);
        by_resource.extend(table.filter(|units| *units > 0.0).map(|units| ("table".to_owned(), units)));
        for (index, capacity) in one.global_secondary_indexes().into_iter().flatten() {
            by_resource.extend(capacity.capacity_units().map(|units| (index.clone(), units)));
        }
    }
    let total: f64 = consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum();
    let parts: f64 = by_resource.iter().map(|(_, units)| units).sum();
    if (total - parts).abs() > 1e-9 {
        return Err(format!(
            "the engine reports {parts} units by table and index, but {total} in total: {consumed:?}"
        )
        .into());
    }
    by_resource.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(by_resource)
}
