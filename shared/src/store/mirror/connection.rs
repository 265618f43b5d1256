//! The connection of a tenant to a company in QuickBooks, and the progress of its mirror.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};

use crate::model::{Connection, MirrorState, RealmId, RealmOwner, Tenant};
use crate::store::Store;
use crate::store::calls::{contended, finish_put};
use crate::store::documents::{DOCUMENT, to_item};
use crate::store::items::{key_item, text};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

impl Store {
    /// Returns a tenant's connection to QuickBooks, or `None` if it has none.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn connection_get(&self, tenant: &Tenant) -> Result<Option<Connection>> {
        self.document_get(&keys::connection(tenant), "reading the connection to QuickBooks").await
    }

    /// Stores a tenant's connection in place of the one it has, if any, and names the tenant as the company's.
    ///
    /// # Errors
    /// Returns [`Error::Conflict`] if the company belongs to another tenant, and [`Error::Throttled`] or
    /// [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn connection_put(&self, owner: &RealmOwner, connection: &Connection) -> Result<()> {
        let tenant = owner.tenant();
        let claim = to_item(&keys::realm_owner(&connection.realm), owner)?;
        let claim = Put::builder()
            .table_name(&*self.table)
            .condition_expression("attribute_not_exists(#pk) OR #document = :document")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_names("#document", DOCUMENT)
            .expression_attribute_values(
                ":document",
                claim.get(DOCUMENT).cloned().unwrap_or_else(|| text("")),
            )
            .set_item(Some(claim));
        let mut items =
            vec![finish_put(claim)?, self.document_write(&keys::connection(&tenant), connection)?];
        let old = self.connection_get(&tenant).await?.filter(|old| old.realm != connection.realm);
        if let Some(old) = old {
            items.push(self.owner_delete(owner, &old.realm)?);
        }
        if self.transact(&items, &mut self.attempts()).await?.is_empty() {
            return Ok(());
        }
        Err(match self.realm_owner_get(&connection.realm).await? {
            Some(other) if other != *owner => Error::Conflict(format!(
                "The company is connected to the tenant {} ({}); disconnect it there first",
                other.tenant, other.mode
            )),
            _ => contended(),
        })
    }

    /// Removes a tenant's connection. Mappings, links and progress stay, so that the same company can be connected again
    /// without another first sync.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn connection_delete(&self, owner: &RealmOwner, realm: &RealmId) -> Result<()> {
        let connection = self.delete_always(&keys::connection(&owner.tenant()))?;
        let items = [connection, self.owner_delete(owner, realm)?];
        self.transact(&items, &mut self.attempts()).await.map(drop)
    }

    /// Returns the tenant that a company belongs to, or `None` if it is not connected.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn realm_owner_get(&self, realm: &RealmId) -> Result<Option<RealmOwner>> {
        self.document_get(&keys::realm_owner(realm), "reading a company's tenant").await
    }

    /// Returns how far the mirror of a company has come.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn mirror_state_get(&self, tenant: &Tenant, realm: &RealmId) -> Result<MirrorState> {
        let key = keys::mirror_state(tenant, realm);
        Ok(self.document_get(&key, "reading the mirror's progress").await?.unwrap_or_default())
    }

    /// Stores how far the mirror of a company has come.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn mirror_state_put(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        state: &MirrorState,
    ) -> Result<()> {
        self.document_put(&keys::mirror_state(tenant, realm), state, "storing the mirror's progress").await
    }

    /// The delete of a company's claim, if this tenant has it.
    fn owner_delete(&self, owner: &RealmOwner, realm: &RealmId) -> Result<TransactWriteItem> {
        let claim = to_item(&keys::realm_owner(realm), owner)?;
        let delete = Delete::builder()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::realm_owner(realm))))
            .condition_expression("attribute_not_exists(#pk) OR #document = :document")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_names("#document", DOCUMENT)
            .expression_attribute_values(
                ":document",
                claim.get(DOCUMENT).cloned().unwrap_or_else(|| text("")),
            );
        let delete = delete.build().map_err(|e| Error::internal("building a delete", e))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}
