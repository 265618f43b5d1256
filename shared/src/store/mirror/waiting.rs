//! Intents, hints, parked customers and conflicts: what waits for the next sync or for a person.

use std::collections::BTreeMap;

use crate::Result;
use crate::model::{
    Conflict, CustomerNumber, Hint, Intent, KeptConflict, MirroredEntity, Parked, ParkedObject, QuickBooksId,
    RealmId, Tenant,
};
use crate::store::Store;
use crate::store::documents::to_item;
use crate::table::keys::{self, Key};

/// Returns the key of a change that a webhook has reported.
fn hint_key(tenant: &Tenant, realm: &RealmId, hint: &Hint) -> Key {
    match &hint.merged_id {
        Some(gone) => keys::mirror_merge_hint(tenant, realm, hint.entity, gone),
        None => keys::mirror_hint(tenant, realm, hint.entity, &hint.id),
    }
}

impl Store {
    /// Stores writes to QuickBooks before they are sent.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`](crate::Error::Throttled) or [`Error::Unavailable`](crate::Error::Unavailable) if
    /// DynamoDB is throttling or cannot be reached, and [`Error::Invalid`](crate::Error::Invalid) if they have more than
    /// 400 KB.
    pub async fn mirror_intent_put(&self, tenant: &Tenant, realm: &RealmId, intent: &Intent) -> Result<()> {
        let key = keys::mirror_intent(tenant, realm, &intent.request_id);
        self.document_put(&key, intent, "storing writes to QuickBooks").await
    }

    /// Deletes writes to QuickBooks whose results are stored.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_intent_delete(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        request_id: &str,
    ) -> Result<()> {
        let key = keys::mirror_intent(tenant, realm, request_id);
        self.document_delete(&key, "deleting writes to QuickBooks").await
    }

    /// Returns the writes to QuickBooks whose results are not stored.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_intents(&self, tenant: &Tenant, realm: &RealmId) -> Result<Vec<Intent>> {
        self.waiting(tenant, realm, keys::INTENT_PREFIX).await
    }

    /// Stores changes of a company that a webhook has reported, and returns their number. A later report of an object
    /// replaces an earlier one. Merges are kept next to other reports, so that a late report does not hide a merge.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_hints_put(&self, tenant: &Tenant, realm: &RealmId, hints: &[Hint]) -> Result<usize> {
        self.mirror_hints_put_all(&[(tenant, realm, hints)]).await
    }

    /// Stores changes of several companies as [`Self::mirror_hints_put`] does, in as few batches as possible.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_hints_put_all(&self, reported: &[(&Tenant, &RealmId, &[Hint])]) -> Result<usize> {
        // A batch must not contain a key twice.
        let mut items = BTreeMap::new();
        for (tenant, realm, hints) in reported {
            for hint in *hints {
                let key = hint_key(tenant, realm, hint);
                let item = to_item(&key, hint)?;
                items.insert((key.pk, key.sk), item);
            }
        }
        let count = items.len();
        self.items_put(items.into_values().collect()).await?;
        Ok(count)
    }

    /// Returns the changes that webhooks have reported and no sync has read.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_hints(&self, tenant: &Tenant, realm: &RealmId) -> Result<Vec<Hint>> {
        self.waiting(tenant, realm, keys::HINT_PREFIX).await
    }

    /// Deletes a reported change that was read, unless the same object has been reported again since.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_hint_delete(&self, tenant: &Tenant, realm: &RealmId, hint: &Hint) -> Result<()> {
        self.document_delete_if(&hint_key(tenant, realm, hint), hint, "deleting a reported change").await
    }

    /// Returns the customers that QuickBooks has refused, in order of number.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_parked(&self, tenant: &Tenant, realm: &RealmId) -> Result<Vec<Parked>> {
        self.waiting(tenant, realm, keys::PARKED_PREFIX).await
    }

    /// Returns the objects in QuickBooks that cannot be mirrored, in order of entity and id.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_parked_objects(&self, tenant: &Tenant, realm: &RealmId) -> Result<Vec<ParkedObject>> {
        self.waiting(tenant, realm, keys::PARKED_OBJECT_PREFIX).await
    }

    /// Stores that objects in QuickBooks cannot be mirrored.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_parked_objects_put(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        objects: &[ParkedObject],
    ) -> Result<()> {
        let item = |object: &ParkedObject| {
            to_item(&keys::mirror_parked_object(tenant, realm, object.entity, &object.id), object)
        };
        self.items_put(objects.iter().map(item).collect::<Result<_>>()?).await
    }

    /// Forgets that an object in QuickBooks could not be mirrored.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_parked_object_delete(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        entity: MirroredEntity,
        id: &QuickBooksId,
    ) -> Result<()> {
        let key = keys::mirror_parked_object(tenant, realm, entity, id);
        self.document_delete(&key, "forgetting a refusal").await
    }

    /// Returns the fields that both sides had changed, in order of customer and field.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_conflicts(&self, tenant: &Tenant, realm: &RealmId) -> Result<Vec<Conflict>> {
        self.waiting(tenant, realm, keys::CONFLICT_PREFIX).await
    }

    /// Returns the fields that both sides had changed as [`Self::mirror_conflicts`] does, with the values of earlier
    /// conflicts about the same fields.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_conflicts_kept(&self, tenant: &Tenant, realm: &RealmId) -> Result<Vec<KeptConflict>> {
        self.waiting(tenant, realm, keys::CONFLICT_PREFIX).await
    }

    /// Deletes a conflict that is resolved.
    ///
    /// # Errors
    /// Returns the errors of [`Self::mirror_intent_put`].
    pub async fn mirror_conflict_delete(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        number: CustomerNumber,
        field: &str,
    ) -> Result<()> {
        let key = keys::mirror_conflict(tenant, realm, number, field);
        self.document_delete(&key, "deleting a conflict").await
    }

    async fn waiting<T: serde::de::DeserializeOwned>(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        prefix: &str,
    ) -> Result<Vec<T>> {
        let pk = keys::mirror_partition(tenant, realm);
        self.documents_list(&pk, prefix, "reading what waits in the mirror").await
    }
}
