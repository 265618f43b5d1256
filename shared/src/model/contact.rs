//! Contact people at a customer.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A contact person at a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// `cont_` and a number, unique within the customer.
    pub id: String,
    /// The person's full name.
    pub name: String,
    /// The person's position there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// An email address, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A phone number, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether to call this person first. At most one of a customer's contacts is primary.
    pub is_primary: bool,
    /// When the contact was added.
    pub created_at: Timestamp,
    /// When the contact last changed.
    pub updated_at: Timestamp,
}
