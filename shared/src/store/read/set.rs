//! Pages of gathered candidates: a set that holds every match.

use std::collections::BTreeSet;

use super::cut::{ALL, Cut, Start, Wanted};
use super::page::{PageRead, Reader, too_far};
use super::query::{PageRequest, Total};
use super::stream::{NumberRange, Stream};
use crate::Result;
use crate::model::CustomerNumber;
use crate::rules::entries::Sort;

/// Up to this many candidates, the total is counted with every page and not remembered.
const ALWAYS_COUNTED: usize = 100;

/// Up to this many candidates are sorted in memory; of more, the entries of the order are read.
const MAX_SORTED: usize = 1_000;

impl Reader<'_> {
    /// Reads a page of gathered candidates.
    pub(super) async fn read_set(
        &mut self,
        request: &PageRequest<'_>,
        start: Start,
        set: &BTreeSet<CustomerNumber>,
        known: Option<Total>,
    ) -> Result<PageRead> {
        let is_large = set.len() > ALWAYS_COUNTED;
        let known = known.filter(|_| is_large);
        let counts = request.wants_total() && known.is_none();
        let limit = request.limit();
        let cut = if self.query.sort == Sort::Number {
            self.read_numbered(start, limit, set, counts).await?
        } else if set.len() <= MAX_SORTED
            && let Some(cut) = self.read_sorted(&start, limit, set).await?
        {
            cut
        } else {
            // The total of a list in another order is not counted.
            let Start::After(position) = &start else { return Err(too_far()) };
            let mut stream = self.scan(position.as_ref(), NumberRange::up_to(None))?.only(set.clone());
            let cut = self.cut(&mut stream, Wanted { start, limit, count_among: 0 }).await?;
            return Ok(PageRead::of(cut, known));
        };
        let total = if counts { Some(cut.total()) } else { known };
        let keeps_total = is_large && (cut.is_complete || !counts);
        Ok(PageRead { keeps_total, ..PageRead::of(cut, total) })
    }

    /// Reads a page of candidates by number; `counts` reads all of them.
    async fn read_numbered(
        &mut self,
        start: Start,
        limit: usize,
        set: &BTreeSet<CustomerNumber>,
        counts: bool,
    ) -> Result<Cut> {
        let (store, tenant, query) = (self.store, self.tenant, self.query);
        let after = |start: &Start| match start {
            Start::After(position) => position.clone(),
            Start::Offset(_) => None,
        };
        if !counts {
            let mut stream = Stream::of_set(store, tenant, query, set, after(&start).as_ref());
            return self.cut(&mut stream, Wanted { start, limit, count_among: 0 }).await;
        }
        let mut stream = Stream::of_set(store, tenant, query, set, None);
        let wanted = Wanted { start: start.clone(), limit, count_among: u64::MAX };
        let counted = self.cut(&mut stream, wanted).await?;
        if counted.is_complete || !counted.customers.is_empty() {
            return Ok(counted);
        }
        // The budget ended before the page was reached.
        if matches!(start, Start::Offset(_)) {
            return Err(too_far());
        }
        let mut stream = Stream::of_set(store, tenant, query, set, after(&start).as_ref());
        let page = self.cut(&mut stream, Wanted { start, limit, count_among: 0 }).await?;
        Ok(Cut { count: counted.count, is_complete: false, is_counted: false, ..page })
    }

    /// Reads all candidates and sorts them in memory; `None` if the budget ends before all are read, because the first of
    /// those that were read need not be the first of all.
    async fn read_sorted(
        &mut self,
        start: &Start,
        limit: usize,
        set: &BTreeSet<CustomerNumber>,
    ) -> Result<Option<Cut>> {
        let mut stream = Stream::of_set(self.store, self.tenant, self.query, set, None);
        let all = Wanted { start: Start::After(None), limit: ALL, count_among: u64::MAX };
        let mut cut = self.cut(&mut stream, all).await?;
        if !cut.is_complete {
            return Ok(None);
        }
        cut.customers.sort_by(|a, b| self.query.order(&a.position, &b.position));
        let from = match start {
            Start::After(None) => 0,
            Start::After(Some(after)) => {
                cut.customers.partition_point(|listed| !self.query.is_after(&listed.position, after))
            }
            Start::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX).min(cut.customers.len()),
        };
        let mut customers = cut.customers.split_off(from);
        let start = cut.customers.pop().map(|listed| listed.position);
        let room = self.room_for(&customers, limit);
        let has_more = customers.len() > room;
        customers.truncate(room);
        let next = customers.last().filter(|_| has_more).map(|listed| listed.position.clone());
        Ok(Some(Cut { customers, start, next, ..cut }))
    }
}
