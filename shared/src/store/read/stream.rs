//! Streams: candidates of a list in order, from a position on.

use std::collections::{BTreeSet, VecDeque};

use super::CustomerQuery;
use super::index::{KeyCursor, KeyRange};
use super::plan::Source;
use super::query::{Direction, Position};
use super::rank::Ranks;
use crate::model::{Customer, CustomerNumber, Tenant};
use crate::store::Store;
use crate::table::keys::Index;
use crate::{Error, Result};

/// After how many numbers a stream of numbers looks for blocks to skip.
const BARREN_AFTER: u64 = 200;

/// A stream is barren if fewer than one in this many numbers match.
const BARREN_SHARE: u64 = 8;

/// How many candidates are examined at least after a batch without a match.
const BARREN_BATCH: u64 = 25;

/// A customer that can belong to a list.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) position: Position,
    /// A copy of the record from an index, if the source holds copies.
    pub(super) copy: Option<Customer>,
}

/// Candidates in order.
pub(super) struct Stream<'a> {
    store: &'a Store,
    tenant: &'a Tenant,
    query: &'a CustomerQuery,
    state: State,
    examined: u64,
    matched: u64,
    last: Batch,
    reached: Option<Position>,
}

/// The last candidates that were examined.
#[derive(Debug, Clone, Copy, Default)]
struct Batch {
    examined: u64,
    matched: u64,
    /// How many candidates, in this batch and before it, were examined since one matched.
    since_match: u64,
}

enum State {
    Numbers { next: Option<u32>, range: NumberRange, ranks: Option<Ranks> },
    Copies { index: Index, key: String, after: Option<CustomerNumber>, is_done: bool },
    Keys { cursors: Vec<KeyCursor>, only: Option<BTreeSet<CustomerNumber>>, ahead: usize },
    Set(VecDeque<CustomerNumber>),
}

