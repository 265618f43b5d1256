//! The number of requests that a tenant has sent this month.

use aws_sdk_dynamodb::types::ReturnValue;
use aws_smithy_types::retry::RetryConfig;

use crate::Result;
use crate::model::{Tenant, Timestamp};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::{integer_in, key_item, number};
use crate::table::keys;

/// A tenant's requests in the current month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The number of requests, including this one.
    pub count: u64,
    /// When the count restarts: the first moment of the next month in UTC.
    pub resets_at: Timestamp,
}

impl Store {
    /// Counts one request in one attempt, which costs one write unit. A count that was repeated because its response was
    /// lost could count the request twice.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or
    /// [`Error::Unavailable`](crate::Error::Unavailable) if DynamoDB is throttling or cannot be reached, and
    /// [`Error::Internal`](crate::Error::Internal) for any other failure.
    pub async fn usage_increment(&self, tenant: &Tenant) -> Result<Usage> {
        let now = self.ambient.now();
        let one_attempt = aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled());
        let response = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::usage(tenant, &now.to_month()))))
            .update_expression("ADD #count :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .customize()
            .config_override(one_attempt)
            .send()
            .await
            .map_err(|e| failed("counting a request", e))?;
        let count = integer_in(&response.attributes.unwrap_or_default(), "count")?;
        Ok(Usage { count: count.unsigned_abs(), resets_at: now.next_month() })
    }
}
