//! Customer inputs: what clients of this dialect send for a customer.
//!
//! - Absent fields keep their value; `null` and `""` clear it. An address keeps the parts that are absent.
//! - A field equal to its current value is not a change and is not validated, so a client can send back what it read.
//! - The member `company` of `custom` is the organisation's name. If it is absent, the name stays.

use async_graphql::{InputObject, MaybeUndefined, Value};

use clientele_functions_common::form::{FormErrors, Member, Spacing};
use clientele_functions_graphql::input::member;
use clientele_shared::model::{Address, CustomerFields, JsonObject};
use clientele_shared::rules::text::{Rule, email, is_blank, line, long_text};
use clientele_shared::{Error, Result};

use crate::types::{CustomFields, company, custom_without_company};

/// The argument that holds a customer.
const NODE: &str = "node";

/// An address. Absent parts keep their value; `null` clears it.
#[derive(Debug, Clone, Default, InputObject)]
#[graphql(rename_fields = "snake_case")]
pub(crate) struct InputAddress {
    /// Street and house number.
    #[graphql(name = "line1")]
    line1: MaybeUndefined<String>,
    /// Floor, suite or building.
    #[graphql(name = "line2")]
    line2: MaybeUndefined<String>,
    /// City.
    city: MaybeUndefined<String>,
    /// District of the city.
    area: MaybeUndefined<String>,
    /// Country.
    country: MaybeUndefined<String>,
    /// The recipient's first name.
    first_name: MaybeUndefined<String>,
    /// The recipient's last name.
    last_name: MaybeUndefined<String>,
    /// Postal code.
    zip: MaybeUndefined<String>,
    /// State or province.
    state: MaybeUndefined<String>,
    /// The recipient's email address.
    email: MaybeUndefined<String>,
    /// The recipient's phone number, stored as entered.
    phone: MaybeUndefined<String>,
}

/// A new customer.
#[derive(Debug, InputObject)]
#[graphql(rename_fields = "snake_case")]
pub(crate) struct InputCustomer {
    /// Email address. Cannot be empty.
    email: String,
    /// Primary phone number, stored as entered.
    phone: String,
    /// First name.
    first_name: String,
    /// Last name.
    last_name: String,
    /// Whether the customer has agreed to marketing.
    accepts_marketing: bool,
    /// Names of the tags, at most 100. Tags that do not exist are created.
    tags: Vec<String>,
    /// Where goods are sent.
    shipping_address: MaybeUndefined<InputAddress>,
    /// Where invoices are sent.
    billing_address: MaybeUndefined<InputAddress>,
    /// Internal notes.
    notes: MaybeUndefined<String>,
    /// Free-form fields by name. An organisation's name is the field `company`.
    custom: MaybeUndefined<CustomFields>,
}

/// Changes to a customer. Absent fields keep their value; `null` clears it.
#[derive(Debug, InputObject)]
#[graphql(rename_fields = "snake_case")]
pub(crate) struct InputUpdateCustomer {
    /// Email address.
    email: MaybeUndefined<String>,
    /// Primary phone number, stored as entered.
    phone: MaybeUndefined<String>,
    /// First name.
    first_name: MaybeUndefined<String>,
    /// Last name.
    last_name: MaybeUndefined<String>,
    /// Whether the customer has agreed to marketing.
    accepts_marketing: MaybeUndefined<bool>,
    /// Internal notes.
    notes: MaybeUndefined<String>,
    /// Where goods are sent.
    shipping_address: MaybeUndefined<InputAddress>,
    /// Where invoices are sent.
    billing_address: MaybeUndefined<InputAddress>,
    /// Free-form fields by name, which replace all others. An organisation's name is the field `company`.
    custom: MaybeUndefined<CustomFields>,
    /// Names of the tags, at most 100, which replace all others. Tags that do not exist are created.
    pub(crate) tags: MaybeUndefined<Vec<String>>,
}

impl From<InputCustomer> for InputUpdateCustomer {
    fn from(input: InputCustomer) -> Self {
        Self {
            email: MaybeUndefined::Value(input.email),
            phone: MaybeUndefined::Value(input.phone),
            first_name: MaybeUndefined::Value(input.first_name),
            last_name: MaybeUndefined::Value(input.last_name),
            accepts_marketing: MaybeUndefined::Value(input.accepts_marketing),
            notes: input.notes,
            shipping_address: input.shipping_address,
            billing_address: input.billing_address,
            custom: input.custom,
            tags: MaybeUndefined::Value(input.tags),
        }
    }
}

impl InputUpdateCustomer {
    /// Returns the fields of a new customer, without its tags.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] naming every field that is wrong.
    pub(crate) fn create(&self) -> Result<CustomerFields> {
        let mut errors = FormErrors::nested(NODE);
        let mut fields = CustomerFields::default();
        self.fill(&mut errors, &mut fields);
        if fields.email.is_none() && !errors.has("email") {
            errors.add("email", "is required");
        }
        errors.finish(fields)
    }

