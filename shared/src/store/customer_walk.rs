//! All customers of a tenant, those of one status, or those that a search finds: some at a time, in constant memory,
//! the highest number first, each exactly once, whatever is written meanwhile.
//!
//! Customers of any status are read by their numbers and not through an index: one that changes its status could be
//! behind us in its new partition already and in its old one no longer. That costs a read unit a customer, where
//! the index would cost a fifteenth. One status is one partition of the index.

use std::collections::VecDeque;

use futures::future::try_join;

use super::{CustomerFilter, Store, Total};
use crate::Result;
use crate::model::{Customer, CustomerNumber, Status, Tenant};
use crate::rules::search::SearchQuery;

/// How many customers are read at a time.
const PAGE: usize = 1_000;

/// How many numbers a sample looks at: as many as come in one batch.
const SAMPLE: u64 = 100;

/// A way through customers. An error leaves it where it was: what was asked for can be asked for again.
#[derive(Debug)]
pub struct CustomerWalk {
    store: Store,
    tenant: Tenant,
    filter: CustomerFilter,
    /// What each customer has to match, where the index would propose more than a search looks at.
    search: Option<SearchQuery>,
    total: Total,
    rest: Rest,
}

/// What is still to be read.
#[derive(Debug)]
enum Rest {
    /// These.
    Found(VecDeque<Customer>),
    /// Those up to this number.
    UpTo(CustomerNumber),
    Nothing,
}

impl Store {
    /// Begins a walk.
    ///
    /// # Errors
    /// Those of the calls it makes.
    pub async fn customer_walk(
        &self,
        tenant: &Tenant,
        status: Option<Status>,
        search: Option<SearchQuery>,
    ) -> Result<CustomerWalk> {
        let filter = CustomerFilter { status, ..CustomerFilter::default() };
        let (total, rest) = match &search {
            Some(query) => match self.customers_found(tenant, &filter, query).await? {
                Some(found) => (Total::Exactly(found.len() as u64), Rest::Found(found.into())),
                None => (
                    Total::AtLeast(super::customer_search::MAX_CANDIDATES as u64),
                    self.everybody(tenant).await?,
                ),
            },
            None => {
                let (counts, rest) = try_join(self.counts_get(tenant), self.everybody(tenant)).await?;
                (Total::Exactly(counts.total(&filter)), rest)
            }
        };
        Ok(CustomerWalk { store: self.clone(), tenant: tenant.clone(), filter, search, total, rest })
    }

    /// All customers by their numbers.
    async fn everybody(&self, tenant: &Tenant) -> Result<Rest> {
        Ok(self.customer_number_last(tenant).await?.map_or(Rest::Nothing, Rest::UpTo))
    }
}

impl CustomerWalk {
    /// How many customers the walk has, as of its beginning.
    #[must_use]
    pub fn total(&self) -> Total {
        self.total
    }

    /// Some of the customers that are still to come, from all over them: those of a hundred numbers at even distances
    /// who are in the walk. One call, a read unit a customer.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn sample(&self) -> Result<Vec<Customer>> {
        let last = match &self.rest {
            Rest::Nothing => return Ok(Vec::new()),
            Rest::Found(found) => return Ok(found.iter().cloned().collect()),
            Rest::UpTo(last) => u64::from(last.get()),
        };
        let numbers = (1..=SAMPLE).filter_map(|nth| CustomerNumber::new(last * nth / SAMPLE)).collect();
        let customers = self.store.customers_by_number(&self.tenant, &numbers).await?;
        Ok(customers.into_values().filter(|customer| self.has(customer)).collect())
    }

    fn has(&self, customer: &Customer) -> bool {
        self.filter.matches(customer) && self.search.as_ref().is_none_or(|query| query.matches(customer))
    }

    /// The next customers, perhaps none; `None` at the end.
    ///
    /// # Errors
    /// Those of the calls it makes.
    pub async fn next(&mut self) -> Result<Option<Vec<Customer>>> {
        let last = match &mut self.rest {
            Rest::Nothing => return Ok(None),
            Rest::UpTo(number) => *number,
            Rest::Found(found) => {
                let next: Vec<Customer> = found.drain(..PAGE.min(found.len())).collect();
                if found.is_empty() {
                    self.rest = Rest::Nothing;
                }
                return Ok(Some(next));
            }
        };
        let (mut customers, rest) = match self.filter.status {
            Some(_) => self.listed(last).await?,
            None => self.numbered(last).await?,
        };
        self.rest = rest;
        customers.retain(|customer| self.has(customer));
        Ok(Some(customers))
    }

    /// The next of one status, from the index.
    async fn listed(&self, last: CustomerNumber) -> Result<(Vec<Customer>, Rest)> {
        let below = CustomerNumber::new(u64::from(last.get()) + 1);
        let (customers, has_more) =
            self.store.customers_below(&self.tenant, &self.filter, below, PAGE).await?;
        let rest = match customers.last() {
            Some(customer) if has_more => up_to(customer.number.get() - 1),
            _ => Rest::Nothing,
        };
        Ok((customers, rest))
    }

    /// The customers with the next numbers.
    async fn numbered(&self, last: CustomerNumber) -> Result<(Vec<Customer>, Rest)> {
        let before = last.get().saturating_sub(PAGE as u32);
        let numbers =
            (before + 1..=last.get()).filter_map(|number| CustomerNumber::new(number.into())).collect();
        let customers = self.store.customers_by_number(&self.tenant, &numbers).await?;
        Ok((customers.into_values().rev().collect(), up_to(before)))
    }
}

fn up_to(number: u32) -> Rest {
    CustomerNumber::new(number.into()).map_or(Rest::Nothing, Rest::UpTo)
}
