//! Cutting a page from a stream: candidates are read until the page is full and enough is counted, and each is checked
//! against its record.

use std::collections::BTreeMap;

use futures::future::try_join;

use super::page::Reader;
use super::query::{ListedCustomer, Position, Total};
use super::stream::{Candidate, Stream};
use crate::Result;
use crate::model::{Customer, CustomerNumber, Figures};
use crate::rules::entries::sort_value;
use crate::store::items::record::Unreadable;

/// How many records are read at the same time at most.
const MAX_BATCH: usize = 1_000;

/// The limit for reading all of a list, in order to sort it.
pub(super) const ALL: usize = usize::MAX;

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    After(Option<Position>),
    /// After this many matches, which are counted from the top.
    Offset(u64),
}

/// The part of a stream that is wanted.
pub(super) struct Wanted {
    pub(super) start: Start,
    pub(super) limit: usize,
    /// Matches are counted among this many candidates, even if the page is full before.
    pub(super) count_among: u64,
}

impl Wanted {
    /// How many more matches the page needs: its own, one that shows that there are more, and those before it.
    fn missing(&self, cut: &Cut) -> usize {
        let before = match self.start {
            Start::Offset(offset) => usize::try_from(offset.saturating_sub(cut.count)).unwrap_or(usize::MAX),
            Start::After(_) => 0,
        };
        (self.limit.saturating_add(1) - cut.customers.len()).saturating_add(before)
    }
}

/// The part of a stream that was read.
#[derive(Default)]
pub(super) struct Cut {
    pub(super) customers: Vec<ListedCustomer>,
    /// Where the page starts.
    pub(super) start: Option<Position>,
    /// Where the next page starts.
    pub(super) next: Option<Position>,
    /// Candidates of the next page, as far as their keys were read.
    pub(super) ahead: Vec<CustomerNumber>,
    /// How many matches were seen.
    pub(super) count: u64,
    /// Whether the stream was read to its end.
    pub(super) is_complete: bool,
    /// Whether as many candidates were counted as were wanted, or all of them.
    pub(super) is_counted: bool,
}

impl Reader<'_> {
    /// Reads a stream until the page is full and enough is counted, the stream ends or the budget is used up.
    pub(super) async fn cut(&mut self, stream: &mut Stream<'_>, wanted: Wanted) -> Result<Cut> {
        let mut cut = Cut::default();
        if let Start::After(position) = &wanted.start {
            cut.start.clone_from(position);
        }
        let mut not_shown: Vec<CustomerNumber> = Vec::new();
        let mut has_read = false;
        loop {
            let is_counted = stream.examined() >= wanted.count_among;
            // Something is read even without a budget, so that every page moves its reader on.
            let is_used_up = has_read && self.spending.is_used_up();
            if stream.is_done() || (!not_shown.is_empty() && is_counted) || is_used_up {
                break;
            }
            has_read = true;
            let batch = if is_counted {
                stream.estimate(wanted.missing(&cut))
            } else {
                usize::try_from(wanted.count_among - stream.examined()).unwrap_or(usize::MAX)
            };
            for listed in self.read_some(stream, batch.min(MAX_BATCH)).await? {
                cut.count += 1;
                match &wanted.start {
                    Start::After(Some(after)) if !self.query.is_after(&listed.position, after) => {}
                    Start::Offset(offset) if cut.count <= *offset => cut.start = Some(listed.position),
                    _ if not_shown.is_empty() && self.has_room(&cut.customers, &listed, wanted.limit) => {
                        cut.customers.push(listed);
                    }
                    _ => not_shown.push(listed.position.number),
                }
            }
        }
        cut.is_complete = stream.is_done();
        cut.is_counted = cut.is_complete || stream.examined() >= wanted.count_among;
        cut.next = if not_shown.is_empty() {
            stream.reached().filter(|_| !cut.is_complete)
        } else {
            cut.customers.last().map(|listed| listed.position.clone())
        };
        cut.ahead = stream.keys_ahead(not_shown);
        Ok(cut)
    }

    /// Whether a page of at most `limit` customers has room for another one. All of a list is not a page.
    fn has_room(&mut self, page: &[ListedCustomer], next: &ListedCustomer, limit: usize) -> bool {
        limit == ALL || (page.len() < limit && self.spending.take_room(&next.customer))
    }

    /// Returns how many of these customers a page of at most `limit` has room for.
    pub(super) fn room_for(&mut self, customers: &[ListedCustomer], limit: usize) -> usize {
        let page = customers.iter().take(limit);
        page.take_while(|listed| self.spending.take_room(&listed.customer)).count()
    }

    /// Reads the next candidates of a stream; returns those that belong to the list.
    async fn read_some(&mut self, stream: &mut Stream<'_>, wanted: usize) -> Result<Vec<ListedCustomer>> {
        let taken = self.spending.take_records(wanted);
        let expected = std::mem::take(&mut self.expected).into_iter();
        let needs_figures = self.query.needs_figures();
        let (candidates, known) = try_join(
            stream.next(taken.max(1)),
            self.store.customers_with_figures(self.tenant, expected, needs_figures, Unreadable::LeaveOut),
        )
        .await?;
        self.spending.count_call();
        let examined = candidates.len();
        self.spending.return_records(taken.saturating_sub(examined));
        let listed = self.resolve(candidates, known).await?;
        stream.note_matches(examined, listed.len());
        Ok(listed)
    }

    /// The candidates that belong to the list, by their records. `known` are records that were read already.
    async fn resolve(
        &self,
        candidates: Vec<Candidate>,
        known: BTreeMap<CustomerNumber, (Customer, Option<Figures>)>,
    ) -> Result<Vec<ListedCustomer>> {
        let needs_figures = self.query.needs_figures();
        let unread = candidates.iter().filter(|candidate| needs_figures || candidate.copy.is_none());
        let unread = unread.map(|candidate| candidate.position.number);
        let numbers: Vec<CustomerNumber> = unread.filter(|number| !known.contains_key(number)).collect();
        let mut records = self
            .store
            .customers_with_figures(self.tenant, numbers.into_iter(), needs_figures, Unreadable::LeaveOut)
            .await?;
        records.extend(known);
        let mut listed = Vec::with_capacity(candidates.len());
        for Candidate { position, copy } in candidates {
            let copy = copy.map(|copy| (copy, None));
            let Some((customer, figures)) = records.remove(&position.number).or(copy) else { continue };
            if self.query.matches(&customer, figures.as_ref(), &position) {
                let value = sort_value(self.query.sort, &customer, &figures.clone().unwrap_or_default());
                let position = Position { value, number: position.number };
                let figures = figures.filter(|_| self.query.figures);
                listed.push(ListedCustomer { customer, figures, position });
            }
        }
        Ok(listed)
    }
}

impl Cut {
    pub(super) fn total(&self) -> Total {
        if self.is_complete { Total::Exactly(self.count) } else { Total::AtLeast(self.count) }
    }
}
