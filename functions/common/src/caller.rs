//! Authentication: an API key in one of two headers, checked against its stored record through a cache.
//!
//! A key is trusted for 5 seconds after it was read (`FRESH_SECONDS`) and retained for 900 seconds
//! (`RETENTION_SECONDS`). A key between those ages is revalidated concurrently with the request that uses it,
//! before anything is written or returned. Start-up caches at most 25 keys ([`App::warm`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::header::AUTHORIZATION;

use clientele_shared::model::{
    ApiKey, ApiKeyId, Scope, Scopes, Secret, SecretHash, Settings, Tenant, Timestamp,
};
use clientele_shared::store::Store;
use clientele_shared::{Error, Result};

use crate::App;

/// How long a cached key is trusted without reading it again, in seconds. A revoked key can work for this
/// long.
pub const FRESH_SECONDS: i64 = 5;

/// How long a cached key can be used after it was read, in seconds. A key that is no longer fresh is
/// revalidated concurrently with its use.
const RETENTION_SECONDS: i64 = 900;

/// Number of cached keys at which expired keys are evicted, or all keys if none has expired.
const MAX_KEYS: usize = 1000;

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The set of records that the caller can access.
    pub tenant: Tenant,
    /// Public id of the caller's API key.
    pub key_id: ApiKeyId,
    /// The scopes of the key, for functions that need a different scope depending on the request.
    pub scopes: Scopes,
    /// The tenant's settings, as of when the key was read.
    pub settings: Settings,
}

/// Whether a key can be trusted without reading it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// The key was read less than [`FRESH_SECONDS`] ago.
    Fresh,
    /// The key was read earlier. It must be revalidated by this hash, concurrently with the request, before
    /// anything is written or returned.
    Stale(SecretHash),
}

impl Caller {
    /// Authenticates the caller by the request headers, and checks that its key has the scopes.
    ///
    /// # Errors
    /// Returns [`Error::Unauthorized`] if the headers contain no valid key, [`Error::Forbidden`] if the key
    /// lacks a scope, and otherwise the errors of [`KeyCache::read`].
    pub async fn authenticate(app: &App, headers: &HeaderMap, scopes: &[Scope]) -> Result<(Self, Freshness)> {
        let secret = secret_from_headers(headers)?;
        let (key, freshness) = app.key_cache.get(&app.store, &secret.hash()).await?;
        if let Some(scope) = scopes.iter().find(|scope| !key.scopes.allow(**scope)) {
            return Err(Error::Forbidden(format!("This API key lacks the scope `{}`", scope.as_str())));
        }
        let caller = Self {
            tenant: key.tenant(),
            key_id: key.id(),
            scopes: key.scopes.clone(),
            settings: key.settings.clone(),
        };
        Ok((caller, freshness))
    }
}

/// Returns the secret in `Authorization: Bearer …` or `X-API-Key`.
fn secret_from_headers(headers: &HeaderMap) -> Result<Secret> {
    let bearer = headers.get(AUTHORIZATION).map(|value| value.to_str().ok().and_then(bearer_token));
    let api_key_header = || headers.get("x-api-key").map(|value| value.to_str().ok().map(str::trim));
    match bearer.or_else(api_key_header) {
        None => {
            Err(Error::Unauthorized("API key required: send Authorization: Bearer <key> or X-API-Key: <key>"))
        }
        Some(text) => text.and_then(Secret::from_caller).ok_or(Error::Unauthorized("Invalid API key")),
    }
}

/// Returns the token of a `Bearer` authorization. The scheme is case-insensitive.
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Recently read API keys, by hash.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<HashMap<String, (Arc<ApiKey>, Timestamp)>>);

impl KeyCache {
    /// Returns the key with this hash, from the cache or else from the table.
    async fn get(&self, store: &Store, hash: &SecretHash) -> Result<(Arc<ApiKey>, Freshness)> {
        match self.lookup(hash, store.ambient().now()) {
            Some(cached) => Ok(cached),
            None => Ok((self.read(store, hash).await?, Freshness::Fresh)),
        }
    }

    /// Reads the key with this hash from the table, and caches it, or evicts it if it no longer exists.
    ///
    /// # Errors
    /// Returns [`Error::Unauthorized`] if the key does not exist, [`Error::Throttled`] or
    /// [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached, and [`Error::Internal`] for any
    /// other failure.
    pub async fn read(&self, store: &Store, hash: &SecretHash) -> Result<Arc<ApiKey>> {
        let now = store.ambient().now();
        match store.api_key_get(hash).await? {
            Some(key) => {
                let key = Arc::new(key);
                self.insert_all([Arc::clone(&key)], now);
                Ok(key)
            }
            None => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(hash.as_str());
                Err(Error::Unauthorized("Invalid API key"))
            }
        }
    }

    /// Returns the cached key with this hash, unless it is older than the retention.
    fn lookup(&self, hash: &SecretHash, now: Timestamp) -> Option<(Arc<ApiKey>, Freshness)> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, read_at) = cache.get(hash.as_str()).filter(|(key, _)| key.hash == *hash)?;
        if now < read_at.plus_seconds(FRESH_SECONDS) {
            return Some((Arc::clone(key), Freshness::Fresh));
        }
        (now < read_at.plus_seconds(RETENTION_SECONDS))
            .then(|| (Arc::clone(key), Freshness::Stale(hash.clone())))
    }

    /// Caches keys that have just been read.
    pub fn insert_all(&self, keys: impl IntoIterator<Item = Arc<ApiKey>>, now: Timestamp) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_KEYS {
            cache.retain(|_, (_, read_at)| now < read_at.plus_seconds(RETENTION_SECONDS));
        }
        if cache.len() >= MAX_KEYS {
            cache.clear();
        }
        cache.extend(keys.into_iter().map(|key| (key.hash.as_str().to_owned(), (key, now))));
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: Option<&str>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(
            secret_from_headers(&headers).ok().map(|secret| secret.reveal().to_owned()).as_deref(),
            expected
        );
    }

    #[test]
    fn both_headers_are_accepted() {
        check(&[("authorization", "Bearer ctc_live_a")], Some("ctc_live_a"));
        check(&[("authorization", "bearer  ctc_live_a ")], Some("ctc_live_a"));
        check(&[("x-api-key", "ctc_live_a")], Some("ctc_live_a"));
    }

    #[test]
    fn values_that_cannot_be_keys_are_rejected() {
        check(&[], None);
        check(&[("authorization", "Basic ctc_live_a")], None);
        check(&[("authorization", "Bearer sk_live_a")], None);
        check(&[("authorization", "Bearer")], None);
        check(&[("x-api-key", "")], None);
    }
}
