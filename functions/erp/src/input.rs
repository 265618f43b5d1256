//! Customer input: what clients of this dialect send for a customer. Every wrong field is reported.
//!
//! - Absent fields keep their value; `null` and `""` clear it. The name cannot be cleared. Unknown fields, and those that a
//!   client cannot set (`id`, the figures and the times), are ignored.
//! - A field equal to its current value is not a change and is not validated, so a client can PUT back what it got from
//!   GET, whichever dialect wrote it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use clientele_functions_common::form::{Form, flag};
use clientele_functions_common::request::{Request, values_of};
use clientele_shared::Result;
use clientele_shared::model::{Currency, CustomerFields, Date, Money, Status, Timestamp};
use clientele_shared::rules::text::{email, is_blank, line, long_text};

use crate::{address, contact, types};

/// The members that are amounts. They are read as they were written, because [`Value`] rounds numbers.
const AMOUNTS: [&str; 2] = ["credit_limit", "discount_rate"];

/// The longest payment terms, in days.
const MAX_NET_DAYS: u16 = 180;

/// 0001-01-01T00:00:00Z. Many clients cannot read the years before it.
const FIRST_YEAR: Timestamp = Timestamp::from_millis(-62_135_596_800_000);

/// A request body that sets a customer's fields.
#[derive(Debug)]
pub struct CustomerInput {
    body: Map<String, Value>,
    amounts: BTreeMap<String, String>,
}

impl CustomerInput {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](clientele_shared::Error::Invalid), naming the body, if it is not a JSON object.
    pub fn read(request: &Request) -> Result<Self> {
        let mut members = request.json_members()?;
        let amount = |name: &str| Some((name.to_owned(), members.remove(name)?.get().to_owned()));
        let amounts = AMOUNTS.into_iter().filter_map(amount).collect();
        Ok(Self { body: values_of(members)?, amounts })
    }

    /// Returns the fields of a customer that is created now.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](clientele_shared::Error::Invalid) naming every field that is wrong or missing.
    pub fn create(&self, now: Timestamp) -> Result<CustomerFields> {
        let mut form = Form::new(&self.body);
        let mut fields = CustomerFields::default();
        self.fill(&mut form, &mut fields, now);
        if fields.company_name.is_none() && !form.has_error("name") {
            form.add_error("name", "is required");
        }
        form.set("customer_since", &mut fields.customer_since, |value| moment(value).map(Some));
        form.finish(fields)
    }

    /// Returns a customer's fields after an update at this moment.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](clientele_shared::Error::Invalid) naming every field that is wrong.
    pub fn apply(&self, mut fields: CustomerFields, now: Timestamp) -> Result<CustomerFields> {
        let was_named = !types::name(&fields).is_empty();
        let mut form = Form::new(&self.body);
        self.fill(&mut form, &mut fields, now);
        if was_named && types::name(&fields).is_empty() {
            form.add_error("email", "must not be cleared for a customer who has no other name");
        }
        form.finish(fields)
    }

    fn fill(&self, form: &mut Form<'_>, fields: &mut CustomerFields, now: Timestamp) {
        set_name(form, fields);
        form.text("email", &mut fields.email, email);
        form.text("phone", &mut fields.phone, line);
        form.text("fax", &mut fields.fax, line);
        form.text("website", &mut fields.website, line);
        form.text("tax_id", &mut fields.tax_id, line);
        form.text("payment_terms", &mut fields.payment_terms, payment_terms);
        form.text("currency", &mut fields.currency, currency);
        form.text("preferred_shipping", &mut fields.preferred_shipping, line);
        form.text("notes", &mut fields.notes, long_text);
        address::replace(form, "billing_address", &mut fields.billing);
        address::replace(form, "shipping_address", &mut fields.physical);
        self.set_amount(form, "credit_limit", &mut fields.credit_limit);
        if fields.credit_limit.is_some_and(|limit| limit < Money::default()) {
            form.add_error("credit_limit", "must not be negative");
        }
        self.set_amount(form, "discount_rate", &mut fields.discount_rate);
        set_active(form, &mut fields.status);
        contact::replace_all(form, fields, now);
    }

    /// Sets an amount, which can be a number or a string that contains one.
    fn set_amount<T: FromStr<Err: Display>>(&self, form: &mut Form<'_>, name: &str, target: &mut Option<T>) {
        let Some(raw) = self.amounts.get(name) else { return };
        let text = match serde_json::from_str::<Value>(raw) {
            Ok(Value::Null) => return *target = None,
            Ok(Value::String(text)) if is_blank(&text) => return *target = None,
            Ok(Value::String(text)) => text,
            Ok(Value::Number(_)) => raw.clone(),
            // A number that is too large for a `Value`.
            Err(_) if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => raw.clone(),
            _ => return form.add_error(name, "must be a number or null"),
        };
        match text.parse() {
            Ok(amount) => *target = Some(amount),
            Err(error) => form.add_error(name, error.to_string()),
        }
    }
}

