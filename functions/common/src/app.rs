//! State that a process keeps from start to exit: the store, the API key cache and the last usage counts.

use std::sync::Arc;
use std::time::Duration;

use clientele_shared::Result;
use clientele_shared::store::Store;

use crate::RemoteService;
use crate::caller::KeyCache;
use crate::usage::{self, UsageMeter};
use crate::webhook::VerifierToken;

/// Time limit for reading API keys during start-up. Lambda limits a start to 10 seconds and repeats one that
/// takes longer, within the time of the request.
const WARM_LIMIT: Duration = Duration::from_secs(2);

/// Maximum number of API keys to cache during start-up.
const MAX_PRELOADED_KEYS: u16 = 25;

/// State that all requests of one process share.
#[derive(Debug)]
pub struct App {
    /// The store in the DynamoDB table.
    pub store: Store,
    /// Cache of recently read API keys.
    pub key_cache: KeyCache,
    /// The service that gives customers their credit scores; `None` for the built-in scorer.
    pub credit_provider: Option<RemoteService>,
    /// The token with which webhooks must be signed; `None` if they are not set up.
    pub verifier_token: Option<VerifierToken>,
    pub(crate) usage: UsageMeter,
}

impl App {
    /// Creates the state with an empty key cache.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            key_cache: KeyCache::default(),
            credit_provider: None,
            verifier_token: None,
            usage: UsageMeter::new(usage::MAX_WAIT),
        }
    }

    /// Returns the same state with this source of credit scores.
    #[must_use]
    pub fn with_credit_provider(self, credit_provider: Option<RemoteService>) -> Self {
        Self { credit_provider, ..self }
    }

    /// Returns the same state with the token with which webhooks must be signed.
    #[must_use]
    pub fn with_verifier_token(self, verifier_token: Option<VerifierToken>) -> Self {
        Self { verifier_token, ..self }
    }

    /// Returns the same state with another limit on how long a request waits for its usage count.
    #[must_use]
    pub fn with_usage_wait(self, max_wait: Duration) -> Self {
        Self { usage: UsageMeter::new(max_wait), ..self }
    }

    /// Opens the DynamoDB connection and caches up to 25 API keys with one cheap query, so that the first
    /// request waits for neither. This costs half a read unit per 4 KB of keys.
    ///
    /// A failure, or a table that does not respond within 2 seconds, does not prevent the start: the first
    /// request makes the same calls and returns the error to its caller.
    pub async fn warm(&self) {
        if let Some(keys) = at_start(self.store.api_keys_preload(MAX_PRELOADED_KEYS)).await {
            self.key_cache.insert_all(keys.into_iter().map(Arc::new), self.store.ambient().now());
        }
    }
}

/// Returns the result of a read at start-up, or `None` if it fails or takes longer than [`WARM_LIMIT`]: then the first request
/// reads what it needs.
pub(crate) async fn at_start<T>(reading: impl Future<Output = Result<T>>) -> Option<T> {
    let error = match tokio::time::timeout(WARM_LIMIT, reading).await {
        Ok(Ok(read)) => return Some(read),
        Ok(Err(error)) => error.chain(),
        Err(elapsed) => elapsed.to_string(),
    };
    tracing::warn!(error, "cannot read the table at start-up; requests will read it");
    None
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use clientele_shared::Ambient;
    use clientele_shared::table::connect::Connection;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn start_does_not_wait_for_a_table_that_does_not_respond() {
        // The operating system accepts connections for the listener, and none gets an answer.
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let client = Connection::local(url).client().unwrap();
        let app = App::new(Store::new(client, "none", Ambient::system()));
        let started = Instant::now();
        app.warm().await;
        // The clock has a resolution of a millisecond.
        assert!(started.elapsed() < WARM_LIMIT + Duration::from_millis(2), "{:?}", started.elapsed());
    }
}
