//! The search index made anew: for records that were written when customers had other terms.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::terms::{item, of};
use super::{Store, integer_in};
use crate::model::{CustomerNumber, Tenant};
use crate::table::keys;
use crate::{Error, Result};

impl Store {
    /// The last number that a customer of this tenant was given, if there was one yet.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn customer_number_last(&self, tenant: &Tenant) -> Result<Option<CustomerNumber>> {
        let sequence = self.item_get(&keys::customer_sequence(tenant), "reading the last number").await?;
        let last = sequence.map(|item| integer_in(&item, "last")).transpose()?.unwrap_or(0);
        let last = u64::try_from(last).map_err(|e| Error::internal("reading the last number", e))?;
        // A sequence that is used up goes beyond the last number there is.
        Ok(CustomerNumber::new(last.min(CustomerNumber::MAX.get().into())))
    }

    /// Puts every term of the customers with these numbers, deleted ones too; returns how many customers there are.
    ///
    /// Nothing is taken away: a term that a customer no longer has matches nothing, and goes with its next change.
    /// Whoever writes at the same time is not disturbed.
    ///
    /// # Errors
    /// Those of the calls; some of the terms may be put then.
    pub async fn customers_reindex(&self, tenant: &Tenant, numbers: RangeInclusive<u32>) -> Result<usize> {
        let numbers = numbers.filter_map(|number| CustomerNumber::new(number.into()));
        let uuids: BTreeSet<_> = numbers.map(|number| tenant.customer_uuid(number)).collect();
        let customers = self.customers_by_uuid(tenant, &uuids).await?;
        let mut items = Vec::new();
        for customer in customers.values() {
            let terms = of(customer);
            items.extend(terms.iter().map(|term| item(tenant, customer.uuid, customer.number, term)));
        }
        self.items_put(items).await?;
        Ok(customers.len())
    }
}
