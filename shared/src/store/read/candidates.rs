//! Candidates: customers that the search index returns for conditions and searches. The smallest source leads, others
//! intersect it, and the record decides.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use super::budget::{MAX_KEYS, Spending};
use super::index::{KeyCursor, KeyRange, MAX_CONCURRENT_RANGES};
use super::plan::Source;
use super::query::Direction;
use crate::Result;
use crate::model::{CustomerNumber, Tenant};
use crate::store::Store;
use crate::store::items::record::to_customer;
use crate::table::keys;

/// How many keys of each source are read first, which decides most searches.
const FIRST_KEYS: usize = 100;

/// The candidates that the sources returned.
#[derive(Debug)]
pub(super) enum Gathered {
    /// Every match is among these.
    Set(BTreeSet<CustomerNumber>),
    /// Every source holds too many. `is_certain` tells whether this shows from as many keys as any budget allows.
    Dense { is_certain: bool },
}

/// One source while its keys are read.
#[derive(Debug)]
pub(super) struct Probe {
    cursors: Vec<KeyCursor>,
    /// A customer that is a candidate besides the keys.
    number: Option<CustomerNumber>,
}

impl Probe {
    fn is_done(&self) -> bool {
        self.cursors.iter().all(|cursor| cursor.is_done)
    }

    fn key_count(&self) -> usize {
        self.cursors.iter().map(|cursor| cursor.keys.len()).sum()
    }

    fn numbers(&self) -> BTreeSet<CustomerNumber> {
        let keys = self.cursors.iter().flat_map(|cursor| &cursor.keys);
        keys.map(|key| key.number).chain(self.number).collect()
    }
}

impl Store {
    /// Reads the first keys of each source, concurrently.
    pub(super) async fn probes_start(&self, tenant: &Tenant, sources: &[Source]) -> Result<Vec<Probe>> {
        let mut probes = try_join_all(sources.iter().map(|source| self.probe(tenant, source))).await?;
        let cursors = probes.iter_mut().flat_map(|probe| &mut probe.cursors);
        self.ranges_read(cursors, Some(FIRST_KEYS)).await?;
        Ok(probes)
    }

    async fn probe(&self, tenant: &Tenant, source: &Source) -> Result<Probe> {
        let mut number = None;
        let ranges: Vec<KeyRange> = match source {
            Source::Terms { prefixes, number: named } => {
                number = *named;
                prefixes.iter().map(|prefix| KeyRange::terms(tenant, prefix)).collect()
            }
            Source::Marks(marks) => {
                let range = |mark| KeyRange::mark(tenant, mark, Direction::Descending, None);
                marks.iter().map(range).collect()
            }
            Source::Sorted { sort, period } => {
                KeyRange::sorted(tenant, *sort, *period, Direction::Descending, None).into_iter().collect()
            }
            Source::Identity(uuid) => {
                let item = self.item_get(&keys::customer(tenant, *uuid), "reading a customer").await?;
                number = item.map(to_customer).transpose()?.map(|customer| customer.number);
                Vec::new()
            }
            Source::Numbers | Source::Partition { .. } => Vec::new(),
        };
        let cursors = ranges.into_iter().map(|range| KeyCursor::new(range, Direction::Descending));
        Ok(Probe { cursors: cursors.collect(), number })
    }

    /// Reads on until one source ends or all hold too many, and intersects those that ended.
    ///
    /// `is_known_dense` spares reading keys that an earlier page of the same list read in vain.
    pub(super) async fn candidates_gather(
        &self,
        mut probes: Vec<Probe>,
        is_known_dense: bool,
        spending: &mut Spending,
    ) -> Result<Gathered> {
        if !probes.iter().any(Probe::is_done) {
            if is_known_dense {
                return Ok(Gathered::Dense { is_certain: true });
            }
            try_join_all(probes.iter_mut().map(|probe| self.probe_read(probe, spending))).await?;
            spending.count_call();
        }
        let ended = probes.iter().filter(|probe| probe.is_done()).map(Probe::numbers);
        let set = ended.reduce(|all, one| all.intersection(&one).copied().collect());
        let is_certain = probes.iter().all(|probe| probe.key_count() >= MAX_KEYS);
        Ok(set.map_or(Gathered::Dense { is_certain }, Gathered::Set))
    }

    /// Reads on until the source ends or its share of the budget is used up.
    async fn probe_read(&self, probe: &mut Probe, spending: &Spending) -> Result<()> {
        while !probe.is_done() && probe.key_count() < spending.keys && !spending.is_used_up() {
            let unfinished = probe.cursors.iter_mut().filter(|cursor| !cursor.is_done);
            self.ranges_read(unfinished.take(MAX_CONCURRENT_RANGES), None).await?;
        }
        Ok(())
    }
}
