//! An index of a key of all customers, built in one pass over them before the import, for keys by which the store cannot look
//! customers up. It takes about 40 bytes for each customer that has the key: 40 MB for a million customers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use clientele_shared::Result;
use clientele_shared::model::CustomerNumber;
use clientele_shared::store::CustomerQuery;

use super::key::Key;
use crate::import::import_kind::Target;
use crate::import::seen::{Fingerprint, fingerprint};

/// The customers with each value of a key.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    first: HashMap<Fingerprint, CustomerNumber>,
    /// The further customers with a value that several have.
    others: HashMap<Fingerprint, Vec<CustomerNumber>>,
}

impl KeyIndex {
    /// Reads all customers. Cancellation ends the pass early, and the import with it.
    pub(super) async fn build(target: &Target, key: Key) -> Result<Self> {
        let Target { store, tenant, .. } = target;
        let start = || store.customer_stream(tenant, CustomerQuery::default());
        let mut stream = target.retry().run(store.ambient(), start).await?;
        let mut index = Self::default();
        while !target.cancellation.is_requested() {
            let mut retry = target.retry();
            let customers = loop {
                match stream.next().await {
                    Ok(customers) => break customers,
                    Err(error) => retry.back_off(error, store.ambient()).await?,
                }
            };
            let Some(customers) = customers else { break };
            for customer in customers {
                if let Some(value) = key.of(&customer) {
                    index.add(&value, customer.number);
                }
            }
        }
        Ok(index)
    }

    fn add(&mut self, value: &str, number: CustomerNumber) {
        let value = fingerprint(value);
        match self.first.entry(value) {
            Entry::Vacant(vacant) => drop(vacant.insert(number)),
            Entry::Occupied(_) => self.others.entry(value).or_default().push(number),
        }
    }

    /// Returns the customers that had this value when the index was built.
    pub(super) fn get(&self, value: &str) -> Vec<CustomerNumber> {
        let value = fingerprint(value);
        let others = self.others.get(&value).into_iter().flatten();
        self.first.get(&value).into_iter().chain(others).copied().collect()
    }
}
