//! Cost budgets of the operations, for records below 1 KB. The ledger fails if an operation exceeds one.

use super::cost::Cost;

/// Upper limits on the cost of an operation; `None` means no limit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CostBudget {
    pub(crate) round_trips: Option<usize>,
    pub(crate) reads: Option<f64>,
    pub(crate) writes: Option<f64>,
}

/// No budget: the figure is only reported.
pub(crate) const NONE: CostBudget = CostBudget { round_trips: None, reads: None, writes: None };

/// Getting one customer by its id.
pub(crate) const GET: CostBudget = limits(1, 1.0, 0.0);

/// A change that leaves the search entries alone.
pub(crate) const UPDATE: CostBudget = CostBudget { round_trips: Some(2), reads: None, writes: Some(12.0) };

/// A change that moves the customer between lists by cells.
pub(crate) const MOVE: CostBudget = CostBudget { round_trips: Some(2), reads: None, writes: Some(18.0) };

/// A write of one order of a customer that has others.
pub(crate) const ORDER: CostBudget = CostBudget { round_trips: Some(3), reads: None, writes: Some(20.0) };

/// A change of the vip mark, which is a search entry: reading the entries takes a third round trip.
pub(crate) const MOVE_VIP: CostBudget = CostBudget { round_trips: Some(3), ..MOVE };

/// A credit check: the customer with its figures, the permit, the result.
pub(crate) const CREDIT_CHECK: CostBudget = limits(3, 1.0, 2.0);

/// A search with 25 matches among any number of customers. The write saves the start of the next page.
pub(crate) const SEARCH: CostBudget = limits(3, 30.0, 1.0);

/// Returns the budget for creating a customer with `entries` search entries.
pub(crate) fn create(entries: usize) -> CostBudget {
    let entries = u32::try_from(entries).unwrap();
    CostBudget { round_trips: Some(3), reads: None, writes: Some(14.0 + 2.0 * f64::from(entries)) }
}

/// Returns the budget for a page of 25 customers with the total. The write saves the start of the next page.
pub(crate) fn list(source: Source, by: By) -> CostBudget {
    let round_trips = match by {
        By::Cursor => 2,
        By::Page => 3,
    };
    let reads = match source {
        Source::Partition => 9.0,
        Source::Numbers | Source::Marks => 32.0,
    };
    limits(round_trips, reads, 1.0)
}

/// A page that is requested out of order, among 1,000,000 customers at most.
pub(crate) const JUMP: CostBudget = limits(5, 1_400.0, 1.0);

/// The place that a list is read from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// One partition of by-status or by-type.
    Partition,
    /// The table, by number.
    Numbers,
    /// The table, by the numbers of a mark.
    Marks,
}

/// How a client requests the next page.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Cursor,
    Page,
}

const fn limits(round_trips: usize, reads: f64, writes: f64) -> CostBudget {
    CostBudget { round_trips: Some(round_trips), reads: Some(reads), writes: Some(writes) }
}

impl CostBudget {
    /// Returns this budget with metering on: one more write unit, which no client waits for.
    pub(crate) fn metered(self) -> Self {
        Self { writes: self.writes.map(|writes| writes + 1.0), ..self }
    }

    /// Returns whether a cost is within the budget.
    pub(crate) fn is_within(&self, cost: &Cost) -> bool {
        self.round_trips.is_none_or(|limit| cost.round_trips <= limit)
            && self.reads.is_none_or(|limit| cost.reads <= limit)
            && self.writes.is_none_or(|limit| cost.writes <= limit)
    }
}
