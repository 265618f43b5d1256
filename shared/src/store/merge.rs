//! THE merge: customers of several index partitions as one list, the highest number first.

use std::collections::VecDeque;
use std::future::Future;

use futures::future::try_join_all;

use crate::Result;
use crate::model::{Customer, CustomerNumber};

/// What a source gave: some customers, the highest number first, and where to go on.
pub(super) struct Fetched<R> {
    pub(super) customers: Vec<Customer>,
    /// `None` when the source has no more.
    pub(super) resume: Option<R>,
}

/// One partition while it is read.
struct Source<P, R> {
    partition: P,
    buffer: VecDeque<Customer>,
    next: Next<R>,
}

enum Next<R> {
    /// Not read yet.
    Start,
    After(R),
    Done,
}

/// Several partitions while they are merged. `fetch` reads one of them: its next customers, from the start or
/// from where it left off.
pub(super) struct Merge<P, R, F> {
    sources: Vec<Source<P, R>>,
    fetch: F,
}

impl<P, R, F, A> Merge<P, R, F>
where
    P: Clone,
    F: Fn(P, Option<R>) -> A,
    A: Future<Output = Result<Fetched<R>>>,
{
    pub(super) fn new(partitions: Vec<P>, fetch: F) -> Self {
        let sources = partitions
            .into_iter()
            .map(|partition| Source { partition, buffer: VecDeque::new(), next: Next::Start })
            .collect();
        Self { sources, fetch }
    }

    /// The next customer, or `None` when every partition is read.
    ///
    /// A customer that moves from one partition to another while they are read may stand in both; it is
    /// given once.
    pub(super) async fn next(&mut self) -> Result<Option<Customer>> {
        self.fill().await?;
        let Some(highest) = self.heads().max() else { return Ok(None) };
        let mut found = None;
        for source in &mut self.sources {
            if source.buffer.front().is_some_and(|customer| customer.number == highest) {
                let customer = source.buffer.pop_front();
                found = newer(found, customer);
            }
        }
        Ok(found)
    }

    fn heads(&self) -> impl Iterator<Item = CustomerNumber> {
        self.sources.iter().filter_map(|source| source.buffer.front()).map(|customer| customer.number)
    }

    /// Reads on, side by side, in every partition whose next customer is not known.
    async fn fill(&mut self) -> Result<()> {
        loop {
            let fetch = &self.fetch;
            let reads =
                self.sources.iter_mut().filter(|source| source.is_unknown()).map(|source| async move {
                    let resume = match std::mem::replace(&mut source.next, Next::Done) {
                        Next::After(resume) => Some(resume),
                        Next::Start | Next::Done => None,
                    };
                    let fetched = fetch(source.partition.clone(), resume).await?;
                    source.buffer.extend(fetched.customers);
                    source.next = fetched.resume.map_or(Next::Done, Next::After);
                    Result::Ok(())
                });
            if try_join_all(reads).await?.is_empty() {
                return Ok(());
            }
        }
    }
}

impl<P, R> Source<P, R> {
    fn is_unknown(&self) -> bool {
        self.buffer.is_empty() && !matches!(self.next, Next::Done)
    }
}

fn newer(one: Option<Customer>, other: Option<Customer>) -> Option<Customer> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.version > one.version { other } else { one }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::model::{CustomerFields, Timestamp};

    fn customer(number: u32, version: u64) -> Customer {
        let now = Timestamp::from_millis(0);
        Customer {
            number: CustomerNumber::new(u64::from(number)).unwrap(),
            uuid: uuid::Uuid::nil(),
            version,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            fields: CustomerFields::default(),
        }
    }

    /// Merges lists in memory that are handed out a few at a time.
    async fn merge(lists: &[BTreeMap<u32, u64>], at_once: usize) -> Vec<(u32, u64)> {
        let fetch = |list: usize, resume: Option<usize>| async move {
            let from = resume.unwrap_or(0);
            let all = lists[list].iter().rev().map(|(number, version)| customer(*number, *version));
            let customers: Vec<Customer> = all.skip(from).take(at_once).collect();
            let next = from + customers.len();
            Ok(Fetched { customers, resume: (next < lists[list].len()).then_some(next) })
        };
        let mut merge = Merge::new((0..lists.len()).collect(), fetch);
        let mut merged = Vec::new();
        while let Some(customer) = merge.next().await.unwrap() {
            merged.push((customer.number.get(), customer.version));
        }
        merged
    }

    proptest! {
        #[test]
        fn everything_once_highest_first(
            lists in prop::collection::vec(prop::collection::btree_map(1_u32..60, 1_u64..4, 0..20), 0..5),
            at_once in 1_usize..7,
        ) {
            let merged = futures::executor::block_on(merge(&lists, at_once));
            let numbers: BTreeSet<u32> = lists.iter().flat_map(|list| list.keys().copied()).collect();
            let expected: Vec<(u32, u64)> = numbers
                .into_iter()
                .rev()
                .map(|n| (n, lists.iter().filter_map(|list| list.get(&n)).copied().max().unwrap_or(0)))
                .collect();
            prop_assert_eq!(merged, expected);
        }
    }
}
