//! This dialect's output JSON: the customer, short in lists and in full elsewhere, its contacts, and the envelopes. Empty
//! fields are absent. Source: the Customers page of the erp API ("Endpoints").

use http::{StatusCode, header};
use serde::{Serialize, Serializer, ser};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use clientele_functions_common::Reply;
use clientele_shared::Result;
use clientele_shared::model::{
    Address, Contact, Customer, CustomerFields, Figures, Money, Percentage, Status,
};

/// The currency of a customer without one.
pub(crate) const DEFAULT_CURRENCY: &str = "USD";

/// A customer in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedCustomer)]
pub struct ListedCustomerBody<'a> {
    /// Unique identifier.
    #[schema(example = "cust_456")]
    id: String,
    /// The organisation's name, or else the person's, or else the email address.
    #[schema(example = "Customer XYZ")]
    name: String,
    /// Email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// Phone number, as entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    /// Web address, as entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<&'a str>,
    /// Where invoices are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<AddressBody<'a>>,
    /// Where goods are delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<AddressBody<'a>>,
    /// `due_on_receipt`, `prepaid`, or `net_` and the number of days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "net_15")]
    payment_terms: Option<&'a str>,
    /// How much the customer is allowed to owe.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 10_000.00)]
    credit_limit: Option<Amount>,
    /// How much the customer owes.
    #[schema(value_type = f64, example = 2_500.00)]
    current_balance: Amount,
    /// When the customer became one.
    customer_since: String,
    /// Whether the customer is active. It is not while it is a lead.
    is_active: bool,
    /// When the customer was created.
    created_at: String,
    /// When the customer last changed.
    updated_at: String,
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerBody<'a> {
    /// Unique identifier.
    #[schema(example = "cust_456")]
    id: String,
    /// The organisation's name, or else the person's, or else the email address.
    #[schema(example = "Customer XYZ")]
    name: String,
    /// Email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// Phone number, as entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    /// Fax number, as entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    fax: Option<&'a str>,
    /// Web address, as entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<&'a str>,
    /// Tax number, as entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_id: Option<&'a str>,
    /// Where invoices are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<AddressBody<'a>>,
    /// Where goods are delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<AddressBody<'a>>,
    /// Contact people.
    contacts: Vec<ContactBody<'a>>,
    /// `due_on_receipt`, `prepaid`, or `net_` and the number of days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "net_15")]
    payment_terms: Option<&'a str>,
    /// ISO 4217 code of the currency of all amounts.
    #[schema(example = "USD")]
    currency: &'a str,
    /// How much the customer is allowed to owe.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 10_000.00)]
    credit_limit: Option<Amount>,
    /// How much the customer owes.
    #[schema(value_type = f64, example = 2_500.00)]
    current_balance: Amount,
    /// Discount on list prices, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 5.0)]
    discount_rate: Option<Rate>,
    /// Preferred shipping method.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "UPS_GROUND")]
    preferred_shipping: Option<&'a str>,
    /// When the customer became one.
    customer_since: String,
    /// The total of all orders.
    #[schema(value_type = f64, example = 45_000.00)]
    lifetime_value: Amount,
    /// Number of orders.
    total_orders: u32,
    /// Whether the customer is active. It is not while it is a lead.
    is_active: bool,
    /// Internal notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    /// When the customer was created.
    created_at: String,
    /// When the customer last changed.
    updated_at: String,
}

/// An address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Address)]
pub struct AddressBody<'a> {
    /// Street and house number.
    #[serde(skip_serializing_if = "Option::is_none")]
    line1: Option<&'a str>,
    /// Floor, suite or building.
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<&'a str>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    /// State or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
    /// ISO 3166 code of two letters, or a country as entered in another API.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
}

/// A contact person, as a part of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub struct ContactBody<'a> {
    /// Identifier, unique within the customer.
    #[schema(example = "cont_101")]
    id: &'a str,
    /// Full name.
    name: &'a str,
    /// Position.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    /// Email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// Phone number, as entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    /// Whether this is the customer's primary contact.
    is_primary: bool,
}

/// A contact person by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SingleContact)]
pub struct SingleContactBody<'a> {
    /// The contact.
    #[serde(flatten)]
    contact: ContactBody<'a>,
    /// The customer's id.
    #[schema(example = "cust_456")]
    customer_id: String,
    /// When the contact was added.
    created_at: String,
    /// When the contact last changed; absent in the response that adds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

/// The envelope of every successful response.
#[derive(Debug, Serialize, ToSchema)]
pub struct Success<T> {
    /// The result.
    pub data: T,
}

/// The envelope of a page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The elements, newest first.
    pub data: Vec<T>,
    /// Position of this page in the whole list.
    pub meta: Meta,
}

/// Position of a page in the whole list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Meta {
    /// Number of elements in the whole list. It is a lower bound if the response has the header `X-Total-Relation: gte`.
    pub total: u64,
    /// Page number, starting at 1.
    pub page: u64,
    /// Elements per page.
    pub limit: u64,
    /// Whether there are more elements after this page.
    #[serde(rename = "hasMore")]
    pub has_more: bool,
}

/// Confirmation of an operation without other results.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// The confirmation message.
    #[schema(example = "Contact successfully removed")]
    pub message: &'static str,
}

/// An amount of money as a JSON number with two decimals.
#[derive(Debug, Clone, Copy)]
pub struct Amount(pub Money);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.0.to_string(), serializer)
    }
}

