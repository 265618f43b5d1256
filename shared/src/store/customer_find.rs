//! Customers by another name than their number: by uuids, and by an email.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Store, item};
use crate::Result;
use crate::model::{Customer, Tenant};
use crate::rules::fold;
use crate::rules::search::email_term;
use crate::table::keys::{self, Key};

/// Whether a customer has this email, as emails are compared.
pub(super) fn has_email(customer: &Customer, email: &str) -> bool {
    customer.fields.email.as_deref().is_some_and(|own| fold::email(own) == fold::email(email))
}

impl Store {
    /// The tenant's customers with these uuids, deleted ones too; whoever is not there is left out.
    ///
    /// # Errors
    /// Those of the calls.
    pub async fn customers_by_uuid(
        &self,
        tenant: &Tenant,
        uuids: &BTreeSet<Uuid>,
    ) -> Result<BTreeMap<Uuid, Customer>> {
        let keys: Vec<Key> = uuids.iter().map(|uuid| keys::customer(tenant, *uuid)).collect();
        let customers = self.items_of(&keys).await?.into_iter().map(item::to_customer);
        customers.map(|customer| customer.map(|customer| (customer.uuid, customer))).collect()
    }

    /// The customers, but for deleted ones, who have this email. The search index proposes them: on AWS it
    /// follows the table by some milliseconds.
    ///
    /// # Errors
    /// Those of the calls.
    pub async fn customers_by_email(&self, tenant: &Tenant, email: &str) -> Result<Vec<Customer>> {
        let proposed = self.proposed(tenant, vec![keys::search_sort_exactly(&email_term(email))]).await?;
        let found = self.customers_by_number(tenant, &proposed).await?;
        Ok(found.into_values().filter(|customer| has_email(customer, email)).collect())
    }
}
