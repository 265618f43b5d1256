//! Conversion of a row to a contact, and what the row does to a customer's contacts.

use std::fmt;

use clientele_shared::error::FieldError;
use clientele_shared::model::{Contact, CustomerFields, Timestamp};
use csv::StringRecord;

use super::fields::ContactField;
use super::key::ContactKey;
use crate::import::cells::{Cells, boolean, timestamp};
use crate::import::customers::contacts::{MAX_CONTACTS, number_of};
use crate::import::field::ImportField as _;
use crate::import::mapping::Mapping;
use crate::import::outcome::FieldChange;

/// A contact as a row describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowContact {
    /// The customer as the file names it.
    pub(super) customer: String,
    /// Number of the contact's id.
    pub(super) number: Option<u32>,
    pub(super) name: Option<String>,
    key: ContactKey,
    texts: [Option<String>; 3],
    pub(super) is_primary: Option<bool>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    /// Whether the file has columns for the texts whose empty cells clear them.
    clears: [bool; 3],
}

/// The fields of [`RowContact::texts`].
const TEXTS: [ContactField; 3] = [ContactField::Title, ContactField::Email, ContactField::Phone];

/// The effect of a row on a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    Unchanged,
    Updated,
    Created,
}

/// The reason why a row is rejected, and the field that it concerns; none if it concerns the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) field: Option<ContactField>,
    pub(super) reason: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field.map_or("row", ContactField::name), self.reason)
    }
}

/// Reads a row that has as many cells as the header. `clear_empty` lets an empty cell clear its field.
pub(super) fn contact(
    mapping: &Mapping<ContactField>,
    record: &StringRecord,
    unguard: bool,
    key: ContactKey,
    clear_empty: bool,
) -> Result<RowContact, Vec<FieldError>> {
    let mut cells = Cells::new(mapping, record, unguard);
    let customer = cells.required(ContactField::CustomerId);
    let number = cells.read(ContactField::ContactId, |id| {
        number_of(id).ok_or_else(|| "must be a contact's id such as cont_1".into())
    });
    let name = cells.text(ContactField::Name);
    let texts = TEXTS.map(|field| cells.text(field));
    let is_primary = cells.read(ContactField::IsPrimary, boolean);
    let created_at = cells.read(ContactField::CreatedAt, timestamp);
    let updated_at = cells.read(ContactField::UpdatedAt, timestamp);
    let is_named = cells.cell(ContactField::ContactId).is_some()
        || cells.cell(key.field()).is_some_and(|value| key.normalized(&value).is_some());
    if !is_named {
        cells.reject(key.field(), key.empty());
    }
    let clears = TEXTS.map(|field| clear_empty && mapping.column(field).is_some());
    let row = customer.map(|customer| RowContact {
        customer,
        number,
        name,
        key,
        texts,
        is_primary,
        created_at,
        updated_at,
        clears,
    });
    cells.finish(row)
}

impl RowContact {
    /// Returns the email.
    pub(super) fn email(&self) -> Option<&str> {
        self.texts[1].as_deref()
    }

    /// Returns the phone number.
    pub(super) fn phone(&self) -> Option<&str> {
        self.texts[2].as_deref()
    }

    /// Returns the text by which the row names its contact.
    pub(super) fn key(&self) -> String {
        match self.number {
            Some(number) => format!("cont_{number}"),
            None => self.value_of_key().unwrap_or_default().to_owned(),
        }
    }

    /// Returns the text by which the row names its contact, in the form in which it is compared.
    pub(super) fn compared_key(&self) -> String {
        let key = self.key();
        if self.number.is_some() { key } else { self.key.normalized(&key).unwrap_or_default() }
    }

    fn value_of_key(&self) -> Option<&str> {
        match self.key {
            ContactKey::Id => None,
            ContactKey::Name => self.name.as_deref(),
            ContactKey::Email => self.email(),
            ContactKey::Phone => self.phone(),
        }
    }

