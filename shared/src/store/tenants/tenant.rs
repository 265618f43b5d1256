//! Tenants and their settings, for the commands that manage them.
//!
//! Settings are copied to every API key of the tenant, so that a request reads one item. A change of settings and a
//! change of keys both require the tenant's version as read, and raise it: neither can lose the other's change.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use serde::{Deserialize, Serialize};

use super::format::OtherFormat;
use super::{api_keys, format};
use crate::model::{ApiKey, Settings, TenantId};
use crate::store::Store;
use crate::store::calls::{contended, failed, finish_put, is_condition_failure};
use crate::store::items::{Item, key_item, number, text_in};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// A tenant as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    settings: Settings,
    /// Raised by each change of settings or keys.
    version: u64,
}

/// A change of a tenant: its settings from now on, the writes of its keys, and what the caller gets.
pub(in crate::store) struct TenantChange<T> {
    pub(in crate::store) settings: Settings,
    pub(in crate::store) keys: Vec<TransactWriteItem>,
    pub(in crate::store) result: T,
}

impl Store {
    /// Creates a tenant with the default settings; returns whether it was new.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn tenant_create(&self, id: &TenantId) -> Result<bool> {
        let record = Record { settings: Settings::default(), version: 1 };
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item(id, &record)?))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK);
        match put.send().await {
            Ok(_) => Ok(true),
            // An old tenant must be one that this program can work with.
            Err(error) if is_condition_failure(&error) => self.tenant_record(id).await.map(|_| false),
            Err(error) => Err(failed("creating a tenant", error)),
        }
    }

    /// Returns a tenant's settings.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if there is no such tenant, and [`Error::Conflict`] if its records have the layout of
    /// another version of the program.
    pub async fn tenant_settings(&self, id: &TenantId) -> Result<Settings> {
        Ok(self.tenant_record(id).await?.settings)
    }

    async fn tenant_record(&self, id: &TenantId) -> Result<Record> {
        let item =
            self.item_get(&keys::tenant(id), "reading a tenant").await?.ok_or(Error::NotFound("Tenant"))?;
        // The layout is checked first, because the rest can look different in another one.
        format::check(&item, &id.to_string()).map_err(OtherFormat::for_command)?;
        serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a tenant", e))
    }

    /// Replaces a tenant's settings, on the tenant and on every one of its keys in one transaction. Functions follow
    /// within the seconds for which they cache a key.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if there is no such tenant.
    pub async fn tenant_settings_set(&self, id: &TenantId, settings: &Settings) -> Result<()> {
        self.tenant_change(id, |_, own| {
            let own = own.iter().cloned().map(|key| ApiKey { settings: settings.clone(), ..key });
            let keys = own.map(|key| self.put_existing(api_keys::item(&key)?)).collect::<Result<_>>()?;
            Ok(TenantChange { settings: settings.clone(), keys, result: () })
        })
        .await
    }

    /// Changes a tenant's settings or keys at the version read; starts over if another change was faster. `change`
    /// receives the tenant's settings and keys.
    pub(in crate::store) async fn tenant_change<T>(
        &self,
        id: &TenantId,
        change: impl Fn(&Settings, &[ApiKey]) -> Result<TenantChange<T>>,
    ) -> Result<T> {
        let mut attempts = self.attempts();
        loop {
            // The version is read first: a key that is created after it raises it, and this change starts over.
            let read = self.tenant_record(id).await?;
            let own = self.api_keys_list(id).await?;
            let TenantChange { settings, keys, result } = change(&read.settings, &own)?;
            let items: Vec<_> = std::iter::once(self.tenant_put(id, &read, settings)?).chain(keys).collect();
            if self.transact(&items, &mut attempts).await?.is_empty() {
                return Ok(result);
            }
            attempts.back_off(contended).await?;
        }
    }

    fn tenant_put(&self, id: &TenantId, read: &Record, settings: Settings) -> Result<TransactWriteItem> {
        let record = Record { settings, version: read.version + 1 };
        finish_put(
            Put::builder()
                .table_name(&*self.table)
                .set_item(Some(item(id, &record)?))
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(read.version)),
        )
    }

    /// Returns every tenant's name.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn tenants_list(&self) -> Result<Vec<TenantId>> {
        let items = self.partition_items(keys::TENANTS, "listing tenants").await?;
        let name =
            |item| text_in(item, attribute::SK)?.parse().map_err(|e| Error::internal("reading a tenant", e));
        items.iter().map(name).collect()
    }
}

fn item(id: &TenantId, record: &Record) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|e| Error::internal("writing a tenant", e))?;
    item.extend(key_item(&keys::tenant(id)));
    format::stamp(&mut item);
    Ok(item)
}
