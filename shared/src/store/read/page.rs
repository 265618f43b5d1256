//! Pages: the one way in which every list is read. A stream of candidates is cut into a page; each candidate is checked
//! against its record.

use futures::future::{try_join, try_join3};

use super::Direction;
use super::budget::{Budget, Spending};
use super::candidates::Gathered;
use super::cut::{Cut, Start, Wanted};
use super::plan::{Plan, Source, TotalBy, plan};
use super::query::{CustomerPage, CustomerQuery, PageRequest, Position, Total};
use super::rank::Ranks;
use super::stream::{NumberRange, Stream};
use super::walk::{Walk, walk_key};
use crate::model::{CustomerNumber, Tenant};
use crate::rules::entries::Sort;
use crate::store::Store;
use crate::store::counts::slots::Totals;
use crate::table::keys::Key;
use crate::{Error, Result};

/// Of a list with too many candidates, this many of the newest are counted.
const DENSE_COUNTED: u64 = 1_000;

/// Reads one list for one request.
pub(super) struct Reader<'a> {
    pub(super) store: &'a Store,
    pub(super) tenant: &'a Tenant,
    pub(super) query: &'a CustomerQuery,
    plan: Plan,
    pub(super) spending: Spending,
    /// Customers that are likely to be on the page: their records are read together with the first keys.
    pub(super) expected: Vec<CustomerNumber>,
    /// How many keys of the next page are read.
    ahead: usize,
    /// The newest customer, once the slots have named it.
    newest: Option<CustomerNumber>,
    /// The numbers of the plan's period of creation, once they have been sampled.
    created_range: Option<NumberRange>,
    /// The blocks of numbers that hold customers of the filter, once they have been read.
    ranks: Option<Ranks>,
}

/// The results of the first, concurrent reads.
struct First {
    totals: Option<Totals>,
    walk: Option<Walk>,
    gathered: Option<Gathered>,
}

/// A page's part of a list, the total, and what its walk has to remember of it.
pub(super) struct PageRead {
    pub(super) cut: Cut,
    pub(super) total: Option<Total>,
    pub(super) keeps_total: bool,
    pub(super) is_dense: bool,
    /// The walk as it was before.
    pub(super) walk: Walk,
}

impl Store {
    /// Reads a part of a list: by cursor in at most two round trips in sequence, by page number in three.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] for `page` if a page of a search or of conditions is too far to be counted to, and
    /// [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn customers(
        &self,
        tenant: &Tenant,
        query: &CustomerQuery,
        request: PageRequest<'_>,
        budget: Budget,
    ) -> Result<CustomerPage> {
        let plan = plan(tenant, query);
        let spending = budget.spend(self.deadline);
        let ahead = if matches!(request, PageRequest::Page { .. }) { request.limit() + 1 } else { 0 };
        let mut reader = Reader {
            store: self,
            tenant,
            query,
            plan,
            spending,
            expected: Vec::new(),
            ahead,
            newest: None,
            created_range: None,
            ranks: None,
        };
        let walk_key = reader.walk_key(&request);
        let read = match request.known_start() {
            Some(position) if reader.plan.total == TotalBy::Cells => {
                reader.read_cells(&request, Start::After(position)).await?
            }
            _ => {
                let first = reader.read_first(&request, walk_key.as_ref()).await?;
                reader.read_page(&request, first).await?
            }
        };
        if let (Some(key), Some(walk)) = (walk_key, read.walk(&request)) {
            // Without it, the next page would start by rank and could repeat what this one shows.
            self.walk_save(&key, &walk).await?;
        }
        let Cut { customers, next, .. } = read.cut;
        Ok(CustomerPage { customers, total: read.total, next })
    }
}

impl<'a> Reader<'a> {
    /// The key of the walk: both ways to page through a list share its total.
    fn walk_key(&self, request: &PageRequest<'_>) -> Option<Key> {
        let walker = match request {
            PageRequest::Page { walker, .. } => *walker,
            PageRequest::After { walker: Some(walker), total: true, .. }
                if self.plan.total == TotalBy::Counting =>
            {
                *walker
            }
            PageRequest::After { .. } => return None,
        };
        let list = format!("{}/{}", self.query.canonical(), request.limit());
        Some(walk_key(self.tenant, walker, &list))
    }

