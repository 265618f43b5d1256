//! The small closed types a customer is made of, and the cell it is counted in.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is none of the names there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct UnknownVariant(&'static str);

/// The one of these with that name, in any case.
fn named<T: Copy>(
    all: &[T],
    name: fn(T) -> &'static str,
    text: &str,
    names: &'static str,
) -> Result<T, UnknownVariant> {
    all.iter().copied().find(|one| name(*one).eq_ignore_ascii_case(text)).ok_or(UnknownVariant(names))
}

/// Where a customer stands in its life with the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Buys.
    #[default]
    Active,
    /// Used to buy.
    Inactive,
    /// May buy one day.
    Lead,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Lead];

    /// `ACTIVE`, `INACTIVE` or `LEAD`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Lead => "LEAD",
        }
    }
}

impl FromStr for Status {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        named(&Self::ALL, Self::as_str, text, "ACTIVE, INACTIVE or LEAD")
    }
}

/// A household or a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum CustomerType {
    /// A household.
    #[default]
    Residential,
    /// A business.
    Commercial,
}

impl CustomerType {
    /// Both types.
    pub const ALL: [Self; 2] = [Self::Residential, Self::Commercial];

    /// `Residential` or `Commercial`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Residential => "Residential",
            Self::Commercial => "Commercial",
        }
    }
}

impl FromStr for CustomerType {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        named(&Self::ALL, Self::as_str, text, "Residential or Commercial")
    }
}

/// How a customer is told that somebody is on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyVia {
    /// By email.
    Email,
    /// By text message.
    Sms,
    /// By both.
    Both,
}

impl NotifyVia {
    /// `email`, `sms` or `both`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Both => "both",
        }
    }
}

impl FromStr for NotifyVia {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        named(&[Self::Email, Self::Sms, Self::Both], Self::as_str, text, "email, sms or both")
    }
}

/// A postal address; every part as typed, absent when empty.
///
/// The last five members exist for funnels, whose addresses carry a recipient of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Street and house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<String>,
    /// Floor, suite, building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// City or town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, province or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country, as typed or as its two-letter code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Part of a city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The recipient's given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The recipient's family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The recipient's email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The recipient's phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Address {
    /// Whether no part is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The cell of status × type × vip × deleted that a customer is counted and listed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterCell {
    /// The customer's status.
    pub status: Status,
    /// The customer's type.
    pub customer_type: CustomerType,
    /// Whether the customer is marked as important.
    pub is_vip: bool,
    /// Whether the customer is soft-deleted.
    pub is_deleted: bool,
}

impl CounterCell {
    /// All 24 cells.
    pub fn all() -> impl Iterator<Item = Self> {
        Status::ALL.into_iter().flat_map(|status| {
            CustomerType::ALL.into_iter().flat_map(move |customer_type| {
                [(false, false), (false, true), (true, false), (true, true)]
                    .into_iter()
                    .map(move |(is_vip, is_deleted)| Self { status, customer_type, is_vip, is_deleted })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_24_different_cells() {
        let cells: std::collections::BTreeSet<CounterCell> = CounterCell::all().collect();
        assert_eq!(cells.len(), 24);
    }
}
