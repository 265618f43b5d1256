//! Leases: one process at a time works on something. A lease expires if its holder is killed.

use serde::{Deserialize, Serialize};

use super::Store;
use super::calls::{failed, is_condition_failure};
use super::documents::{from_item, to_item};
use super::items::{key_item, number, text};
use crate::Result;
use crate::model::{RealmId, ScheduleName, Tenant, Timestamp};
use crate::table::keys::{self, Key, attribute};

/// The attribute with the holder, for conditions.
const HOLDER: &str = "holder";

/// The attribute with the end of the lease in milliseconds, for conditions.
const UNTIL: &str = "until";

#[derive(Serialize, Deserialize)]
struct Lease {
    until: Timestamp,
}

impl Store {
    /// Takes the lease of a company for `seconds`, or extends it if `holder` has it. Returns `None`, or when the lease of
    /// another holder ends.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn mirror_lease_take(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        holder: &str,
        seconds: i64,
    ) -> Result<Option<Timestamp>> {
        self.lease_take(&keys::mirror_lease(tenant, realm), holder, seconds).await
    }

    /// Returns the lease of a company, unless another holder has it by now.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached.
    pub async fn mirror_lease_release(&self, tenant: &Tenant, realm: &RealmId, holder: &str) -> Result<()> {
        self.lease_release(&keys::mirror_lease(tenant, realm), holder).await
    }

    /// Takes the lease of a scheduled export for `seconds`, or extends it if `holder` has it. Returns `None`, or when the
    /// lease of another holder ends.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_lease_take`].
    pub async fn export_lease_take(
        &self,
        tenant: &Tenant,
        name: &ScheduleName,
        holder: &str,
        seconds: i64,
    ) -> Result<Option<Timestamp>> {
        self.lease_take(&keys::export_lease(tenant, name), holder, seconds).await
    }

    /// Returns the lease of a scheduled export, unless another holder has it by now.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_lease_release`].
    pub async fn export_lease_release(
        &self,
        tenant: &Tenant,
        name: &ScheduleName,
        holder: &str,
    ) -> Result<()> {
        self.lease_release(&keys::export_lease(tenant, name), holder).await
    }

    async fn lease_take(&self, key: &Key, holder: &str, seconds: i64) -> Result<Option<Timestamp>> {
        let now = self.ambient.now();
        let until = now.plus_seconds(seconds);
        let mut item = to_item(key, &Lease { until })?;
        item.insert(HOLDER.into(), text(holder));
        item.insert(UNTIL.into(), number(until.as_millis()));
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk) OR #holder = :holder OR #until <= :now")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":holder", text(holder))
            .expression_attribute_values(":now", number(now.as_millis()));
        match put.send().await {
            Ok(_) => Ok(None),
            Err(error) if is_condition_failure(&error) => {
                let held = self.item_get(key, "reading a lease").await?;
                let held: Option<Lease> = held.as_ref().map(from_item).transpose()?;
                Ok(Some(held.map_or(now, |lease| lease.until)))
            }
            Err(error) => Err(failed("taking a lease", error)),
        }
    }

    async fn lease_release(&self, key: &Key, holder: &str) -> Result<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .condition_expression("#holder = :holder")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":holder", text(holder));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(failed("returning a lease", error)),
        }
    }
}
