//! Change data capture: the objects that were changed or deleted since a moment.

use std::collections::BTreeMap;

use clientele_shared::model::Timestamp;
use serde_json::Value;

use super::super::entity::Entity;
use super::super::error::QuickBooksError;
use super::pages::id;
use super::query::objects;
use super::{Object, QuickBooks};

/// Number of objects from which on a response can lack some.
const MAX_OBJECTS: usize = 1000;

/// Changed and deleted objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// The server's time of the response: the moment from which the next call continues.
    pub at: Timestamp,
    /// Changed objects by entity, complete and inactive ones included.
    pub objects: BTreeMap<Entity, Vec<Object>>,
    /// Ids of deleted objects by entity.
    pub deleted: BTreeMap<Entity, Vec<String>>,
    /// Whether the response is full, so that it can lack changes. [`QuickBooks::query_changed`] finds all
    /// changed objects.
    pub is_truncated: bool,
}

impl QuickBooks {
    /// Returns what changed since a moment of the last 30 days. Changes of the second of that moment and of
    /// the second before it are included, whatever boundary the API has; the caller skips what it knows.
    ///
    /// # Errors
    ///
    /// Returns a [`QuickBooksError`] if the call fails.
    pub async fn cdc(&self, entities: &[Entity], since: Timestamp) -> Result<Changes, QuickBooksError> {
        let names: Vec<&str> = entities.iter().map(|entity| entity.name()).collect();
        let since = since.plus_seconds(-1).to_rfc3339_seconds();
        let parameters = [("entities", names.join(",")), ("changedSince", since)];
        let parameters = parameters.each_ref().map(|(name, value)| (*name, value.as_str()));
        changes(self.read("cdc", &parameters).await?)
    }
}

fn changes(mut response: Object) -> Result<Changes, QuickBooksError> {
    let malformed = || QuickBooksError::malformed("QuickBooks returned changes in an unknown form");
    let at = response.get("time").and_then(Value::as_str).and_then(Timestamp::from_rfc3339);
    let mut changes = Changes {
        at: at.ok_or_else(malformed)?,
        objects: BTreeMap::new(),
        deleted: BTreeMap::new(),
        is_truncated: false,
    };
    let lists = response.get_mut("CDCResponse").and_then(Value::as_array_mut).ok_or_else(malformed)?;
    let responses = lists.iter_mut().filter_map(|list| list.get_mut("QueryResponse")?.as_array_mut());
    let mut total = 0;
    for mut found in responses.flatten().filter_map(|found| found.as_object_mut().map(std::mem::take)) {
        for entity in Entity::ALL {
            let Some(list) = found.remove(entity.name()) else { continue };
            let list = objects(Object::from_iter([(entity.name().to_owned(), list)]))?;
            total += list.len();
            changes.add(entity, list)?;
        }
    }
    changes.is_truncated = total >= MAX_OBJECTS;
    Ok(changes)
}

impl Changes {
    fn add(&mut self, entity: Entity, list: Vec<Object>) -> Result<(), QuickBooksError> {
        for object in list {
            if object.get("status").and_then(Value::as_str) == Some("Deleted") {
                self.deleted.entry(entity).or_default().push(id(&object)?.to_owned());
            } else {
                self.objects.entry(entity).or_default().push(object);
            }
        }
        Ok(())
    }
}
