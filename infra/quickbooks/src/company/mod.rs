//! The company: its objects, what was deleted, and the indexes over them.
//!
//! Every change goes through [`Company::save`] or [`Company::remove`], which keep versions, indexes,
//! balances, the journal for the storage and the events for webhooks in step.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{format_time, parse_time};
use crate::entities::{Kind, Named};
use crate::object;
use crate::storage::{Change, StorageError};
use crate::switches::Switches;
use crate::value::{Object, Value};

mod balances;
pub mod demo;
mod index;
mod undo;

use index::Index;
pub use index::fold_name;
pub(crate) use index::link;
pub use undo::Mark;
use undo::Undo;

/// How long deletions are remembered: as far back as change data capture reports changes.
pub const DELETED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An object and the moment of its last change.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// The object as it is stored: complete, with tax identifiers that responses mask.
    pub object: Object,
    /// Moment of the last change, to the second.
    pub updated: Timestamp,
    /// Whether the object is not marked as inactive. Every query reads this.
    pub is_active: bool,
}

impl Entity {
    fn new(object: Object, updated: Timestamp) -> Arc<Self> {
        let is_active = object.flag("Active") != Some(false);
        Arc::new(Self { object, updated, is_active })
    }
}

/// The kinds of change that webhooks report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs, reason = "the variants are the names of the API")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Merge,
}

/// A change that a webhook reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Entity of the object.
    pub kind: Kind,
    /// Id of the object.
    pub id: u64,
    /// The change.
    pub operation: Operation,
    /// In a merge, the id of the object that is gone.
    pub deleted_id: Option<u64>,
    /// Moment of the change.
    pub at: Timestamp,
}

/// How [`Company::save`] stamps an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// As new: version 0, created now.
    Create,
    /// As changed: the next version, updated now.
    Update,
    /// As touched by another object's change: updated now, at the same version.
    Touch,
    /// Not at all: the version and the time stay.
    Quiet,
}

/// The objects of the company.
#[derive(Debug, Default)]
pub struct Company {
    objects: BTreeMap<Kind, BTreeMap<u64, Arc<Entity>>>,
    deleted: BTreeMap<Kind, BTreeMap<u64, Timestamp>>,
    sequences: BTreeMap<String, u64>,
    index: Index,
    journal: Vec<Change>,
    events: Vec<Event>,
    undo: Vec<Undo>,
}

impl Company {
    /// Returns an object.
    #[must_use]
    pub fn get(&self, kind: Kind, id: u64) -> Option<&Arc<Entity>> {
        self.objects.get(&kind)?.get(&id)
    }

    /// Returns the objects of an entity by id.
    pub fn list(&self, kind: Kind) -> impl DoubleEndedIterator<Item = (u64, &Arc<Entity>)> {
        self.objects.get(&kind).into_iter().flatten().map(|(id, entity)| (*id, entity))
    }