    /// Reads concurrently what does not depend on each other: the totals, the walk, the first keys.
    async fn read_first(&mut self, request: &PageRequest<'_>, walk_key: Option<&Key>) -> Result<First> {
        let totals = self.totals(request);
        let walk = async {
            match walk_key.filter(|_| !request.is_first() || self.plan.total == TotalBy::Counting) {
                Some(key) => self.store.walk_load(key).await,
                None => Ok(None),
            }
        };
        let probes = self.store.probes_start(self.tenant, &self.plan.candidates);
        let (totals, walk, probes) = try_join3(totals, walk, probes).await?;
        self.spending.count_call();
        let mut gathered = None;
        if !probes.is_empty() {
            let is_known_dense = walk.as_ref().is_some_and(|walk| walk.is_dense);
            let read = self.store.candidates_gather(probes, is_known_dense, &mut self.spending);
            gathered = Some(read.await?);
        }
        Ok(First { totals, walk, gathered })
    }

    /// The totals of the filter's cells, if they are wanted and the slots count them.
    fn totals(&self, request: &PageRequest<'_>) -> impl Future<Output = Result<Option<Totals>>> + use<'a> {
        let (store, tenant, filter) = (self.store, self.tenant, &self.query.filter);
        let wanted = self.plan.total == TotalBy::Cells && request.wants_total();
        async move { if wanted { store.totals_get(tenant, filter).await.map(Some) } else { Ok(None) } }
    }

    /// The numbers that the scan covers. A descending list that starts at a position needs no upper end.
    async fn number_range(&mut self, is_first: bool) -> Result<NumberRange> {
        if self.plan.scan != Source::Numbers {
            return Ok(NumberRange::up_to(None));
        }
        let is_descending = self.query.direction == Direction::Descending;
        if !is_first && is_descending && self.plan.created.is_none() {
            return Ok(NumberRange::up_to(Some(CustomerNumber::MAX)));
        }
        if let Some(range) = self.created_range {
            return Ok(range);
        }
        let newest = match self.newest {
            Some(newest) => Some(newest),
            None => self.store.customer_number_last(self.tenant).await?,
        };
        let all = NumberRange::up_to(newest);
        let Some(period) = self.plan.created else { return Ok(all) };
        let range = self.store.created_range(self.tenant, period, all).await?;
        self.created_range = Some(range);
        Ok(range)
    }

    /// Reads a page whose start is known and the totals of its list: concurrently, unless the list begins with the newest
    /// customer, which the totals name.
    async fn read_cells(&mut self, request: &PageRequest<'_>, start: Start) -> Result<PageRead> {
        let begins_with_newest = self.plan.scan == Source::Numbers && matches!(start, Start::After(None));
        let (totals, cut) = if begins_with_newest {
            let totals = self.totals(request).await?;
            self.newest = totals.as_ref().and_then(|totals| totals.newest);
            (totals, self.read_on(start, request.limit()).await?)
        } else {
            try_join(self.totals(request), self.read_on(start, request.limit())).await?
        };
        Ok(PageRead::of(cut, totals.map(|totals| Total::Exactly(totals.cells.total(&self.query.filter)))))
    }

    async fn read_page(&mut self, request: &PageRequest<'_>, first: First) -> Result<PageRead> {
        let total = first.totals.as_ref().map(|totals| totals.cells.total(&self.query.filter));
        let Some(start) = self.start(request, first.walk.as_ref(), total).await? else {
            return Ok(PageRead::of(Cut::default(), total.map(Total::Exactly)));
        };
        self.expected = first.walk.as_ref().map(|walk| walk.expected(request)).unwrap_or_default();
        if self.plan.total == TotalBy::Cells {
            let cut = self.read_on(start, request.limit()).await?;
            return Ok(PageRead::of(cut, total.map(Total::Exactly)));
        }
        let walk = first.walk.unwrap_or_default();
        let known = walk.total.filter(|_| !request.is_first());
        let read = match first.gathered {
            Some(Gathered::Set(set)) => self.read_set(request, start, &set, known).await?,
            Some(Gathered::Dense { is_certain }) => {
                let read = self.read_dense(request, start, known).await?;
                PageRead { is_dense: is_certain, ..read }
            }
            None => self.read_dense(request, start, known).await?,
        };
        Ok(PageRead { walk, ..read })
    }

    /// Where the page starts; `None` if that is beyond the end of the list.
    async fn start(
        &mut self,
        request: &PageRequest<'_>,
        walk: Option<&Walk>,
        total: Option<u64>,
    ) -> Result<Option<Start>> {
        let (page, limit) = match request {
            PageRequest::After { position, .. } => return Ok(Some(Start::After(position.clone()))),
            PageRequest::Page { page, limit, .. } => (*page, *limit),
        };
        if page == 1 {
            return Ok(Some(Start::After(None)));
        }
        if let Some(start) = walk.and_then(|walk| walk.start_of(page)) {
            return Ok(Some(Start::After(start)));
        }
        if self.query.sort != Sort::Number || self.query.direction != Direction::Descending {
            return Err(too_far());
        }
        let offset = (page - 1).saturating_mul(limit as u64);
        match total {
            None => Ok(Some(Start::Offset(offset))),
            Some(total) if offset >= total => Ok(None),
            Some(_) => {
                let filter = &self.query.filter;
                let ranks = self.store.ranks_read(self.tenant, filter).await?;
                let number = self.store.number_at(self.tenant, filter, &ranks, offset).await?;
                self.ranks = Some(ranks);
                Ok(number.map(|number| Start::After(Some(Position::at(number)))))
            }
        }
    }

    /// Reads a page of everyone in the filter's cells, without counting.
    async fn read_on(&mut self, start: Start, limit: usize) -> Result<Cut> {
        let Start::After(position) = &start else { return Err(too_far()) };
        let range = self.number_range(position.is_none()).await?;
        let mut stream = self.scan(position.as_ref(), range)?;
        self.cut(&mut stream, Wanted { start, limit, count_among: 0 }).await
    }

    /// A stream of everyone in the filter's cells.
    pub(super) fn scan(&self, after: Option<&Position>, range: NumberRange) -> Result<Stream<'a>> {
        let source = match self.plan.candidates.as_slice() {
            // Marks that lead alone are in order of number, and fewer than the cells hold.
            [marks @ Source::Marks(_)] if self.query.sort == Sort::Number => marks,
            _ => &self.plan.scan,
        };
        let stream = Stream::of_source(self.store, self.tenant, self.query, source, after, range)?;
        Ok(stream.reading_ahead(self.ahead).skipping(self.ranks.clone()))
    }

