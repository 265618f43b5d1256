//! The budget: how much one list is allowed to read. A list that it cuts short says so and never times out.

use std::time::Duration;

use tokio::time::Instant;

/// How long a list reads at most, if its caller waits longer.
const MAX_DURATION: Duration = Duration::from_secs(2);

/// How much of the budget's time is kept for reading the page's own records and for the response.
const RESERVE: Duration = Duration::from_millis(200);

/// The most that one list reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many records are examined at most.
    pub records: usize,
    /// How many keys of each index partition are examined at most.
    pub keys: usize,
    /// How many calls are made one after the other at most.
    pub calls: usize,
    /// When reading ends at the latest.
    pub until: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { records: 10_000, keys: 10_000, calls: 200, until: None }
    }
}

/// The part of a budget that is left while a list is read.
#[derive(Debug)]
pub(super) struct Spending {
    records: usize,
    calls: usize,
    until: Instant,
    /// How many keys of each index partition are examined at most.
    pub(super) keys: usize,
}

impl Budget {
    /// The part of this budget that each of several lists of one request gets.
    #[must_use]
    pub fn shared_by(self, lists: usize) -> Self {
        let lists = lists.max(1);
        let part = |all: usize| (all / lists).max(1);
        Self { records: part(self.records), keys: part(self.keys), calls: part(self.calls), ..self }
    }

    /// Starts to spend the budget for a caller that waits until `deadline`.
    pub(super) fn spend(self, deadline: Option<Instant>) -> Spending {
        let longest = Instant::now() + MAX_DURATION;
        let until = [self.until, deadline].into_iter().flatten().fold(longest, Instant::min);
        let until = until.checked_sub(RESERVE).unwrap_or(until);
        Spending { records: self.records, calls: self.calls, until, keys: self.keys }
    }
}

impl Spending {
    /// Whether nothing more can be read.
    pub(super) fn is_used_up(&self) -> bool {
        self.records == 0 || self.calls == 0 || Instant::now() >= self.until
    }

    /// Takes up to `wanted` records; returns how many are left to be taken.
    pub(super) fn take_records(&mut self, wanted: usize) -> usize {
        let taken = wanted.min(self.records);
        self.records -= taken;
        taken
    }

    /// Counts a call that others have to wait for.
    pub(super) fn count_call(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }
}
