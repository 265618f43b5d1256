//! What each operation may cost at the most, for a record below 1 KB. The ledger fails beyond it.

use super::cost::Cost;

/// The most that an operation may cost; `None` where nothing is promised.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CostBudget {
    pub(crate) round_trips: Option<usize>,
    pub(crate) reads: Option<f64>,
    pub(crate) writes: Option<f64>,
}

/// No budget: the figure is there to be seen.
pub(crate) const NONE: CostBudget = CostBudget { round_trips: None, reads: None, writes: None };

/// One customer by its id.
pub(crate) const GET: CostBudget = most(1, 1.0, 0.0);

/// A change that leaves the search terms alone; deleting and restoring do.
pub(crate) const UPDATE: CostBudget = CostBudget { round_trips: Some(2), reads: None, writes: Some(12.0) };

/// A search with 25 matches, of however many customers; one write is for where the next page starts.
pub(crate) const SEARCH: CostBudget = most(3, 30.0, 1.0);

/// A new customer with so many search terms.
pub(crate) fn create(terms: usize) -> CostBudget {
    let terms = u32::try_from(terms).unwrap();
    CostBudget { round_trips: Some(3), reads: None, writes: Some(14.0 + 2.0 * f64::from(terms)) }
}

/// 25 customers and their total, read from so many index partitions; the one write is for where the next page
/// starts.
pub(crate) fn list(partitions: u32, by: By) -> CostBudget {
    let round_trips = match by {
        By::Cursor => 2,
        By::Page => 3,
    };
    // 6 from one and 12 from three.
    most(round_trips, 3.0 + 3.0 * f64::from(partitions), 1.0)
}

/// How a list is read on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Cursor,
    Page,
}

const fn most(round_trips: usize, reads: f64, writes: f64) -> CostBudget {
    CostBudget { round_trips: Some(round_trips), reads: Some(reads), writes: Some(writes) }
}

impl CostBudget {
    /// The same, where requests are counted: one write more, and nobody waits for it.
    pub(crate) fn metered(self) -> Self {
        Self { writes: self.writes.map(|writes| writes + 1.0), ..self }
    }

    /// Whether a cost keeps it.
    pub(crate) fn is_within(&self, cost: &Cost) -> bool {
        self.round_trips.is_none_or(|most| cost.round_trips <= most)
            && self.reads.is_none_or(|most| cost.reads <= most)
            && self.writes.is_none_or(|most| cost.writes <= most)
    }
}