    /// Returns a customer's fields after the change, without that of its tags.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] naming every field that is wrong, or if the change would clear the only name or email
    /// address that the customer has.
    pub(crate) fn apply(&self, mut fields: CustomerFields) -> Result<CustomerFields> {
        let lacked_identity = lacks_identity(&fields);
        let mut errors = FormErrors::nested(NODE);
        self.fill(&mut errors, &mut fields);
        let fields = errors.finish(fields)?;
        if lacks_identity(&fields) && !lacked_identity {
            let message = "must leave the customer with at least one of email, first_name, last_name and custom.company";
            return Err(Error::invalid(NODE, message));
        }
        Ok(fields)
    }

    fn fill(&self, errors: &mut FormErrors, fields: &mut CustomerFields) {
        let mut set = |name, value, target: &mut Option<String>, rule: Rule, spacing| {
            errors.text(name, member(value), target, (rule, spacing));
        };
        set("email", &self.email, &mut fields.email, email, Spacing::Trimmed);
        set("phone", &self.phone, &mut fields.phone, line, Spacing::Kept);
        set("first_name", &self.first_name, &mut fields.first_name, line, Spacing::Trimmed);
        set("last_name", &self.last_name, &mut fields.last_name, line, Spacing::Trimmed);
        set("notes", &self.notes, &mut fields.notes, long_text, Spacing::Trimmed);
        match self.accepts_marketing {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => fields.accepts_marketing = false,
            MaybeUndefined::Value(accepts) => fields.accepts_marketing = accepts,
        }
        set_address(errors, "shipping_address", &self.shipping_address, &mut fields.physical);
        set_address(errors, "billing_address", &self.billing_address, &mut fields.billing);
        match &self.custom {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => fields.custom = None,
            MaybeUndefined::Value(custom) => set_custom(errors, custom, fields),
        }
    }
}

fn set_address(
    errors: &mut FormErrors,
    name: &str,
    input: &MaybeUndefined<InputAddress>,
    address: &mut Address,
) {
    let input = match input {
        MaybeUndefined::Undefined => return,
        MaybeUndefined::Null => return *address = Address::default(),
        MaybeUndefined::Value(input) => input,
    };
    let mut own = FormErrors::nested(&format!("{NODE}.{name}"));
    let mut set = |name, value, target: &mut Option<String>, rule: Rule, spacing| {
        own.text(name, member(value), target, (rule, spacing));
    };
    set("line1", &input.line1, &mut address.line1, line, Spacing::Trimmed);
    set("line2", &input.line2, &mut address.line2, line, Spacing::Trimmed);
    set("city", &input.city, &mut address.city, line, Spacing::Trimmed);
    set("area", &input.area, &mut address.area, line, Spacing::Trimmed);
    set("country", &input.country, &mut address.country, line, Spacing::Trimmed);
    set("first_name", &input.first_name, &mut address.first_name, line, Spacing::Trimmed);
    set("last_name", &input.last_name, &mut address.last_name, line, Spacing::Trimmed);
    set("zip", &input.zip, &mut address.postal_code, line, Spacing::Trimmed);
    set("state", &input.state, &mut address.state, line, Spacing::Trimmed);
    set("email", &input.email, &mut address.email, email, Spacing::Trimmed);
    set("phone", &input.phone, &mut address.phone, line, Spacing::Kept);
    errors.absorb(own);
}

fn set_custom(errors: &mut FormErrors, custom: &CustomFields, fields: &mut CustomerFields) {
    let name = match company(custom) {
        None => Member::Absent,
        Some(Value::Null) => Member::Null,
        Some(Value::String(name)) => Member::Text(name),
        Some(_) => Member::Other,
    };
    let mut own = FormErrors::nested(&format!("{NODE}.custom"));
    own.text("company", name, &mut fields.company_name, (line, Spacing::Trimmed));
    errors.absorb(own);
    let json = match serde_json::to_string(&custom_without_company(custom)) {
        Ok(json) => json,
        Err(_) => return errors.add("custom", "must be a JSON object"),
    };
    if fields.custom.as_ref().is_some_and(|custom| custom.as_str() == json) {
        return;
    }
    match JsonObject::parse(&json) {
        Ok(custom) => fields.custom = Some(custom).filter(|custom| custom.as_str() != "{}"),
        Err(error) => errors.add("custom", error.to_string()),
    }
}

/// Returns whether a customer has neither a name nor an email address.
fn lacks_identity(fields: &CustomerFields) -> bool {
    fields.email.is_none() && is_blank(&fields.full_name())
}
