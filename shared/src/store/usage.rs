//! How many requests a tenant made this month.

use aws_sdk_dynamodb::types::ReturnValue;

use super::{Store, call, integer_in, key_of, number};
use crate::Result;
use crate::model::{Tenant, Timestamp};
use crate::table::keys;

/// A tenant's requests of the present month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// How many, this one among them.
    pub count: u64,
    /// When counting starts again: the first moment of the next month in UTC.
    pub resets_at: Timestamp,
}

impl Store {
    /// Counts one request: one write unit.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn usage_increment(&self, tenant: &Tenant) -> Result<Usage> {
        let now = self.ambient.now();
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&keys::usage(tenant, &now.to_month()))))
            .update_expression("ADD #count :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|e| call::failed("counting a request", e))?;
        let count = integer_in(&answer.attributes.unwrap_or_default(), "count")?;
        Ok(Usage { count: count.unsigned_abs(), resets_at: now.next_month() })
    }
}
