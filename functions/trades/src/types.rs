//! This dialect's output JSON: the customer object with its 25 fields, all always present, and its envelopes.
//! Source: the Customers page of the trades API ("The customer object", "List customers").

use http::{StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use clientele_functions_common::Reply;
use clientele_shared::Result;
use clientele_shared::model::{Customer, CustomerFields, JsonObject};

/// A customer. Empty fields are `null`; times are ISO 8601 in UTC, to the second.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerBody<'a> {
    /// Unique identifier of the customer.
    uuid: Uuid,
    /// The customer's first name; an empty string if it has none.
    #[schema(example = "John")]
    first_name: &'a str,
    /// The customer's last name. If there is none, it is an empty string for a customer with a first name,
    /// else the company name, else the email address.
    #[schema(example = "Doe")]
    last_name: &'a str,
    /// Company name.
    company_name: Option<&'a str>,
    /// Email address.
    #[schema(example = "john@example.com")]
    email: Option<&'a str>,
    /// Phone number: `xxx-xxx-xxxx` if it was set through this API, otherwise as entered.
    #[schema(example = "206-555-1234")]
    phone: Option<&'a str>,
    /// `Residential` or `Commercial`.
    #[schema(example = "Residential")]
    customer_type: &'static str,
    /// Whether the customer is marked as VIP.
    is_vip: bool,
    /// Physical address, first line.
    #[schema(example = "123 Main St")]
    physical_address1: Option<&'a str>,
    /// Physical address, second line.
    physical_address2: Option<&'a str>,
    /// Physical city.
    #[schema(example = "Seattle")]
    physical_city: Option<&'a str>,
    /// Physical state.
    #[schema(example = "WA")]
    physical_state: Option<&'a str>,
    /// Physical ZIP code.
    #[schema(example = "98101")]
    physical_zip: Option<&'a str>,
    /// Billing address, first line.
    billing_address1: Option<&'a str>,
    /// Billing address, second line.
    billing_address2: Option<&'a str>,
    /// Billing city.
    billing_city: Option<&'a str>,
    /// Billing state.
    billing_state: Option<&'a str>,
    /// Billing ZIP code.
    billing_zip: Option<&'a str>,
    /// UUID of the main service location.
    primary_service_location_uuid: Option<Uuid>,
    /// Internal notes.
    notes: Option<&'a str>,
    /// Internal flags: any JSON object.
    #[schema(value_type = Option<Object>)]
    internal_flags: Option<&'a RawValue>,
    /// How to send the customer on-my-way notifications: `email`, `sms` or `both`.
    on_my_way_notify_via: Option<&'static str>,
    /// When the customer was created.
    #[schema(example = "2024-01-15T10:30:00Z")]
    created_at: String,
    /// When the customer last changed.
    #[schema(example = "2024-01-15T10:30:00Z")]
    updated_at: String,
    /// When the customer was soft-deleted; `null` if it is not deleted.
    deleted_at: Option<String>,
}

impl<'a> From<&'a Customer> for CustomerBody<'a> {
    fn from(customer: &'a Customer) -> Self {
        let fields = &customer.fields;
        let (physical, billing) = (&fields.physical, &fields.billing);
        Self {
            uuid: customer.uuid,
            first_name: first_name(fields),
            last_name: last_name(fields),
            company_name: fields.company_name.as_deref(),
            email: fields.email.as_deref(),
            phone: fields.phone.as_deref(),
            customer_type: fields.customer_type.as_str(),
            is_vip: fields.is_vip,
            physical_address1: physical.line1.as_deref(),
            physical_address2: physical.line2.as_deref(),
            physical_city: physical.city.as_deref(),
            physical_state: physical.state.as_deref(),
            physical_zip: physical.postal_code.as_deref(),
            billing_address1: billing.line1.as_deref(),
            billing_address2: billing.line2.as_deref(),
            billing_city: billing.city.as_deref(),
            billing_state: billing.state.as_deref(),
            billing_zip: billing.postal_code.as_deref(),
            primary_service_location_uuid: fields.primary_service_location_uuid,
            notes: fields.notes.as_deref(),
            internal_flags: fields.internal_flags.as_ref().and_then(JsonObject::to_raw),
            on_my_way_notify_via: fields.on_my_way_notify_via.map(|via| via.as_str()),
            created_at: customer.created_at.to_rfc3339_seconds(),
            updated_at: customer.updated_at.to_rfc3339_seconds(),
            deleted_at: customer.deleted_at.map(|at| at.to_rfc3339_seconds()),
        }
    }
}

/// Returns the first name to show: an empty string if the customer has none, because it is never null in this
/// dialect.
pub(crate) fn first_name(fields: &CustomerFields) -> &str {
    fields.first_name.as_deref().unwrap_or_default()
}

/// Returns the last name to show, which is never null in this dialect. If the customer has no last name, the
/// result is an empty string for a customer with a first name, else the company name, else the email address.
pub(crate) fn last_name(fields: &CustomerFields) -> &str {
    match (&fields.last_name, &fields.first_name) {
        (Some(last), _) => last,
        (None, Some(_)) => "",
        (None, None) => fields.company_name.as_deref().or(fields.email.as_deref()).unwrap_or_default(),
    }
}

/// The envelope of every successful response.
#[derive(Debug, Serialize, ToSchema)]
pub struct Success<T> {
    /// Always true.
    success: bool,
    /// The result.
    data: T,
}

impl<T> Success<T> {
    /// Wraps a result.
    pub fn of(data: T) -> Self {
        Self { success: true, data }
    }
}

/// A page of customers.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomersBody<'a> {
    /// The customers, newest first.
    pub customers: Vec<CustomerBody<'a>>,
    /// Position of this page in the whole list.
    pub pagination: Pagination,
}

/// Position of a page in the whole list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pagination {
    /// Page number, starting at 1.
    pub page: u64,
    /// Customers per page.
    pub limit: u64,
    /// Number of customers in the whole list. It is a lower bound if the response has the header
    /// `X-Total-Relation: gte`.
    pub total: u64,
    /// Number of pages; 0 if there are no customers.
    pub total_pages: u64,
}

/// Confirmation of an operation without other results.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// The confirmation message.
    #[schema(example = "Customer deleted successfully")]
    pub message: &'static str,
}

/// Returns a response with one customer and the ETag of its version.
///
/// # Errors
/// Returns [`Error::Internal`](clientele_shared::Error::Internal) if the customer cannot be serialized.
pub(crate) fn customer_reply(status: StatusCode, customer: &Customer) -> Result<Reply> {
    let reply = Reply::json(status, &Success::of(CustomerBody::from(customer)))?;
    Ok(reply.with(header::ETAG, etag(customer)))
}

/// Returns a customer's ETag: its version, because the customer's JSON depends on nothing else.
pub(crate) fn etag(customer: &Customer) -> String {
    format!("\"{}\"", customer.version)
}
