//! What this dialect's clients send for a customer: read member by member, every wrong one named.
//!
//! - Absent members keep their value, `null` and `""` clear it; unknown members, `uuid` and the three times are
//!   ignored.
//! - A member that says what the record shows already is no change and is not checked: a client may send back
//!   what it got, whichever dialect wrote it.

use serde_json::{Map, Value};
use uuid::Uuid;

use clientele_shared::error::FieldError;
use clientele_shared::model::{Address, CustomerFields, CustomerType, NotifyVia, UnknownVariant};
use clientele_shared::rules::text::{MAX_TEXT, Rule, email, line, long_text, within};
use clientele_shared::{Error, Result};

use crate::types;

/// The members of a request body that set a customer's fields.
pub struct CustomerInput<'a>(&'a Map<String, Value>);

impl<'a> CustomerInput<'a> {
    /// The members of this body.
    #[must_use]
    pub fn read(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    /// The fields of a new customer.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming every member that is wrong or missing.
    pub fn create(&self) -> Result<CustomerFields> {
        let mut form = Form::new(self.0);
        let mut fields = CustomerFields::default();
        form.fill(&mut fields);
        for (name, value) in [("first_name", &fields.first_name), ("last_name", &fields.last_name)] {
            if value.is_none() && !form.is_wrong(name) {
                form.wrong(name, "is required");
            }
        }
        form.finish(fields)
    }

    /// What the fields of a customer become.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming every member that is wrong.
    pub fn apply(&self, mut fields: CustomerFields) -> Result<CustomerFields> {
        let mut form = Form::new(self.0);
        form.fill(&mut fields);
        form.finish(fields)
    }
}

/// The members being read, and what is wrong with them so far.
struct Form<'a> {
    members: &'a Map<String, Value>,
    wrong: Vec<FieldError>,
}

impl<'a> Form<'a> {
    fn new(members: &'a Map<String, Value>) -> Self {
        Self { members, wrong: Vec::new() }
    }

    fn finish(self, fields: CustomerFields) -> Result<CustomerFields> {
        if self.wrong.is_empty() { Ok(fields) } else { Err(Error::Invalid(self.wrong)) }
    }

    fn fill(&mut self, fields: &mut CustomerFields) {
        self.names(fields);
        self.text("company_name", &mut fields.company_name, line);
        self.text("email", &mut fields.email, email);
        self.text("phone", &mut fields.phone, phone);
        self.text("notes", &mut fields.notes, long_text);
        self.address("physical", &mut fields.physical);
        self.address("billing", &mut fields.billing);
        self.set("customer_type", &mut fields.customer_type, customer_type);
        self.set("is_vip", &mut fields.is_vip, flag);
        self.set("internal_flags", &mut fields.internal_flags, json_object);
        self.set("on_my_way_notify_via", &mut fields.on_my_way_notify_via, notify_via);
        self.set("primary_service_location_uuid", &mut fields.primary_service_location_uuid, location);
    }

    /// The two names, which cannot be cleared.
    fn names(&mut self, fields: &mut CustomerFields) {
        let shown = [types::first_name(fields).to_owned(), types::last_name(fields).to_owned()];
        let targets = [("first_name", &mut fields.first_name), ("last_name", &mut fields.last_name)];
        for ((name, target), shown) in targets.into_iter().zip(shown) {
            match self.members.get(name) {
                None => {}
                Some(Value::String(text)) if *text == shown => {}
                Some(Value::String(text)) if text.trim().is_empty() => self.wrong(name, "must not be empty"),
                Some(Value::Null) => self.wrong(name, "must not be null"),
                Some(_) => self.text(name, target, line),
            }
        }
    }

    fn address(&mut self, prefix: &str, address: &mut Address) {
        self.text(&format!("{prefix}_address1"), &mut address.line1, line);
        self.text(&format!("{prefix}_address2"), &mut address.line2, line);
        self.text(&format!("{prefix}_city"), &mut address.city, line);
        self.text(&format!("{prefix}_state"), &mut address.state, state);
        self.text(&format!("{prefix}_zip"), &mut address.postal_code, zip);
    }

