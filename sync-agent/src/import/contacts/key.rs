//! The keys by which rows name contacts that a customer has already.

use std::fmt;
use std::str::FromStr;

use clientele_shared::model::Contact;
use clientele_shared::rules::fold;

use super::fields::ContactField;
use crate::import::field::{ImportField as _, MissingField, key_named};

/// A field by which a row without a contact's id names a contact of its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContactKey {
    /// The contact's id: every row must have one.
    Id,
    /// The name.
    #[default]
    Name,
    /// The email, as emails are compared: case does not matter.
    Email,
    /// The digits of the phone number.
    Phone,
}

impl ContactKey {
    /// All keys.
    pub const ALL: [Self; 4] = [Self::Id, Self::Name, Self::Email, Self::Phone];

    /// Returns the field that holds the key.
    #[must_use]
    pub fn field(self) -> ContactField {
        match self {
            Self::Id => ContactField::ContactId,
            Self::Name => ContactField::Name,
            Self::Email => ContactField::Email,
            Self::Phone => ContactField::Phone,
        }
    }

    /// Returns the required column that is missing if no column holds the key.
    pub(super) fn missing(self) -> MissingField {
        let (what, example) = match self {
            Self::Id => ("the contacts' ids, which are the --key", "contactId"),
            Self::Name => ("the contacts' names", "name"),
            Self::Email => ("the contacts' email addresses, which are the --key", "email"),
            Self::Phone => ("the contacts' phone numbers, which are the --key", "phone"),
        };
        MissingField { what, example }
    }

    /// Returns the reason why a row without a value of the key is rejected.
    pub(super) fn empty(self) -> &'static str {
        match self {
            Self::Id => "must not be empty, because it is the --key",
            Self::Name | Self::Email => "must not be empty for a contact without an id",
            Self::Phone => "must have digits for a contact without an id",
        }
    }

    /// Returns the form in which values of the key are compared; `None` for a value that names no contact.
    pub(super) fn normalized(self, value: &str) -> Option<String> {
        let value = match self {
            Self::Email => fold::email(value),
            Self::Phone => fold::digits(value),
            Self::Id | Self::Name => value.to_owned(),
        };
        (!value.is_empty()).then_some(value)
    }

    /// Returns a contact's value of the key in the form in which it is compared.
    pub(super) fn of(self, contact: &Contact) -> Option<String> {
        let value = match self {
            Self::Id => Some(&contact.id),
            Self::Name => Some(&contact.name),
            Self::Email => contact.email.as_ref(),
            Self::Phone => contact.phone.as_ref(),
        };
        value.and_then(|value| self.normalized(value))
    }
}

impl fmt::Display for ContactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field().name())
    }
}

impl FromStr for ContactKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        key_named(text, &Self::ALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_their_fields() {
        for key in ContactKey::ALL {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert_eq!("contact_id".parse(), Ok(ContactKey::Id));
        assert_eq!("title".parse::<ContactKey>(), Err("must be one of contactId, name, email, phone".into()));
    }
}