    /// Returns the number of objects of an entity.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.objects.get(&kind).map_or(0, BTreeMap::len)
    }

    /// Returns the deleted objects of an entity and when each was deleted.
    pub fn deleted(&self, kind: Kind) -> impl Iterator<Item = (u64, Timestamp)> {
        self.deleted.get(&kind).into_iter().flatten().map(|(id, at)| (*id, *at))
    }

    /// Returns the index of names, numbers and payments.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Returns the next number of a sequence, starting at 1.
    pub fn next(&mut self, sequence: &str) -> u64 {
        let last = self.sequences.get(sequence).copied();
        let next = last.unwrap_or_default() + 1;
        self.undo.push(Undo::Sequence(sequence.to_owned(), last));
        self.sequences.insert(sequence.to_owned(), next);
        self.journal.push((format!("sequence/{sequence}"), Some(next.to_string())));
        next
    }

    /// Returns a customer and those above it, the nearest first.
    pub fn lineage(&self, customer: u64) -> impl Iterator<Item = u64> {
        let parent = |id: &u64| reference_id(&self.get(Kind::Customer, *id)?.object, "ParentRef");
        // Customers are at most five levels deep; the limit guards against a loop.
        std::iter::successors(Some(customer), parent).take(6)
    }

    /// Stores an object, with version and times set as `stamp` says, and moves its customer's balance.
    pub fn save(
        &mut self,
        kind: Kind,
        id: u64,
        mut object: Object,
        stamp: Stamp,
        now: Timestamp,
        switches: &Switches,
    ) -> Arc<Entity> {
        let old = self.get(kind, id).cloned();
        let updated = stamp_object(&mut object, id, old.as_deref(), stamp, now);
        let entity = Entity::new(object, updated);
        self.put(kind, id, Arc::clone(&entity));
        let operation = match stamp {
            Stamp::Create => Some(Operation::Create),
            Stamp::Update => Some(Operation::Update),
            Stamp::Touch | Stamp::Quiet => None,
        };
        if let Some(operation) = operation {
            self.event(Event { kind, id, operation, deleted_id: None, at: now });
        }
        self.move_balance(kind, old.as_deref(), Some(&entity), now, switches);
        if kind == Kind::Customer
            && let Some(old) = old
        {
            self.move_jobs(&old, &entity, now, switches);
        }
        entity
    }

    /// Deletes an object and remembers when.
    pub fn remove(&mut self, kind: Kind, id: u64, now: Timestamp, switches: &Switches) {
        let Some(old) = self.objects.get_mut(&kind).and_then(|objects| objects.remove(&id)) else { return };
        self.undo.push(Undo::Object(kind, id, Some(Arc::clone(&old))));
        self.index.remove(kind, id, &old.object);
        self.journal.push((entity_key(kind, id), None));
        self.journal.push((deleted_key(kind, id), Some(now.to_string())));
        let deleted = self.deleted.entry(kind).or_default().insert(id, now);
        self.undo.push(Undo::Deleted(kind, id, deleted));
        self.prune_deleted(kind, now);
        self.event(Event { kind, id, operation: Operation::Delete, deleted_id: None, at: now });
        self.move_balance(kind, Some(&old), None, now, switches);
    }

    /// Drops the deletions that change data capture no longer reports.
    fn prune_deleted(&mut self, kind: Kind, now: Timestamp) {
        let is_old = |at: Timestamp| now.duration_since(at) > DELETED_FOR;
        let old: Vec<(u64, Timestamp)> = self.deleted(kind).filter(|(_, at)| is_old(*at)).collect();
        for (id, at) in old {
            self.deleted.entry(kind).or_default().remove(&id);
            self.journal.push((deleted_key(kind, id), None));
            self.undo.push(Undo::Deleted(kind, id, Some(at)));
        }
    }

    /// Replaces the events of a merge by the one that reports it.
    pub fn report_merge(&mut self, kind: Kind, id: u64, merged: u64, now: Timestamp) {
        self.events.retain(|event| event.kind != kind || (event.id != id && event.id != merged));
        self.event(Event { kind, id, operation: Operation::Merge, deleted_id: Some(merged), at: now });
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Returns the events since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Returns the changes for the storage since the last call, which can then no longer be undone.
    pub fn take_journal(&mut self) -> Vec<Change> {
        self.undo.clear();
        std::mem::take(&mut self.journal)
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        let mut journal = std::mem::take(&mut self.journal);
        for (kind, objects) in &self.objects {
            journal.extend(objects.keys().map(|id| (entity_key(*kind, *id), None)));
        }
        for (kind, ids) in &self.deleted {
            journal.extend(ids.keys().map(|id| (deleted_key(*kind, *id), None)));
        }
        journal.extend(self.sequences.keys().map(|name| (format!("sequence/{name}"), None)));
        *self = Self { journal, ..Self::default() };
    }

    /// Reads an entry of the storage. Returns whether the entry belongs to the company.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError::Entry`] if the entry cannot be read.
    pub fn load(&mut self, key: &str, value: &str) -> Result<bool, StorageError> {
        let invalid = |reason: &str| StorageError::Entry { key: key.to_owned(), reason: reason.to_owned() };
        let parts: Vec<&str> = key.splitn(3, '/').collect();
        let kind_id = |name: &str, id: &str| {
            let kind = Named::find(name).and_then(|named| match named {
                Named::Kept(kind) => Some(kind),
                Named::Other(_) => None,
            });
            kind.zip(id.parse().ok()).ok_or_else(|| invalid("unknown entity or id"))
        };
        match parts[..] {
            ["entity", name, id] => {
                let (kind, id) = kind_id(name, id)?;
                let object = Object::parse(value).map_err(|e| invalid(&e.to_string()))?;
                let object = object.ok_or_else(|| invalid("not an object"))?;
                let updated = updated_time(&object).ok_or_else(|| invalid("no LastUpdatedTime"))?;
                self.put(kind, id, Entity::new(object, updated));
                self.journal.clear();
                self.undo.clear();
            }
            ["deleted", name, id] => {
                let (kind, id) = kind_id(name, id)?;
                let at = value.parse().map_err(|_| invalid("not a time"))?;
                self.deleted.entry(kind).or_default().insert(id, at);
            }
            ["sequence", name] => {
                let number = value.parse().map_err(|_| invalid("not a number"))?;
                self.sequences.insert(name.to_owned(), number);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn put(&mut self, kind: Kind, id: u64, entity: Arc<Entity>) {
        let old = self.get(kind, id).cloned();
        self.undo.push(Undo::Object(kind, id, old.clone()));
        self.journal.push((entity_key(kind, id), Some(entity.object.to_string())));
        self.objects.entry(kind).or_default().insert(id, Arc::clone(&entity));
        if let Some(old) = old {
            self.index.remove(kind, id, &old.object);
        }
        self.index.insert(kind, id, &entity.object);
    }
}

/// Returns the id in a reference field.
#[must_use]
pub fn reference_id(object: &Object, field: &str) -> Option<u64> {
    object.reference(field)?.parse().ok()
}

/// Sets the fields that the server alone sets. Returns the time of the last change.
fn stamp_object(
    object: &mut Object,
    id: u64,
    old: Option<&Entity>,
    stamp: Stamp,
    now: Timestamp,
) -> Timestamp {
    let old_object = old.map(|entity| &entity.object);
    let version: u64 = old_object.and_then(|old| old.text("SyncToken")?.parse().ok()).unwrap_or_default();
    let version = if stamp == Stamp::Update { version + 1 } else { version };
    let now_text = format_time(now);
    let meta = |name: &str| old_object?.get("MetaData")?.as_object()?.text(name).map(str::to_owned);
    let created = meta("CreateTime").unwrap_or_else(|| now_text.clone());
    let updated = match stamp {
        Stamp::Quiet => meta("LastUpdatedTime").unwrap_or(now_text),
        Stamp::Create | Stamp::Update | Stamp::Touch => now_text,
    };
    object.set("domain", "QBO");
    object.set("sparse", false);
    object.set("Id", id.to_string());
    object.set("SyncToken", version.to_string());
    let time = parse_time(&updated).unwrap_or(now);
    object.set("MetaData", object! { "CreateTime" => created, "LastUpdatedTime" => updated });
    time
}

fn updated_time(object: &Object) -> Option<Timestamp> {
    object.get("MetaData")?.as_object()?.text("LastUpdatedTime").and_then(parse_time)
}

fn entity_key(kind: Kind, id: u64) -> String {
    format!("entity/{kind}/{id}")
}

fn deleted_key(kind: Kind, id: u64) -> String {
    format!("deleted/{kind}/{id}")
}

/// Returns a reference `{"value": id, "name": name}`.
#[must_use]
pub fn reference(id: u64, name: &str) -> Value {
    object! { "value" => id.to_string(), "name" => name }.into()
}
