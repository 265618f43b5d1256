//! The small closed types that a customer is composed of, and the cell in which it is counted.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not the name of any variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct UnknownVariant(&'static str);

/// Returns the variant with this name, ignoring ASCII case.
pub(super) fn variant_named<T: Copy>(
    all: &[T],
    name: fn(T) -> &'static str,
    text: &str,
    names: &'static str,
) -> Result<T, UnknownVariant> {
    all.iter().copied().find(|one| name(*one).eq_ignore_ascii_case(text)).ok_or(UnknownVariant(names))
}

/// A customer's status with the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// A current customer.
    #[default]
    Active,
    /// A former customer.
    Inactive,
    /// A prospective customer.
    Lead,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Lead];

    /// Returns `ACTIVE`, `INACTIVE` or `LEAD`.
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
        variant_named(&Self::ALL, Self::as_str, text, "ACTIVE, INACTIVE or LEAD")
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

    /// Returns `Residential` or `Commercial`.
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
        variant_named(&Self::ALL, Self::as_str, text, "Residential or Commercial")
    }
}

/// How a customer is notified that someone is on the way.
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
    /// Returns `email`, `sms` or `both`.
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
        variant_named(&[Self::Email, Self::Sms, Self::Both], Self::as_str, text, "email, sms or both")
    }
}

/// A postal address. Each part is stored as typed, and absent when empty.
///
/// The last five fields are of addresses that have their own recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Street and house number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<String>,
    /// Floor, suite or building.
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
    /// District of the city.
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
    /// Returns whether every part is absent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the parts of a postal address: two lines, the city, the state, the postal code and the country.
    #[must_use]
    pub fn postal(&self) -> [Option<&str>; 6] {
        [&self.line1, &self.line2, &self.city, &self.state, &self.postal_code, &self.country]
            .map(|part| part.as_deref())
    }
}

/// The cell in which a customer is counted and listed: one combination of status, type, VIP flag and
/// deletion.
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
    /// Returns all 24 cells.
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
    fn all_returns_24_distinct_cells() {
        let cells: std::collections::BTreeSet<CounterCell> = CounterCell::all().collect();
        assert_eq!(cells.len(), 24);
    }
}
