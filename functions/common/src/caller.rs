//! Who calls: an API key in one of its two headers, checked against what is kept of it.

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

/// For how many seconds a key is taken as it was read: so long a revoked key may work.
pub const FRESH_SECONDS: i64 = 5;

/// For how many seconds more a key is lookup, to be confirmed side by side with its use.
const RETENTION_SECONDS: i64 = 900;

/// How many keys are lookup at the most.
const MAX_KEYS: usize = 1000;

/// A caller with a key in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose records he may touch.
    pub tenant: Tenant,
    /// The public name of his key.
    pub key_id: ApiKeyId,
    /// What his key may do, for a function where that depends on what is asked.
    pub scopes: Scopes,
    /// The tenant's settings.
    pub settings: Settings,
}

/// Whether a key is known to be in force at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// It was read moments ago.
    Fresh,
    /// It was read a while ago: to be read again, side by side with what it is used for, before that shows.
    Stale(SecretHash),
}

impl Caller {
    /// The caller that these headers name, if he may do what the scope says.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] without a key in force, [`Error::Forbidden`] without the scope.
    pub async fn authenticate(app: &App, headers: &HeaderMap, scope: Scope) -> Result<(Self, Freshness)> {
        let secret = secret_from_headers(headers)?;
        let (key, freshness) = app.key_cache.get(&app.store, &secret.hash()).await?;
        if !key.scopes.allow(scope) {
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

/// The secret in `Authorization: Bearer …` or `X-API-Key`.
fn secret_from_headers(headers: &HeaderMap) -> Result<Secret> {
    let bearer = headers.get(AUTHORIZATION).map(|value| value.to_str().ok().and_then(after_bearer));
    let plain = || headers.get("x-api-key").map(|value| value.to_str().ok().map(str::trim));
    match bearer.or_else(plain) {
        None => {
            Err(Error::Unauthorized("API key required: send Authorization: Bearer <key> or X-API-Key: <key>"))
        }
        Some(text) => text.and_then(Secret::from_caller).ok_or(Error::Unauthorized("Invalid API key")),
    }
}

/// What follows the word `Bearer`, in any case.
fn after_bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The keys that were read lately, by their hash.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<HashMap<String, (Arc<ApiKey>, Timestamp)>>);

impl KeyCache {
    /// The key with this hash, from memory or from the table.
    async fn get(&self, store: &Store, hash: &SecretHash) -> Result<(Arc<ApiKey>, Freshness)> {
        match self.lookup(hash, store.ambient().now()) {
            Some(known) => Ok(known),
            None => Ok((self.read(store, hash).await?, Freshness::Fresh)),
        }
    }

    /// Reads the key with this hash from the table, and remembers it or forgets it.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when there is none; those of the call.
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

    fn lookup(&self, hash: &SecretHash, now: Timestamp) -> Option<(Arc<ApiKey>, Freshness)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, read_at) = known.get(hash.as_str()).filter(|(key, _)| key.hash == *hash)?;
        if now < read_at.plus_seconds(FRESH_SECONDS) {
            return Some((Arc::clone(key), Freshness::Fresh));
        }
        (now < read_at.plus_seconds(RETENTION_SECONDS))
            .then(|| (Arc::clone(key), Freshness::Stale(hash.clone())))
    }

    /// Remembers keys that were just read.
    pub fn insert_all(&self, keys: impl IntoIterator<Item = Arc<ApiKey>>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KEYS {
            known.retain(|_, (_, read_at)| now < read_at.plus_seconds(RETENTION_SECONDS));
        }
        if known.len() >= MAX_KEYS {
            known.clear();
        }
        known.extend(keys.into_iter().map(|key| (key.hash.as_str().to_owned(), (key, now))));
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
    fn both_header_forms_are_read() {
        check(&[("authorization", "Bearer ctc_live_a")], Some("ctc_live_a"));
        check(&[("authorization", "bearer  ctc_live_a ")], Some("ctc_live_a"));
        check(&[("x-api-key", "ctc_live_a")], Some("ctc_live_a"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        check(&[], None);
        check(&[("authorization", "Basic ctc_live_a")], None);
        check(&[("authorization", "Bearer sk_live_a")], None);
        check(&[("authorization", "Bearer")], None);
        check(&[("x-api-key", "")], None);
    }
}
