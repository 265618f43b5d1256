//! The log of changes holds every commit exactly once, in order, and a reader that stops at any point and continues from
//! its stored position misses none.

mod reads;
mod writes;

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{CustomerNumber, Tenant};
use clientele_shared::store::{Change, LogEntry, LogPosition, LogRead, Store};
use clientele_shared::table::keys::Slot;

use crate::support::{Caller, all_customers, uuid_of};

const CUSTOMERS: &str = "/api/v1/customers";

/// More entries than any test writes.
const ALL: usize = 10_000;

/// A reader that applies the log to its own copy of the versions, and stores its position as text.
#[derive(Debug, Clone)]
struct Reader {
    tenant: Tenant,
    position: String,
    entries: Vec<LogEntry>,
}

impl Reader {
    /// Starts at the beginning of the log.
    async fn new(store: &Store, tenant: &Tenant) -> Self {
        let position = store.log_start(tenant).await.unwrap().to_string();
        Self { tenant: tenant.clone(), position, entries: Vec::new() }
    }

    fn position(&self) -> LogPosition {
        self.position.parse().unwrap()
    }

    /// Reads one batch and stores the position; returns whether the log was read to its end.
    async fn read(&mut self, store: &Store, limit: usize) -> clientele_shared::Result<bool> {
        let LogRead::Entries(batch) = store.log_read(&self.tenant, &self.position(), limit).await? else {
            panic!("a full pass is needed")
        };
        assert!(batch.entries.len() <= limit, "{} entries", batch.entries.len());
        self.position = batch.position.to_string();
        self.entries.extend(batch.entries);
        Ok(batch.is_caught_up)
    }

    /// Reads to the end of the log; returns the changes of each commit that this read.
    async fn catch_up(&mut self, store: &Store, limit: usize) -> Vec<Vec<String>> {
        let read_before = self.entries.len();
        while !self.read(store, limit).await.unwrap() {}
        let changes = |entry: &LogEntry| entry.changes.iter().map(ToString::to_string).collect();
        self.entries[read_before..].iter().map(changes).collect()
    }

    /// Checks that the entries of each slot were read once and in order, up to the position.
    fn check_order(&self) {
        let mut seqs = BTreeMap::new();
        for entry in &self.entries {
            let last = seqs.insert(entry.slot, entry.seq).unwrap_or(0);
            assert_eq!(entry.seq, last + 1, "{:?}", self.entries);
        }
        for slot in Slot::all() {
            assert_eq!(self.position().seq(slot), seqs.get(&slot).copied().unwrap_or(0));
        }
    }

    /// Checks that the log names each version of each customer once, and the last one is the record's.
    async fn check_records(&self, caller: &Caller) {
        let mut versions: BTreeMap<CustomerNumber, Vec<u64>> = BTreeMap::new();
        for change in self.entries.iter().flat_map(|entry| &entry.changes) {
            if let Change::Customer { number, version } = change {
                versions.entry(*number).or_default().push(*version);
            }
        }
        let uuid = |number: &CustomerNumber| self.tenant.customer_uuid(*number).to_string();
        let logged: BTreeSet<String> = versions.keys().map(uuid).collect();
        let existing: BTreeSet<String> = all_customers(caller).await.iter().map(uuid_of).collect();
        assert_eq!(logged, existing);
        for (number, mut versions) in versions {
            versions.sort_unstable();
            let last = *versions.last().unwrap();
            assert_eq!(versions, (1..=last).collect::<Vec<_>>(), "{number}");
            let path = format!("{CUSTOMERS}/{}?include_deleted=true", uuid(&number));
            assert_eq!(caller.get(&path).await.header("etag"), format!("\"{last}\""), "{number}");
        }
    }
}