/// The numbers that a stream covers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberRange {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl<'a> Stream<'a> {
    /// A stream of a source after a position. `range` bounds a stream of numbers.
    pub(super) fn of_source(
        store: &'a Store,
        tenant: &'a Tenant,
        query: &'a CustomerQuery,
        source: &Source,
        after: Option<&Position>,
        range: NumberRange,
    ) -> Result<Self> {
        let direction = query.direction;
        let number = after.map(|after| after.number);
        let state = match source {
            Source::Numbers => State::Numbers { next: range.start(direction, number), range, ranks: None },
            Source::Partition { index, key } => {
                State::Copies { index: *index, key: key.clone(), after: number, is_done: false }
            }
            Source::Marks(marks) => {
                let range = |mark| KeyRange::mark(tenant, mark, direction, number);
                let cursors = marks.iter().map(range).map(|range| KeyCursor::new(range, direction));
                State::Keys { cursors: cursors.collect(), only: None, ahead: 0 }
            }
            Source::Sorted { sort, period } => {
                let range = KeyRange::sorted(tenant, *sort, *period, direction, after);
                let cursors = range.into_iter().map(|range| KeyCursor::new(range, direction));
                State::Keys { cursors: cursors.collect(), only: None, ahead: 0 }
            }
            Source::Terms { .. } | Source::Identity(_) => {
                return Err(Error::broken("search terms have no order to be streamed in"));
            }
        };
        Ok(Self::new(store, tenant, query, state, after.cloned()))
    }

    /// A stream of gathered candidates, by number.
    pub(super) fn of_set(
        store: &'a Store,
        tenant: &'a Tenant,
        query: &'a CustomerQuery,
        set: &BTreeSet<CustomerNumber>,
        after: Option<&Position>,
    ) -> Self {
        let numbers = match (query.direction, after.map(|after| after.number)) {
            (Direction::Descending, None) => set.iter().rev().copied().collect(),
            (Direction::Descending, Some(after)) => set.range(..after).rev().copied().collect(),
            (Direction::Ascending, None) => set.iter().copied().collect(),
            (Direction::Ascending, Some(after)) => {
                set.range(after..).filter(|number| **number != after).copied().collect()
            }
        };
        Self::new(store, tenant, query, State::Set(numbers), after.cloned())
    }

    /// The same stream without the candidates that are not in a set.
    pub(super) fn only(mut self, set: BTreeSet<CustomerNumber>) -> Self {
        if let State::Keys { only, .. } = &mut self.state {
            *only = Some(set);
        }
        self
    }

    /// The same stream, skipping the blocks of numbers that hold no customer of the filter.
    pub(super) fn skipping(mut self, blocks: Option<Ranks>) -> Self {
        if let State::Numbers { ranks, .. } = &mut self.state {
            *ranks = blocks;
        }
        self
    }

    /// The same stream, reading this many keys more than it returns candidates.
    pub(super) fn reading_ahead(mut self, keys: usize) -> Self {
        if let State::Keys { ahead, .. } = &mut self.state {
            *ahead = keys;
        }
        self
    }

    /// The candidates that were returned but not shown and those after them, as far as keys were read ahead. A stream that
    /// reads no keys needs none: it can read its records at once.
    pub(super) fn keys_ahead(&self, returned: Vec<CustomerNumber>) -> Vec<CustomerNumber> {
        let State::Keys { cursors, only: None, ahead } = &self.state else { return Vec::new() };
        let keys = cursors.iter().flat_map(|cursor| &cursor.keys).cloned();
        let mut keys: Vec<Position> = keys.map(|key| self.query.position_of_key(key)).collect();
        keys.sort_by(|a, b| self.query.order(a, b));
        keys.dedup();
        returned.into_iter().chain(keys.into_iter().map(|key| key.number)).take(*ahead).collect()
    }

    fn new(
        store: &'a Store,
        tenant: &'a Tenant,
        query: &'a CustomerQuery,
        state: State,
        reached: Option<Position>,
    ) -> Self {
        Self { store, tenant, query, state, examined: 0, matched: 0, last: Batch::default(), reached }
    }

    /// Whether there are no more candidates.
    pub(super) fn is_done(&self) -> bool {
        match &self.state {
            State::Numbers { next, .. } => next.is_none(),
            State::Copies { is_done, .. } => *is_done,
            State::Keys { cursors, .. } => {
                cursors.iter().all(|cursor| cursor.is_done && cursor.keys.is_empty())
            }
            State::Set(numbers) => numbers.is_empty(),
        }
    }

    /// How far the stream has looked, whether or not anything matched there.
    pub(super) fn reached(&self) -> Option<Position> {
        self.reached.clone()
    }

    /// How many candidates were examined.
    pub(super) fn examined(&self) -> u64 {
        self.examined
    }

    /// Records how many of the last candidates belong to the list.
    pub(super) fn note_matches(&mut self, examined: usize, matched: usize) {
        let (examined, matched) = (examined as u64, matched as u64);
        self.examined += examined;
        self.matched += matched;
        self.last = self.last.followed_by(examined, matched);
    }

    /// How many candidates are likely to hold `needed` matches, from what was seen of the stream.
    pub(super) fn estimate(&self, needed: usize) -> usize {
        let needed = needed as u64;
        let likely = likely(needed, self.last, (self.examined, self.matched));
        usize::try_from(likely).unwrap_or(usize::MAX)
    }

    /// Returns the next candidates, at most `wanted`. None of them does not mean that the stream has ended.
    pub(super) async fn next(&mut self, wanted: usize) -> Result<Vec<Candidate>> {
        let candidates = match &mut self.state {
            State::Set(numbers) => {
                let next = numbers.drain(..wanted.min(numbers.len()));
                next.map(|number| Candidate { position: Position::at(number), copy: None }).collect()
            }
            State::Numbers { .. } => self.next_numbers(wanted).await?,
            State::Copies { index, key, after, is_done } => {
                let direction = self.query.direction;
                let (copies, done) =
                    self.store.copies_read((*index, key.as_str()), direction, *after, wanted).await?;
                *is_done = done;
                *after = copies.last().map(|copy| copy.number).or(*after);
                let candidate =
                    |copy: Customer| Candidate { position: Position::at(copy.number), copy: Some(copy) };
                copies.into_iter().map(candidate).collect()
            }
            State::Keys { .. } => self.next_keys(wanted).await?,
        };
        if let Some(last) = candidates.last() {
            self.reached = Some(last.position.clone());
        }
        Ok(candidates)
    }

    async fn next_numbers(&mut self, wanted: usize) -> Result<Vec<Candidate>> {
        let is_sparse = self.examined >= BARREN_AFTER && self.matched * BARREN_SHARE < self.examined;
        let is_barren = is_sparse || self.last.since_match >= BARREN_AFTER;
        let State::Numbers { next, range, ranks } = &mut self.state else { return Ok(Vec::new()) };
        if is_barren && ranks.is_none() {
            *ranks = Some(self.store.ranks_read(self.tenant, &self.query.filter).await?);
        }
        let mut candidates = Vec::with_capacity(wanted);
        while let Some(number) = *next
            && candidates.len() < wanted
        {
            let occupied = match ranks {
                Some(ranks) => ranks.next_occupied(number, self.query.direction),
                None => Some(number),
            };
            let Some(number) = occupied.filter(|number| range.contains(*number)) else {
                *next = None;
                break;
            };
            let found = CustomerNumber::new(number.into());
            candidates.extend(found.map(|found| Candidate { position: Position::at(found), copy: None }));
            *next = range.step(number, self.query.direction);
        }
        Ok(candidates)
    }

    /// The next keys of several ranges in one order; a customer that is in several is returned once.
    async fn next_keys(&mut self, wanted: usize) -> Result<Vec<Candidate>> {
        let direction = self.query.direction;
        let State::Keys { cursors, only, ahead } = &mut self.state else { return Ok(Vec::new()) };
        // A list of few among many keys reads many keys for each that it wants.
        let limit = if only.is_some() { 1_000 } else { wanted.saturating_add(*ahead) };
        let mut candidates: Vec<Candidate> = Vec::with_capacity(wanted);
        let mut has_read = false;
        while candidates.len() < wanted {
            let empty = |cursor: &KeyCursor| cursor.keys.is_empty() && !cursor.is_done;
            if cursors.iter().any(empty) {
                // One round of reads for each call, so that the budget is checked between them.
                if has_read || !candidates.is_empty() {
                    break;
                }
                has_read = true;
                let empty = cursors.iter_mut().filter(|cursor| empty(cursor));
                self.store.ranges_read(empty, Some(limit)).await?;
            }
            let heads =
                cursors.iter().enumerate().filter_map(|(at, cursor)| Some((cursor.keys.front()?, at)));
            let order = |(key, _): &(&Position, usize)| key.number;
            let first = match direction {
                Direction::Descending => heads.max_by_key(order),
                Direction::Ascending => heads.min_by_key(order),
            };
            let Some((_, at)) = first else { break };
            let Some(key) = cursors[at].keys.pop_front() else { break };
            let is_marks = cursors.len() > 1;
            if is_marks {
                for cursor in cursors.iter_mut() {
                    cursor.keys.pop_front_if(|other| other.number == key.number);
                }
            }
            let is_wanted = only.as_ref().is_none_or(|only| only.contains(&key.number));
            let position = self.query.position_of_key(key);
            self.reached = Some(position.clone());
            if is_wanted {
                candidates.push(Candidate { position, copy: None });
            }
        }
        Ok(candidates)
    }
}

