//! The keys by which rows name customers that exist already.

use std::fmt;
use std::str::FromStr;

use clientele_shared::model::Customer;
use clientele_shared::rules::fold;

use super::fields::Field;
use crate::import::field::{MissingField, folded, key_named};

/// A field by which a row names a customer that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The row's id in its source, or the id or uuid of a customer.
    Id,
    /// The email, as emails are compared: case does not matter.
    Email,
    /// The digits of the main phone number.
    Phone,
    /// The id in QuickBooks.
    QuickbooksId,
    /// The tax number.
    TaxId,
}

impl Key {
    /// All keys.
    pub const ALL: [Self; 5] = [Self::Id, Self::Email, Self::Phone, Self::QuickbooksId, Self::TaxId];

    /// Returns the field that holds the key.
    #[must_use]
    pub fn field(self) -> Field {
        match self {
            Self::Id => Field::Id,
            Self::Email => Field::Email,
            Self::Phone => Field::Phone,
            Self::QuickbooksId => Field::QuickbooksId,
            Self::TaxId => Field::TaxId,
        }
    }

    /// Returns the required column that is missing if no column holds the key.
    pub(super) fn missing(self) -> MissingField {
        let (what, example) = match self {
            Self::Id => ("row ids, by which --update finds customers unless --key names another field", "id"),
            Self::Email => ("email addresses, which are the --key", "email"),
            Self::Phone => ("phone numbers, which are the --key", "phone"),
            Self::QuickbooksId => ("QuickBooks ids, which are the --key", "quickbooksId"),
            Self::TaxId => ("tax numbers, which are the --key", "taxId"),
        };
        MissingField { what, example }
    }

    /// Returns the form in which values of the key are compared; `None` for a value that names no customer.
    pub(super) fn normalized(self, value: &str) -> Option<String> {
        let value = match self {
            Self::Email => fold::email(value),
            Self::Phone => fold::digits(value),
            Self::Id | Self::QuickbooksId | Self::TaxId => value.trim().to_owned(),
        };
        (!value.is_empty()).then_some(value)
    }

    /// Returns a customer's value of the key in the form in which it is compared. A customer has no value of
    /// [`Self::Id`], because that belongs to the source.
    pub(super) fn of(self, customer: &Customer) -> Option<String> {
        let fields = &customer.fields;
        let value = match self {
            Self::Id => None,
            Self::Email => fields.email.as_deref(),
            Self::Phone => fields.phone.as_deref(),
            Self::QuickbooksId => fields.quickbooks_id.as_deref(),
            Self::TaxId => fields.tax_id.as_deref(),
        };
        value.and_then(|value| self.normalized(value))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::import::field::ImportField as _;
        f.write_str(self.field().name())
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // People call the id of a row in its source its external id.
        if folded(text) == "externalid" { Ok(Self::Id) } else { key_named(text, &Self::ALL) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_their_fields() {
        for key in Key::ALL {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert_eq!("external_id".parse(), Ok(Key::Id));
        assert_eq!("Quickbooks-Id".parse(), Ok(Key::QuickbooksId));
        assert!("notes".parse::<Key>().unwrap_err().contains("id, email, phone"));
    }

    #[test]
    fn values_are_compared_as_people_read_them() {
        assert_eq!(Key::Phone.normalized("(206) 555-0100"), Key::Phone.normalized("206.555.0100"));
        assert_eq!(Key::Email.normalized("Ann@Example.com"), Key::Email.normalized("ann@example.com"));
        assert_eq!(Key::Phone.normalized("none"), None);
        assert_eq!(Key::TaxId.normalized(" "), None);
    }
}
