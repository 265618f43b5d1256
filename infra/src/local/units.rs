//! The read and write units of each request, as DynamoDB reports them, for the request log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

tokio::task_local! {
    /// The units of the request that this task handles.
    static REQUEST: Arc<Units>;
}

/// The units of one request. They grow while a response is streamed.
#[derive(Debug, Default)]
pub struct Units {
    /// Twice the read units, which are halves.
    reads: AtomicU64,
    /// Twice the write units.
    writes: AtomicU64,
}

impl Units {
    /// Returns the read units so far.
    #[must_use]
    pub fn reads(&self) -> f64 {
        halved(&self.reads)
    }

    /// Returns the write units so far.
    #[must_use]
    pub fn writes(&self) -> f64 {
        halved(&self.writes)
    }

    /// Runs a future whose calls of DynamoDB are counted here.
    pub async fn count<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        REQUEST.scope(self, future).await
    }

    /// Runs a function whose calls of DynamoDB are counted here.
    pub fn count_sync<R>(self: &Arc<Self>, run: impl FnOnce() -> R) -> R {
        REQUEST.sync_scope(Arc::clone(self), run)
    }

    fn add(&self, is_read: bool, units: f64) {
        let counter = if is_read { &self.reads } else { &self.writes };
        counter.fetch_add(doubled(units), Ordering::Relaxed);
    }
}

fn halved(counter: &AtomicU64) -> f64 {
    let count = u32::try_from(counter.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
    f64::from(count) / 2.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "units are small multiples of a half, and casts of floats saturate"
)]
fn doubled(units: f64) -> u64 {
    (units * 2.0).round() as u64
}

/// Counts the units of the calls that a client makes for requests.
#[derive(Debug)]
pub struct UnitMeter;

impl Intercept for UnitMeter {
    fn name(&self) -> &'static str {
        "UnitMeter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if REQUEST.try_with(|_| ()).is_ok() {
            request_units(context.input_mut());
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Calls outside of a request are not counted.
        let units = REQUEST.try_with(Arc::clone);
        if let (Ok(units), Some(Ok(output))) = (units, context.output_or_error()) {
            let (is_read, consumed) = consumed(output);
            units.add(is_read, consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum());
        }
        Ok(())
    }
}

/// Makes DynamoDB report the units of a call.
fn request_units(input: &mut Input) {
    macro_rules! request {
        ($($kind:ty),+ $(,)?) => {
            $(if let Some(input) = input.downcast_mut::<$kind>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
            })+
        };
    }
    request!(GetItemInput, QueryInput, BatchGetItemInput);
    request!(PutItemInput, UpdateItemInput, DeleteItemInput, BatchWriteItemInput, TransactWriteItemsInput);
}

/// Returns whether a call reads, and the capacity that its response reports.
fn consumed(output: &Output) -> (bool, Vec<ConsumedCapacity>) {
    macro_rules! one {
        ($is_read:literal: $($kind:ty),+) => {
            $(if let Some(output) = output.downcast_ref::<$kind>() {
                return ($is_read, output.consumed_capacity.iter().cloned().collect());
            })+
        };
    }
    macro_rules! some {
        ($is_read:literal: $($kind:ty),+) => {
            $(if let Some(output) = output.downcast_ref::<$kind>() {
                return ($is_read, output.consumed_capacity.clone().unwrap_or_default());
            })+
        };
    }
    one!(true: GetItemOutput, QueryOutput);
    some!(true: BatchGetItemOutput);
    one!(false: PutItemOutput, UpdateItemOutput, DeleteItemOutput);
    some!(false: BatchWriteItemOutput, TransactWriteItemsOutput);
    (true, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn units_are_counted_for_the_request_of_the_task() {
        let units = Arc::new(Units::default());
        let counted = Arc::clone(&units).count(async {
            REQUEST.with(|units| units.add(true, 1.5));
            REQUEST.with(|units| units.add(false, 2.0));
        });
        counted.await;
        units.count_sync(|| REQUEST.with(|units| units.add(true, 0.5)));
        assert_eq!((units.reads(), units.writes()), (2.0, 2.0));
        assert!(REQUEST.try_with(|_| ()).is_err());
    }
}
