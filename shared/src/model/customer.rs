//! The canonical customer: one record that four dialects spell.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Address, Contact, CounterCell, CustomerNumber, CustomerType, Money, NotifyVia, Status, Timestamp,
};

/// A customer record: identity, history, and the fields a client can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// The customer's number within its tenant: its identity.
    pub number: CustomerNumber,
    /// The number as a uuid, see [`super::Tenant::customer_uuid`].
    pub uuid: Uuid,
    /// 1 when created, one more with each change.
    pub version: u64,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// When the record was soft-deleted, if it is.
    pub deleted_at: Option<Timestamp>,
    /// What clients can set.
    pub fields: CustomerFields,
}

impl Customer {
    /// The cell this customer is counted and listed in.
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

/// Everything about a customer that some dialect, import or sync can set. Absent means empty: "missing",
/// `null` and `""` are one and the same here, each dialect renders it in its own way.
///
/// Texts are kept as typed. Which dialect uses which field is in `ARCHITECTURE.md`.
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
    /// Where the customer stands.
    pub status: Status,
    /// A household or a business.
    pub customer_type: CustomerType,
    /// Whether the customer is marked as important.
    pub is_vip: bool,
    /// Where work is done and goods are sent (trades' physical, funnels' and erp's shipping address).
    #[serde(skip_serializing_if = "Address::is_empty")]
    pub physical: Address,
    /// Where invoices go.
    #[serde(skip_serializing_if = "Address::is_empty")]
    pub billing: Address,
    /// The tags on the customer, by tag id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_ids: Vec<String>,
    /// Internal notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// trades' free JSON.
    #[serde(skip_serializing_if = "Option::is_none", with = "json_text")]
    pub internal_flags: Option<Value>,
    /// funnels' free members.
    #[serde(skip_serializing_if = "Option::is_none", with = "json_text")]
    pub custom: Option<Map<String, Value>>,
    /// Whether the customer agreed to marketing.
    pub accepts_marketing: bool,
    /// How to tell the customer that somebody is on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_my_way_notify_via: Option<NotifyVia>,
    /// trades' main service location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_service_location_uuid: Option<Uuid>,
    /// The customer's id in QuickBooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quickbooks_id: Option<String>,
    /// Tax number, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// `net_30`, `due_on_receipt`, `prepaid` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
    /// ISO 4217 code; absent means USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// How much the customer may owe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Money>,
    /// Discount in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_rate: Option<Money>,
    /// `UPS_GROUND` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_shipping: Option<String>,
    /// Since when the customer is one; absent means since the record was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_since: Option<Timestamp>,
    /// People to talk to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    /// What the customer owes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_balance: Option<Money>,
    /// What the customer ever bought for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime_value: Option<Money>,
    /// How often the customer ever bought.
    #[serde(skip_serializing_if = "is_zero")]
    pub total_orders: u32,
    /// When the customer last bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_order_at: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Free JSON is stored as text, so that what comes back is what was sent, to the digit of a number.
mod json_text {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&serde_json::to_string(value).map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl CustomerFields {
    /// The name to show: the organisation's, else the person's, else nothing.
    #[must_use]
    pub fn display_name(&self) -> String {
        match &self.company_name {
            Some(company) => company.clone(),
            None => [self.first_name.as_deref(), self.last_name.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}
