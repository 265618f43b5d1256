//! The fields of contacts that a column can fill: the columns of an export of contacts.

use crate::import::field::{FieldNames, ImportField, MissingField, names};

/// A field of a contact that a column of a file can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum ContactField {
    /// The customer: the id in the source, `cust_…`, a uuid or an email.
    CustomerId,
    /// The customer's email in an export. It is recognised but ignored, because the customer has its own.
    CustomerEmail,
    /// `cont_…`. A row without it names a contact by its key.
    ContactId,
    /// Full name.
    Name,
    /// Job title.
    Title,
    /// Email address.
    Email,
    /// Phone number.
    Phone,
    /// Whether to call this person first.
    IsPrimary,
    /// Creation time, for a new contact.
    CreatedAt,
    /// Modification time, for a new contact.
    UpdatedAt,
}

impl ImportField for ContactField {
    const NAMES: &'static [FieldNames<Self>] = &[
        names(Self::CustomerId, "customerId", &["customer"]),
        names(Self::CustomerEmail, "customerEmail", &[]),
        names(Self::ContactId, "contactId", &[]),
        names(Self::Name, "name", &["contactname", "fullname"]),
        names(Self::Title, "title", &["jobtitle", "contacttitle"]),
        names(Self::Email, "email", &["emailaddress"]),
        names(Self::Phone, "phone", &["phonenumber", "telephone"]),
        names(Self::IsPrimary, "isPrimary", &["primary"]),
        names(Self::CreatedAt, "createdAt", &[]),
        names(Self::UpdatedAt, "updatedAt", &[]),
    ];

    const EXPORT_MARKS: &'static [Self] =
        &[Self::CustomerId, Self::ContactId, Self::CreatedAt, Self::UpdatedAt];

    fn index(self) -> usize {
        self as usize
    }

    fn missing(holds: impl Fn(Self) -> bool) -> Option<MissingField> {
        let missing = MissingField { what: "the contacts' customers", example: "customerId" };
        (!holds(Self::CustomerId)).then_some(missing)
    }

    fn is_imported(self) -> bool {
        self != Self::CustomerEmail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_the_order_of_the_fields() {
        crate::import::field::tests::check_names::<ContactField>();
    }
}
