//! Reads what has changed in QuickBooks: everything at first, later the changes since the checkpoint. Reads are metered, so
//! nothing is read twice and lookups are made for many customers at once.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{Hint, MirroredEntity, QuickBooksId, Timestamp};
use clientele_shared::store::MappedCustomer;

use super::MirrorError;
use super::directory::{Directory, id_of, owner_in, sync_token};
use super::fields::Fields;
use super::report::SyncPhase;
use super::run::Run;
use crate::quickbooks::{Changes, Entity, Object, literal_lists};

/// How long a checkpoint can be continued from, in seconds: QuickBooks keeps changes for 30 days.
const MAX_AGE: i64 = 29 * 24 * 3600;

/// How far before the checkpoint changes are read again, in seconds. An object that is read twice is recognized by its version.
const OVERLAP: i64 = 10;

/// After this many writes of its own, a run reads the changes. With the writes of the next 150 customers and those within
/// [`OVERLAP`], which are at most 15 batches, they do not fill a response of QuickBooks, which is 1,000 objects.
const WRITES_PER_READ: u64 = 300;

/// How many names or emails one query asks for at most.
const VALUES_PER_QUERY: usize = 40;

/// The changes of one run that are not of customers, and where the next run continues.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Changed objects.
    pub(super) objects: BTreeMap<Entity, BTreeMap<QuickBooksId, Object>>,
    /// Objects that no longer exist.
    pub(super) deleted: BTreeMap<Entity, BTreeSet<QuickBooksId>>,
    /// Customers that have changed.
    pub(super) customers: BTreeSet<QuickBooksId>,
    /// The moment up to which changes are known.
    pub(super) checkpoint: Option<Timestamp>,
    /// Changes that webhooks reported.
    pub(super) hints: Vec<Hint>,
    /// Whether all objects were read, so that those that are missing no longer exist.
    pub(super) is_full: bool,
    /// The writes of this run when changes were read last.
    writes_before: u64,
}

/// Returns the client's name of an entity.
pub(super) fn entity(entity: MirroredEntity) -> Entity {
    match entity {
        MirroredEntity::Customer => Entity::Customer,
        MirroredEntity::Item => Entity::Item,
        MirroredEntity::Invoice => Entity::Invoice,
        MirroredEntity::SalesReceipt => Entity::SalesReceipt,
        MirroredEntity::CreditMemo => Entity::CreditMemo,
        MirroredEntity::Payment => Entity::Payment,
    }
}

