//! Customer input: what clients of this dialect send for a customer. Every wrong field is reported.
//!
//! - Absent fields keep their value; `null` and `""` clear it. The two names cannot be cleared. `customer_type`
//!   and `is_vip` accept `null`, which restores the default, but not `""`. Unknown fields, `uuid` and the three
//!   times are ignored.
//! - A field equal to its current value is not a change and is not validated, so a client can PUT back what
//!   it got from GET, whichever dialect wrote it.

use serde_json::{Map, Value};
use uuid::Uuid;

use clientele_functions_common::Request;
use clientele_functions_common::form::{Form, flag};
use clientele_functions_common::request::values_of;
use clientele_shared::Result;
use clientele_shared::model::{Address, CustomerFields, CustomerType, JsonObject, NotifyVia, UnknownVariant};
use clientele_shared::rules::text::{MAX_TEXT, email, is_blank, line, long_text, within};

use crate::types;

/// A request body that sets a customer's fields.
pub struct CustomerInput {
    body: Map<String, Value>,
    /// The member `internal_flags` as it was written, because [`Value`] rounds numbers.
    internal_flags: Option<String>,
}

impl CustomerInput {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](clientele_shared::Error::Invalid), naming the body, if it is not a JSON object.
    pub fn read(request: &Request) -> Result<Self> {
        let members = request.json_members()?;
        let internal_flags = members.get("internal_flags").map(|raw| raw.get().to_owned());
        Ok(Self::new(values_of(members)?, internal_flags))
    }

    pub(crate) fn new(body: Map<String, Value>, internal_flags: Option<String>) -> Self {
        Self { body, internal_flags }
    }

    /// Returns the fields of a new customer.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](clientele_shared::Error::Invalid) naming every field that is wrong or missing.
    pub fn create(&self) -> Result<CustomerFields> {
        let mut form = Form::new(&self.body);
        let mut fields = CustomerFields::default();
        fill(&mut form, self.internal_flags.as_deref(), &mut fields);
        for (name, value) in [("first_name", &fields.first_name), ("last_name", &fields.last_name)] {
            if value.is_none() && !form.has_error(name) {
                form.add_error(name, "is required");
            }
        }
        form.finish(fields)
    }

    /// Returns a customer's fields after an update.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](clientele_shared::Error::Invalid) naming every field that is wrong.
    pub fn apply(&self, mut fields: CustomerFields) -> Result<CustomerFields> {
        let mut form = Form::new(&self.body);
        fill(&mut form, self.internal_flags.as_deref(), &mut fields);
        form.finish(fields)
    }
}

/// Sets the fields of a customer.
fn fill(form: &mut Form<'_>, internal_flags: Option<&str>, fields: &mut CustomerFields) {
    set_names(form, fields);
    form.text("company_name", &mut fields.company_name, line);
    form.text("email", &mut fields.email, email);
    form.text("phone", &mut fields.phone, phone);
    form.text("notes", &mut fields.notes, long_text);
    set_address(form, "physical", &mut fields.physical);
    set_address(form, "billing", &mut fields.billing);
    form.set("customer_type", &mut fields.customer_type, customer_type);
    // The trades API documents the type as string but uses booleans, so both are accepted.
    form.set("is_vip", &mut fields.is_vip, flag);
    set_internal_flags(form, internal_flags, &mut fields.internal_flags);
    form.set("on_my_way_notify_via", &mut fields.on_my_way_notify_via, notify_via);
    form.set("primary_service_location_uuid", &mut fields.primary_service_location_uuid, location);
}

/// Sets the two names, which cannot be cleared.
fn set_names(form: &mut Form<'_>, fields: &mut CustomerFields) {
    let shown = [types::first_name(fields).to_owned(), types::last_name(fields).to_owned()];
    let targets = [("first_name", &mut fields.first_name), ("last_name", &mut fields.last_name)];
    for ((name, target), shown) in targets.into_iter().zip(shown) {
        match form.get(name) {
            None => {}
            Some(Value::String(text)) if *text == shown => {}
            Some(Value::String(text)) if is_blank(text) => form.add_error(name, "must not be empty"),
            Some(Value::Null) => form.add_error(name, "must not be null"),
            Some(_) => form.text(name, target, line),
        }
    }
}

fn set_address(form: &mut Form<'_>, prefix: &str, address: &mut Address) {
    form.text(&format!("{prefix}_address1"), &mut address.line1, line);
    form.text(&format!("{prefix}_address2"), &mut address.line2, line);
    form.text(&format!("{prefix}_city"), &mut address.city, line);
    form.text(&format!("{prefix}_state"), &mut address.state, state);
    form.text(&format!("{prefix}_zip"), &mut address.postal_code, zip);
}

