//! The client: one call after another, with its token, its place in the limits and its retries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clientele_shared::Ambient;
use serde_json::{Map, Value};

use super::access::Access;
use super::error::QuickBooksError;
use super::limits::{Limits, Pace};
use super::oauth::{Addresses, OAuth};
use super::secrets::SecretStore;
use super::transport::Transport;

pub(super) mod batch;
mod call;
pub(super) mod changes;
pub(super) mod company;
pub(super) mod pages;
mod query;

use call::Call;

/// An object of the API, with all fields that it has.
pub type Object = Map<String, Value>;

/// A client for one company. Clones share its limits, its token and its counters.
#[derive(Debug, Clone)]
pub struct QuickBooks(Arc<Inner>);

/// The settings of a client.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The way of the requests.
    pub transport: Arc<dyn Transport>,
    /// Where the API and its OAuth 2 are found.
    pub addresses: Addresses,
    /// The company.
    pub realm_id: String,
    /// The store of the company's secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// Name of the secrets in the store.
    pub secret_name: String,
    /// Clock and randomness.
    pub ambient: Ambient,
    /// How fast time passes for waits and limits.
    pub pace: Pace,
}

#[derive(Debug)]
struct Inner {
    transport: Arc<dyn Transport>,
    addresses: Addresses,
    realm_id: String,
    ambient: Ambient,
    pace: Pace,
    limits: Limits,
    access: Arc<Access>,
    calls: Counters,
}

/// The requests that were sent, counted by what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Metered requests: queries, change data capture and reads.
    pub reads: u64,
    /// Objects in batches, each of which is a write.
    pub writes: u64,
    /// Batches.
    pub batches: u64,
}

#[derive(Debug, Default)]
struct Counters {
    reads: AtomicU64,
    writes: AtomicU64,
    batches: AtomicU64,
}

impl QuickBooks {
    /// Returns a client. It connects and loads its token with the first call.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let ClientConfig { transport, addresses, realm_id, secrets, secret_name, ambient, pace } = config;
        let oauth = OAuth::new(Arc::clone(&transport), addresses.clone(), ambient.clone());
        let access = Access::new(oauth, secrets, secret_name, ambient.clone(), pace);
        Self(Arc::new(Inner {
            transport,
            addresses,
            realm_id,
            ambient,
            pace,
            limits: Limits::new(pace),
            access: Arc::new(access),
            calls: Counters::default(),
        }))
    }

    /// Returns the company.
    #[must_use]
    pub fn realm_id(&self) -> &str {
        &self.0.realm_id
    }

    /// Returns how many requests were sent since the client was created, repeated ones included.
    #[must_use]
    pub fn calls(&self) -> Calls {
        let calls = &self.0.calls;
        Calls {
            reads: calls.reads.load(Ordering::Relaxed),
            writes: calls.writes.load(Ordering::Relaxed),
            batches: calls.batches.load(Ordering::Relaxed),
        }
    }

    /// Sends a metered request to a resource of the company, and returns its response.
    async fn read(&self, resource: &str, parameters: &[(&str, &str)]) -> Result<Object, QuickBooksError> {
        self.0.run(&Call::read(&self.0, resource, parameters)?).await
    }
}
