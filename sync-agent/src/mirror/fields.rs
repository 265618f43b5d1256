//! The mirrored fields of a customer, in one form for both sides.
//!
//! An absent field is empty. Texts are JSON strings, addresses are objects of their parts, `active` is a truth value.
//! Source of QuickBooks' names and lengths: Intuit's reference page of Customer.

use std::collections::BTreeMap;

use clientele_shared::model::{
    Address, Customer, CustomerFields, Deactivation, MirroredFields, Status, Timestamp,
};
use serde_json::{Map, Value};

use super::names;
use crate::quickbooks::Object;

/// A field that the mirror keeps equal on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the variants are named after the fields")]
pub enum Field {
    FirstName,
    LastName,
    CompanyName,
    Email,
    Phone,
    MobilePhone,
    Website,
    Notes,
    BillingAddress,
    ShippingAddress,
    Active,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 11] = [
        Self::FirstName,
        Self::LastName,
        Self::CompanyName,
        Self::Email,
        Self::Phone,
        Self::MobilePhone,
        Self::Website,
        Self::Notes,
        Self::BillingAddress,
        Self::ShippingAddress,
        Self::Active,
    ];

    /// Returns the name that commands and stored documents use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::CompanyName => "company_name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::MobilePhone => "mobile_phone",
            Self::Website => "website",
            Self::Notes => "notes",
            Self::BillingAddress => "billing_address",
            Self::ShippingAddress => "shipping_address",
            Self::Active => "active",
        }
    }

    /// Returns the field with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// Whether the field is an address.
    #[must_use]
    pub fn is_address(self) -> bool {
        matches!(self, Self::BillingAddress | Self::ShippingAddress)
    }

    /// Returns the name of the member in QuickBooks and, if the member is an object that holds one text, of its part.
    #[must_use]
    pub fn member(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::FirstName => ("GivenName", None),
            Self::LastName => ("FamilyName", None),
            Self::CompanyName => ("CompanyName", None),
            Self::Email => ("PrimaryEmailAddr", Some("Address")),
            Self::Phone => ("PrimaryPhone", Some("FreeFormNumber")),
            Self::MobilePhone => ("Mobile", Some("FreeFormNumber")),
            Self::Website => ("WebAddr", Some("URI")),
            Self::Notes => ("Notes", None),
            Self::BillingAddress => ("BillAddr", None),
            Self::ShippingAddress => ("ShipAddr", None),
            Self::Active => ("Active", None),
        }
    }
}

/// The parts of an address that are mirrored: our name, and that of QuickBooks.
pub const ADDRESS_PARTS: [(&str, &str); 6] = [
    ("line1", "Line1"),
    ("line2", "Line2"),
    ("city", "City"),
    ("state", "CountrySubDivisionCode"),
    ("postal_code", "PostalCode"),
    ("country", "Country"),
];

/// The mirrored fields that have a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(BTreeMap<Field, Value>);

impl Fields {
    /// Returns the fields that are stored under their names; others are ignored.
    #[must_use]
    pub fn from_stored(stored: &MirroredFields) -> Self {
        let known = |(name, value): (&String, &Value)| Some((Field::named(name)?, value.clone()));
        Self(stored.iter().filter_map(known).collect())
    }

    /// Returns the fields under their names.
    #[must_use]
    pub fn to_stored(&self) -> MirroredFields {
        self.0.iter().map(|(field, value)| (field.as_str().to_owned(), value.clone())).collect()
    }

    /// Returns the value of a field; null if it is empty.
    #[must_use]
    pub fn get(&self, field: Field) -> &Value {
        self.0.get(&field).unwrap_or(&Value::Null)
    }

