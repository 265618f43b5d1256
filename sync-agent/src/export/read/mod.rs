//! Reading the records of an export while the previous ones are written: all of them, or those that have changed.

mod ahead;
mod changes;
mod customers;
mod orders;
mod prices;
mod visible;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clientele_shared::csv::customer_row::TagNames;
use clientele_shared::model::{Customer, ExportFilter, ExportKind, Tag, TagId, Tenant};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerFilter, CustomerQuery, LogPosition, Store};
use clientele_shared::{Error, Result};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::ahead::ReadAhead;
use super::records::Records;
use crate::retry::Retry;

/// How many batches of records are read ahead of those that are written: about as many as are read while a row group of
/// Parquet is written.
const AHEAD: usize = 6;

/// The records of an export.
pub(super) struct Source {
    batches: mpsc::Receiver<Result<Records>>,
    done: Arc<AtomicU64>,
    /// Ends with this value.
    _reader: JoinSet<()>,
    /// Estimated number of customers or of changed records.
    pub(super) total: u64,
    /// Where the next incremental export continues.
    pub(super) position: LogPosition,
    pub(super) tags: Arc<TagNames>,
}

/// The records that an export reads.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) store: Store,
    pub(super) tenant: Tenant,
    pub(super) kind: ExportKind,
    pub(super) query: CustomerQuery,
}

/// The beginning of an incremental export.
pub(super) enum Since {
    /// The log continues from the position.
    Changes(Box<Source>),
    /// The log does not continue: everything has to be exported.
    Nothing(String),
}

impl Selection {
    /// Returns the selection of a filter.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the search cannot be understood.
    pub(super) fn new(
        store: &Store,
        tenant: &Tenant,
        kind: ExportKind,
        filter: &ExportFilter,
    ) -> Result<Self> {
        let search = filter.search.as_deref().map(SearchQuery::parse).transpose()?.flatten();
        // Orders and prices do not vanish with their customers.
        let include_deleted = matches!(kind, ExportKind::Orders | ExportKind::Prices);
        let filter = CustomerFilter { status: filter.status, include_deleted, ..CustomerFilter::default() };
        let query = CustomerQuery { filter, search, ..CustomerQuery::default() };
        Ok(Self { store: store.clone(), tenant: tenant.clone(), kind, query })
    }

    /// Starts to read all records.
    pub(super) async fn all(self) -> Result<Source> {
        // The position comes first: a change that is made meanwhile is exported again, never missed.
        let position = visible::position(&self).await?;
        let tags = self.tags().await?;
        let customers = self.customers().await?;
        let total = customers.total();
        let tags = Arc::new(tags.into_iter().collect());
        Ok(Source::start(total, position, tags, move |to| async move {
            match self.kind {
                ExportKind::Customers | ExportKind::Contacts => customers::all(&self, customers, &to).await,
                ExportKind::Orders => orders::all(&self, customers, &to).await,
                ExportKind::Prices => prices::all(&self, customers, &to).await,
            }
        }))
    }

    /// Starts to read the records that have changed since a position.
    pub(super) async fn since(self, position: &LogPosition) -> Result<Since> {
        let (changes, position) = match self.changes(position).await? {
            Ok(read) => read,
            Err(reason) => return Ok(Since::Nothing(reason)),
        };
        // Read after the log, so that a tag is named as it was changed.
        let tags = self.tags().await?;
        let total = changes.count(self.kind);
        let tags = Arc::new(tags.into_iter().collect());
        let source = Source::start(total, position, tags, move |to| async move {
            match self.kind {
                ExportKind::Customers | ExportKind::Contacts => customers::changed(&self, changes, &to).await,
                ExportKind::Orders => orders::changed(&self, changes, &to).await,
                ExportKind::Prices => prices::changed(&self, changes, &to).await,
            }
        });
        Ok(Since::Changes(Box::new(source)))
    }

    async fn tags(&self) -> Result<Vec<Tag>> {
        self.retry(|| self.store.tags_list(&self.tenant)).await
    }

    /// Starts to read the selected customers. The search is left out of the query, because the index that would propose its
    /// customers follows the table, and a customer that it does not have yet would be missed.
    async fn customers(&self) -> Result<ReadAhead> {
        let query = CustomerQuery { search: None, ..self.query.clone() };
        let stream = self.retry(|| self.store.customer_stream(&self.tenant, query.clone())).await?;
        Ok(ReadAhead::new(self.clone(), stream))
    }

    /// Runs a read until it succeeds, with the retries of long runs.
    async fn retry<T, F: Future<Output = Result<T>>>(&self, read: impl FnMut() -> F) -> Result<T> {
        Retry::default().run(self.store.ambient(), read).await
    }

    fn selected(&self, mut customers: Vec<Customer>) -> Vec<Customer> {
        customers.retain(|customer| self.query.selects(customer));
        customers
    }
}

impl Source {
    /// Starts a task that sends the records.
    fn start<F>(
        total: u64,
        position: LogPosition,
        tags: Arc<TagNames>,
        read: impl FnOnce(Sender) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<()>> + Send,
    {
        let (sender, batches) = mpsc::channel(AHEAD);
        let done = Arc::new(AtomicU64::new(0));
        let to = Sender { sender: sender.clone(), done: Arc::clone(&done) };
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            if let Err(error) = read(to).await {
                // Without a receiver the export has ended, and the error with it.
                drop(sender.send(Err(error)).await);
            }
        });
        Self { batches, done, _reader: reader, total, position, tags }
    }

    /// Returns how many of the customers or changed records were read.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Returns the next records, or `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Records>> {
        self.batches.recv().await.transpose()
    }
}

/// The way of records to the writer of the file.
struct Sender {
    sender: mpsc::Sender<Result<Records>>,
    done: Arc<AtomicU64>,
}

impl Sender {
    /// Sends records, if there are any. Waits while the writer is behind.
    async fn send(&self, records: Records) -> Result<()> {
        if records.len() == 0 {
            return Ok(());
        }
        let ended = |_| Error::broken("the export has ended while it was read");
        self.sender.send(Ok(records)).await.map_err(ended)
    }

    /// Adds to the number of customers or changed records that were read and sent.
    fn note(&self, count: usize) {
        self.done.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// Returns whether a customer has one of these tags.
fn has_tag(customer: &Customer, tags: &BTreeSet<TagId>) -> bool {
    customer.fields.tag_ids.iter().any(|tag| tags.contains(tag))
}
