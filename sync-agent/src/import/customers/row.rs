//! Conversion of a row to a customer: every value is checked, and every invalid one reported.

use std::str::FromStr;

use clientele_shared::Error;
use clientele_shared::error::FieldError;
use clientele_shared::model::{
    Address, CustomerFields, CustomerType, JsonObject, Percentage, PercentageError, Timestamp, UnknownVariant,
};
use clientele_shared::rules::size;
use csv::StringRecord;

use super::contacts::{self, NewContact};
use super::fields::Field;
use super::merge::{FieldSet, is_nameless};
use super::tag_cell::tags;
use crate::import::cells::{Cells, amount, boolean, timestamp};
use crate::import::field::ImportField as _;
use crate::import::import_kind::ReadRules;
use crate::import::mapping::Mapping;

/// Maximum length of the notes, in characters.
const MAX_NOTES: usize = 20_000;

/// A customer as a row describes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowCustomer {
    /// The customer's fields, without tags.
    pub(super) fields: CustomerFields,
    /// Names of the customer's tags. Their ids are known once the tags exist.
    pub(super) tags: Vec<String>,
    /// The person that the row names next to first and last name, who is one of the customer's contacts.
    pub(super) person: Option<NewContact>,
    /// The fields whose cells are not empty.
    pub(super) filled: FieldSet,
}

/// The reason why a row without any name is rejected.
pub(super) const NAMELESS: &str = "has no first name, last name, company or email; provide at least one";

/// Reads a row that has as many cells as the header. Only a row of a customer that exists can be without any name
/// (`can_be_nameless`).
pub(super) fn customer(
    mapping: &Mapping<Field>,
    record: &StringRecord,
    rules: ReadRules,
    can_be_nameless: bool,
) -> Result<RowCustomer, Vec<FieldError>> {
    let mut cells = Cells::new(mapping, record, rules.unguard);
    let filled = Field::all().filter(|field| cells.cell(*field).is_some()).collect();
    let (fields, person) = cells.customer(rules.now);
    // An export has customers without any name if they are stored.
    if is_nameless(&fields) && !can_be_nameless && !cells.is_export() {
        cells.reject_row(NAMELESS);
    }
    let tags = cells.parse(Field::Tags, tags).unwrap_or_default();
    let row = cells.finish(Some(RowCustomer { fields, tags, person, filled }))?;
    match size::check(&row.fields) {
        Err(Error::Invalid(errors)) => Err(errors),
        _ => Ok(row),
    }
}

/// Returns the row's id in its source, if it has one.
pub(super) fn id<'a>(mapping: &'a Mapping<Field>, record: &'a StringRecord) -> Option<&'a str> {
    let cell = record.get(mapping.column(Field::Id)?)?.trim();
    (!cell.is_empty()).then_some(cell)
}