    /// Returns the text of a field.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        self.get(field).as_str()
    }

    /// Sets the value of a field; null empties it.
    pub fn set(&mut self, field: Field, value: Value) {
        if value.is_null() {
            self.0.remove(&field);
        } else {
            self.0.insert(field, value);
        }
    }

    /// Whether the customer is active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.get(Field::Active) != &Value::Bool(false)
    }

    /// Returns the mirrored fields of our record. `base` are those of the last sync: with [`Deactivation::Never`], a
    /// change of the status is none of QuickBooks' business.
    #[must_use]
    pub fn ours(customer: &Customer, deactivation: Deactivation, base: Option<&Self>) -> Self {
        let own = &customer.fields;
        let is_deleted = customer.deleted_at.is_some();
        let is_active = match deactivation {
            Deactivation::Inactive => !is_deleted && own.status != Status::Inactive,
            Deactivation::Deleted => !is_deleted,
            Deactivation::Never => base.is_none_or(Self::is_active),
        };
        let mut fields = Self::default();
        for (field, value) in [
            (Field::FirstName, &own.first_name),
            (Field::LastName, &own.last_name),
            (Field::CompanyName, &own.company_name),
            (Field::Email, &own.email),
            (Field::Phone, &own.phone),
            (Field::MobilePhone, &own.mobile_phone),
            (Field::Website, &own.website),
            (Field::Notes, &own.notes),
        ] {
            fields.set(field, text(value.as_deref()));
        }
        fields.set(Field::BillingAddress, our_address(&own.billing));
        fields.set(Field::ShippingAddress, our_address(&own.physical));
        fields.set(Field::Active, is_active.into());
        fields
    }

    /// Returns the mirrored fields of a customer in QuickBooks. One that has a display name alone, as a person enters it,
    /// is an organisation of that name, unless our customer, whose fields are `ours`, is a person. One that was taken for an
    /// organisation at the last sync, whose fields are `base`, stays one.
    #[must_use]
    pub fn theirs(object: &Object, ours: Option<&Self>, base: Option<&Self>) -> Self {
        let mut fields = Self::default();
        for field in Field::ALL {
            let (member, part) = field.member();
            let value = match (object.get(member), part) {
                (Some(value), Some(part)) => text(value.get(part).and_then(Value::as_str)),
                (Some(value), None) if field.is_address() => their_address(value),
                (Some(value), None) => text(value.as_str()),
                (None, _) => Value::Null,
            };
            fields.set(field, value);
        }
        let is_active = object.get("Active").and_then(Value::as_bool).unwrap_or(true);
        fields.set(Field::Active, is_active.into());
        let listed = names::without_deleted(display_name(object));
        let is_organisation = ours.is_none_or(|ours| !ours.is_person())
            || base.is_some_and(|base| base.text(Field::CompanyName) == Some(listed));
        if !fields.is_person() && fields.text(Field::CompanyName).is_none() && is_organisation {
            fields.set(Field::CompanyName, text(Some(listed)));
        }
        fields
    }

    /// Whether the customer has a first or last name.
    fn is_person(&self) -> bool {
        self.text(Field::FirstName).is_some() || self.text(Field::LastName).is_some()
    }
}

/// Returns the name under which QuickBooks lists a customer.
#[must_use]
pub fn display_name(object: &Object) -> &str {
    object.get("DisplayName").and_then(Value::as_str).unwrap_or_default()
}

fn text(value: Option<&str>) -> Value {
    value.filter(|value| !value.trim().is_empty()).map_or(Value::Null, Value::from)
}

fn our_address(address: &Address) -> Value {
    let parts = ADDRESS_PARTS.iter().zip(address.postal());
    let parts: Map<String, Value> = parts
        .map(|((name, _), value)| ((*name).to_owned(), text(value)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if parts.is_empty() { Value::Null } else { parts.into() }
}

fn their_address(address: &Value) -> Value {
    let part = |(ours, theirs): &(&str, &str)| {
        let value = text(address.get(*theirs).and_then(Value::as_str));
        Some(((*ours).to_owned(), value)).filter(|(_, value)| !value.is_null())
    };
    let parts: Map<String, Value> = ADDRESS_PARTS.iter().filter_map(part).collect();
    if parts.is_empty() { Value::Null } else { parts.into() }
}

/// A record with values of QuickBooks: its fields, and when it was soft-deleted.
pub type Pulled = (CustomerFields, Option<Timestamp>);

/// Returns our record with these fields of QuickBooks. `base` are the fields there at the last sync: of an address, only the
/// parts that differ from it are taken, so that a country that QuickBooks has rewritten stays as it was typed here. Without a
/// base, whole addresses are taken.
#[must_use]
pub fn pulled(
    customer: &CustomerFields,
    deleted_at: Option<Timestamp>,
    base: Option<&Fields>,
    theirs: &Fields,
    fields: &[Field],
) -> Pulled {
    let (mut own, mut deleted_at) = (customer.clone(), deleted_at);
    for field in fields {
        let value = || theirs.text(*field).map(str::to_owned);
        match field {
            Field::FirstName => own.first_name = value(),
            Field::LastName => own.last_name = value(),
            Field::CompanyName => own.company_name = value(),
            Field::Email => own.email = value(),
            Field::Phone => own.phone = value(),
            Field::MobilePhone => own.mobile_phone = value(),
            Field::Website => own.website = value(),
            Field::Notes => own.notes = value(),
            Field::BillingAddress | Field::ShippingAddress => {
                let is_billing = *field == Field::BillingAddress;
                let address = if is_billing { &mut own.billing } else { &mut own.physical };
                pull_address(address, base.map(|base| base.get(*field)), theirs.get(*field));
            }
            Field::Active if theirs.is_active() => {
                deleted_at = None;
                if own.status == Status::Inactive {
                    own.status = Status::Active;
                }
            }
            Field::Active => own.status = Status::Inactive,
        }
    }
    (own, deleted_at)
}

fn pull_address(own: &mut Address, base: Option<&Value>, theirs: &Value) {
    let targets = [
        &mut own.line1,
        &mut own.line2,
        &mut own.city,
        &mut own.state,
        &mut own.postal_code,
        &mut own.country,
    ];
    for ((name, _), target) in ADDRESS_PARTS.iter().zip(targets) {
        if base.is_none_or(|base| base.get(*name) != theirs.get(*name)) {
            *target = theirs.get(*name).and_then(Value::as_str).map(str::to_owned);
        }
    }
}
