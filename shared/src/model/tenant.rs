//! Tenants, and the identity of a customer within a tenant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Mode;

/// Namespace from which each tenant's own namespace is derived. Changing it changes every UUID.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_0a5e_51c2_5f0e_9d6b_0c4f_2b7a_9e31);

/// A tenant's name: 1 to 32 lower-case letters, digits and inner hyphens.
///
/// Because the alphabet is so narrow, a name can be part of a key without escaping.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

/// A text that is not a tenant's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tenant name is 1 to 32 lower-case letters, digits and inner hyphens, such as `acme-pools`")]
pub struct TenantIdError;

impl FromStr for TenantId {
    type Err = TenantIdError;

    fn from_str(text: &str) -> Result<Self, TenantIdError> {
        let is_valid = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if is_valid { Ok(Self(text.to_owned())) } else { Err(TenantIdError) }
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantIdError;

    fn try_from(text: String) -> Result<Self, TenantIdError> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of a tenant's two sets of records: the live set, or the sandbox that test keys open.
///
/// The two sets share nothing: every key, number and UUID depends on both the tenant's name and the mode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tenant {
    name: String,
    namespace: Uuid,
}

impl Tenant {
    /// Returns a tenant's live or test set of records.
    #[must_use]
    pub fn new(id: &TenantId, mode: Mode) -> Self {
        // A tenant's name cannot contain `+`, so no live tenant shares a key with a sandbox.
        let name = match mode {
            Mode::Live => id.0.clone(),
            Mode::Test => format!("{id}+test"),
        };
        let namespace = Uuid::new_v5(&NAMESPACE, name.as_bytes());
        Self { name, namespace }
    }

    /// Returns the text that identifies this set of records in keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Returns the UUID of the customer with this number: UUIDv5 of the tenant's namespace and the number in
    /// decimal digits.
    #[must_use]
    pub fn customer_uuid(&self, number: CustomerNumber) -> Uuid {
        Uuid::new_v5(&self.namespace, number.to_string().as_bytes())
    }
}

/// A customer's number within its tenant: 1, 2, 3 …, below 2^31 so that it fits a GraphQL `Int`.
///
/// The number is the customer's identity; every other form of the id derives from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct CustomerNumber(u32);

impl CustomerNumber {
    /// The largest customer number.
    pub const MAX: Self = Self(i32::MAX as u32);

    /// Returns the customer number, or `None` if it is 0 or above [`Self::MAX`].
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        let number = u32::try_from(number).ok()?;
        (1..=Self::MAX.0).contains(&number).then_some(Self(number))
    }

    /// Returns the number as an integer.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// Returns the number as a customer id in text, such as `cust_456`.
    #[must_use]
    pub fn to_customer_id(self) -> String {
        format!("cust_{}", self.0)
    }

    /// Parses a customer id such as `cust_456`.
    #[must_use]
    pub fn from_customer_id(text: &str) -> Option<Self> {
        Self::from_digits(text.strip_prefix("cust_")?)
    }

    /// Parses decimal digits without a sign or leading zero, such as `456`.
    #[must_use]
    pub fn from_digits(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        if plain { Self::new(text.parse().ok()?) } else { None }
    }
}

impl TryFrom<u32> for CustomerNumber {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, &'static str> {
        Self::new(u64::from(number)).ok_or("a customer number must be between 1 and 2147483647")
    }
}

impl From<CustomerNumber> for u32 {
    fn from(number: CustomerNumber) -> Self {
        number.0
    }
}

impl fmt::Display for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str, mode: Mode) -> Tenant {
        Tenant::new(&name.parse().unwrap(), mode)
    }

    #[test]
    fn customer_uuids_are_stable_and_differ_by_tenant_and_mode() {
        let number = CustomerNumber::new(456).unwrap();
        let live = tenant("acme", Mode::Live).customer_uuid(number);
        assert_ne!(live, tenant("acme", Mode::Test).customer_uuid(number));
        assert_ne!(live, tenant("bolt", Mode::Live).customer_uuid(number));
        assert_eq!(live, tenant("acme", Mode::Live).customer_uuid(number));
        assert_eq!(live.get_version_num(), 5);
    }

    #[test]
    fn customer_numbers_fit_a_graphql_int() {
        assert_eq!(CustomerNumber::new(0), None);
        assert_eq!(CustomerNumber::new(2_147_483_647), Some(CustomerNumber::MAX));
        assert_eq!(CustomerNumber::new(2_147_483_648), None);
    }

    #[test]
    fn only_canonical_customer_ids_are_parsed() {
        assert_eq!(CustomerNumber::from_customer_id("cust_456"), CustomerNumber::new(456));
        for invalid in [
            "cust_",
            "cust_0",
            "cust_007",
            "cust_+1",
            "cust_4 ",
            "456",
            "CUST_4",
            "cust_99999999999999999999",
        ] {
            assert_eq!(CustomerNumber::from_customer_id(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn tenant_names_exclude_characters_with_meaning_in_keys() {
        for invalid in ["", "Acme", "a#b", "a+test", "-a", "a-", "ä", "a b", &"x".repeat(33)] {
            assert!(invalid.parse::<TenantId>().is_err(), "{invalid}");
        }
        assert!("acme-pools-2".parse::<TenantId>().is_ok());
    }
}
