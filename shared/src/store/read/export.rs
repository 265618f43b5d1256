//! Exports: every customer of a filter or search, exactly once, in constant memory, whatever is written meanwhile.
//!
//! Customers are read by number from the table, and the record decides: a customer that changes its status while it is
//! exported cannot slip from one index partition to another behind the reader. Only a search whose candidates end is
//! read from these.

use std::collections::{BTreeSet, VecDeque};

use futures::future::try_join3;

use super::budget::{Budget, MAX_KEYS};
use super::candidates::Gathered;
use super::plan::{TotalBy, plan};
use super::query::{CustomerQuery, Position, Total};
use crate::Result;
use crate::model::{Customer, CustomerNumber, Tenant};
use crate::store::Store;
use crate::store::items::record::Unreadable;

/// How many customers are read at a time.
const BATCH: usize = 1_000;

/// How many numbers a sample reads: as many as one batch returns.
const SAMPLE: u64 = 100;

/// A stream of customers. After an error it is where it was: the same call can be repeated.
#[derive(Debug)]
pub struct CustomerStream {
    reader: Reader,
    total: Total,
    rest: Rest,
}

/// The next customers of a stream, which can be read while those before them are still being read.
#[derive(Debug)]
pub struct CustomerBatch {
    reader: Reader,
    numbers: Vec<CustomerNumber>,
}

#[derive(Debug, Clone)]
struct Reader {
    store: Store,
    tenant: Tenant,
    query: CustomerQuery,
}

/// The customers that are still to be read.
#[derive(Debug)]
enum Rest {
    /// These candidates.
    Set(VecDeque<CustomerNumber>),
    /// Those up to this number.
    UpTo(CustomerNumber),
    Nothing,
}

impl Store {
    /// Starts a stream of the customers of a query, the newest first.
    ///
    /// # Errors
    /// Returns [`crate::Error::Throttled`] or [`crate::Error::Unavailable`] if DynamoDB is throttling or cannot be
    /// reached.
    pub async fn customer_stream(&self, tenant: &Tenant, query: CustomerQuery) -> Result<CustomerStream> {
        let plan = plan(tenant, &query);
        let counts = async {
            match plan.total {
                TotalBy::Cells => self.totals_get(tenant, &query.filter).await.map(Some),
                TotalBy::Counting => Ok(None),
            }
        };
        let probes = self.probes_start(tenant, &plan.candidates);
        let (counts, probes, last) = try_join3(counts, probes, self.customer_number_last(tenant)).await?;
        let all = last.map_or(Rest::Nothing, Rest::UpTo);
        let (total, rest) = match counts {
            Some(counts) => (Total::Exactly(counts.cells.total(&query.filter)), all),
            None if probes.is_empty() => (Total::AtLeast(0), all),
            None => {
                let mut spending = Budget::default().spend(None);
                match self.candidates_gather(probes, false, &mut spending).await? {
                    Gathered::Set(set) => {
                        (Total::Exactly(set.len() as u64), Rest::Set(set.into_iter().rev().collect()))
                    }
                    Gathered::Dense { .. } => (Total::AtLeast(MAX_KEYS as u64), all),
                }
            }
        };
        let reader = Reader { store: self.clone(), tenant: tenant.clone(), query };
        Ok(CustomerStream { reader, total, rest })
    }
}

impl CustomerStream {
    /// How many customers the stream has, as of its start. The candidates of a search are counted before their records
    /// decide, so a search has at most as many.
    #[must_use]
    pub fn total(&self) -> Total {
        self.total
    }

    /// Returns some of the customers that are still to come, taken at even distances: one call, at most 100 read units.
    ///
    /// # Errors
    /// Returns the errors of [`Store::customer_stream`].
    pub async fn sample(&self) -> Result<Vec<Customer>> {
        let numbers: BTreeSet<CustomerNumber> = match &self.rest {
            Rest::Nothing => return Ok(Vec::new()),
            Rest::Set(numbers) => {
                let step = numbers.len().div_ceil(SAMPLE as usize).max(1);
                numbers.iter().step_by(step).copied().collect()
            }
            Rest::UpTo(last) => {
                let last = u64::from(last.get());
                (1..=SAMPLE).filter_map(|nth| CustomerNumber::new(last * nth / SAMPLE)).collect()
            }
        };
        self.reader.read(numbers.into_iter()).await
    }

    /// Returns the next customers, perhaps none; `None` at the end.
    ///
    /// # Errors
    /// Returns the errors of [`Store::customer_stream`].
    pub async fn next(&mut self) -> Result<Option<Vec<Customer>>> {
        let Some((numbers, rest)) = self.next_numbers() else { return Ok(None) };
        let customers = self.reader.read(numbers.into_iter()).await?;
        self.rest = rest;
        Ok(Some(customers))
    }

    /// Takes the next customers without reading them; returns `None` at the end.
    pub fn next_batch(&mut self) -> Option<CustomerBatch> {
        let (numbers, rest) = self.next_numbers()?;
        self.rest = rest;
        Some(CustomerBatch { reader: self.reader.clone(), numbers })
    }

    /// The numbers that are next, and the rest after them.
    fn next_numbers(&self) -> Option<(Vec<CustomerNumber>, Rest)> {
        let (numbers, rest): (Vec<CustomerNumber>, _) = match &self.rest {
            Rest::Nothing => return None,
            Rest::Set(numbers) => {
                let next = numbers.iter().take(BATCH).copied().collect();
                let rest: VecDeque<_> = numbers.iter().skip(BATCH).copied().collect();
                (next, if rest.is_empty() { Rest::Nothing } else { Rest::Set(rest) })
            }
            Rest::UpTo(last) => {
                let before = last.get().saturating_sub(BATCH as u32);
                let numbers = (before + 1..=last.get()).filter_map(|n| CustomerNumber::new(n.into()));
                let rest = CustomerNumber::new(before.into()).map_or(Rest::Nothing, Rest::UpTo);
                (numbers.collect(), rest)
            }
        };
        Some((numbers, rest))
    }
}

impl CustomerBatch {
    /// Reads the customers, perhaps none, the newest first.
    ///
    /// # Errors
    /// Returns the errors of [`Store::customer_stream`]. The call can be repeated.
    pub async fn read(&self) -> Result<Vec<Customer>> {
        self.reader.read(self.numbers.iter().copied()).await
    }
}

impl Reader {
    /// The customers with these numbers that belong to the stream, the highest number first.
    async fn read(&self, numbers: impl Iterator<Item = CustomerNumber>) -> Result<Vec<Customer>> {
        let found = self.store.customers_with_figures(&self.tenant, numbers, false, Unreadable::Fail).await?;
        let customers = found.into_values().rev().map(|(customer, _)| customer);
        let matches =
            |customer: &Customer| self.query.matches(customer, None, &Position::at(customer.number));
        Ok(customers.filter(matches).collect())
    }
}
