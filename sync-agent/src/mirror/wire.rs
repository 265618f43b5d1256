//! Customers as they are written to QuickBooks. Updates are sparse, so fields that the mirror does not know survive, and a
//! masked tax number is never written back.

use clientele_shared::model::{Mapping, QuickBooksId};
use serde_json::{Map, Value, json};

use super::fields::{ADDRESS_PARTS, Field, Fields};
use super::names;
use crate::quickbooks::Object;

/// Length of the longest email that is written, in characters.
const MAX_EMAIL: usize = 100;

/// Length of the longest web address, in characters.
const MAX_WEBSITE: usize = 1000;

/// A field that QuickBooks would refuse, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct Unwritable {
    /// The field's name.
    pub field: &'static str,
    /// The reason, and what to do.
    pub reason: &'static str,
}

/// Checks the fields that cannot be made legal without changing their meaning.
///
/// # Errors
/// Returns the first such field.
pub fn check(fields: &Fields) -> Result<(), Unwritable> {
    let unwritable = |field: Field, reason| Err(Unwritable { field: field.as_str(), reason });
    if let Some(email) = fields.text(Field::Email) {
        if !email.contains('@') || !email.contains('.') {
            return unwritable(
                Field::Email,
                "is not an email address, so QuickBooks would refuse it; correct or clear it",
            );
        }
        if email.chars().count() > MAX_EMAIL {
            return unwritable(
                Field::Email,
                "is longer than the 100 characters that QuickBooks takes; shorten it",
            );
        }
    }
    if fields.text(Field::Website).is_some_and(|url| url.chars().count() > MAX_WEBSITE) {
        return unwritable(
            Field::Website,
            "is longer than the 1,000 characters that QuickBooks takes; shorten it",
        );
    }
    Ok(())
}

/// Returns a value in the form that QuickBooks takes: without forbidden characters, and cut to its length. With
/// `is_latin1`, also without characters beyond ISO 8859-1.
#[must_use]
pub fn legal(field: Field, value: &Value, is_latin1: bool) -> Value {
    let charset = |text: &str| if is_latin1 { names::latin1(text) } else { text.to_owned() };
    let plain = |text: &str, max: usize| {
        let text: String =
            charset(text).chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).collect();
        Some(names::cut(text.trim(), max)).filter(|text| !text.is_empty()).map_or(Value::Null, Value::from)
    };
    match (field, value) {
        (Field::FirstName | Field::LastName | Field::CompanyName, Value::String(text)) => {
            plain(&names::legal_name(text), names::MAX_NAME)
        }
        (Field::Phone | Field::MobilePhone, Value::String(text)) => plain(text, 30),
        (Field::Notes, Value::String(text)) => plain(text, 2000),
        (_, Value::String(text)) => plain(text, MAX_WEBSITE),
        (_, Value::Object(parts)) => {
            let parts = parts.iter().filter_map(|(name, value)| {
                let max = match name.as_str() {
                    "line1" | "line2" => 500,
                    "postal_code" => 30,
                    _ => 255,
                };
                Some((name.clone(), plain(value.as_str()?, max))).filter(|(_, value)| !value.is_null())
            });
            let parts: Map<String, Value> = parts.collect();
            if parts.is_empty() { Value::Null } else { parts.into() }
        }
        (_, value) => value.clone(),
    }
}

/// Returns the object that creates a customer under a display name.
#[must_use]
pub fn create(fields: &Fields, display_name: &str, currency: Option<&str>, is_latin1: bool) -> Object {
    let mut body = Object::new();
    for field in Field::ALL.into_iter().filter(|field| *field != Field::Active) {
        let value = legal(field, fields.get(field), is_latin1);
        if !value.is_null() {
            set(&mut body, field, &value);
        }
    }
    body.insert("DisplayName".into(), legal_display_name(display_name, is_latin1).into());
    if let Some(currency) = currency {
        body.insert("CurrencyRef".into(), json!({ "value": currency }));
    }
    body
}

/// Returns the sparse update of some fields, and of the display name if it changes.
#[must_use]
pub fn update(
    mapping: &Mapping,
    fields: &Fields,
    changed: &[Field],
    display_name: Option<&str>,
    is_latin1: bool,
) -> Object {
    let mut body = start(&mapping.quickbooks_id, &mapping.sync_token);
    body.insert("sparse".into(), true.into());
    for field in changed {
        set(&mut body, *field, &legal(*field, fields.get(*field), is_latin1));
    }
    if let Some(name) = display_name {
        body.insert("DisplayName".into(), legal_display_name(name, is_latin1).into());
    }
    body
}

/// Returns the full update of an object as it was just read, for what a sparse update cannot do: clear a field, or a part
/// of an address. `None` if that would write back a tax number that was read masked.
#[must_use]
pub fn full_update(object: &Object, fields: &Fields, changed: &[Field], is_latin1: bool) -> Option<Object> {
    if ["PrimaryTaxIdentifier", "SecondaryTaxIdentifier"].iter().any(|name| object.contains_key(*name)) {
        return None;
    }
    let mut body = object.clone();
    body.remove("sparse");
    for field in changed {
        let (member, _) = field.member();
        let value = legal(*field, fields.get(*field), is_latin1);
        body.remove(member);
        if !value.is_null() {
            set(&mut body, *field, &value);
        }
    }
    Some(body)
}

fn start(id: &QuickBooksId, sync_token: &str) -> Object {
    let mut body = Object::new();
    body.insert("Id".into(), id.as_str().into());
    body.insert("SyncToken".into(), sync_token.into());
    body
}

fn legal_display_name(name: &str, is_latin1: bool) -> String {
    if is_latin1 { names::latin1(name) } else { name.to_owned() }
}

/// Sets the member of a field. An empty text clears it.
fn set(body: &mut Object, field: Field, value: &Value) {
    let (member, part) = field.member();
    let member_value = match (value, part) {
        (Value::Null, Some(part)) => json!({ part: "" }),
        (Value::Null, None) => "".into(),
        (value, Some(part)) => json!({ part: value }),
        (Value::Object(parts), None) => {
            // Parts that are empty are written too: some companies merge an address into the one that they have.
            let part = |(ours, theirs): &(&str, &str)| {
                ((*theirs).to_owned(), parts.get(*ours).cloned().unwrap_or_else(|| "".into()))
            };
            Value::Object(ADDRESS_PARTS.iter().map(part).collect())
        }
        (value, None) => value.clone(),
    };
    body.insert(member.to_owned(), member_value);
}