impl Run<'_> {
    /// Whether changes can be read since the checkpoint.
    pub(super) fn can_continue(&self) -> bool {
        let oldest = self.store().ambient().now().plus_seconds(-MAX_AGE);
        self.state.full_pass.is_none() && self.state.checkpoint.is_some_and(|checkpoint| checkpoint > oldest)
    }

    /// Reads all customers, and with `documents` all sales, payments and items.
    pub(super) async fn gather_all(&mut self, documents: bool) -> Result<(), MirrorError> {
        for mirrored in MirroredEntity::ALL {
            if mirrored != MirroredEntity::Customer && !documents {
                continue;
            }
            let mut pages = self.mirror.quickbooks.query_all(entity(mirrored));
            let mut count = 0;
            loop {
                self.check()?;
                let Some(page) = pages.next_page().await? else { break };
                count += page.len();
                self.gather_objects(entity(mirrored), page);
                self.show(SyncPhase::Reading, count, 0);
            }
            self.gathered.checkpoint = self.gathered.checkpoint.or(pages.started_at());
        }
        self.directory.is_complete = true;
        self.gathered.is_full = documents;
        Ok(())
    }

    /// Reads the changes since the checkpoint; returns whether these were all. If not, everything has to be read.
    pub(super) async fn gather_changes(&mut self) -> Result<bool, MirrorError> {
        self.check()?;
        let Some(since) = self.gathered.checkpoint.or(self.state.checkpoint) else { return Ok(false) };
        let entities = MirroredEntity::ALL.map(entity);
        let changes = self.mirror.quickbooks.cdc(&entities, since.plus_seconds(-OVERLAP)).await?;
        let Changes { at, objects, deleted, is_truncated } = changes;
        if is_truncated {
            return Ok(false);
        }
        for (entity, objects) in objects {
            self.gather_objects(entity, objects);
        }
        for (entity, ids) in deleted {
            for id in ids.iter().filter_map(|id| id.parse().ok()) {
                self.gather_deletion(entity, id);
            }
        }
        self.gathered.checkpoint = Some(at);
        Ok(true)
    }

    /// Reads the changes if this run has written much since it read them last.
    pub(super) async fn keep_up(&mut self) -> Result<(), MirrorError> {
        let writes = self.mirror.quickbooks.calls().writes;
        if writes < self.gathered.writes_before + WRITES_PER_READ || self.gathered.checkpoint.is_none() {
            return Ok(());
        }
        self.gathered.writes_before = writes;
        if !self.gather_changes().await? {
            // There are too many, and there will be more: the next run reads everything.
            self.gathered.writes_before = u64::MAX - WRITES_PER_READ;
        }
        Ok(())
    }

    /// Reads the objects that webhooks have reported and that the changes lack.
    pub(super) async fn gather_hints(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        self.gathered.hints = mirror.store.mirror_hints(&mirror.tenant, mirror.realm()).await?;
        let mut missing: BTreeMap<Entity, BTreeSet<String>> = BTreeMap::new();
        for hint in self.gathered.hints.clone() {
            let entity = entity(hint.entity);
            if let Some(merged) = hint.merged_id {
                self.gather_deletion(entity, merged);
            }
            let is_known = match entity {
                Entity::Customer => {
                    self.directory.get(&hint.id).is_some() || self.directory.gone.contains(&hint.id)
                }
                entity => {
                    self.gathered.objects.get(&entity).is_some_and(|objects| objects.contains_key(&hint.id))
                        || self.gathered.deleted.get(&entity).is_some_and(|ids| ids.contains(&hint.id))
                }
            };
            if !is_known {
                missing.entry(entity).or_default().insert(hint.id.to_string());
            }
        }
        for (entity, ids) in missing {
            let wanted: Vec<String> = ids.iter().cloned().collect();
            let found = self.mirror.quickbooks.objects_by_id(entity, &wanted).await?;
            let found_ids: BTreeSet<String> =
                found.iter().filter_map(id_of).map(|id| id.to_string()).collect();
            self.gather_objects(entity, found);
            for id in ids.difference(&found_ids).filter_map(|id| id.parse().ok()) {
                self.gather_deletion(entity, id);
            }
        }
        Ok(())
    }

    fn gather_objects(&mut self, entity: Entity, objects: Vec<Object>) {
        for object in objects {
            let Some(id) = id_of(&object) else { continue };
            if entity != Entity::Customer {
                self.gathered.objects.entry(entity).or_default().insert(id, object);
                continue;
            }
            let is_known = self.directory.get(&id).is_some_and(|old| sync_token(old) == sync_token(&object));
            if !is_known && !self.directory.gone.contains(&id) {
                self.gathered.customers.insert(id);
                self.directory.insert(object);
            }
        }
    }

    fn gather_deletion(&mut self, entity: Entity, id: QuickBooksId) {
        if entity == Entity::Customer {
            self.gathered.customers.remove(&id);
            self.directory.set_gone(id);
        } else {
            self.gathered.deleted.entry(entity).or_default().insert(id);
        }
    }

    /// Reads the customers in QuickBooks that these customers of ours could be, unless all are known.
    pub(super) async fn look_up<'p>(
        &mut self,
        pairs: impl Iterator<Item = &'p MappedCustomer>,
    ) -> Result<(), MirrorError> {
        let (mut by_name, mut by_email) = (BTreeSet::new(), BTreeSet::new());
        let unlinked = pairs.filter(|(customer, mapping)| {
            customer.deleted_at.is_none() && mapping.as_ref().is_none_or(|mapping| mapping.is_gone)
        });
        for (customer, _) in unlinked {
            let ours = Fields::ours(customer, self.mirror.connection.settings.deactivation, None);
            let (names, email) = Directory::keys_of(&ours, customer.number);
            by_name.extend(names);
            by_email.extend(email);
        }
        self.look_up_named(&by_name, &by_email).await
    }

    /// Reads the customers in QuickBooks that have one of these names or emails, unless all are known.
    pub(super) async fn look_up_named(
        &mut self,
        names: &BTreeSet<String>,
        emails: &BTreeSet<String>,
    ) -> Result<(), MirrorError> {
        if !self.directory.is_complete {
            let names = names.iter().flat_map(|name| [format!("{name} (deleted)"), name.clone()]).collect();
            self.look_up_in(Entity::Customer, "DisplayName", &names).await?;
            self.look_up_in(Entity::Customer, "PrimaryEmailAddr", emails).await?;
        }
        self.find_owners().await
    }

    /// Finds out who has names that QuickBooks says are taken.
    pub(super) async fn look_up_holders(&mut self, names: &[String]) -> Result<(), MirrorError> {
        if names.is_empty() {
            return Ok(());
        }
        let wanted: BTreeSet<String> =
            names.iter().flat_map(|name| [format!("{name} (deleted)"), name.clone()]).collect();
        self.look_up_in(Entity::Customer, "DisplayName", &wanted).await?;
        self.find_owners().await?;
        for name in names {
            // The name of a customer that is not linked yet is free for the one of ours that has it.
            let is_free = self.directory.free_by_name(name, None).is_some();
            self.directory.set_name_taken(name, !is_free);
        }
        Ok(())
    }

    async fn look_up_in(
        &mut self,
        entity: Entity,
        field: &str,
        values: &BTreeSet<String>,
    ) -> Result<(), MirrorError> {
        for list in literal_lists(values, VALUES_PER_QUERY) {
            let query = format!(
                "SELECT * FROM {entity} WHERE {field} IN ({list}) AND Active IN (true, false) MAXRESULTS 1000"
            );
            for object in self.mirror.quickbooks.query(&query).await? {
                let is_known = id_of(&object).is_some_and(|id| {
                    self.directory.get(&id).is_some_and(|old| sync_token(old) == sync_token(&object))
                });
                if !is_known {
                    self.directory.insert(object);
                }
            }
        }
        Ok(())
    }

    /// Reads which of the customers in QuickBooks are ours.
    pub(super) async fn find_owners(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let unknown = self.directory.without_owner();
        if unknown.is_empty() {
            return Ok(());
        }
        let customer = MirroredEntity::Customer;
        let links = mirror.store.links_get(&mirror.tenant, mirror.realm(), customer, &unknown).await?;
        for id in &unknown {
            self.directory.set_owner(id, owner_in(links.get(id)));
        }
        Ok(())
    }
}