/// A percentage as a JSON number with at least one decimal.
#[derive(Debug, Clone, Copy)]
pub struct Rate(pub Percentage);

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.0.to_string(), serializer)
    }
}

/// Writes a number exactly as this text.
pub(crate) fn number<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<&RawValue>(text).map_err(ser::Error::custom)?.serialize(serializer)
}

impl<'a> ListedCustomerBody<'a> {
    /// Returns a customer as lists show it.
    #[must_use]
    pub fn of(customer: &'a Customer, figures: &Figures) -> Self {
        let fields = &customer.fields;
        Self {
            id: customer.number.to_customer_id(),
            name: name(fields),
            email: fields.email.as_deref(),
            phone: fields.phone.as_deref(),
            website: fields.website.as_deref(),
            billing_address: AddressBody::of(&fields.billing),
            shipping_address: AddressBody::of(&fields.physical),
            payment_terms: fields.payment_terms.as_deref(),
            credit_limit: fields.credit_limit.map(Amount),
            current_balance: Amount(figures.balance),
            customer_since: customer_since(customer),
            is_active: fields.status == Status::Active,
            created_at: customer.created_at.to_rfc3339_seconds(),
            updated_at: customer.updated_at.to_rfc3339_seconds(),
        }
    }
}

impl<'a> CustomerBody<'a> {
    /// Returns a customer in full.
    #[must_use]
    pub fn of(customer: &'a Customer, figures: &Figures) -> Self {
        let fields = &customer.fields;
        Self {
            id: customer.number.to_customer_id(),
            name: name(fields),
            email: fields.email.as_deref(),
            phone: fields.phone.as_deref(),
            fax: fields.fax.as_deref(),
            website: fields.website.as_deref(),
            tax_id: fields.tax_id.as_deref(),
            billing_address: AddressBody::of(&fields.billing),
            shipping_address: AddressBody::of(&fields.physical),
            contacts: fields.contacts.iter().map(ContactBody::from).collect(),
            payment_terms: fields.payment_terms.as_deref(),
            currency: fields.currency.as_deref().unwrap_or(DEFAULT_CURRENCY),
            credit_limit: fields.credit_limit.map(Amount),
            current_balance: Amount(figures.balance),
            discount_rate: fields.discount_rate.map(Rate),
            preferred_shipping: fields.preferred_shipping.as_deref(),
            customer_since: customer_since(customer),
            lifetime_value: Amount(figures.lifetime_value),
            total_orders: figures.orders,
            is_active: fields.status == Status::Active,
            notes: fields.notes.as_deref(),
            created_at: customer.created_at.to_rfc3339_seconds(),
            updated_at: customer.updated_at.to_rfc3339_seconds(),
        }
    }
}

impl<'a> AddressBody<'a> {
    pub(crate) fn of(address: &'a Address) -> Option<Self> {
        let body = Self {
            line1: address.line1.as_deref(),
            line2: address.line2.as_deref(),
            city: address.city.as_deref(),
            state: address.state.as_deref(),
            postal_code: address.postal_code.as_deref(),
            country: address.country.as_deref(),
        };
        let parts = [body.line1, body.line2, body.city, body.state, body.postal_code, body.country];
        parts.iter().any(Option::is_some).then_some(body)
    }

    /// Returns the address as orders show it.
    pub(crate) fn without_country(address: &'a Address) -> Option<Self> {
        let is_country_only = Address { country: None, ..address.clone() }.is_empty();
        Self::of(address).filter(|_| !is_country_only).map(|body| Self { country: None, ..body })
    }
}

impl<'a> From<&'a Contact> for ContactBody<'a> {
    fn from(contact: &'a Contact) -> Self {
        Self {
            id: &contact.id,
            name: &contact.name,
            title: contact.title.as_deref(),
            email: contact.email.as_deref(),
            phone: contact.phone.as_deref(),
            is_primary: contact.is_primary,
        }
    }
}

impl<'a> SingleContactBody<'a> {
    /// Returns a contact by itself; one that was just added has no time of its last change.
    pub(crate) fn of(contact: &'a Contact, customer: &Customer, is_new: bool) -> Self {
        Self {
            contact: contact.into(),
            customer_id: customer.number.to_customer_id(),
            created_at: contact.created_at.to_rfc3339_seconds(),
            updated_at: (!is_new).then(|| contact.updated_at.to_rfc3339_seconds()),
        }
    }
}

/// Returns the name to show: the organisation's, or else the person's, or else the email address.
pub(crate) fn name(fields: &CustomerFields) -> String {
    let person = || {
        let words: Vec<&str> =
            [&fields.first_name, &fields.last_name].into_iter().flatten().map(String::as_str).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    fields.company_name.clone().or_else(person).or_else(|| fields.email.clone()).unwrap_or_default()
}

pub(crate) fn customer_since(customer: &Customer) -> String {
    customer.fields.customer_since.unwrap_or(customer.created_at).to_rfc3339_seconds()
}

/// Returns a response with one customer and the ETag of its version.
///
/// # Errors
/// Returns [`Error::Internal`](clientele_shared::Error::Internal) if the customer cannot be serialized.
pub(crate) fn customer_reply(status: StatusCode, customer: &Customer, figures: &Figures) -> Result<Reply> {
    let reply = Reply::json(status, &Success { data: CustomerBody::of(customer, figures) })?;
    Ok(reply.with(header::ETAG, etag(customer)))
}

/// Returns the ETag of a customer's version. Orders change its figures and leave the version alone, so a client with this
/// version can have older figures.
pub(crate) fn etag(customer: &Customer) -> String {
    format!("\"{}\"", customer.version)
}
