//! One customer by its identity.

use uuid::Uuid;

use super::{Store, item};
use crate::model::{Customer, Tenant};
use crate::table::keys;
use crate::{Error, Result};

impl Store {
    /// The customer with this uuid, as the last write left it: one round trip, one read unit for 4 KB.
    ///
    /// # Errors
    /// [`Error::NotFound`] when this tenant has none, or has soft-deleted it and `include_deleted` is off.
    pub async fn customer_get(&self, tenant: &Tenant, uuid: Uuid, include_deleted: bool) -> Result<Customer> {
        self.customer_read(tenant, uuid)
            .await?
            .filter(|customer| include_deleted || customer.deleted_at.is_none())
            .ok_or(Error::NotFound("Customer"))
    }

    /// The customer with this uuid, deleted or not.
    pub(super) async fn customer_read(&self, tenant: &Tenant, uuid: Uuid) -> Result<Option<Customer>> {
        let found = self.item_get(&keys::customer(tenant, uuid), "reading a customer").await?;
        found.map(item::to_customer).transpose()
    }
}