impl Batch {
    fn followed_by(self, examined: u64, matched: u64) -> Self {
        // Where in a batch its matches were is not known.
        let since_match = if matched == 0 { self.since_match + examined } else { 0 };
        Self { examined, matched, since_match }
    }
}

/// How many candidates are likely to hold `needed` matches, after the last batch and these `all` that were examined and
/// matched. Matches are often dense in one part of a list and rare in another, so the last batch counts for more than
/// what came before it, and batches without a match grow quickly.
fn likely(needed: u64, last: Batch, all: (u64, u64)) -> u64 {
    let of = |(examined, matched): (u64, u64)| {
        (u128::from(needed) * u128::from(examined)).div_ceil(matched.max(1).into())
    };
    let likely = match last {
        Batch { examined: 0, .. } => return needed,
        Batch { matched: 0, since_match, .. } => since_match.saturating_mul(4).max(BARREN_BATCH).into(),
        Batch { examined, matched, .. } => of((examined, matched)).max(of(all)) + 1,
    };
    let most = all.0.saturating_mul(4).max(100).max(needed);
    u64::try_from(likely).unwrap_or(u64::MAX).clamp(needed, most)
}

impl NumberRange {
    /// All numbers up to the last one that was allocated.
    pub(super) fn up_to(last: Option<CustomerNumber>) -> Self {
        Self { first: 1, last: last.map_or(0, CustomerNumber::get) }
    }

    fn contains(self, number: u32) -> bool {
        (self.first..=self.last).contains(&number)
    }

    fn start(self, direction: Direction, after: Option<CustomerNumber>) -> Option<u32> {
        let after = after.map(CustomerNumber::get);
        let start = match direction {
            Direction::Descending => after.map_or(self.last, |after| self.last.min(after - 1)),
            Direction::Ascending => after.map_or(self.first, |after| self.first.max(after.saturating_add(1))),
        };
        self.contains(start).then_some(start)
    }

    fn step(self, number: u32, direction: Direction) -> Option<u32> {
        let next = match direction {
            Direction::Descending => number.checked_sub(1)?,
            Direction::Ascending => number.checked_add(1)?,
        };
        self.contains(next).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many batches it takes to find `needed` matches among candidates of which these match.
    #[track_caller]
    fn check(matches: impl Fn(u64) -> bool, needed: u64, expected: usize) {
        let (mut last, mut all, mut batches) = (Batch::default(), (0, 0), 0);
        while all.1 < needed {
            let batch = likely(needed - all.1, last, all).min(1_000);
            let matched = (all.0..all.0 + batch).filter(|at| matches(*at)).count() as u64;
            last = last.followed_by(batch, matched);
            all = (all.0 + batch, all.1 + matched);
            batches += 1;
        }
        assert_eq!(batches, expected);
    }

    #[test]
    fn few_batches_pass_a_gap_after_a_dense_stretch() {
        check(|_| true, 26, 1);
        // 1,010 candidates without a match after 20 of 26.
        check(|at| !(20..1_030).contains(&at), 26, 5);
        check(|at| at % 2 == 0, 26, 2);
        check(|at| at % 50 == 0, 26, 4);
        check(|at| at < 1_000 || at % 50 == 0, 1_026, 5);
    }

    #[test]
    fn estimates_do_not_overflow() {
        let last = Batch { examined: u64::MAX, matched: 1, since_match: 0 };
        assert_eq!(likely(u64::MAX, last, (u64::MAX, 1)), u64::MAX);
        let last = Batch { examined: u64::MAX, matched: 0, since_match: u64::MAX };
        assert_eq!(likely(3, last, (u64::MAX, 0)), u64::MAX);
    }
}