impl Cells<'_, Field> {
    fn customer(&mut self, now: Timestamp) -> (CustomerFields, Option<NewContact>) {
        self.reject_deleted();
        let company_name = self.text(Field::CompanyName);
        let Person { first_name, last_name, contact } = self.person();
        let stored = self.parse(Field::Contacts, contacts::parse).unwrap_or_default();
        let sequence = self.read(Field::ContactSequence, contacts::sequence).unwrap_or_default();
        let (contacts, contact_sequence) = contacts::with_new(stored, sequence, contact.as_ref(), now);
        let email = self.text(Field::Email);
        let default_type =
            if company_name.is_some() { CustomerType::Commercial } else { CustomerType::Residential };
        let fields = CustomerFields {
            first_name,
            last_name,
            company_name,
            email,
            phone: self.text(Field::Phone),
            mobile_phone: self.text(Field::MobilePhone),
            fax: self.text(Field::Fax),
            website: self.text(Field::Website),
            status: self.read(Field::Status, variant).unwrap_or_default(),
            customer_type: self.read(Field::CustomerType, variant).unwrap_or(default_type),
            is_vip: self.read(Field::IsVip, boolean).unwrap_or_default(),
            physical: self.physical(),
            billing: self.billing(),
            notes: self.text_up_to(Field::Notes, MAX_NOTES),
            contacts,
            contact_sequence,
            ..self.business()
        };
        (fields, contact)
    }

    /// Reads the fields that concern business with the customer.
    fn business(&mut self) -> CustomerFields {
        let since = self.read(Field::CustomerSince, timestamp);
        let created = self.read(Field::CreatedAt, timestamp);
        CustomerFields {
            quickbooks_id: self.text(Field::QuickbooksId),
            tax_id: self.text(Field::TaxId),
            payment_terms: self.text(Field::PaymentTerms),
            currency: self.text(Field::Currency),
            credit_limit: self.read(Field::CreditLimit, amount),
            discount_rate: self.read(Field::DiscountRate, percentage),
            preferred_shipping: self.text(Field::PreferredShipping),
            customer_since: since.or(created),
            internal_flags: self.parse(Field::InternalFlags, json_object),
            custom: self.parse(Field::Custom, json_object),
            accepts_marketing: self.read(Field::AcceptsMarketing, boolean).unwrap_or_default(),
            on_my_way_notify_via: self.read(Field::OnMyWayNotifyVia, variant),
            primary_service_location_uuid: self.read(Field::PrimaryServiceLocationUuid, |text| {
                text.parse().map_err(|_| "must be a UUID".into())
            }),
            ..CustomerFields::default()
        }
    }

    fn physical(&mut self) -> Address {
        Address {
            line1: self.text(Field::Street),
            line2: self.text(Field::Street2),
            city: self.text(Field::City),
            state: self.text(Field::State),
            postal_code: self.text(Field::ZipCode),
            country: self.text(Field::Country),
            area: self.text(Field::Area),
            first_name: self.text(Field::RecipientFirstName),
            last_name: self.text(Field::RecipientLastName),
            email: self.text(Field::RecipientEmail),
            phone: self.text(Field::RecipientPhone),
        }
    }

    fn billing(&mut self) -> Address {
        Address {
            line1: self.text(Field::BillingStreet),
            line2: self.text(Field::BillingStreet2),
            city: self.text(Field::BillingCity),
            state: self.text(Field::BillingState),
            postal_code: self.text(Field::BillingZipCode),
            country: self.text(Field::BillingCountry),
            area: self.text(Field::BillingArea),
            first_name: self.text(Field::BillingFirstName),
            last_name: self.text(Field::BillingLastName),
            email: self.text(Field::BillingEmail),
            phone: self.text(Field::BillingPhone),
        }
    }

    /// Reads the person's names. A full name that differs from the first and last name, or a name with a job
    /// title, is also stored as a contact, so that nothing is lost.
    fn person(&mut self) -> Person {
        let (first, last) = (self.text(Field::FirstName), self.text(Field::LastName));
        let (full, title) = (self.text(Field::FullName), self.text(Field::ContactTitle));
        let parts: Vec<&str> = [first.as_deref(), last.as_deref()].into_iter().flatten().collect();
        let joined = (!parts.is_empty()).then(|| parts.join(" "));
        let is_different = joined.is_some() && full.is_some() && joined != full;
        let contact = if title.is_some() || is_different { full.clone().or(joined.clone()) } else { None };
        if title.is_some() && contact.is_none() {
            self.reject(Field::ContactTitle, "needs a name; add the person's name or remove the title");
        }
        let contact = contact.map(|name| NewContact { name, title });
        let (first_name, last_name) = match full {
            Some(full) if joined.is_none() => split_name(&full),
            _ => (first, last),
        };
        Person { first_name, last_name, contact }
    }

    fn reject_deleted(&mut self) {
        if self.cell(Field::DeletedAt).is_some() {
            let name = self.name_of(Field::DeletedAt);
            let message = format!(
                "must be empty, because deleted customers are not imported; to import the customer anyway, \
                 ignore the column with --map \"{name}=-\""
            );
            self.reject(Field::DeletedAt, message);
        }
    }
}

struct Person {
    first_name: Option<String>,
    last_name: Option<String>,
    contact: Option<NewContact>,
}

/// Splits a full name into first and last name at its last space. A single word is a first name.
fn split_name(full: &str) -> (Option<String>, Option<String>) {
    match full.rsplit_once(char::is_whitespace) {
        Some((first, last)) => (Some(first.trim_end().to_owned()), Some(last.to_owned())),
        None => (Some(full.to_owned()), None),
    }
}

/// Parses the name of a variant, ignoring case.
fn variant<T: FromStr<Err = UnknownVariant>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: UnknownVariant| e.to_string())
}

fn json_object(text: &str) -> Result<JsonObject, String> {
    JsonObject::parse(text).map_err(|error| format!("{error}, such as {{\"gate\":\"4711\"}}"))
}

fn percentage(text: &str) -> Result<Percentage, String> {
    text.parse().map_err(|error: PercentageError| error.to_string())
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
