//! Periods of creation: customers are numbered in the order of their creation, so a period is a range of numbers. It is
//! found by two rounds of samples.

use std::collections::BTreeSet;

use super::stream::NumberRange;
use crate::Result;
use crate::model::{CustomerNumber, Tenant, Timestamp};
use crate::rules::condition::Period;
use crate::store::Store;
use crate::store::items::record::Unreadable;

/// How many numbers a round samples: as many as one batch reads.
const SAMPLES: u32 = 100;

impl Store {
    /// The numbers among which all customers of a period of creation are: two round trips, at most 200 read units.
    pub(super) async fn created_range(
        &self,
        tenant: &Tenant,
        period: Period,
        all: NumberRange,
    ) -> Result<NumberRange> {
        let mut outer = all;
        // The bounds within which the first and the last number of the period are.
        let (mut first, mut last) = (all, all);
        for _ in 0..2 {
            let numbers: BTreeSet<CustomerNumber> =
                samples(first, SAMPLES / 2).chain(samples(last, SAMPLES / 2)).collect();
            let sampled =
                self.customers_with_figures(tenant, numbers.into_iter(), false, Unreadable::LeaveOut).await?;
            for (customer, _) in sampled.into_values() {
                let number = customer.number.get();
                if period.is_before(customer.created_at) {
                    outer.first = outer.first.max(number + 1);
                } else {
                    first.last = first.last.min(number);
                }
                if period.is_after(customer.created_at) {
                    outer.last = outer.last.min(number - 1);
                } else {
                    last.first = last.first.max(number);
                }
            }
            first.first = outer.first;
            last.last = outer.last;
        }
        Ok(outer)
    }
}

/// Numbers at even distances within a range.
fn samples(range: NumberRange, count: u32) -> impl Iterator<Item = CustomerNumber> {
    let size = u64::from((range.last + 1).saturating_sub(range.first));
    let count = u64::from(count).min(size);
    (0..count).filter_map(move |nth| CustomerNumber::new(u64::from(range.first) + nth * size / count))
}

impl Period {
    /// Whether a moment is before the period.
    fn is_before(self, moment: Timestamp) -> bool {
        self.from.is_some_and(|from| moment.plus_seconds(1) <= from)
    }

    /// Whether a moment is after the period, which includes the whole second in which it ends.
    fn is_after(self, moment: Timestamp) -> bool {
        self.to.is_some_and(|to| moment >= to.plus_seconds(1))
    }
}
