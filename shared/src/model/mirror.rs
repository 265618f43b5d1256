//! The mirror of a company in QuickBooks: what is connected, what was last seen on both sides, and what waits.
//!
//! The mirrored fields of a customer are JSON here; `sync-agent/src/mirror/fields.rs` gives them their meaning.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Currency, CustomerNumber, Tenant, TenantId, Timestamp};

/// Maximum length of an id that QuickBooks gives.
const MAX_ID: usize = 40;

/// A text that is not an id of QuickBooks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_ID} letters, digits, `-` or `_`")]
pub struct QuickBooksIdError;

/// Defines an id that QuickBooks gives. Because the alphabet is so narrow, it can be part of a key without escaping.
macro_rules! quickbooks_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = QuickBooksIdError;

            fn from_str(text: &str) -> Result<Self, QuickBooksIdError> {
                let is_valid = (1..=MAX_ID).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
                if is_valid { Ok(Self(text.to_owned())) } else { Err(QuickBooksIdError) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = QuickBooksIdError;

            fn try_from(text: String) -> Result<Self, QuickBooksIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

quickbooks_id! {
    /// Id of a company in QuickBooks.
    RealmId
}

quickbooks_id! {
    /// Id of an object of a company in QuickBooks, unique for its entity.
    QuickBooksId
}

/// The entities of QuickBooks that the mirror follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MirroredEntity {
    /// A customer.
    Customer,
    /// A product or service.
    Item,
    /// An invoice.
    Invoice,
    /// A sale that was paid at once.
    SalesReceipt,
    /// A credit for a customer.
    CreditMemo,
    /// A payment of a customer.
    Payment,
}

impl MirroredEntity {
    /// All entities, in the order in which a sync reads them: those that others refer to come first.
    pub const ALL: [Self; 6] =
        [Self::Customer, Self::Item, Self::Payment, Self::Invoice, Self::SalesReceipt, Self::CreditMemo];

    /// Returns the name as QuickBooks writes it, such as `SalesReceipt`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Item => "Item",
            Self::Invoice => "Invoice",
            Self::SalesReceipt => "SalesReceipt",
            Self::CreditMemo => "CreditMemo",
            Self::Payment => "Payment",
        }
    }

    /// Returns the entity with this name, ignoring ASCII case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.as_str().eq_ignore_ascii_case(name))
    }
}

/// One of the two sides of the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MirrorSide {
    /// The records of Clientele.
    #[default]
    Ours,
    /// The company in QuickBooks.
    Theirs,
}

impl MirrorSide {
    /// Returns `ours` or `theirs`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }
}

impl FromStr for MirrorSide {
    type Err = super::UnknownVariant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        super::customer_parts::variant_named(
            &[Self::Ours, Self::Theirs],
            Self::as_str,
            text,
            "ours or theirs",
        )
    }
}

/// The customers that are made inactive in QuickBooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deactivation {
    /// Those that are soft-deleted or have the status `INACTIVE`.
    #[default]
    Inactive,
    /// Those that are soft-deleted.
    Deleted,
    /// None.
    Never,
}

impl Deactivation {
    /// Returns `inactive`, `deleted` or `never`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
            Self::Never => "never",
        }
    }
}

impl FromStr for Deactivation {
    type Err = super::UnknownVariant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Inactive, Self::Deleted, Self::Never];
        super::customer_parts::variant_named(&all, Self::as_str, text, "inactive, deleted or never")
    }
}

/// The choices that a tenant has made for its mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MirrorSettings {
    /// The side whose value wins if both have changed a field.
    pub winner: MirrorSide,
    /// The customers that are made inactive in QuickBooks.
    pub deactivation: Deactivation,
}

/// A tenant's connection to a company in QuickBooks. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The company.
    pub realm: RealmId,
    /// The company's name.
    pub company: String,
    /// The currency in which the company keeps its books, which is that of customers without a currency.
    pub home_currency: Currency,
    /// Whether the company can have customers in other currencies.
    pub is_multicurrency: bool,
    /// The environment: `production`, `sandbox`, or the URL of a stand-in.
    pub environment: String,
    /// The name under which the tokens are kept.
    pub secret: String,
    /// When the company was connected.
    pub connected_at: Timestamp,
    /// The tenant's choices.
    #[serde(default)]
    pub settings: MirrorSettings,
}

/// How far the mirror of a company has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MirrorState {
    /// The position in the log of changes; every change before it is settled or parked.
    pub position: Option<String>,
    /// The moment in QuickBooks' time up to which its changes are known.
    pub checkpoint: Option<Timestamp>,
    /// The pass over all records that is under way.
    pub full_pass: Option<FullPass>,
    /// Whether a sync has found that the company can have customers in other currencies, which its connection does not say.
    pub is_multicurrency: bool,
    /// When a sync last ended without an error.
    pub last_sync_at: Option<Timestamp>,
    /// The customers that were to be made inactive in QuickBooks when all were compared last; `None` before the first time.
    pub deactivation: Option<Deactivation>,
    /// Which value clears a field in an update: `""` if it is false, `null` if it is true, as QuickBooks has shown.
    pub clears_with_null: bool,
}

impl MirrorState {
    /// Forgets how far our side was compared if that was with another setting: every customer can differ then.
    pub fn heed(&mut self, deactivation: Deactivation) {
        if self.deactivation.is_some_and(|last| last != deactivation) {
            (self.position, self.full_pass) = (None, None);
        }
        self.deactivation = Some(deactivation);
    }
}

/// A pass over all records that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullPass {
    /// The position in the log at the start of the pass.
    pub position: String,
    /// The moment in QuickBooks' time at the start of the pass.
    pub checkpoint: Timestamp,
    /// The number of the last customer that is settled or parked.
    pub after: Option<CustomerNumber>,
}

/// The mirrored fields of a customer by name.
pub type MirroredFields = Map<String, Value>;

/// A customer's counterpart in QuickBooks, and both sides as they were when they last agreed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// The id in QuickBooks.
    pub quickbooks_id: QuickBooksId,
    /// The version of the object in QuickBooks.
    pub sync_token: String,
    /// The name under which QuickBooks lists the customer.
    #[serde(default)]
    pub display_name: String,
    /// The fields of our side.
    pub ours: MirroredFields,
    /// The fields of QuickBooks.
    pub theirs: MirroredFields,
    /// Whether the object no longer exists in QuickBooks, because it was merged into another.
    #[serde(default)]
    pub is_gone: bool,
    /// Raised by each write; 0 if there is no mapping yet.
    #[serde(skip)]
    pub revision: u64,
}

/// The customer or document here that an object in QuickBooks belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The customer, or the customer to whom the document belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerNumber>,
    /// Other facts about the object.
    #[serde(default)]
    pub facts: Value,
}

/// The tenant that a company in QuickBooks belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealmOwner {
    /// The tenant.
    pub tenant: TenantId,
    /// The set of records.
    pub mode: super::Mode,
}

impl RealmOwner {
    /// Returns the set of records.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        Tenant::new(&self.tenant, self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_free_of_separators() {
        assert!("9341453172".parse::<RealmId>().is_ok());
        for wrong in ["", "a#b", "a b", "../x", "é", &"1".repeat(41)] {
            assert!(wrong.parse::<QuickBooksId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn entities_are_found_by_name_in_any_case() {
        for entity in MirroredEntity::ALL {
            assert_eq!(MirroredEntity::named(&entity.as_str().to_lowercase()), Some(entity));
        }
        assert_eq!(MirroredEntity::named("Vendor"), None);
    }
}
