//! Contacts: added, changed and removed one by one, or replaced with the customer. At most one of them is primary.

use serde_json::{Map, Value};

use clientele_functions_common::form::{Form, flag};
use clientele_functions_common::request::Request;
use clientele_shared::model::{Contact, CustomerFields, Timestamp};
use clientele_shared::rules::text::{email, line};
use clientele_shared::{Error, Result};

/// Maximum number of contacts of a customer.
const MAX_CONTACTS: usize = 50;

/// The member of a customer that holds its contacts.
const CONTACTS: &str = "contacts";

/// A request body that sets a contact's fields. Absent fields keep their value; `null` and `""` clear it. The name cannot be
/// cleared.
#[derive(Debug)]
pub struct ContactInput(Map<String, Value>);

impl ContactInput {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`], naming the body, if it is not a JSON object.
    pub fn read(request: &Request) -> Result<Self> {
        request.json_object().map(Self)
    }

    /// Returns a customer's fields with the new contact, which comes last.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] naming every field that is wrong or missing, or `contacts` if there are 50 already.
    pub fn add(&self, mut fields: CustomerFields, now: Timestamp) -> Result<CustomerFields> {
        if fields.contacts.len() >= MAX_CONTACTS {
            return Err(Error::invalid(CONTACTS, too_many()));
        }
        let mut form = Form::new(&self.0);
        let (contact, is_primary) = read(&mut form, new_contact(&mut fields, now), now);
        let is_first = fields.contacts.is_empty();
        fields.contacts.push(contact);
        let at = fields.contacts.len() - 1;
        set_primary(&mut fields.contacts, at, is_primary.unwrap_or(is_first), now);
        form.finish(fields)
    }

    /// Returns a customer's fields after a change of the contact with this id.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the customer has no such contact, and [`Error::Invalid`] naming every field that is
    /// wrong.
    pub fn apply(&self, mut fields: CustomerFields, id: &str, now: Timestamp) -> Result<CustomerFields> {
        let at = position(&fields, id)?;
        let mut form = Form::new(&self.0);
        let (contact, is_primary) = read(&mut form, fields.contacts[at].clone(), now);
        fields.contacts[at] = contact;
        if let Some(is_primary) = is_primary {
            set_primary(&mut fields.contacts, at, is_primary, now);
        }
        form.finish(fields)
    }
}

/// Returns a customer's fields without the contact with this id. If it was primary, none is primary then.
///
/// # Errors
/// Returns [`Error::NotFound`] if the customer has no such contact.
pub fn remove(mut fields: CustomerFields, id: &str) -> Result<CustomerFields> {
    let at = position(&fields, id)?;
    fields.contacts.remove(at);
    Ok(fields)
}

/// Replaces all contacts, if the customer's form has them: those with an id are changed, those without are added, and missing
/// ones are removed.
pub(crate) fn replace_all(form: &mut Form<'_>, fields: &mut CustomerFields, now: Timestamp) {
    let list = match form.get(CONTACTS) {
        None => return,
        Some(Value::Null) => return fields.contacts.clear(),
        Some(Value::Array(list)) if list.len() > MAX_CONTACTS => return form.add_error(CONTACTS, too_many()),
        Some(Value::Array(list)) => list,
        Some(_) => return form.add_error(CONTACTS, "must be a list of contacts or null"),
    };
    let mut before = std::mem::take(&mut fields.contacts);
    let known = before.len();
    let mut primary = None;
    let mut first_choice = None;
    for (at, value) in list.iter().enumerate() {
        let path = format!("{CONTACTS}[{at}]");
        let Value::Object(body) = value else {
            form.add_error(&path, "must be an object");
            continue;
        };
        let mut nested = Form::nested(body, &path);
        let Some(contact) = known_or_new(&mut nested, &mut before, fields, now) else {
            form.absorb(nested);
            continue;
        };
        let (contact, is_primary) = read(&mut nested, contact, now);
        if is_primary == Some(true) && primary.is_some() {
            nested.add_error("is_primary", "must be true for only one contact");
        }
        form.absorb(nested);
        fields.contacts.push(contact);
        let place = fields.contacts.len() - 1;
        primary = primary.or((is_primary == Some(true)).then_some(place));
        if at == 0 {
            first_choice = is_primary;
        }
        if is_primary == Some(false) {
            set_primary(&mut fields.contacts, place, false, now);
        }
    }
    match primary {
        Some(at) => set_primary(&mut fields.contacts, at, true, now),
        // The first contact of a customer is primary, also if it replaces all earlier ones.
        None if before.len() == known && first_choice.is_none() && !fields.contacts.is_empty() => {
            set_primary(&mut fields.contacts, 0, true, now);
        }
        None => {}
    }
}

/// Takes the contact that a part of the list names by its id, or makes a new one; `None` if there is no contact with the id.
fn known_or_new(
    form: &mut Form<'_>,
    before: &mut Vec<Contact>,
    fields: &mut CustomerFields,
    now: Timestamp,
) -> Option<Contact> {
    match form.get("id") {
        None | Some(Value::Null) => Some(new_contact(fields, now)),
        Some(id) => {
            let at = before.iter().position(|contact| Some(contact.id.as_str()) == id.as_str());
            if at.is_none() {
                form.add_error("id", "must be the id of one of the customer's contacts, each at most once");
            }
            at.map(|at| before.remove(at))
        }
    }
}

/// A contact without a name, with the next id of the customer. Ids are never used again.
fn new_contact(fields: &mut CustomerFields, now: Timestamp) -> Contact {
    fields.contact_sequence += 1;
    Contact {
        id: id_of(fields.contact_sequence),
        name: String::new(),
        title: None,
        email: None,
        phone: None,
        is_primary: false,
        created_at: now,
        updated_at: now,
    }
}

/// Returns the contact that was added last; `None` if it has been removed.
pub(crate) fn last_added(fields: &CustomerFields) -> Option<&Contact> {
    let id = id_of(fields.contact_sequence);
    fields.contacts.iter().find(|contact| contact.id == id)
}

fn id_of(number: u32) -> String {
    format!("cont_{number}")
}

/// Returns a contact as a form sets it, and whether it is to be primary, if the form says so.
fn read(form: &mut Form<'_>, before: Contact, now: Timestamp) -> (Contact, Option<bool>) {
    let mut contact = before.clone();
    let mut name = Some(before.name.clone()).filter(|name| !name.is_empty());
    form.text("name", &mut name, line);
    match name {
        Some(name) => contact.name = name,
        None if form.has_error("name") => {}
        None => form.add_error("name", "is required"),
    }
    form.text("title", &mut contact.title, line);
    form.text("email", &mut contact.email, email);
    form.text("phone", &mut contact.phone, line);
    let mut is_primary = None;
    form.set("is_primary", &mut is_primary, |value| flag(value).map(Some));
    if contact != before {
        contact.updated_at = now;
    }
    (contact, is_primary)
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

fn position(fields: &CustomerFields, id: &str) -> Result<usize> {
    fields.contacts.iter().position(|contact| contact.id == id).ok_or(Error::NotFound("Contact"))
}

fn too_many() -> String {
    format!("must be at most {MAX_CONTACTS}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const BEFORE: Timestamp = Timestamp::from_millis(1);
    const NOW: Timestamp = Timestamp::from_millis(2);

    fn input(body: Value) -> ContactInput {
        ContactInput(body.as_object().cloned().unwrap())
    }

    /// A customer with these contacts, the first of which is primary.
    fn customer(names: &[&str]) -> CustomerFields {
        names.iter().fold(CustomerFields::default(), |fields, name| {
            input(json!({ "name": name })).add(fields, BEFORE).unwrap()
        })
    }

    /// The contacts in short form: name, id and a star for the primary one.
    fn show(fields: &CustomerFields) -> Vec<String> {
        let show = |contact: &Contact| {
            format!("{} {}{}", contact.name, contact.id, if contact.is_primary { "*" } else { "" })
        };
        fields.contacts.iter().map(show).collect()
    }

    fn replaced(fields: &CustomerFields, list: Value) -> Result<CustomerFields> {
        let body = json!({ "contacts": list });
        let mut form = Form::new(body.as_object().unwrap());
        let mut fields = fields.clone();
        replace_all(&mut form, &mut fields, NOW);
        form.finish(fields)
    }

    #[track_caller]
    fn check_wrong(result: Result<CustomerFields>, expected: &[&str]) {
        let Err(Error::Invalid(fields)) = result else { panic!("{result:?}") };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn first_contact_is_primary_unless_it_says_otherwise() {
        assert_eq!(show(&customer(&["Ann", "Bob"])), ["Ann cont_1*", "Bob cont_2"]);
        let none =
            input(json!({"name": "Ann", "is_primary": false})).add(CustomerFields::default(), NOW).unwrap();
        assert_eq!(show(&none), ["Ann cont_1"]);
        let list = json!([{"name": "Ann"}, {"name": "Bob"}]);
        assert_eq!(show(&replaced(&CustomerFields::default(), list).unwrap()), ["Ann cont_1*", "Bob cont_2"]);
    }

    #[test]
    fn new_primary_contact_replaces_the_old_one() {
        let fields = customer(&["Ann", "Bob"]);
        let added = input(json!({"name": "Cid", "is_primary": true})).add(fields.clone(), NOW).unwrap();
        assert_eq!(show(&added), ["Ann cont_1", "Bob cont_2", "Cid cont_3*"]);
        let changed = input(json!({"is_primary": true})).apply(fields, "cont_2", NOW).unwrap();
        assert_eq!(show(&changed), ["Ann cont_1", "Bob cont_2*"]);
        assert_eq!(changed.contacts.iter().map(|contact| contact.updated_at).collect::<Vec<_>>(), [NOW, NOW]);
    }

    #[test]
    fn removing_the_primary_contact_makes_no_other_primary_and_its_id_is_not_used_again() {
        let removed = remove(customer(&["Ann", "Bob"]), "cont_1").unwrap();
        assert_eq!(show(&removed), ["Bob cont_2"]);
        let removed = remove(removed, "cont_2").unwrap();
        assert_eq!(show(&input(json!({"name": "Cid"})).add(removed, NOW).unwrap()), ["Cid cont_3*"]);
        assert!(matches!(remove(customer(&["Ann"]), "cont_2"), Err(Error::NotFound("Contact"))));
    }

    #[test]
    fn list_changes_adds_and_removes_contacts() {
        let fields = customer(&["Ann", "Bob", "Cid"]);
        let list = json!([{"id": "cont_3", "title": "CEO"}, {"name": "Dan"}, {"id": "cont_1"}]);
        let after = replaced(&fields, list).unwrap();
        assert_eq!(show(&after), ["Cid cont_3", "Dan cont_4", "Ann cont_1*"]);
        let times: Vec<_> = after.contacts.iter().map(|contact| contact.updated_at).collect();
        assert_eq!(times, [NOW, NOW, BEFORE]);
        assert_eq!(
            show(&replaced(&fields, json!([{"id": "cont_1", "is_primary": false}])).unwrap()),
            ["Ann cont_1"]
        );
        assert!(replaced(&fields, Value::Null).unwrap().contacts.is_empty());
        assert_eq!(
            show(&replaced(&fields, json!([{"name": "Eve"}, {"name": "Fay"}])).unwrap()),
            ["Eve cont_4*", "Fay cont_5"]
        );
    }

    #[test]
    fn wrong_contacts_are_named() {
        let fields = customer(&["Ann"]);
        let two = json!([{"name": "X", "is_primary": true}, {"name": "Y", "is_primary": true}]);
        check_wrong(replaced(&fields, two), &["contacts[1].is_primary"]);
        let list = json!([{"id": "cont_9"}, {"id": "cont_1", "name": null}, 5, {"id": "cont_1"}, {"name": "Z", "email": "x"}]);
        let expected =
            ["contacts[0].id", "contacts[1].name", "contacts[2]", "contacts[3].id", "contacts[4].email"];
        check_wrong(replaced(&fields, list), &expected);
        check_wrong(replaced(&fields, json!("Ann")), &["contacts"]);
        check_wrong(replaced(&fields, json!(vec![json!({"name": "X"}); 200])), &["contacts"]);
        let full = customer(&["X"; 50]);
        check_wrong(input(json!({"name": "Y"})).add(full, NOW), &["contacts"]);
    }

    proptest! {
        #[test]
        fn at_most_one_contact_is_primary(
            steps in prop::collection::vec((0_usize..4, 0_usize..5, prop::option::of(any::<bool>())), 1..20)
        ) {
            let mut fields = CustomerFields::default();
            for (kind, at, is_primary) in steps {
                let id = fields.contacts.get(at).map_or_else(|| "cont_0".to_owned(), |contact| contact.id.clone());
                let body = json!({"name": "X", "is_primary": is_primary});
                let before = fields.clone();
                let after = match kind {
                    0 => input(body).add(fields, NOW),
                    1 => input(body).apply(fields, &id, NOW),
                    2 => remove(fields, &id),
                    _ => replaced(&fields, json!([{"id": id, "is_primary": is_primary}, {"name": "Y"}])),
                };
                fields = after.unwrap_or(before);
                prop_assert!(fields.contacts.iter().filter(|contact| contact.is_primary).count() <= 1);
            }
        }
    }
}
