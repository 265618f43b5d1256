//! The changes since an export, as the log has them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use clientele_shared::Result;
use clientele_shared::model::{CustomerNumber, ExportKind, OrderId, ProductId, TagId, Timestamp};
use clientele_shared::store::{Change, LogBatch, LogEntry, LogPosition, LogRead};
use uuid::Uuid;

use super::Selection;

/// How many entries of the log are read at a time.
const ENTRIES_AT_A_TIME: usize = 4_000;

/// How long a commit is waited for that is still becoming visible. The position stays before it after that.
const MAX_WAITS: u32 = 10;
const WAIT: Duration = Duration::from_millis(50);

/// The version of a record that a commit wrote, and the moment of the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) version: u64,
    pub(super) at: Timestamp,
}

/// The records that have changed.
#[derive(Debug)]
pub(super) struct Changes {
    /// When the end of the log was read.
    pub(super) read_at: Instant,
    pub(super) customers: BTreeMap<CustomerNumber, Written>,
    pub(super) orders: BTreeMap<CustomerNumber, BTreeMap<OrderId, Written>>,
    /// Products by owner; `None` is the price list.
    pub(super) prices: BTreeMap<Option<Uuid>, BTreeSet<ProductId>>,
    pub(super) tags: BTreeSet<TagId>,
}

impl Changes {
    fn none() -> Self {
        Self {
            read_at: Instant::now(),
            customers: BTreeMap::new(),
            orders: BTreeMap::new(),
            prices: BTreeMap::new(),
            tags: BTreeSet::new(),
        }
    }

    pub(super) fn add(&mut self, entry: LogEntry) {
        for change in entry.changes {
            match change {
                Change::Customer { number, version } => {
                    newer(&mut self.customers, number, Written { version, at: entry.at });
                }
                Change::Order { customer, order, version } => {
                    let orders = self.orders.entry(customer).or_default();
                    newer(orders, order, Written { version, at: entry.at });
                }
                Change::Price { customer, product } => {
                    self.prices.entry(customer).or_default().insert(product);
                }
                Change::Tag(tag) => {
                    self.tags.insert(tag);
                }
                // Changes of records that no export has.
                _ => {}
            }
        }
    }

    /// Returns the number of changed records of a kind.
    pub(super) fn count(&self, kind: ExportKind) -> u64 {
        let count = match kind {
            ExportKind::Customers | ExportKind::Contacts => self.customers.len(),
            ExportKind::Orders => self.orders.values().map(BTreeMap::len).sum(),
            ExportKind::Prices => self.prices.values().map(BTreeSet::len).sum(),
        };
        count as u64
    }
}

/// Keeps the higher version of a record.
fn newer<K: Ord>(known: &mut BTreeMap<K, Written>, key: K, written: Written) {
    let entry = known.entry(key).or_insert(written);
    if written.version > entry.version {
        *entry = written;
    }
}

impl Selection {
    /// Reads the log from a position to its end. Returns the changes and the position after them, or the reason why the log
    /// does not continue from the position.
    pub(super) async fn changes(
        &self,
        from: &LogPosition,
    ) -> Result<std::result::Result<(Changes, LogPosition), String>> {
        let (mut changes, mut position, mut waits) = (Changes::none(), from.clone(), 0);
        loop {
            let read = self.retry(|| self.store.log_read(&self.tenant, &position, ENTRIES_AT_A_TIME)).await?;
            let LogBatch { entries, position: next, is_caught_up } = match read {
                LogRead::Entries(batch) => batch,
                LogRead::FullPass(reason) => return Ok(Err(reason.to_string())),
            };
            let is_stuck = entries.is_empty();
            entries.into_iter().for_each(|entry| changes.add(entry));
            position = next;
            if is_caught_up || (is_stuck && waits == MAX_WAITS) {
                changes.read_at = Instant::now();
                return Ok(Ok((changes, position)));
            }
            if is_stuck {
                waits += 1;
                wait(WAIT).await;
            }
        }
    }
}

/// Waits for a commit whose items are becoming visible one after the other.
#[expect(clippy::disallowed_methods, reason = "the only sign of visibility is another read")]
pub(super) async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}
