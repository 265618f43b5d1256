//! API keys: created, listed, rotated and revoked by commands, looked up by functions.

use super::format::{self, OtherFormat};
use super::tenant::TenantChange;
use crate::model::{ApiKey, ApiKeyId, Mode, Scopes, Secret, SecretHash, TenantId};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::{Item, key_item, text_in};
use crate::table::keys;
use crate::{Error, Result};

/// The most keys that a tenant can have.
const MAX_KEYS: usize = 20;

/// An API key to be created.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The tenant whose records the key can touch.
    pub tenant: TenantId,
    /// Live records or the sandbox.
    pub mode: Mode,
    /// The operations that the key is allowed to use.
    pub scopes: Scopes,
    /// A name for people.
    pub name: String,
}

impl Store {
    /// Returns the key with this hash, or `None` if there is no valid one: one read unit.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// [`Error::Unavailable`] too if the tenant's records have the layout of another version of the program, and
    /// [`Error::Internal`] for any other failure.
    pub async fn api_key_get(&self, hash: &SecretHash) -> Result<Option<ApiKey>> {
        let Some(item) = self.item_get(&keys::api_key(hash), "reading an API key").await? else {
            return Ok(None);
        };
        format::check(&item, owner(&item)?).map_err(OtherFormat::for_client)?;
        Ok(Some(to_api_key(item)?).filter(|key| key.hash == *hash))
    }

    /// Returns at most `limit` valid keys of any tenant. A function reads them at start-up, which opens its connection
    /// and spares its first callers the look-up. Keys that [`Self::api_key_get`] refuses are left out.
    ///
    /// # Errors
    /// Returns the errors of [`Self::api_key_get`].
    pub async fn api_keys_preload(&self, limit: u16) -> Result<Vec<ApiKey>> {
        let response = self
            .partition_query(keys::API_KEYS)
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(|e| failed("reading API keys", e))?;
        let items = response.items.unwrap_or_default().into_iter();
        let readable =
            items.filter(|item| owner(item).is_ok_and(|tenant| format::check(item, tenant).is_ok()));
        readable.map(to_api_key).collect()
    }

    /// Returns a tenant's keys, the oldest first.
    ///
    /// # Errors
    /// Returns [`Error::Conflict`] if the tenant's records have the layout of another version of the program, and
    /// otherwise the errors of [`Self::api_key_get`].
    pub async fn api_keys_list(&self, tenant: &TenantId) -> Result<Vec<ApiKey>> {
        let name = tenant.to_string();
        let mut own = Vec::new();
        for item in self.partition_items(keys::API_KEYS, "listing API keys").await? {
            if owner(&item)? == name {
                format::check(&item, &name).map_err(OtherFormat::for_command)?;
                own.push(to_api_key(item)?);
            }
        }
        own.sort_by_key(|key| key.created_at);
        Ok(own)
    }

    /// Creates a key. The secret is returned and stored nowhere.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if there is no such tenant, and [`Error::Conflict`] if the tenant has 20 keys.
    pub async fn api_key_create(&self, new: NewApiKey) -> Result<(ApiKey, Secret)> {
        let secret = Secret::generate(new.mode)?;
        let created_at = self.ambient.now();
        let key = self.tenant_change(&new.tenant, |settings, own| {
            if own.len() >= MAX_KEYS {
                return Err(Error::Conflict(format!("The tenant has {MAX_KEYS} keys; revoke one first")));
            }
            let key = ApiKey {
                hash: secret.hash(),
                tenant: new.tenant.clone(),
                mode: new.mode,
                scopes: new.scopes.clone(),
                name: new.name.clone(),
                created_at,
                settings: settings.clone(),
            };
            let keys = vec![self.put_new(item(&key)?)?];
            Ok(TenantChange { settings: settings.clone(), keys, result: key })
        });
        Ok((key.await?, secret))
    }

    /// Replaces a key by a new one with the same name, mode and scopes. The old key ends immediately, except for the
    /// seconds for which functions cache it.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such key.
    pub async fn api_key_rotate(&self, tenant: &TenantId, id: &ApiKeyId) -> Result<(ApiKey, Secret)> {
        let mode = find(&self.api_keys_list(tenant).await?, id)?.mode;
        let secret = Secret::generate(mode)?;
        let created_at = self.ambient.now();
        let key = self.tenant_change(tenant, |settings, own| {
            let old = find(own, id)?;
            let new = ApiKey { hash: secret.hash(), created_at, ..old.clone() };
            let keys = vec![self.delete_existing(&keys::api_key(&old.hash))?, self.put_new(item(&new)?)?];
            Ok(TenantChange { settings: settings.clone(), keys, result: new })
        });
        Ok((key.await?, secret))
    }

    /// Revokes a key. It ends immediately, except for the seconds for which functions cache it.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such key.
    pub async fn api_key_revoke(&self, tenant: &TenantId, id: &ApiKeyId) -> Result<ApiKey> {
        self.tenant_change(tenant, |settings, own| {
            let key = find(own, id)?.clone();
            let keys = vec![self.delete_existing(&keys::api_key(&key.hash))?];
            Ok(TenantChange { settings: settings.clone(), keys, result: key })
        })
        .await
    }
}

fn find<'a>(own: &'a [ApiKey], id: &ApiKeyId) -> Result<&'a ApiKey> {
    own.iter().find(|key| key.id() == *id).ok_or(Error::NotFound("API key"))
}

/// The item that stores a key.
pub(in crate::store) fn item(key: &ApiKey) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(key).map_err(|e| Error::internal("writing an API key", e))?;
    item.extend(key_item(&keys::api_key(&key.hash)));
    format::stamp(&mut item);
    Ok(item)
}

/// The name of the tenant that a key's item belongs to.
fn owner(item: &Item) -> Result<&str> {
    text_in(item, "tenant")
}

fn to_api_key(item: Item) -> Result<ApiKey> {
    serde_dynamo::from_item(item).map_err(|e| Error::internal("reading an API key", e))
}