    /// Applies the row to a customer's contacts; returns what it does, and the changes of a contact that exists.
    ///
    /// # Errors
    /// Returns why the row is rejected. The contacts are unchanged then.
    pub(super) fn apply(
        &self,
        fields: &mut CustomerFields,
        now: Timestamp,
    ) -> Result<(Effect, String, Vec<FieldChange>), Rejection> {
        let Some(at) = self.position(&fields.contacts)? else {
            let id = self.add(fields, now)?;
            return Ok((Effect::Created, id, Vec::new()));
        };
        let old = fields.contacts[at].clone();
        let contact = &mut fields.contacts[at];
        if let Some(name) = &self.name {
            contact.name.clone_from(name);
        }
        let slots = [&mut contact.title, &mut contact.email, &mut contact.phone];
        for ((slot, text), clears) in slots.into_iter().zip(&self.texts).zip(self.clears) {
            if text.is_some() || clears {
                slot.clone_from(text);
            }
        }
        if *contact != old {
            contact.updated_at = now;
        }
        if let Some(is_primary) = self.is_primary {
            set_primary(&mut fields.contacts, at, is_primary, now);
        }
        let changes = changes(&old, &fields.contacts[at]);
        let effect = if changes.is_empty() { Effect::Unchanged } else { Effect::Updated };
        Ok((effect, old.id, changes))
    }

    /// Returns the position of the contact that the row names; `None` if it is new.
    pub(super) fn position(&self, contacts: &[Contact]) -> Result<Option<usize>, Rejection> {
        if let Some(number) = self.number {
            return Ok(contacts.iter().position(|contact| number_of(&contact.id) == Some(number)));
        }
        let key = self.value_of_key().and_then(|value| self.key.normalized(value));
        let is_named = |contact: &Contact| key.is_some() && self.key.of(contact) == key;
        let named: Vec<usize> = (0..contacts.len()).filter(|at| is_named(&contacts[*at])).collect();
        match named.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => {
                let ids: Vec<&str> = several.iter().map(|at| contacts[*at].id.as_str()).collect();
                let several = ids.join(", ");
                let reason =
                    format!("is that of several contacts of the customer: {several}; fill in contactId");
                Err(Rejection { field: Some(self.key.field()), reason })
            }
        }
    }

    fn add(&self, fields: &mut CustomerFields, now: Timestamp) -> Result<String, Rejection> {
        let name = self.name.clone().ok_or_else(|| Rejection {
            field: Some(ContactField::Name),
            reason: "must not be empty, because the customer has no such contact".into(),
        })?;
        if fields.contacts.len() >= MAX_CONTACTS {
            let reason = format!("the customer has {MAX_CONTACTS} contacts already");
            return Err(Rejection { field: None, reason });
        }
        let number = self.number.unwrap_or_else(|| fields.contact_sequence.saturating_add(1));
        fields.contact_sequence = fields.contact_sequence.max(number);
        let is_primary = self.is_primary.unwrap_or(fields.contacts.is_empty());
        let [title, email, phone] = self.texts.clone();
        let id = format!("cont_{number}");
        fields.contacts.push(Contact {
            id: id.clone(),
            name,
            title,
            email,
            phone,
            is_primary: false,
            created_at: self.created_at.unwrap_or(now),
            updated_at: self.updated_at.unwrap_or(now),
        });
        if is_primary {
            let at = fields.contacts.len() - 1;
            let updated_at = fields.contacts[at].updated_at;
            set_primary(&mut fields.contacts, at, true, now);
            fields.contacts[at].updated_at = updated_at;
        }
        Ok(id)
    }
}

/// Makes a contact primary and no other, or makes it not primary.
fn set_primary(contacts: &mut [Contact], at: usize, is_primary: bool, now: Timestamp) {
    for (other, contact) in contacts.iter_mut().enumerate() {
        let wanted = if other == at { is_primary } else { contact.is_primary && !is_primary };
        if contact.is_primary != wanted {
            (contact.is_primary, contact.updated_at) = (wanted, now);
        }
    }
}

fn changes(old: &Contact, new: &Contact) -> Vec<FieldChange> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        ("name", old.name.clone(), new.name.clone()),
        ("title", text(&old.title), text(&new.title)),
        ("email", text(&old.email), text(&new.email)),
        ("phone", text(&old.phone), text(&new.phone)),
        ("isPrimary", old.is_primary.to_string(), new.is_primary.to_string()),
    ];
    let changed = fields.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(field, old, new)| FieldChange { field, old, new }).collect()
}
