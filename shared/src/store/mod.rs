//! The store: one way to read and one way to write the table that [`crate::table::keys`] designs.
//!
//! Reads of one record, of totals and of the list of all customers are strongly consistent. Other lists and searches
//! read indexes, which follow the table by some milliseconds on AWS.
//!
//! Every method takes the tenant whose records it can touch, except [`Store::api_key_get`], which finds a caller's
//! tenant, [`Store::api_keys_preload`], which warms a function up, and [`Store::tenants_list`].

mod calls;
mod counts;
mod documents;
mod items;
mod lease;
mod log;
mod mirror;
mod read;
mod repair;
mod schedules;
mod tenants;
mod write;

pub use calls::RetryPolicy;
pub use log::entry::Change;
pub use log::position::{Epoch, LogPosition, LogPositionError};
pub use log::reader::{FullPassReason, LogBatch, LogEntry, LogRead};
pub use log::recent::LogEnd;
pub use mirror::{MappedCustomer, MirrorNote, MirrorWrite, RecordWrite};
pub use read::{
    Budget, CustomerBatch, CustomerFilter, CustomerPage, CustomerQuery, CustomerStream, Direction,
    ListedCustomer, OrderPage, OrderPages, OrderPeriod, OrderPlace, PageRequest, Position, SalesByMonth,
    Total, VersionedOrder,
};
pub use tenants::{NewApiKey, PricePages, Pricing, TagChange, Usage};
pub use write::{
    AllocatedNumbers, IdempotencyKey, IdempotentRequest, ImportedRow, KnownOrder, OrderChange, OrdersWritten,
    RenderReply, RowKey, Updated, Write, WriteOutcome,
};

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use tokio::time::Instant;

use self::counts::slots::SlotChooser;
use crate::{Ambient, Result};

/// A pending authorization to write. It can resolve while the write is still reading, and must resolve before anything
/// visible to others is written. It yields the tenant's current write rules.
pub type WriteAuthorization<'a> = Pin<Box<dyn Future<Output = Result<WriteRules>> + Send + 'a>>;

/// The rules that a tenant's settings set for writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteRules {
    /// No other customer is allowed to have the email that a write gives a customer.
    pub unique_email: bool,
}

/// The one table, and every access to it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
    ambient: Ambient,
    retry_policy: RetryPolicy,
    deadline: Option<Instant>,
    slots: SlotChooser,
    throttles: Arc<AtomicU64>,
}

impl Store {
    /// Creates a store in this table.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, ambient: Ambient) -> Self {
        Self {
            client,
            table: table.into().into(),
            retry_policy: RetryPolicy::default(),
            deadline: None,
            slots: SlotChooser::new(&ambient),
            throttles: Arc::default(),
            ambient,
        }
    }

    /// The same store with another retry policy.
    #[must_use]
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = policy;
        self
    }

    /// The same store for a caller that waits until this moment: retries end before it, and lists are cut short.
    #[must_use]
    pub fn until(&self, deadline: Option<Instant>) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// How many times DynamoDB has throttled batched and transactional writes of this store and its clones. A long run
    /// of writes that sees it rise makes fewer writes at a time.
    #[must_use]
    pub fn throttles(&self) -> u64 {
        self.throttles.load(Ordering::Relaxed)
    }

    /// Counts a call that was throttled, in part or entirely.
    fn note_throttle(&self) {
        self.throttles.fetch_add(1, Ordering::Relaxed);
    }

    /// The clock and randomness of this store.
    #[must_use]
    pub fn ambient(&self) -> &Ambient {
        &self.ambient
    }
}