    /// Sets a text that may be empty.
    fn text(&mut self, name: &str, target: &mut Option<String>, rule: Rule) {
        match self.members.get(name) {
            None => {}
            Some(Value::Null) => *target = None,
            Some(Value::String(text)) if Some(text) == target.as_ref() => {}
            Some(Value::String(text)) if text.trim().is_empty() => *target = None,
            Some(Value::String(text)) => match rule(text.trim()) {
                Ok(value) => *target = Some(value),
                Err(message) => self.wrong(name, message),
            },
            Some(_) => self.wrong(name, "must be a text or null"),
        }
    }

    /// Sets what is not a text; `null` brings back what a new customer has.
    fn set<T: Default>(&mut self, name: &str, target: &mut T, read: fn(&Value) -> Result<T, String>) {
        match self.members.get(name) {
            None => {}
            Some(Value::Null) => *target = T::default(),
            Some(value) => match read(value) {
                Ok(value) => *target = value,
                Err(message) => self.wrong(name, message),
            },
        }
    }

    fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.wrong.push(FieldError::new(name, message));
    }

    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong.field == name)
    }
}

/// Ten digits in any punctuation, with or without the country code 1, kept as `206-555-1234`.
fn phone(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let punctuated = text.chars().all(|c| c.is_ascii_digit() || " -.()/+".contains(c));
    let ten = match digits.len() {
        11 => digits.strip_prefix('1'),
        _ => Some(digits.as_str()),
    };
    match ten.filter(|ten| punctuated && ten.len() == 10) {
        Some(ten) => Ok(format!("{}-{}-{}", &ten[..3], &ten[3..6], &ten[6..])),
        None => Err("must be ten digits, such as 206-555-1234".into()),
    }
}

/// A two-letter state is kept in capitals, anything else that can be a state or province as typed.
fn state(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_ascii_digit()) || text.chars().count() > 50 {
        return Err("must be a state, such as WA".into());
    }
    let two_letters = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    line(if two_letters { text.to_ascii_uppercase() } else { text.to_owned() }.as_str())
}

/// A nine-digit ZIP code is kept as `98101-1234`, anything else that can be a postal code as typed.
fn zip(text: &str) -> Result<String, String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits == 0 || text.chars().count() > 16 {
        return Err("must be a ZIP code, such as 98101 or 98101-1234".into());
    }
    if digits == 9 && text.len() == 9 {
        return Ok(format!("{}-{}", &text[..5], &text[5..]));
    }
    line(text)
}

fn customer_type(value: &Value) -> Result<CustomerType, String> {
    let text = value.as_str().unwrap_or_default().trim();
    text.parse().map_err(|e: UnknownVariant| e.to_string())
}

/// The document calls it a string that is a boolean: both are taken.
fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

/// A JSON object, or the text of one.
fn json_object(value: &Value) -> Result<Option<Value>, String> {
    let wrong = || "must be a JSON object".to_owned();
    let object = match value {
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => serde_json::from_str(text).map_err(|_| wrong())?,
        other => other.clone(),
    };
    if !object.is_object() {
        return Err(wrong());
    }
    within(&object.to_string(), MAX_TEXT)?;
    Ok(Some(object))
}

fn notify_via(value: &Value) -> Result<Option<NotifyVia>, String> {
    match value.as_str().map(str::trim) {
        Some("") => Ok(None),
        text => text
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or_else(|| "must be email, sms, both or null".into()),
    }
}

