//! The canonical customer: one record, which each dialect formats in its own way.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Address, Contact, CounterCell, CustomerNumber, CustomerType, JsonObject, Money, NotifyVia, Percentage,
    Status, TagId, Timestamp,
};

/// A customer record: identity, history, and the fields a client can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// The customer's number within its tenant, which is its identity.
    pub number: CustomerNumber,
    /// UUID derived from the number; see [`super::Tenant::customer_uuid`].
    pub uuid: Uuid,
    /// 1 when created, incremented with each change.
    pub version: u64,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// When the record was soft-deleted; `None` if it is not deleted.
    pub deleted_at: Option<Timestamp>,
    /// The fields that clients can set.
    pub fields: CustomerFields,
}

impl Customer {
    /// Returns the cell in which this customer is counted and listed.
    #[must_use]
    pub fn cell(&self) -> CounterCell {
        CounterCell {
            status: self.fields.status,
            customer_type: self.fields.customer_type,
            is_vip: self.fields.is_vip,
            is_deleted: self.deleted_at.is_some(),
        }
    }
}

/// The customer fields that a dialect, an import or a sync can set. Absent means empty: a missing field,
/// `null` and `""` are equivalent here, and each dialect renders an empty field in its own way.
///
/// Texts are stored as typed. `ARCHITECTURE.md` lists which dialect uses which field.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerFields {
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The organisation's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Main phone number, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Mobile phone number, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
    /// Fax number, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax: Option<String>,
    /// Web address, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Whether the customer is active, inactive or a lead.
    #[serde(skip_serializing_if = "is_default")]
    pub status: Status,
    /// A household or a business.
    #[serde(skip_serializing_if = "is_default")]
    pub customer_type: CustomerType,
    /// Whether the customer is marked as important.
    #[serde(skip_serializing_if = "is_default")]
    pub is_vip: bool,
    /// Where work is done and goods are delivered; dialects call it physical or shipping address.
    #[serde(skip_serializing_if = "Address::is_empty")]
    pub physical: Address,
    /// Where invoices are sent.
    #[serde(skip_serializing_if = "Address::is_empty")]
    pub billing: Address,
    /// Ids of the customer's tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_ids: Vec<TagId>,
    /// Internal notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Free-form JSON of any kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_flags: Option<JsonObject>,
    /// Free-form fields by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<JsonObject>,
    /// Whether the customer has agreed to marketing.
    #[serde(skip_serializing_if = "is_default")]
    pub accepts_marketing: bool,
    /// How to notify the customer that someone is on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_my_way_notify_via: Option<NotifyVia>,
    /// The main service location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_service_location_uuid: Option<Uuid>,
    /// The customer's id in QuickBooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quickbooks_id: Option<String>,
    /// Tax number, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// Payment terms, such as `net_30`, `due_on_receipt` or `prepaid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
    /// ISO 4217 code; absent means USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// How much the customer is allowed to owe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Money>,
    /// Discount on list prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_rate: Option<Percentage>,
    /// Preferred shipping method, such as `UPS_GROUND`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_shipping: Option<String>,
    /// When the customer became one; absent means when the record was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_since: Option<Timestamp>,
    /// Contact people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    /// The number of the contact that was added last. Numbers are never used again.
    #[serde(skip_serializing_if = "is_default")]
    pub contact_sequence: u32,
}

impl CustomerFields {
    /// Returns the given and family name, or else the organisation's name. It is empty if there is none of the three.
    #[must_use]
    pub fn full_name(&self) -> String {
        match (self.first_name.as_deref(), self.last_name.as_deref()) {
            (Some(first), Some(last)) => format!("{first} {last}"),
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => self.company_name.clone().unwrap_or_default(),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
