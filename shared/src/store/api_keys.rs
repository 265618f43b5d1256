//! API keys: created, listed, rotated and revoked by commands, looked up by functions.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem};

use super::{Item, Store, call, key_of};
use crate::model::{ApiKey, ApiKeyId, Mode, Scopes, Secret, SecretHash, TenantId};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// Maximum number of keys of one tenant.
const MAX_KEYS: usize = 20;

/// The properties of a new key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The tenant that owns the key.
    pub tenant: TenantId,
    /// Live records or the sandbox.
    pub mode: Mode,
    /// What the key is allowed to do.
    pub scopes: Scopes,
    /// The owner's name for the key.
    pub name: String,
}

impl Store {
    /// Returns the key whose secret has this hash, or `None` if it does not exist.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure.
    pub async fn api_key_get(&self, hash: &SecretHash) -> Result<Option<ApiKey>> {
        let found = self.item_get(&keys::api_key(hash), "reading an API key").await?;
        let key = found.map(to_api_key).transpose()?;
        Ok(key.filter(|key| key.hash == *hash))
    }

    /// Returns at most `limit` valid keys, of any tenant. A function reads them at start-up to open the
    /// connection and to fill its key cache.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure.
    pub async fn api_keys_preload(&self, limit: u16) -> Result<Vec<ApiKey>> {
        let answer = self
            .partition_query(keys::API_KEYS)
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(|e| call::failed("reading API keys", e))?;
        answer.items.unwrap_or_default().into_iter().map(to_api_key).collect()
    }

    /// Returns a tenant's keys, oldest first.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure.
    pub async fn api_keys_list(&self, tenant: &TenantId) -> Result<Vec<ApiKey>> {
        let items = self.partition_items(keys::API_KEYS, "listing API keys").await?;
        let all: Vec<ApiKey> = items.into_iter().map(to_api_key).collect::<Result<_>>()?;
        let mut own: Vec<ApiKey> = all.into_iter().filter(|key| key.tenant == *tenant).collect();
        own.sort_by_key(|key| key.created_at);
        Ok(own)
    }

    /// Creates a key. The secret is returned here and stored nowhere.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant does not exist, and [`Error::Conflict`] if it already has 20
    /// keys. Returns [`Error::Throttled`], [`Error::Unavailable`] or [`Error::Internal`] if DynamoDB cannot
    /// complete a call.
    pub async fn api_key_create(&self, new: NewApiKey) -> Result<(ApiKey, Secret)> {
        let settings = self.tenant_settings(&new.tenant).await?;
        if self.api_keys_list(&new.tenant).await?.len() >= MAX_KEYS {
            return Err(Error::Conflict(format!(
                "The tenant already has {MAX_KEYS} keys, the maximum; revoke one first"
            )));
        }
        let secret = Secret::generate(new.mode)?;
        let key = ApiKey {
            hash: secret.hash(),
            tenant: new.tenant,
            mode: new.mode,
            scopes: new.scopes,
            name: new.name,
            created_at: self.ambient.now(),
            settings,
        };
        let items = vec![self.tenant_exists(&key.tenant)?, self.create(item(&key)?)?];
        self.api_keys_write(items, "creating an API key").await?;
        Ok((key, secret))
    }

    /// Replaces a key with a new one that has the same name, mode and scopes. The old key stops working
    /// immediately, except in functions that still trust their cached copy: up to 5 seconds.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such key. Returns [`Error::Throttled`],
    /// [`Error::Unavailable`] or [`Error::Internal`] if DynamoDB cannot complete a call.
    pub async fn api_key_rotate(&self, tenant: &TenantId, id: &ApiKeyId) -> Result<(ApiKey, Secret)> {
        let old = self.api_key_by_id(tenant, id).await?;
        let secret = Secret::generate(old.mode)?;
        let new = ApiKey { hash: secret.hash(), created_at: self.ambient.now(), ..old.clone() };
        let items = vec![self.remove(&old)?, self.create(item(&new)?)?];
        self.api_keys_write(items, "rotating an API key").await?;
        Ok((new, secret))
    }

    /// Revokes a key. It stops working immediately, except in functions that still trust their cached copy:
    /// up to 5 seconds.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such key. Returns [`Error::Throttled`],
    /// [`Error::Unavailable`] or [`Error::Internal`] if DynamoDB cannot complete a call.
    pub async fn api_key_revoke(&self, tenant: &TenantId, id: &ApiKeyId) -> Result<ApiKey> {
        let key = self.api_key_by_id(tenant, id).await?;
        self.api_keys_write(vec![self.remove(&key)?], "revoking an API key").await?;
        Ok(key)
    }

    async fn api_key_by_id(&self, tenant: &TenantId, id: &ApiKeyId) -> Result<ApiKey> {
        let own = self.api_keys_list(tenant).await?;
        own.into_iter().find(|key| key.id() == *id).ok_or(Error::NotFound("API key"))
    }

    #[expect(clippy::disallowed_methods, reason = "tenants and keys have no slots")]
    async fn api_keys_write(&self, items: Vec<TransactWriteItem>, context: &'static str) -> Result<()> {
        let answer = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        answer.map_err(|e| call::failed(context, e))?;
        Ok(())
    }

    fn tenant_exists(&self, tenant: &TenantId) -> Result<TransactWriteItem> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key_of(&keys::tenant(tenant))))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK)
            .build()
            .map_err(|e| Error::internal("building a check", e))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn remove(&self, key: &ApiKey) -> Result<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key_of(&keys::api_key(&key.hash))))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK)
            .build()
            .map_err(|e| Error::internal("building a delete", e))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Returns a put of an item that must already exist.
    pub(super) fn replace(&self, item: Item) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK)
            .build()
            .map_err(|e| Error::internal("building a put", e))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// Returns the item that stores a key.
pub(super) fn item(key: &ApiKey) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(key).map_err(|e| Error::internal("writing an API key", e))?;
    item.extend(key_of(&keys::api_key(&key.hash)));
    Ok(item)
}

fn to_api_key(item: Item) -> Result<ApiKey> {
    serde_dynamo::from_item(item).map_err(|e| Error::internal("reading an API key", e))
}
