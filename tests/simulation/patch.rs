//! Seeded values for a customer's fields, as each dialect sends them and as the record keeps them.

use serde_json::{Map, Value, json};

use clientele_shared::model::{CustomerFields, CustomerType, Status, TagId};

use super::rng::Rng;

/// A change of some fields of a customer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patch {
    first_name: Option<String>,
    last_name: Option<String>,
    /// The inner `None` clears the field; the same below.
    company_name: Option<Option<String>>,
    email: Option<Option<String>>,
    city: Option<Option<String>>,
    state: Option<Option<String>>,
    customer_type: Option<CustomerType>,
    is_vip: Option<bool>,
    status: Option<Status>,
    tag_ids: Option<Vec<TagId>>,
    notes: Option<String>,
}

const NAMES: [&str; 8] = ["Ann", "Anna", "Bob", "Åsa", "Lee", "Leeds", "O'Neil", "Zoë"];
const COMPANIES: [&str; 4] = ["Blue Pools", "Bluewater", "Leeds & Sons", "9 Lives"];
const EMAILS: [&str; 4] = ["ann@example.com", "bob@example.com", "lee@blue.example", "a.b@example.org"];
const CITIES: [&str; 3] = ["Seattle", "São Paulo", "Leeds"];
const STATES: [&str; 3] = ["WA", "OR", "CA"];

/// How many different long names there are.
const LONG_NAMES: usize = 4;

impl Patch {
    /// Returns the fields of a new customer, which is recognized by its notes.
    pub(crate) fn new_customer(rng: &mut Rng, long_names: usize, nonce: &str) -> Self {
        let mut patch = Self::change(rng, long_names);
        patch.first_name = Some(name(rng, long_names));
        patch.last_name = Some(name(rng, long_names));
        patch.notes = Some(nonce.to_owned());
        patch
    }

    /// Returns a change in the terms of the trades API.
    pub(crate) fn change(rng: &mut Rng, long_names: usize) -> Self {
        let mut patch = Self::default();
        for _ in 0..=rng.below(4) {
            match rng.below(8) {
                0 => patch.first_name = Some(name(rng, long_names)),
                1 => patch.last_name = Some(name(rng, long_names)),
                2 => patch.company_name = Some(some(rng, &COMPANIES)),
                3 => patch.email = Some(some(rng, &EMAILS)),
                4 => patch.city = Some(some(rng, &CITIES)),
                5 => patch.state = Some(some(rng, &STATES)),
                6 => patch.customer_type = Some(*rng.pick(&CustomerType::ALL)),
                _ => patch.is_vip = Some(rng.percent(50)),
            }
        }
        patch
    }

    /// Returns a change in the terms of the pool API.
    pub(crate) fn pool_change(rng: &mut Rng, tags: &[TagId]) -> Self {
        let mut patch = Self::default();
        for _ in 0..=rng.below(2) {
            match rng.below(4) {
                0 | 1 => patch.status = Some(*rng.pick(&Status::ALL)),
                2 => patch.tag_ids = Some(tags.iter().filter(|_| rng.percent(50)).cloned().collect()),
                _ => patch.city = Some(some(rng, &CITIES)),
            }
        }
        patch
    }

    /// Returns the same change without the fields that the pool API does not have.
    pub(crate) fn for_pool(self) -> Self {
        Self { customer_type: None, is_vip: None, ..self }
    }

    /// Returns the same change without an email.
    pub(crate) fn without_email(self) -> Self {
        Self { email: None, ..self }
    }

    /// Returns the email that the change sets.
    pub(crate) fn email(&self) -> Option<&str> {
        self.email.as_ref()?.as_deref()
    }

    /// Returns the fields after the change.
    pub(crate) fn apply(&self, mut fields: CustomerFields) -> CustomerFields {
        let set = |to: &Option<Option<String>>, field: &mut Option<String>| {
            if let Some(value) = to {
                field.clone_from(value);
            }
        };
        let present = |value: &Option<String>| value.clone().map(Some);
        set(&present(&self.first_name), &mut fields.first_name);
        set(&present(&self.last_name), &mut fields.last_name);
        set(&present(&self.notes), &mut fields.notes);
        set(&self.company_name, &mut fields.company_name);
        set(&self.email, &mut fields.email);
        set(&self.city, &mut fields.physical.city);
        set(&self.state, &mut fields.physical.state);
        fields.customer_type = self.customer_type.unwrap_or(fields.customer_type);
        fields.is_vip = self.is_vip.unwrap_or(fields.is_vip);
        fields.status = self.status.unwrap_or(fields.status);
        if let Some(tags) = &self.tag_ids {
            fields.tag_ids.clone_from(tags);
        }
        fields
    }

    /// Returns the body of a trades request.
    pub(crate) fn to_trades(&self) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        set("first_name", self.first_name.as_ref().map(|text| json!(text)));
        set("last_name", self.last_name.as_ref().map(|text| json!(text)));
        set("notes", self.notes.as_ref().map(|text| json!(text)));
        set("company_name", self.company_name.as_ref().map(|text| json!(text)));
        set("email", self.email.as_ref().map(|text| json!(text)));
        set("physical_city", self.city.as_ref().map(|text| json!(text)));
        set("physical_state", self.state.as_ref().map(|text| json!(text)));
        set("customer_type", self.customer_type.map(|kind| json!(kind.as_str())));
        set("is_vip", self.is_vip.map(|vip| json!(vip)));
        Value::Object(body)
    }

    /// Returns the input of a pool request.
    pub(crate) fn to_pool(&self) -> Value {
        let mut input = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                input.insert(name.to_owned(), value);
            }
        };
        set("firstName", self.first_name.as_ref().map(|text| json!(text)));
        set("lastName", self.last_name.as_ref().map(|text| json!(text)));
        set("notes", self.notes.as_ref().map(|text| json!(text)));
        set("companyName", self.company_name.as_ref().map(|text| json!(text)));
        set("email", self.email.as_ref().map(|text| json!(text)));
        set("city", self.city.as_ref().map(|text| json!(text)));
        set("state", self.state.as_ref().map(|text| json!(text)));
        set("status", self.status.map(|status| json!(status.as_str())));
        let tags = self.tag_ids.as_ref().map(|tags| tags.iter().map(TagId::as_str).collect::<Vec<_>>());
        set("tagIds", tags.map(|tags| json!(tags)));
        Value::Object(input)
    }
}

/// Returns a name. The terms of a long one fill several transactions.
fn name(rng: &mut Rng, long_names: usize) -> String {
    if rng.percent(long_names) {
        let name = rng.below(LONG_NAMES);
        let mut letters = Rng::for_step(0, name);
        let letter = |_| char::from(b'a' + (letters.next() % 26) as u8);
        return (0..110 + 45 * name).map(letter).collect();
    }
    (*rng.pick(&NAMES)).to_owned()
}

fn some(rng: &mut Rng, values: &[&str]) -> Option<String> {
    rng.percent(75).then(|| (*rng.pick(values)).to_owned())
}