fn location(value: &Value) -> Result<Option<Uuid>, String> {
    match value.as_str().map(str::trim) {
        Some("") => Ok(None),
        Some(text) if text.len() == 36 => {
            Uuid::try_parse(text).map(Some).map_err(|_| "must be a UUID or null".into())
        }
        _ => Err("must be a UUID or null".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn wrong_fields(result: Result<CustomerFields>) -> Vec<String> {
        match result {
            Err(Error::Invalid(fields)) => fields.into_iter().map(|f| f.field).collect(),
            other => panic!("expected wrong fields, got {other:?}"),
        }
    }

    #[track_caller]
    fn check_phone(text: &str, expected: Option<&str>) {
        assert_eq!(phone(text).ok().as_deref(), expected);
    }

    #[test]
    fn phones_are_ten_digits_in_any_punctuation() {
        check_phone("206-555-1234", Some("206-555-1234"));
        check_phone("(206) 555 1234", Some("206-555-1234"));
        check_phone("+1 206.555.1234", Some("206-555-1234"));
        check_phone("12065551234", Some("206-555-1234"));
        for wrong in
            ["555-0123", "206-555-12345", "22065551234", "206-555-1234 x5", "+55 (12) 3923-5555", "none"]
        {
            check_phone(wrong, None);
        }
    }

    #[test]
    fn a_new_customer_needs_both_names() {
        assert_eq!(wrong_fields(CustomerInput(&members(json!({}))).create()), ["first_name", "last_name"]);
        let blank = members(json!({"first_name": "  ", "last_name": null}));
        assert_eq!(wrong_fields(CustomerInput(&blank).create()), ["first_name", "last_name"]);
    }

    #[test]
    fn every_wrong_member_is_named_at_once() {
        let body = members(json!({
            "first_name": 1, "last_name": "Doe", "email": "nobody", "phone": "123", "customer_type": "Pool",
            "is_vip": "maybe", "internal_flags": "[]", "on_my_way_notify_via": "pigeon", "physical_state": "98101",
            "billing_zip": "none", "primary_service_location_uuid": "x", "notes": 5, "unknown": {},
        }));
        assert_eq!(
            wrong_fields(CustomerInput(&body).create()),
            [
                "first_name",
                "email",
                "phone",
                "notes",
                "physical_state",
                "billing_zip",
                "customer_type",
                "is_vip",
                "internal_flags",
                "on_my_way_notify_via",
                "primary_service_location_uuid",
            ]
        );
    }

    #[test]
    fn absent_keeps_and_null_clears() {
        let before = CustomerFields {
            first_name: Some("John".into()),
            last_name: Some("Doe".into()),
            email: Some("john@example.com".into()),
            notes: Some("n".into()),
            is_vip: true,
            ..CustomerFields::default()
        };
        let body = members(
            json!({"notes": null, "email": "", "is_vip": null, "uuid": "ignored", "deleted_at": null}),
        );
        let after = CustomerInput(&body).apply(before.clone()).unwrap();
        assert_eq!(after, CustomerFields { notes: None, email: None, is_vip: false, ..before });
    }

    #[test]
    fn what_other_dialects_wrote_can_be_sent_back() {
        let before = CustomerFields {
            company_name: Some("Embraer".into()),
            phone: Some("+55 (12) 3923-5555".into()),
            ..CustomerFields::default()
        };
        let body = members(json!({"first_name": "", "last_name": "Embraer", "phone": "+55 (12) 3923-5555"}));
        assert_eq!(CustomerInput(&body).apply(before.clone()).unwrap(), before);
    }

    #[test]
    fn strings_that_the_document_calls_booleans_and_json_are_read() {
        let body = members(json!({
            "first_name": "J", "last_name": "D", "is_vip": "true", "internal_flags": "{\"a\":1}",
            "customer_type": "commercial", "on_my_way_notify_via": "SMS", "physical_state": "wa", "physical_zip": "981011234",
        }));
        let fields = CustomerInput(&body).create().unwrap();
        assert!(fields.is_vip);
        assert_eq!(fields.internal_flags, Some(json!({"a": 1})));
        assert_eq!(fields.customer_type, CustomerType::Commercial);
        assert_eq!(fields.on_my_way_notify_via, Some(NotifyVia::Sms));
        assert_eq!(fields.physical.state.as_deref(), Some("WA"));
        assert_eq!(fields.physical.postal_code.as_deref(), Some("98101-1234"));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_rule_panic(text in "\\PC{0,40}") {
            for rule in [line as Rule, long_text, email, phone, state, zip] {
                let _either_way = rule(text.trim());
            }
        }
    }
}
