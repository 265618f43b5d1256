//! Every call that a stack makes to its table: what it touches, when it began and ended, and what it cost.

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

/// One call that was answered or is on its way.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The API's name of it, such as `GetItem`.
    pub(crate) operation: &'static str,
    /// What of the table it reads and writes.
    pub(crate) accesses: Vec<Access>,
    /// When it began; moments are counted, not timed.
    pub(crate) began: usize,
    /// How it ended, unless it is still on its way or was given up.
    pub(crate) end: Option<End>,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) at: usize,
    /// The units that the engine says it took, by the table (`table`) and each index; `None` when it was refused.
    pub(crate) units: Option<Vec<(String, f64)>>,
}

impl Call {
    /// Whether its units are read units.
    pub(crate) fn reads(&self) -> bool {
        matches!(self.operation, "GetItem" | "Query" | "BatchGetItem")
    }
}

/// What was recorded since the last look; every clone records the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Journal>>);

#[derive(Debug, Default)]
struct Journal {
    now: usize,
    calls: Vec<Call>,
}

/// Under which moment a call is in the journal, kept by the SDK while the call is on its way.
#[derive(Debug, Clone, Copy)]
struct Began(usize);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Calls {
    /// What was called since the last time.
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
        let operation = ask_for_units(context.input_mut())
            .ok_or_else(|| unknown(context.input(), "does not know this operation"))?;
        let accesses = access::of(context.input())
            .ok_or_else(|| unknown(context.input(), "cannot tell what this call touches"))?;
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
            Some(Ok(output)) => Some(by_place(&consumed(output))?),
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

fn unknown(input: &Input, what: &str) -> BoxError {
    format!("the recorder {what}: teach it in tests/support/calls.rs and access.rs: {input:?}").into()
}

/// Makes the engine tell what the call took; returns the operation's name.
fn ask_for_units(input: &mut Input) -> Option<&'static str> {
    macro_rules! ask {
        ($($name:literal: $kind:ty),+ $(,)?) => {
            $(if let Some(input) = input.downcast_mut::<$kind>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Indexes);
                return Some($name);
            })+
        };
    }
    ask! {
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

/// What an answer says was consumed.
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

/// The units by table and index, which must add up to the whole.
fn by_place(consumed: &[ConsumedCapacity]) -> Result<Vec<(String, f64)>, BoxError> {
    let mut places = Vec::new();
    for one in consumed {
        let table = one.table().and_then(aws_sdk_dynamodb::types::Capacity::capacity_units);
        places.extend(table.filter(|units| *units > 0.0).map(|units| ("table".to_owned(), units)));
        for (index, capacity) in one.global_secondary_indexes().into_iter().flatten() {
            places.extend(capacity.capacity_units().map(|units| (index.clone(), units)));
        }
    }
    let total: f64 = consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum();
    let parts: f64 = places.iter().map(|(_, units)| units).sum();
    if (total - parts).abs() > 1e-9 {
        return Err(format!("the engine's parts make {parts}, its total is {total}: {consumed:?}").into());
    }
    places.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(places)
}
