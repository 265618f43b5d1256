//! What a process has from its start to its end: the store and the callers it remembers.

use std::sync::Arc;

use clientele_shared::store::Store;

use crate::caller::KeyCache;

/// The surroundings of every request of one process.
#[derive(Debug)]
pub struct App {
    /// The one table.
    pub store: Store,
    /// The API keys that were seen lately.
    pub key_cache: KeyCache,
}

impl App {
    /// Surroundings in which nobody called yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, key_cache: KeyCache::default() }
    }

    /// Opens the connection and learns the first callers by one cheap query, so that the first request waits
    /// for neither. Costs half a read unit for 4 KB of keys.
    ///
    /// A failure is no reason not to start: the first request makes the same calls and tells its caller.
    pub async fn warm(&self) {
        match self.store.api_keys_preload(25).await {
            Ok(keys) => {
                self.key_cache.insert_all(keys.into_iter().map(Arc::new), self.store.ambient().now());
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), "the table could not be reached at the start")
            }
        }
    }
}