/// Sets the name: the organisation's, or the two names of a person that another dialect created.
fn set_name(form: &mut Form<'_>, fields: &mut CustomerFields) {
    match form.get("name") {
        None => {}
        Some(Value::String(text)) if is_blank(text) => form.add_error("name", "must not be empty"),
        Some(Value::String(text)) if *text == types::name(fields) => {}
        Some(Value::String(text)) => match line(text.trim()) {
            Ok(name) => rename(fields, name),
            Err(message) => form.add_error("name", message),
        },
        Some(Value::Null) => form.add_error("name", "must not be null"),
        Some(_) => form.add_error("name", "must be a string"),
    }
}

/// The last word of a person's new name is the family name. A name that would be read back differently names the
/// organisation.
fn rename(fields: &mut CustomerFields, name: String) {
    let is_person =
        fields.company_name.is_none() && (fields.first_name.is_some() || fields.last_name.is_some());
    let words =
        name.rsplit_once(' ').filter(|(first, last)| is_person && first.trim() == *first && !last.is_empty());
    match words {
        Some((first, last)) => {
            (fields.first_name, fields.last_name) = (Some(first.to_owned()), Some(last.to_owned()));
        }
        None => fields.company_name = Some(name),
    }
}

/// A lead that is set to inactive stays a lead.
fn set_active(form: &mut Form<'_>, status: &mut Status) {
    let mut is_active = None;
    form.set("is_active", &mut is_active, |value| flag(value).map(Some));
    match (is_active, *status) {
        (None, _) | (Some(false), Status::Lead) => {}
        (Some(true), _) => *status = Status::Active,
        (Some(false), _) => *status = Status::Inactive,
    }
}

fn payment_terms(text: &str) -> Result<String, String> {
    let terms = text.to_ascii_lowercase();
    let days = terms.strip_prefix("net_").filter(|days| days.bytes().all(|byte| byte.is_ascii_digit()));
    let days = days.filter(|days| !days.starts_with('0')).and_then(|days| days.parse().ok());
    let is_known = matches!(terms.as_str(), "due_on_receipt" | "prepaid");
    if is_known || days.is_some_and(|days| (1..=MAX_NET_DAYS).contains(&days)) {
        return Ok(terms);
    }
    Err(format!("must be due_on_receipt, prepaid, or net_ and a number of days up to {MAX_NET_DAYS}"))
}

fn currency(text: &str) -> Result<String, String> {
    let currency: Result<Currency, _> = text.to_ascii_uppercase().parse();
    currency.map(|currency| currency.to_string()).map_err(|error| error.to_string())
}

