//! State that a process keeps from start to exit: the store, the API key cache and the last usage counts.

use std::sync::Arc;
use std::time::Duration;

use clientele_shared::store::Store;

use crate::caller::KeyCache;
use crate::usage::{self, UsageMeter};

/// Maximum number of API keys to cache during start-up.
const MAX_PRELOADED_KEYS: u16 = 25;

/// State that all requests of one process share.
#[derive(Debug)]
pub struct App {
    /// The store in the DynamoDB table.
    pub store: Store,
    /// Cache of recently read API keys.
    pub key_cache: KeyCache,
    pub(crate) usage: UsageMeter,
}

impl App {
    /// Creates the state with an empty key cache.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, key_cache: KeyCache::default(), usage: UsageMeter::new(usage::MAX_WAIT) }
    }

    /// Returns the same state with another limit on how long a request waits for its usage count.
    #[must_use]
    pub fn with_usage_wait(self, max_wait: Duration) -> Self {
        Self { usage: UsageMeter::new(max_wait), ..self }
    }

    /// Opens the DynamoDB connection and caches up to 25 API keys with one cheap query, so that the first
    /// request waits for neither. This costs half a read unit per 4 KB of keys.
    ///
    /// A failure does not prevent the start: the first request makes the same calls and returns the error to
    /// its caller.
    pub async fn warm(&self) {
        match self.store.api_keys_preload(MAX_PRELOADED_KEYS).await {
            Ok(keys) => {
                self.key_cache.insert_all(keys.into_iter().map(Arc::new), self.store.ambient().now());
            }
            Err(error) => {
                tracing::warn!(
                    error = error.chain(),
                    "cannot read API keys at start-up; requests will read them"
                );
            }
        }
    }
}
