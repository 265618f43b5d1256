//! A tenant's scheduled exports.

use super::Store;
use super::calls::{failed, is_condition_failure};
use super::documents::{DOCUMENT, to_item};
use super::items::{text, text_in};
use crate::Result;
use crate::model::{ExportSchedule, ScheduleName, Tenant};
use crate::table::keys;

impl Store {
    /// Returns a tenant's scheduled exports, in order of name.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn schedules_list(&self, tenant: &Tenant) -> Result<Vec<ExportSchedule>> {
        let pk = keys::schedules_partition(tenant);
        self.documents_list(&pk, keys::SCHEDULE_PREFIX, "reading scheduled exports").await
    }

    /// Stores a scheduled export in place of the one with its name, if there is one.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn schedule_put(&self, tenant: &Tenant, schedule: &ExportSchedule) -> Result<()> {
        let key = keys::schedule(tenant, &schedule.name);
        self.document_put(&key, schedule, "storing a scheduled export").await
    }

    /// Replaces a scheduled export if it is still as it was; returns whether it was.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn schedule_replace(
        &self,
        tenant: &Tenant,
        old: &ExportSchedule,
        new: &ExportSchedule,
    ) -> Result<bool> {
        let key = keys::schedule(tenant, &old.name);
        let old = to_item(&key, old)?;
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(to_item(&key, new)?))
            .condition_expression("#document = :old")
            .expression_attribute_names("#document", DOCUMENT)
            .expression_attribute_values(":old", text(text_in(&old, DOCUMENT)?));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            Err(error) => Err(failed("storing the result of a scheduled export", error)),
        }
    }

    /// Removes a scheduled export, if there is one with this name.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn schedule_delete(&self, tenant: &Tenant, name: &ScheduleName) -> Result<()> {
        self.document_delete(&keys::schedule(tenant, name), "removing a scheduled export").await
    }
}
