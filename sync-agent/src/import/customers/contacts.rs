//! The contact people of a customer: the JSON list of an export, and the person that a row names.

use std::collections::BTreeSet;

use clientele_shared::model::{Contact, CustomerFields, Timestamp};
use clientele_shared::rules::text::is_blank;

/// Maximum number of contacts of a customer.
pub(in crate::import) const MAX_CONTACTS: usize = 50;
/// Maximum length of a text of a contact, in characters.
const MAX_TEXT: usize = 1_000;

/// A contact that a row names and that has no id yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewContact {
    pub(super) name: String,
    pub(super) title: Option<String>,
}

/// Reads the JSON list of contacts that an export writes.
pub(super) fn parse(text: &str) -> Result<Vec<Contact>, String> {
    let contacts: Vec<Contact> = serde_json::from_str(text)
        .map_err(|error| format!("must be a JSON list of contacts as an export writes it ({error})"))?;
    if contacts.len() > MAX_CONTACTS {
        return Err(format!("must have at most {MAX_CONTACTS} contacts"));
    }
    let mut ids = BTreeSet::new();
    for contact in &contacts {
        let number = number_of(&contact.id).ok_or("must have contacts with ids such as cont_1")?;
        if !ids.insert(number) {
            return Err(format!("must not have two contacts with the id {}", contact.id));
        }
        if is_blank(&contact.name) {
            return Err(format!("must have a name for {}", contact.id));
        }
        let texts =
            [Some(&contact.name), contact.title.as_ref(), contact.email.as_ref(), contact.phone.as_ref()];
        let is_wrong = |text: &String| text.chars().any(char::is_control) || text.chars().count() > MAX_TEXT;
        if texts.into_iter().flatten().any(is_wrong) {
            return Err(format!(
                "must have texts of one line and at most {MAX_TEXT} characters for {}",
                contact.id
            ));
        }
    }
    if contacts.iter().filter(|contact| contact.is_primary).count() > 1 {
        return Err("must have at most one primary contact".into());
    }
    Ok(contacts)
}

/// Reads the number of the contact that was added last.
pub(super) fn sequence(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "must be the number of the contact that was added last, such as 3".into())
}

/// Returns the contacts with the new one, if there is one and no contact has its name, and the number of the last contact.
/// A customer's first contact is primary.
pub(super) fn with_new(
    mut contacts: Vec<Contact>,
    sequence: u32,
    new: Option<&NewContact>,
    now: Timestamp,
) -> (Vec<Contact>, u32) {
    let mut sequence = contacts.iter().filter_map(|contact| number_of(&contact.id)).fold(sequence, u32::max);
    if let Some(NewContact { name, title }) = new
        && !contacts.iter().any(|contact| contact.name == *name)
    {
        sequence = sequence.saturating_add(1);
        let is_primary = contacts.is_empty();
        contacts.push(Contact {
            id: format!("cont_{sequence}"),
            name: name.clone(),
            title: title.clone(),
            email: None,
            phone: None,
            is_primary,
            created_at: now,
            updated_at: now,
        });
    }
    (contacts, sequence)
}

/// Adds the person that a row names to a customer's contacts, or gives the contact with this name the row's title.
pub(super) fn merge_person(fields: &mut CustomerFields, person: &NewContact, now: Timestamp) {
    let known = fields.contacts.iter_mut().find(|contact| contact.name == person.name);
    if let Some(contact) = known {
        if person.title.is_some() && contact.title != person.title {
            contact.title.clone_from(&person.title);
            contact.updated_at = now;
        }
        return;
    }
    let contacts = std::mem::take(&mut fields.contacts);
    (fields.contacts, fields.contact_sequence) =
        with_new(contacts, fields.contact_sequence, Some(person), now);
}

/// Returns the number of a contact's id such as `cont_3`.
pub(in crate::import) fn number_of(id: &str) -> Option<u32> {
    let digits = id.strip_prefix("cont_")?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_rejected(text: &str, expected: &str) {
        let error = parse(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn lists_that_no_export_writes_are_rejected() {
        let one = |id: &str, name: &str, primary: bool| {
            format!(r#"{{"id":"{id}","name":"{name}","is_primary":{primary},"created_at":1,"updated_at":2}}"#)
        };
        assert_eq!(parse(&format!("[{}]", one("cont_2", "Ann", true))).unwrap().len(), 1);
        check_rejected("{}", "must be a JSON list");
        check_rejected(&format!("[{}]", one("2", "Ann", true)), "such as cont_1");
        check_rejected(&format!("[{}]", one("cont_2", " ", true)), "a name for cont_2");
        check_rejected(&format!("[{}]", one("cont_2", "A\\nB", true)), "one line");
        let two = format!("[{},{}]", one("cont_1", "Ann", true), one("cont_1", "Bob", false));
        check_rejected(&two, "two contacts with the id cont_1");
        let two = format!("[{},{}]", one("cont_1", "Ann", true), one("cont_2", "Bob", true));
        check_rejected(&two, "one primary");
        check_rejected(&format!("[{}]", vec![one("cont_1", "A", false); 51].join(",")), "at most 50");
    }

    #[test]
    fn number_of_the_last_contact_is_never_too_low() {
        let stored =
            parse(r#"[{"id":"cont_7","name":"Ann","is_primary":true,"created_at":1,"updated_at":2}]"#)
                .unwrap();
        let now = Timestamp::from_millis(3);
        assert_eq!(with_new(stored.clone(), 0, None, now).1, 7);
        let new = NewContact { name: "Bob".into(), title: None };
        let (contacts, sequence) = with_new(stored, 9, Some(&new), now);
        assert_eq!((contacts[1].id.as_str(), contacts[1].is_primary, sequence), ("cont_10", false, 10));
    }
}
