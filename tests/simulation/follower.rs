//! Readers of the log: each keeps a copy of all customers, from a full pass and the log after it.

use std::collections::BTreeMap;
use std::time::Duration;

use clientele_shared::model::{Customer, CustomerNumber, Tenant};
use clientele_shared::store::{Change, CustomerFilter, CustomerQuery, LogBatch, LogPosition, LogRead, Store};
use clientele_shared::{Error, Result};

use super::model::Violation;
use super::rng::Rng;
use super::world::pause;

/// How often a record that is below its logged version is read again.
const MAX_READS: usize = 40;

/// A reader of the log.
#[derive(Default)]
pub(crate) struct Follower {
    /// Where it continues; `None` before its first full pass.
    position: Option<LogPosition>,
    /// The customers as the log has shown them so far.
    copies: BTreeMap<CustomerNumber, Customer>,
    limit: usize,
    batches: usize,
    /// Whether it is killed before it stores its position, so that it repeats what it has done.
    is_killed: bool,
}

impl Follower {
    /// Draws how much is read next, and whether the reader is killed or starts with a full pass.
    pub(crate) fn prepare(&mut self, rng: &mut Rng) {
        (self.limit, self.batches) = (1 + rng.below(10), 1 + rng.below(5));
        self.is_killed = rng.percent(25);
        if rng.percent(5) {
            *self = Self { limit: self.limit, batches: self.batches, ..Self::default() };
        }
    }

    /// Reads everything that is left.
    pub(crate) async fn catch_up(
        &mut self,
        store: &Store,
        tenant: &Tenant,
    ) -> std::result::Result<(), Violation> {
        (self.limit, self.batches, self.is_killed) = (100, usize::MAX, false);
        self.read(store, tenant, true).await
    }

    /// Compares the copies with the customers of the table.
    pub(crate) fn check(&self, customers: &[&Customer]) -> std::result::Result<(), Violation> {
        let expected: BTreeMap<CustomerNumber, Customer> =
            customers.iter().map(|customer| (customer.number, (*customer).clone())).collect();
        if self.copies == expected {
            return Ok(());
        }
        Err(format!("a reader of the log has {:?} instead of {expected:?}", self.copies))
    }

    /// Reads some batches. A reader that meets a fault, of which a calm step has none, continues later from its stored
    /// position.
    pub(crate) async fn read(
        &mut self,
        store: &Store,
        tenant: &Tenant,
        is_calm: bool,
    ) -> std::result::Result<(), Violation> {
        match self.try_read(store, tenant).await {
            Ok(()) => Ok(()),
            Err(Error::Throttled { .. } | Error::Unavailable { .. }) if !is_calm => Ok(()),
            Err(error) => Err(format!("reading the log failed: {}", error.chain())),
        }
    }

    async fn try_read(&mut self, store: &Store, tenant: &Tenant) -> Result<()> {
        let mut position = match self.position.clone() {
            Some(position) => position,
            None => {
                let head = store.log_head(tenant).await?;
                self.read_all(store, tenant).await?;
                self.position.insert(head).clone()
            }
        };
        for _ in 0..self.batches {
            let LogBatch { entries, position: next, is_caught_up } = match store
                .log_read(tenant, &position, self.limit)
                .await?
            {
                LogRead::Entries(batch) => batch,
                LogRead::FullPass(reason) => return Err(Error::internal("an unexpected full pass", reason)),
            };
            if entries.is_empty() {
                if is_caught_up {
                    return Ok(());
                }
                pause(Duration::from_millis(2)).await;
            }
            for change in entries.into_iter().flat_map(|entry| entry.changes) {
                if let Change::Customer { number, version } = change {
                    self.copy(store, tenant, number, version).await?;
                }
            }
            position = next;
            if !self.is_killed {
                self.position = Some(position.clone());
            }
        }
        Ok(())
    }

    async fn read_all(&mut self, store: &Store, tenant: &Tenant) -> Result<()> {
        let filter = CustomerFilter { include_deleted: true, ..CustomerFilter::default() };
        let mut all = store.customer_stream(tenant, CustomerQuery::of(filter)).await?;
        while let Some(customers) = all.next().await? {
            for customer in customers {
                self.take(customer);
            }
        }
        Ok(())
    }

    /// Reads a record that the log names, until the version that the log names is visible.
    async fn copy(
        &mut self,
        store: &Store,
        tenant: &Tenant,
        number: CustomerNumber,
        version: u64,
    ) -> Result<()> {
        let uuid = tenant.customer_uuid(number);
        for _ in 0..MAX_READS {
            match store.customer_get(tenant, uuid, true).await {
                Ok(customer) if customer.version >= version => {
                    self.take(customer);
                    return Ok(());
                }
                Ok(_) | Err(Error::NotFound(_)) => pause(Duration::from_millis(2)).await,
                Err(error) => return Err(error),
            }
        }
        Err(Error::internal(
            "a logged version never becomes visible",
            std::io::Error::other(number.to_string()),
        ))
    }

    fn take(&mut self, customer: Customer) {
        let known = self.copies.entry(customer.number).or_insert_with(|| customer.clone());
        if known.version < customer.version {
            *known = customer;
        }
    }
}
