//! The events of a delivery in both of Intuit's formats.
//!
//! The structure of the body must be that of one of the formats. The values in it need not be known: an event of another
//! entity, or without a valid id, is counted and left out, because Intuit would repeat a delivery that is refused, and hold
//! back the next ones.

use clientele_shared::model::{MirroredEntity, QuickBooksId, RealmId};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The reason why a body is in neither format. It contains nothing of the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The body is not JSON.
    #[error("The body is not JSON: it is invalid at line {line}, column {column}.")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
    },
    /// The body is JSON of another kind.
    #[error("The body must be a list of CloudEvents, or an object with the list eventNotifications.")]
    Neither,
    /// An element of a list has another form.
    #[error("Element {number} of {list} must be {expected}.")]
    Element {
        /// Number of the element, counted from 1.
        number: usize,
        /// The list.
        list: &'static str,
        /// The form of its elements.
        expected: &'static str,
    },
}

/// A change that an event reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The company.
    pub realm: RealmId,
    /// The entity.
    pub entity: MirroredEntity,
    /// The object that changed; of a merge, the one that is left.
    pub id: QuickBooksId,
    /// The object that a merge has removed, if the event names it.
    pub merged_id: Option<QuickBooksId>,
}

/// The events of a delivery. `None` stands for an event that reports nothing that is mirrored.
pub type Events = Vec<Option<Change>>;

/// Reads the events of a delivery.
///
/// # Errors
/// Returns [`FormatError`] if the body is in neither format.
pub fn parse(body: &[u8]) -> Result<Events, FormatError> {
    let whole: &RawValue = serde_json::from_slice(body)
        .map_err(|e| FormatError::Syntax { line: e.line(), column: e.column() })?;
    if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(whole.get()) {
        return cloud_events(&elements);
    }
    let notifications: Notifications = object(whole).ok_or(FormatError::Neither)?;
    notifications.events()
}

/// A CloudEvent, with the members that are used.
#[derive(Deserialize)]
struct CloudEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: &'a RawValue,
    #[serde(borrow, rename = "intuitentityid", default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "intuitaccountid", default)]
    realm: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// The data of a merge.
#[derive(Deserialize)]
struct MergeData<'a> {
    #[serde(borrow, rename = "deletedid", alias = "deletedId")]
    deleted_id: &'a RawValue,
}

fn cloud_events(elements: &[&RawValue]) -> Result<Events, FormatError> {
    let event = |(at, element): (usize, &&RawValue)| {
        let expected = "an object with the member type";
        let event: CloudEvent =
            object(element).ok_or(FormatError::Element { number: at + 1, list: "the list", expected })?;
        Ok(event.change())
    };
    elements.iter().enumerate().map(event).collect()
}

impl CloudEvent<'_> {
    /// Returns the change, if the type is one such as `qbo.customer.updated.v1`.
    fn change(&self) -> Option<Change> {
        let kind = text(self.kind)?;
        let mut parts = kind.split('.');
        let ("qbo", entity, operation) = (parts.next()?, parts.next()?, parts.next()?) else { return None };
        let data = || object::<MergeData>(self.data?);
        let deleted = if operation == "merged" { data().map(|data| data.deleted_id) } else { None };
        Change::new(self.realm?, entity, self.id?, deleted)
    }
}

/// The older format.
#[derive(Deserialize)]
struct Notifications<'a> {
    #[serde(borrow, rename = "eventNotifications")]
    notifications: Vec<&'a RawValue>,
}

/// The changes of a company.
#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow, rename = "realmId")]
    realm: &'a RawValue,
    #[serde(borrow, rename = "dataChangeEvent")]
    changes: DataChangeEvent<'a>,
}

#[derive(Deserialize)]
struct DataChangeEvent<'a> {
    #[serde(borrow)]
    entities: Vec<&'a RawValue>,
}

/// A change of an object, with the members that are used.
#[derive(Deserialize)]
struct Entity<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    operation: Option<&'a RawValue>,
    #[serde(borrow, rename = "deletedId", default)]
    deleted_id: Option<&'a RawValue>,
}

impl Notifications<'_> {
    fn events(&self) -> Result<Events, FormatError> {
        let mut events = Events::new();
        for (at, notification) in self.notifications.iter().enumerate() {
            let notification: Notification = object(notification).ok_or(FormatError::Element {
                number: at + 1,
                list: "eventNotifications",
                expected: "an object with realmId and the list dataChangeEvent.entities",
            })?;
            notification.add_to(&mut events)?;
        }
        Ok(events)
    }
}

impl Notification<'_> {
    fn add_to(&self, events: &mut Events) -> Result<(), FormatError> {
        for (at, entity) in self.changes.entities.iter().enumerate() {
            let entity: Entity = object(entity).ok_or(FormatError::Element {
                number: at + 1,
                list: "dataChangeEvent.entities",
                expected: "an object with the member name",
            })?;
            events.push(entity.change(self.realm));
        }
        Ok(())
    }
}

impl Entity<'_> {
    fn change(&self, realm: &RawValue) -> Option<Change> {
        let is_merge = self.operation.and_then(text).is_some_and(|name| name.eq_ignore_ascii_case("Merge"));
        Change::new(realm, &text(self.name)?, self.id?, self.deleted_id.filter(|_| is_merge))
    }
}

impl Change {
    /// Returns the change, unless it cannot concern a record.
    fn new(realm: &RawValue, entity: &str, id: &RawValue, deleted: Option<&RawValue>) -> Option<Self> {
        let realm = text(realm)?.parse().ok()?;
        let entity = MirroredEntity::named(entity)?;
        let id: QuickBooksId = text(id)?.parse().ok()?;
        let merged_id = deleted.and_then(text).and_then(|deleted| deleted.parse().ok());
        let merged_id = merged_id.filter(|merged: &QuickBooksId| *merged != id);
        Some(Self { realm, entity, id, merged_id })
    }
}

/// Returns an object. A list of its members in order, which serde takes for one, is none.
fn object<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Option<T> {
    Some(value.get()).filter(|raw| raw.starts_with('{')).and_then(|raw| serde_json::from_str(raw).ok())
}

/// Returns a string, or a number as it is written.
fn text(value: &RawValue) -> Option<String> {
    let raw = value.get();
    match raw.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Some(raw.to_owned()),
        false => serde_json::from_str(raw).ok(),
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
