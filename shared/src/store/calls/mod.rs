//! Calls to DynamoDB: single and batched reads, batched puts, transactions, and what their failures mean.

mod batch;
mod failure;
mod get;
mod retry;
mod transact;

pub use retry::RetryPolicy;

pub(in crate::store) use failure::{failed, is_condition_failure};
pub(in crate::store) use retry::contended;
pub(in crate::store) use transact::{FailedCondition, as_unavailable, finish_put};
