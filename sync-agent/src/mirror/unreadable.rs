//! Objects in QuickBooks that cannot be mirrored: each is stored with the reason, and read again by later syncs.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{MirroredEntity, ParkedObject, QuickBooksId};

use super::MirrorError;
use super::directory::id_of;
use super::gather::entity;
use super::run::Run;

/// How many objects that have not changed are read again in one run, because Intuit meters reads. The others wait for a later
/// run.
const MAX_RETRIED: usize = 100;

impl Run<'_> {
    /// Notes why an object cannot be mirrored.
    pub(super) fn unreadable(&mut self, entity: MirroredEntity, id: &QuickBooksId, reason: String) {
        let parked = ParkedObject { entity, id: id.clone(), reason, at: self.store().ambient().now() };
        self.unreadable.insert((entity, id.clone()), parked);
    }

    /// Reads customers and payments again that could not be mirrored: the changes since the checkpoint lack them. Documents
    /// are read with those whose payments have changed.
    pub(super) async fn gather_parked_objects(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let all = mirror.store.mirror_parked_objects(&mirror.tenant, mirror.realm()).await?;
        if self.gathered.is_full {
            self.parked_objects = all;
            return Ok(());
        }
        let (read, mut waiting): (Vec<_>, Vec<_>) = all.into_iter().partition(|object| self.has_read(object));
        waiting.sort_by_key(|object| object.at);
        self.postponed = waiting.split_off(waiting.len().min(MAX_RETRIED));
        self.parked_objects = [read, waiting].concat();
        self.reread_customers(self.parked_ids(MirroredEntity::Customer)).await?;
        let payment = entity(MirroredEntity::Payment);
        let payments = self.gathered.objects.entry(payment).or_default();
        let is_unread = |id: &QuickBooksId| !payments.contains_key(id);
        let wanted: Vec<String> = (self.parked_objects.iter())
            .filter(|object| object.entity == MirroredEntity::Payment && is_unread(&object.id))
            .map(|object| object.id.to_string())
            .collect();
        if !wanted.is_empty() {
            let found = mirror.quickbooks.objects_by_id(payment, &wanted).await?;
            payments.extend(found.into_iter().filter_map(|object| Some((id_of(&object)?, object))));
        }
        Ok(())
    }

    /// Lets this run decide about objects that wait for a later one, but that it has read for another reason.
    pub(super) fn try_now(&mut self, entity: MirroredEntity, is_read: impl Fn(&QuickBooksId) -> bool) {
        let postponed = std::mem::take(&mut self.postponed).into_iter();
        let (tried, postponed): (Vec<_>, Vec<_>) =
            postponed.partition(|object| object.entity == entity && is_read(&object.id));
        self.parked_objects.extend(tried);
        self.postponed = postponed;
    }

    fn has_read(&self, object: &ParkedObject) -> bool {
        let ParkedObject { entity: one, id, .. } = object;
        if *one == MirroredEntity::Customer {
            return self.gathered.customers.contains(id) || self.directory.gone.contains(id);
        }
        let (objects, deleted) = (&self.gathered.objects, &self.gathered.deleted);
        objects.get(&entity(*one)).is_some_and(|objects| objects.contains_key(id))
            || deleted.get(&entity(*one)).is_some_and(|ids| ids.contains(id))
    }

    /// Returns the ids of the objects of an entity that could not be mirrored, and are tried again by this run.
    pub(super) fn parked_ids(&self, entity: MirroredEntity) -> BTreeSet<QuickBooksId> {
        let of_entity = self.parked_objects.iter().filter(|object| object.entity == entity);
        of_entity.map(|object| object.id.clone()).collect()
    }

    /// Stores which objects cannot be mirrored. Those of earlier runs that were mirrored now, or no longer exist, are forgotten.
    pub(super) async fn store_parked_objects(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let mut new = self.unreadable.clone();
        for before in std::mem::take(&mut self.parked_objects) {
            let ParkedObject { entity, id, reason, .. } = before;
            match new.remove(&(entity, id.clone())) {
                None => {
                    let (tenant, realm) = (&mirror.tenant, mirror.realm());
                    mirror.store.mirror_parked_object_delete(tenant, realm, entity, &id).await?;
                }
                // The others get their turn, if there are any, because the one that was tried last comes last.
                Some(now) if now.reason != reason || !self.postponed.is_empty() => {
                    drop(new.insert((entity, id), now));
                }
                Some(_) => {}
            }
        }
        let new: Vec<ParkedObject> = new.into_values().collect();
        Ok(mirror.store.mirror_parked_objects_put(&mirror.tenant, mirror.realm(), &new).await?)
    }

    /// Takes all objects that cannot be mirrored, those included that this run has not tried.
    pub(super) fn take_unreadable(&mut self) -> Vec<ParkedObject> {
        let postponed = std::mem::take(&mut self.postponed).into_iter();
        let mut all: BTreeMap<_, _> =
            postponed.map(|object| ((object.entity, object.id.clone()), object)).collect();
        all.append(&mut self.unreadable);
        all.into_values().collect()
    }
}