/// Sets the JSON object, which the trades API documents as a string: it can be sent as either.
fn set_internal_flags(form: &mut Form<'_>, raw: Option<&str>, target: &mut Option<JsonObject>) {
    let name = "internal_flags";
    let text = match form.get(name) {
        None => return,
        Some(Value::Null) => return *target = None,
        Some(Value::String(text)) if is_blank(text) => return *target = None,
        Some(Value::String(text)) => text.as_str(),
        Some(_) => raw.unwrap_or_default(),
    };
    if target.as_ref().is_some_and(|target| target.as_str() == text) {
        return;
    }
    let checked = within(text, MAX_TEXT).and_then(|text| JsonObject::parse(&text).map_err(|e| e.to_string()));
    match checked {
        Ok(object) => *target = Some(object),
        Err(message) => form.add_error(name, message),
    }
}

/// Formats a phone number as `206-555-1234`. Accepts ten digits with any punctuation, with or without the
/// country code 1.
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

/// Converts a two-letter state to upper case. Anything else that could be a state or province is stored as
/// entered.
fn state(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_ascii_digit()) || text.chars().count() > 50 {
        return Err("must be a state, such as WA".into());
    }
    let two_letters = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    line(if two_letters { text.to_ascii_uppercase() } else { text.to_owned() }.as_str())
}

/// Formats a nine-digit ZIP code as `98101-1234`. Anything else that could be a postal code is stored as
/// entered.
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

    use clientele_shared::Error;
    use clientele_shared::rules::text::Rule;

    use super::*;

    fn input(body: Value) -> CustomerInput {
        let internal_flags = body.get("internal_flags").map(Value::to_string);
        CustomerInput::new(body.as_object().cloned().unwrap(), internal_flags)
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
    fn phone_accepts_ten_digits_with_any_punctuation() {
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
    fn new_customer_requires_both_names() {
        assert_eq!(wrong_fields(input(json!({})).create()), ["first_name", "last_name"]);
        let blank = json!({"first_name": "  ", "last_name": null});
        assert_eq!(wrong_fields(input(blank).create()), ["first_name", "last_name"]);
    }

    #[test]
    fn every_wrong_field_is_reported() {
        let body = json!({
            "first_name": 1, "last_name": "Doe", "email": "john", "phone": "123", "customer_type": "Pool",
            "is_vip": "maybe", "internal_flags": "[]", "on_my_way_notify_via": "pigeon", "physical_state": "98101",
            "billing_zip": "none", "primary_service_location_uuid": "x", "notes": 5, "unknown": {},
        });
        assert_eq!(
            wrong_fields(input(body).create()),
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
    fn absent_fields_are_kept_and_null_clears() {
        let before = CustomerFields {
            first_name: Some("John".into()),
            last_name: Some("Doe".into()),
            email: Some("john@example.com".into()),
            notes: Some("n".into()),
            is_vip: true,
            ..CustomerFields::default()
        };
        let body = json!({"notes": null, "email": "", "is_vip": null, "uuid": "ignored", "deleted_at": null});
        let after = input(body).apply(before.clone()).unwrap();
        assert_eq!(after, CustomerFields { notes: None, email: None, is_vip: false, ..before });
    }

    #[test]
    fn values_from_other_dialects_can_be_sent_back() {
        let before = CustomerFields {
            company_name: Some("Embraer".into()),
            phone: Some("+55 (12) 3923-5555".into()),
            ..CustomerFields::default()
        };
        let body = json!({"first_name": "", "last_name": "Embraer", "phone": "+55 (12) 3923-5555"});
        assert_eq!(input(body).apply(before.clone()).unwrap(), before);
    }

    #[test]
    fn booleans_and_json_objects_can_be_strings() {
        let body = json!({
            "first_name": "J", "last_name": "D", "is_vip": "true", "internal_flags": "{\"a\":1}",
            "customer_type": "commercial", "on_my_way_notify_via": "SMS", "physical_state": "wa", "physical_zip": "981011234",
        });
        let fields = input(body).create().unwrap();
        assert!(fields.is_vip);
        assert_eq!(fields.internal_flags.unwrap().as_str(), "{\"a\":1}");
        assert_eq!(fields.customer_type, CustomerType::Commercial);
        assert_eq!(fields.on_my_way_notify_via, Some(NotifyVia::Sms));
        assert_eq!(fields.physical.state.as_deref(), Some("WA"));
        assert_eq!(fields.physical.postal_code.as_deref(), Some("98101-1234"));
    }

    proptest! {
        #[test]
        fn rules_never_panic(text in "\\PC{0,40}") {
            for rule in [line as Rule, long_text, email, phone, state, zip] {
                let _either_way = rule(text.trim());
            }
        }
    }
}