fn moment(value: &Value) -> Result<Timestamp, String> {
    let text = value.as_str().unwrap_or_default().trim();
    let start_of_day = || Timestamp::from_rfc3339(&format!("{}T00:00:00Z", text.parse::<Date>().ok()?));
    Timestamp::from_rfc3339(text)
        .or_else(start_of_day)
        .filter(|moment| *moment >= FIRST_YEAR)
        .ok_or_else(|| "must be a date or a time, such as 2024-01-15 or 2024-01-15T10:30:00Z".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use clientele_shared::Error;
    use clientele_shared::model::Address;
    use clientele_shared::rules::text::Rule;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn input(body: &str) -> CustomerInput {
        let mut inner = lambda_http::Request::default();
        *inner.body_mut() = lambda_http::Body::from(body);
        CustomerInput::read(&Request::new(inner)).unwrap()
    }

    fn person() -> CustomerFields {
        let text = |text: &str| Some(text.to_owned());
        CustomerFields { first_name: text("Ann"), last_name: text("Lee"), ..CustomerFields::default() }
    }

    #[track_caller]
    fn check_wrong(body: &str, expected: &[&str]) {
        let Err(Error::Invalid(fields)) = input(body).create(NOW) else { panic!("{body} was accepted") };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), expected, "{body}");
    }

    #[test]
    fn every_wrong_field_is_reported() {
        check_wrong("{}", &["name"]);
        check_wrong(
            r#"{"name": 1, "email": "x", "payment_terms": "net_181", "currency": "dollars", "billing_address": [],
                "shipping_address": {"country": "Brazil", "city": 5}, "credit_limit": -1, "discount_rate": 101,
                "is_active": "maybe", "contacts": [{}], "customer_since": "2024-02-30"}"#,
            &[
                "name",
                "email",
                "payment_terms",
                "currency",
                "billing_address",
                "shipping_address.city",
                "shipping_address.country",
                "credit_limit",
                "discount_rate",
                "is_active",
                "contacts[0].name",
                "customer_since",
            ],
        );
    }

    #[test]
    fn amounts_are_read_to_the_cent() {
        for (text, expected) in
            [("10000", "10000.00"), ("0.1", "0.10"), ("\"12.50\"", "12.50"), ("1e3", "1000.00")]
        {
            let fields = input(&format!(r#"{{"name": "X", "credit_limit": {text}}}"#)).create(NOW).unwrap();
            assert_eq!(fields.credit_limit.unwrap().to_string(), expected);
        }
        for wrong in ["1e400", "10.005", "\"abc\"", "-0.01", "true", "[1]", "\"NaN\"", "1000000000000"] {
            check_wrong(&format!(r#"{{"name": "X", "credit_limit": {wrong}}}"#), &["credit_limit"]);
        }
        let cleared = CustomerFields { credit_limit: Some(Money::from_cents(5)), ..person() };
        assert_eq!(input(r#"{"credit_limit": null}"#).apply(cleared, NOW).unwrap(), person());
    }

    #[track_caller]
    fn check_rename(
        before: CustomerFields,
        name: &str,
        expected: (Option<&str>, Option<&str>, Option<&str>),
    ) {
        let after = input(&json!({ "name": name }).to_string()).apply(before, NOW).unwrap();
        let found = (after.first_name.as_deref(), after.last_name.as_deref(), after.company_name.as_deref());
        assert_eq!(found, expected);
        assert_eq!(types::name(&after), name);
    }

    #[test]
    fn new_name_is_read_back_as_it_was_put() {
        check_rename(person(), "Ann Lee", (Some("Ann"), Some("Lee"), None));
        check_rename(person(), "Ann de la Cruz", (Some("Ann de la"), Some("Cruz"), None));
        check_rename(person(), "Acme", (Some("Ann"), Some("Lee"), Some("Acme")));
        check_rename(person(), "Ann  Lee", (Some("Ann"), Some("Lee"), Some("Ann  Lee")));
        let company = CustomerFields { company_name: Some("Acme".into()), ..CustomerFields::default() };
        check_rename(company, "Acme Corp Ltd", (None, None, Some("Acme Corp Ltd")));
        let nameless = CustomerFields { email: Some("a@b.c".into()), ..CustomerFields::default() };
        check_rename(nameless.clone(), "a@b.c", (None, None, None));
        check_rename(nameless, "New Name", (None, None, Some("New Name")));
    }

    #[test]
    fn address_is_replaced_as_a_whole_unless_it_is_sent_back() {
        let text = |text: &str| Some(text.to_owned());
        let before = Address {
            line1: text("1 Rd"),
            country: text("Brazil"),
            area: text("Old Town"),
            ..Address::default()
        };
        let fields = CustomerFields { billing: before.clone(), ..person() };
        let put = |body: &str| {
            input(&format!(r#"{{"billing_address": {body}}}"#)).apply(fields.clone(), NOW).unwrap().billing
        };
        assert_eq!(put(r#"{"line1": "1 Rd", "country": "Brazil"}"#), before);
        assert_eq!(put(r#"{"line1": "1 Rd"}"#), Address { line1: text("1 Rd"), ..Address::default() });
        assert_eq!(
            put(r#"{"city": "Rio", "country": "br"}"#),
            Address { city: text("Rio"), country: text("BR"), ..Address::default() }
        );
        assert_eq!(put("null"), Address::default());
    }

    #[test]
    fn lead_stays_a_lead_until_it_becomes_active() {
        for (before, is_active, after) in [
            (Status::Lead, false, Status::Lead),
            (Status::Lead, true, Status::Active),
            (Status::Active, false, Status::Inactive),
            (Status::Inactive, true, Status::Active),
        ] {
            let fields = CustomerFields { status: before, ..person() };
            let put = input(&json!({ "is_active": is_active }).to_string()).apply(fields, NOW).unwrap();
            assert_eq!(put.status, after);
        }
    }

    #[test]
    fn payment_terms_are_named_or_a_number_of_days() {
        for (text, expected) in [
            ("NET_30", Some("net_30")),
            ("net_1", Some("net_1")),
            ("net_180", Some("net_180")),
            ("Prepaid", Some("prepaid")),
        ] {
            assert_eq!(payment_terms(text).ok().as_deref(), expected);
        }
        for wrong in ["net_0", "net_030", "net_", "net_+5", "net_181", "net30", "cod"] {
            assert!(payment_terms(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_begin_with_the_first_year() {
        for (text, expected) in [
            ("0001-01-01", Some("0001-01-01T00:00:00Z")),
            ("2024-01-15", Some("2024-01-15T00:00:00Z")),
            ("0000-12-31T23:59:59.999Z", None),
            ("0001-01-01T00:00:00+00:01", None),
            ("-000001-01-01T00:00:00Z", None),
        ] {
            let read = moment(&json!(text)).ok();
            assert_eq!(read.map(Timestamp::to_rfc3339_seconds).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn rules_never_panic(text in "\\PC{0,40}") {
            for rule in [payment_terms as Rule, currency] {
                let _either_way = rule(&text);
            }
            let _either_way = moment(&Value::String(text));
        }
    }
}
