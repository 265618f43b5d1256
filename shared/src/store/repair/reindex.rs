//! Reindexing: puts every search entry of customers again, for records that were written under other rules.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::Result;
use crate::model::{CustomerNumber, Tenant};
use crate::store::Store;
use crate::store::write::term_items;

impl Store {
    /// Puts the terms and marks of the customers with these numbers, deleted ones too; returns how many customers
    /// exist among them.
    ///
    /// Sort entries change inside commits only and are never missing. Nothing is deleted: an obsolete term matches
    /// nothing, and the customer's next change deletes it. Concurrent writers are not disturbed.
    ///
    /// # Errors
    /// Returns [`crate::Error::Throttled`] or [`crate::Error::Unavailable`] if DynamoDB is throttling or cannot be
    /// reached; a part of the entries can be written then.
    pub async fn customers_reindex(&self, tenant: &Tenant, numbers: RangeInclusive<u32>) -> Result<usize> {
        let numbers = numbers.filter_map(|number| CustomerNumber::new(number.into()));
        let uuids: BTreeSet<_> = numbers.map(|number| tenant.customer_uuid(number)).collect();
        let customers = self.customers_by_uuid(tenant, &uuids).await?;
        let terms = customers.values().flat_map(|customer| term_items(tenant, customer));
        self.items_put(terms.collect()).await?;
        Ok(customers.len())
    }
}
