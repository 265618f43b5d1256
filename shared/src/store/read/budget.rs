//! The budget: how much one list is allowed to read. A list that it cuts short says so and never times out.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Customer;
use crate::rules::size::values_length;

/// How long a list reads at most, if its caller waits longer.
const MAX_DURATION: Duration = Duration::from_secs(2);

/// How much of the budget's time is kept for reading the page's own records and for the response.
const RESERVE: Duration = Duration::from_millis(200);

/// How many keys of each source are examined at most, if the budget is not shared.
pub(super) const MAX_KEYS: usize = 10_000;

/// The most that one list reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many records are examined at most.
    pub records: usize,
    /// How many keys of each source, such as one word of a search, are examined at most.
    pub keys: usize,
    /// How many calls are made one after the other at most.
    pub calls: usize,
    /// How many bytes the values of a page's records have at most, in the JSON that a Lambda returns. A page has at least
    /// one record.
    pub bytes: usize,
    /// When reading ends at the latest.
    pub until: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Self {
        // Lambda returns at most 6 MB.
        Self { records: 10_000, keys: MAX_KEYS, calls: 200, bytes: 4_000_000, until: None }
    }
}

/// The part of a budget that is left while a list is read.
#[derive(Debug)]
pub(super) struct Spending {
    records: usize,
    calls: usize,
    bytes: Room,
    until: Instant,
    /// How many keys of each source are examined at most.
    pub(super) keys: usize,
}

impl Budget {
    /// The part of this budget that each of several lists of one request gets.
    #[must_use]
    pub fn shared_by(self, lists: usize) -> Self {
        let lists = lists.max(1);
        let part = |all: usize| (all / lists).max(1);
        let (records, keys, calls) = (part(self.records), part(self.keys), part(self.calls));
        Self { records, keys, calls, bytes: part(self.bytes), ..self }
    }

    /// Starts to spend the budget for a caller that waits until `deadline`.
    pub(super) fn spend(self, deadline: Option<Instant>) -> Spending {
        let longest = Instant::now() + MAX_DURATION;
        let until = [self.until, deadline].into_iter().flatten().fold(longest, Instant::min);
        let until = until.checked_sub(RESERVE).unwrap_or(until);
        let bytes = Room { left: self.bytes, is_empty: true };
        Spending { records: self.records, calls: self.calls, bytes, until, keys: self.keys }
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

    /// Returns records that were taken and not examined.
    pub(super) fn return_records(&mut self, count: usize) {
        self.records += count;
    }

    /// Takes room for a record in the page, if it has room for it. After a record without room there is none for others,
    /// so that the page has no gaps.
    pub(super) fn take_room(&mut self, customer: &Customer) -> bool {
        self.bytes.take(values_length(&customer.fields))
    }

    /// Counts a call that others have to wait for.
    pub(super) fn count_call(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }
}

/// The room in a page, in bytes.
#[derive(Debug)]
struct Room {
    left: usize,
    is_empty: bool,
}

impl Room {
    fn take(&mut self, bytes: usize) -> bool {
        let fits = self.is_empty || bytes <= self.left;
        self.left = if fits { self.left.saturating_sub(bytes) } else { 0 };
        self.is_empty = false;
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_room_for_one_record_of_any_size_and_then_up_to_its_bytes() {
        let mut room = Room { left: 10, is_empty: true };
        assert!(room.take(11) && !room.take(1));
        let mut room = Room { left: 10, is_empty: true };
        assert!(room.take(4) && room.take(6) && !room.take(1));
    }

    #[test]
    fn no_record_fits_after_one_that_did_not() {
        let mut room = Room { left: 10, is_empty: true };
        assert!(room.take(4) && !room.take(7) && !room.take(1));
    }
}
