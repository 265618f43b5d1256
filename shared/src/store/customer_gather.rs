//! Lists of customers for whom conditions hold. Where the search index can be asked, it proposes; else every
//! customer of the filter's partitions is read. The record decides, and the total is counted by reading, with no
//! more in memory than the page and what is being read.

use futures::stream::TryStreamExt;

use super::customer_list::Position;
use super::customer_search::MAX_CANDIDATES;
use super::{CustomerFilter, CustomerPage, Store, Total, item};
use crate::Result;
use crate::model::{Customer, CustomerNumber, Tenant};
use crate::rules::condition::Condition;
use crate::table::keys::{self, Key};

/// How many customers of a partition are read at once when all are read.
const PAGE_SIZE: usize = 1000;

/// Which stretch of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) from: From,
    pub(super) limit: usize,
    /// Whether all that match are counted, or reading ends with the stretch.
    pub(super) total: bool,
}

/// Where a stretch starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum From {
    /// Below this customer.
    Below(Position),
    /// After so many customers.
    Offset(u64),
}

/// A stretch of a list, and the position it starts at.
pub(super) struct Gathered {
    pub(super) page: CustomerPage,
    pub(super) start: Position,
}

/// A stretch while it is gathered from customers that come in order, the highest number first.
struct Gather {
    wanted: Wanted,
    customers: Vec<Customer>,
    /// How many matched so far.
    count: u64,
    start: Position,
    has_more: bool,
}

impl Gather {
    fn new(wanted: Wanted) -> Self {
        let start = match wanted.from {
            From::Below(position) => position,
            From::Offset(_) => None,
        };
        Self { wanted, customers: Vec::new(), count: 0, start, has_more: false }
    }

    /// Takes the next customer that matches; returns whether another one is of use.
    fn take(&mut self, customer: Customer) -> bool {
        let belongs = match self.wanted.from {
            From::Below(position) => position.is_none_or(|below| customer.number < below),
            From::Offset(offset) => {
                if self.count < offset {
                    self.start = Some(customer.number);
                }
                self.count >= offset
            }
        };
        self.count += 1;
        if belongs && self.customers.len() < self.wanted.limit {
            self.customers.push(customer);
        } else if belongs {
            self.has_more = true;
        }
        self.wanted.total || !self.has_more
    }

    fn finish(self) -> Gathered {
        let Self { customers, count, has_more, start, .. } = self;
        Gathered { page: CustomerPage { customers, total: Total::Exactly(count), has_more }, start }
    }
}

impl Store {
    /// The customers of a filter with conditions.
    pub(super) async fn customers_gather(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        wanted: Wanted,
    ) -> Result<Gathered> {
        match self.candidates(tenant, filter).await? {
            Some(numbers) => self.gather_candidates(tenant, filter, wanted, &numbers).await,
            None => self.gather_all(tenant, filter, wanted).await,
        }
    }

    /// Everybody for whom the conditions can hold, the highest number first, as the index proposes; `None` when
    /// the index cannot tell, or proposes too many.
    async fn candidates(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
    ) -> Result<Option<Vec<CustomerNumber>>> {
        let mut conditions: Vec<&Condition> = filter.conditions.iter().collect();
        conditions.sort_by_key(|condition| how_common(condition));
        let Some(probes) = conditions.into_iter().find_map(Condition::probes) else { return Ok(None) };
        let numbers = self.proposed(tenant, probes).await?;
        Ok((numbers.len() <= MAX_CANDIDATES).then(|| numbers.into_iter().rev().collect()))
    }

    async fn gather_candidates(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        wanted: Wanted,
        numbers: &[CustomerNumber],
    ) -> Result<Gathered> {
        let keys: Vec<Key> =
            numbers.iter().map(|number| keys::customer(tenant, tenant.customer_uuid(*number))).collect();
        let mut batches = self.item_batches(&keys);
        let mut gather = Gather::new(wanted);
        while let Some(items) = batches.try_next().await? {
            let mut customers: Vec<Customer> =
                items.into_iter().map(item::to_customer).collect::<Result<_>>()?;
            customers.sort_unstable_by_key(|customer| std::cmp::Reverse(customer.number));
            for customer in customers {
                if filter.matches(&customer) && !gather.take(customer) {
                    return Ok(gather.finish());
                }
            }
        }
        Ok(gather.finish())
    }

    async fn gather_all(&self, tenant: &Tenant, filter: &CustomerFilter, wanted: Wanted) -> Result<Gathered> {
        let position = match (wanted.total, wanted.from) {
            (false, From::Below(position)) => position,
            _ => None,
        };
        let mut merge = self.merge(tenant, filter, position, PAGE_SIZE);
        let mut gather = Gather::new(wanted);
        while let Some(customer) = merge.next().await? {
            if filter.matches(&customer) && !gather.take(customer) {
                break;
            }
        }
        Ok(gather.finish())
    }
}

/// Orders conditions: the lower, the fewer customers are thought to have a value in common.
fn how_common(condition: &Condition) -> u8 {
    match condition {
        Condition::QuickbooksId(_) => 0,
        Condition::Email(_) => 1,
        Condition::PostalCode(_) => 2,
        Condition::Tag(_) => 3,
        Condition::City(_) => 4,
        _ => 5,
    }
}
