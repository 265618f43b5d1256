//! An update: a customer as it is after a row is applied. A row sets the fields whose cells it fills, and no others.

use std::collections::BTreeMap;

use clientele_shared::csv::customer_row::TAG_SEPARATOR;
use clientele_shared::model::{CustomerFields, TagId, Timestamp};

use super::contacts::merge_person;
use super::fields::Field;
use super::row::RowCustomer;
use super::slots::{shown, take_over};
use crate::import::field::ImportField;
use crate::import::outcome::FieldChange;

/// A set of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FieldSet(u64);

const _: () = assert!(Field::NAMES.len() <= 64);

impl FieldSet {
    pub(super) fn contains(self, field: Field) -> bool {
        self.0 & (1 << field.index()) != 0
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn iter(self) -> impl Iterator<Item = Field> {
        Field::all().filter(move |field| self.contains(*field))
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<T: IntoIterator<Item = Field>>(fields: T) -> Self {
        Self(fields.into_iter().fold(0, |set, field| set | (1 << field.index())))
    }
}

/// A field that an empty cell can clear. A status and a type cannot be empty, and the others are no fields of the record.
pub(super) fn is_clearable(field: Field) -> bool {
    !matches!(
        field,
        Field::Id
            | Field::FullName
            | Field::ContactTitle
            | Field::Status
            | Field::CustomerType
            | Field::ContactSequence
            | Field::CreatedAt
            | Field::UpdatedAt
            | Field::DeletedAt
    )
}

/// Returns a customer after a row is applied. `set` has the fields that the row sets.
///
/// The row's tags must have their ids already. Ids of deleted tags stay, because readers leave them out.
pub(super) fn merged(
    old: &CustomerFields,
    row: &RowCustomer,
    set: FieldSet,
    names: &BTreeMap<TagId, String>,
    now: Timestamp,
) -> CustomerFields {
    let mut new = old.clone();
    for field in set.iter() {
        take_over(field, &row.fields, &mut new);
    }
    let has_parts = set.contains(Field::FirstName) || set.contains(Field::LastName);
    if set.contains(Field::FullName) && !has_parts {
        new.first_name.clone_from(&row.fields.first_name);
        new.last_name.clone_from(&row.fields.last_name);
    }
    if let Some(person) = &row.person
        && !set.contains(Field::Contacts)
    {
        merge_person(&mut new, person, now);
    }
    if set.contains(Field::Tags) && !has_tags(old, &row.tags, names) {
        new.tag_ids.clone_from(&row.fields.tag_ids);
    }
    new
}

/// Returns whether a customer has exactly these tags.
fn has_tags(fields: &CustomerFields, wanted: &[String], names: &BTreeMap<TagId, String>) -> bool {
    let has: Vec<&String> = fields.tag_ids.iter().filter_map(|id| names.get(id)).collect();
    has.iter().all(|name| wanted.contains(name)) && wanted.iter().all(|name| has.contains(&name))
}

/// Returns what a row changes about a customer, field by field.
pub(super) fn changes(
    old: &CustomerFields,
    new: &CustomerFields,
    row: &RowCustomer,
    set: FieldSet,
    names: &BTreeMap<TagId, String>,
) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    // The number of the last contact follows from the contacts.
    for field in Field::all().filter(|field| *field != Field::ContactSequence) {
        let (old, new) = (shown(field, old), shown(field, new));
        if old != new {
            changes.push(FieldChange { field: field.name(), old: old.into_owned(), new: new.into_owned() });
        }
    }
    if set.contains(Field::Tags) && !has_tags(old, &row.tags, names) {
        let old: Vec<&str> = old.tag_ids.iter().filter_map(|id| names.get(id)).map(String::as_str).collect();
        let (old, new) = (old.join(TAG_SEPARATOR), row.tags.join(TAG_SEPARATOR));
        changes.push(FieldChange { field: Field::Tags.name(), old, new });
    }
    changes
}

/// Returns whether a customer has no name, company or email by which people could tell it.
pub(super) fn is_nameless(fields: &CustomerFields) -> bool {
    [&fields.first_name, &fields.last_name, &fields.company_name, &fields.email]
        .iter()
        .all(|value| value.is_none())
}