    /// Reads a page of a list whose candidates are too many to be gathered.
    async fn read_dense(
        &mut self,
        request: &PageRequest<'_>,
        start: Start,
        known: Option<Total>,
    ) -> Result<PageRead> {
        let limit = request.limit();
        let counts = request.wants_total() && known.is_none();
        let from_top = !matches!(start, Start::After(Some(_)));
        let is_jump = matches!(start, Start::Offset(_));
        if from_top {
            let range = self.number_range(true).await?;
            let mut stream = self.scan(None, range)?;
            let count_among = if counts { DENSE_COUNTED } else { 0 };
            let cut = self.cut(&mut stream, Wanted { start, limit, count_among }).await?;
            if is_jump && cut.customers.is_empty() && !cut.is_complete {
                return Err(too_far());
            }
            let total = if counts { Some(cut.total()) } else { known };
            // A total that the budget cut short is not worth keeping.
            let keeps_total = cut.is_counted;
            return Ok(PageRead { keeps_total, ..PageRead::of(cut, total) });
        }
        let (mut total, mut keeps_total) = (known, true);
        if counts {
            let top = Wanted { start: Start::After(None), limit: 0, count_among: DENSE_COUNTED };
            let range = self.number_range(true).await?;
            let counted = self.cut(&mut self.scan(None, range)?, top).await?;
            (total, keeps_total) = (Some(counted.total()), counted.is_counted);
        }
        let cut = self.read_on(start, limit).await?;
        Ok(PageRead { keeps_total, ..PageRead::of(cut, total) })
    }
}

impl PageRead {
    /// A page whose total is not worth keeping.
    pub(super) fn of(cut: Cut, total: Option<Total>) -> Self {
        Self { cut, total, keeps_total: false, is_dense: false, walk: Walk::default() }
    }

    /// The walk to be stored; `None` if nothing can follow.
    fn walk(&self, request: &PageRequest<'_>) -> Option<Walk> {
        let total = self.total.filter(|_| self.keeps_total);
        let walk = Walk { total, is_dense: self.is_dense, ..self.walk.clone() };
        let cut = &self.cut;
        match request {
            PageRequest::After { position, .. } => {
                (position.is_none() && total.is_some() && cut.next.is_some()).then_some(walk)
            }
            PageRequest::Page { page, limit, .. } => {
                let last = cut.customers.last().map(|listed| listed.position.clone());
                // A page that came out empty ends where it starts.
                let end = cut.next.clone().or(last).or_else(|| cut.start.clone());
                // A lagging index can end a list before its exact total does, and a client goes on by the total.
                let is_promised = self.total.is_some_and(|total| total.count() > *limit as u64);
                let can_follow = (*page > 1 || cut.next.is_some() || is_promised) && end.is_some();
                can_follow.then(|| Walk {
                    page: *page,
                    start: cut.start.clone(),
                    end,
                    ahead: cut.ahead.clone(),
                    ..walk
                })
            }
        }
    }
}

pub(super) fn too_far() -> Error {
    Error::invalid("page", "is too far into the results to be reached directly; go page by page or by cursor")
}
