//! People to talk to at a customer.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// One person to talk to at a customer (erp's contacts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// `cont_` and a number, unique within the customer.
    pub id: String,
    /// The person's full name.
    pub name: String,
    /// What the person does there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// An email address, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A phone number, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether this is the one to call first; at most one of a customer's contacts is.
    pub is_primary: bool,
    /// When the contact was added.
    pub created_at: Timestamp,
    /// When the contact last changed.
    pub updated_at: Timestamp,
}
