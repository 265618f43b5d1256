//! Tenants and their settings, for the commands that manage them.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use serde::{Deserialize, Serialize};

use super::{Item, Store, api_keys, call, key_of};
use crate::model::{Settings, TenantId};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

#[derive(Serialize, Deserialize)]
struct Record {
    settings: Settings,
}

impl Store {
    /// Creates a tenant with the default settings, and returns whether it is new.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure.
    pub async fn tenant_create(&self, id: &TenantId) -> Result<bool> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(id, &Settings::default())?))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(e) => Err(call::failed("creating a tenant", e)),
        }
    }

    /// Returns a tenant's settings.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant does not exist. Returns [`Error::Throttled`],
    /// [`Error::Unavailable`] or [`Error::Internal`] if DynamoDB cannot complete a call.
    pub async fn tenant_settings(&self, id: &TenantId) -> Result<Settings> {
        let item =
            self.item_get(&keys::tenant(id), "reading a tenant").await?.ok_or(Error::NotFound("Tenant"))?;
        let record: Record =
            serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a tenant", e))?;
        Ok(record.settings)
    }

    /// Changes a tenant's settings, atomically on the tenant and on all its keys. Functions trust a cached
    /// key, and with it the old settings, for up to 5 seconds.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure, such as a tenant that does not exist.
    #[expect(clippy::disallowed_methods, reason = "tenants and keys have no slots")]
    pub async fn tenant_settings_set(&self, id: &TenantId, settings: &Settings) -> Result<()> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item(id, settings)?))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK)
            .build()
            .map_err(|e| Error::internal("building a put", e))?;
        let mut items = vec![TransactWriteItem::builder().put(put).build()];
        for mut key in self.api_keys_list(id).await? {
            key.settings = settings.clone();
            items.push(self.replace(api_keys::item(&key)?)?);
        }
        let answer = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        answer.map_err(|e| call::failed("changing a tenant's settings", e))?;
        Ok(())
    }

    /// Returns the names of all tenants.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure.
    pub async fn tenants_list(&self) -> Result<Vec<TenantId>> {
        let items = self.partition_items(keys::TENANTS, "listing tenants").await?;
        items
            .iter()
            .map(|item| {
                super::text_in(item, attribute::SK)?
                    .parse()
                    .map_err(|e| Error::internal("reading a tenant", e))
            })
            .collect()
    }

    /// Returns all items of one partition of the table.
    pub(super) async fn partition_items(&self, pk: &str, context: &'static str) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut resume = None;
        loop {
            let answer = self
                .partition_query(pk)
                .consistent_read(true)
                .set_exclusive_start_key(resume)
                .send()
                .await
                .map_err(|e| call::failed(context, e))?;
            items.extend(answer.items.unwrap_or_default());
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                return Ok(items);
            }
        }
    }
}

fn item(id: &TenantId, settings: &Settings) -> Result<Item> {
    let record = Record { settings: settings.clone() };
    let mut item: Item = serde_dynamo::to_item(record).map_err(|e| Error::internal("writing a tenant", e))?;
    item.extend(key_of(&keys::tenant(id)));
    Ok(item)
}
