//! A limit for the number of requests of one API key that run at the same time, so that one client cannot use up the
//! machine. On AWS, functions have a CPU each, and the throttle of each route bounds what clients can start.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::function::TIME_LIMIT;

/// Default for the number of requests of one API key that run at the same time.
pub const DEFAULT_KEY_CONCURRENCY: usize = 10;

/// The running requests of each API key.
#[derive(Debug)]
pub struct KeyLimits {
    limit: usize,
    hasher: RandomState,
    /// By hash of the key, so that no secret is kept. Only keys with requests that run or wait have an entry.
    keys: Mutex<HashMap<u64, Arc<Semaphore>>>,
}

impl KeyLimits {
    /// Creates a limit of this many running requests for each key.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, hasher: RandomState::new(), keys: Mutex::default() }
    }

    /// Waits until a request with these headers can run, in the order of arrival. Returns `None` if the other requests
    /// of the key have not made room within 29 seconds.
    pub async fn acquire(&self, headers: &HeaderMap) -> Option<OwnedSemaphorePermit> {
        timeout(TIME_LIMIT, self.semaphore(headers).acquire_owned()).await.ok()?.ok()
    }

    fn semaphore(&self, headers: &HeaderMap) -> Arc<Semaphore> {
        let key = self.hasher.hash_one(key(headers));
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        Arc::clone(keys.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.limit))))
    }
}

/// Returns the text of the API key, as the functions find it: in `Authorization`, or else in `X-API-Key`. The scheme and
/// the blanks around the key do not matter, so that one key cannot pass for several.
fn key(headers: &HeaderMap) -> &[u8] {
    let value = headers.get(AUTHORIZATION).or_else(|| headers.get("x-api-key"));
    let text = value.map_or(&[][..], |value| value.as_bytes()).trim_ascii();
    text.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect()
    }

    #[tokio::test]
    async fn spellings_of_one_key_share_its_limit() {
        let limits = KeyLimits::new(1);
        let running = limits.acquire(&headers("authorization", "Bearer a")).await.unwrap();
        for (name, value) in
            [("authorization", "bearer  a "), ("authorization", "Bearer\ta"), ("x-api-key", " a")]
        {
            assert!(limits.acquire(&headers(name, value)).now_or_never().is_none(), "{name}: {value}");
        }
        assert!(limits.acquire(&headers("x-api-key", "b")).await.is_some());
        assert!(limits.acquire(&HeaderMap::new()).await.is_some());
        drop(running);
        assert!(limits.acquire(&headers("x-api-key", "a")).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn request_that_waits_too_long_is_refused() {
        let limits = KeyLimits::new(1);
        let _running = limits.acquire(&HeaderMap::new()).await.unwrap();
        assert!(limits.acquire(&HeaderMap::new()).await.is_none());
    }

    #[tokio::test]
    async fn keys_without_requests_are_forgotten() {
        let limits = KeyLimits::new(1);
        for key in ["a", "b", "c"] {
            drop(limits.acquire(&headers("x-api-key", key)).await);
        }
        assert_eq!(limits.keys.lock().unwrap().len(), 1);
    }
}
