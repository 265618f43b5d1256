//! The customer fields that a column can fill, with their names and aliases.

use crate::import::field::{FieldNames, ImportField, MissingField, names};

/// A field of a customer that a column of a file can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Field {
    /// The row's id in its source, which makes an import safe to repeat.
    Id,
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// A person's full name. It is split at its last space if the row has no first or last name.
    FullName,
    /// Job title of the person in [`Self::FullName`].
    ContactTitle,
    /// The organisation's name.
    CompanyName,
    /// Email address.
    Email,
    /// Main phone number.
    Phone,
    /// Mobile phone number.
    MobilePhone,
    /// Fax number.
    Fax,
    /// Web address.
    Website,
    /// `ACTIVE`, `INACTIVE` or `LEAD`.
    Status,
    /// `Residential` or `Commercial`.
    CustomerType,
    /// Whether the customer is marked as important.
    IsVip,
    /// Physical address, first line.
    Street,
    /// Physical address, second line.
    Street2,
    /// Physical address, city.
    City,
    /// Physical address, state or region.
    State,
    /// Physical address, postal code.
    ZipCode,
    /// Physical address, country.
    Country,
    /// Physical address, district of the city.
    Area,
    /// Given name of the recipient at the physical address.
    RecipientFirstName,
    /// Family name of the recipient at the physical address.
    RecipientLastName,
    /// Email address of the recipient at the physical address.
    RecipientEmail,
    /// Phone number of the recipient at the physical address.
    RecipientPhone,
    /// Billing address, first line.
    BillingStreet,
    /// Billing address, second line.
    BillingStreet2,
    /// Billing address, city.
    BillingCity,
    /// Billing address, state or region.
    BillingState,
    /// Billing address, postal code.
    BillingZipCode,
    /// Billing address, country.
    BillingCountry,
    /// Billing address, district of the city.
    BillingArea,
    /// Given name of the recipient at the billing address.
    BillingFirstName,
    /// Family name of the recipient at the billing address.
    BillingLastName,
    /// Email address of the recipient at the billing address.
    BillingEmail,
    /// Phone number of the recipient at the billing address.
    BillingPhone,
    /// Tag names, separated by `;`. A name with `;`, `"` or surrounding white space is in double quotes.
    Tags,
    /// Internal notes.
    Notes,
    /// The customer's id in QuickBooks.
    QuickbooksId,
    /// Tax number.
    TaxId,
    /// `net_30`, `due_on_receipt` …
    PaymentTerms,
    /// ISO 4217 code.
    Currency,
    /// Maximum amount that the customer is allowed to owe.
    CreditLimit,
    /// Discount in percent.
    DiscountRate,
    /// `UPS_GROUND` …
    PreferredShipping,
    /// Start of the business relationship.
    CustomerSince,
    /// Arbitrary JSON.
    InternalFlags,
    /// Custom fields by name, as JSON.
    Custom,
    /// Whether the customer has agreed to receive marketing.
    AcceptsMarketing,
    /// `email`, `sms` or `both`.
    OnMyWayNotifyVia,
    /// The main service location.
    PrimaryServiceLocationUuid,
    /// Contact people, as the JSON list that an export writes.
    Contacts,
    /// Number of the contact that was added last.
    ContactSequence,
    /// Creation time in the source. It is used as [`Self::CustomerSince`] if that field is empty.
    CreatedAt,
    /// Modification time in the source. It is recognised but ignored, because an import creates new records.
    UpdatedAt,
    /// Deletion time in the source. A row that has one is rejected.
    DeletedAt,
}

impl ImportField for Field {
    const NAMES: &'static [FieldNames<Self>] = &[
        names(Field::Id, "id", &["customerid", "externalid", "uuid"]),
        names(Field::FirstName, "firstName", &["givenname"]),
        names(Field::LastName, "lastName", &["familyname", "surname"]),
        names(Field::FullName, "fullName", &["contactname"]),
        names(Field::ContactTitle, "contactTitle", &[]),
        names(Field::CompanyName, "companyName", &["company", "organisation", "organization"]),
        names(Field::Email, "email", &["emailaddress"]),
        names(Field::Phone, "phone", &["phonenumber", "telephone"]),
        names(Field::MobilePhone, "mobilePhone", &["mobile", "cellphone"]),
        names(Field::Fax, "fax", &["faxnumber"]),
        names(Field::Website, "website", &[]),
        names(Field::Status, "status", &[]),
        names(Field::CustomerType, "customerType", &[]),
        names(Field::IsVip, "isVip", &["vip"]),
        names(Field::Street, "street", &["address", "address1", "physicaladdress1", "shippingaddress1"]),
        names(Field::Street2, "street2", &["address2", "physicaladdress2", "shippingaddress2"]),
        names(Field::City, "city", &["physicalcity", "shippingcity"]),
        names(Field::State, "state", &["region", "province", "physicalstate", "shippingstate"]),
        names(Field::ZipCode, "zipCode", &["zip", "postalcode", "postcode", "physicalzip", "shippingzip"]),
        names(Field::Country, "country", &["physicalcountry", "shippingcountry"]),
        names(Field::Area, "area", &["physicalarea", "shippingarea"]),
        names(Field::RecipientFirstName, "recipientFirstName", &[]),
        names(Field::RecipientLastName, "recipientLastName", &[]),
        names(Field::RecipientEmail, "recipientEmail", &[]),
        names(Field::RecipientPhone, "recipientPhone", &[]),
        names(Field::BillingStreet, "billingStreet", &["billingaddress", "billingaddress1"]),
        names(Field::BillingStreet2, "billingStreet2", &["billingaddress2"]),
        names(Field::BillingCity, "billingCity", &[]),
        names(Field::BillingState, "billingState", &["billingregion"]),
        names(Field::BillingZipCode, "billingZipCode", &["billingzip", "billingpostalcode"]),
        names(Field::BillingCountry, "billingCountry", &[]),
        names(Field::BillingArea, "billingArea", &[]),
        names(Field::BillingFirstName, "billingFirstName", &[]),
        names(Field::BillingLastName, "billingLastName", &[]),
        names(Field::BillingEmail, "billingEmail", &[]),
        names(Field::BillingPhone, "billingPhone", &[]),
        names(Field::Tags, "tags", &[]),
        names(Field::Notes, "notes", &[]),
        names(Field::QuickbooksId, "quickbooksId", &[]),
        names(Field::TaxId, "taxId", &[]),
        names(Field::PaymentTerms, "paymentTerms", &[]),
        names(Field::Currency, "currency", &[]),
        names(Field::CreditLimit, "creditLimit", &[]),
        names(Field::DiscountRate, "discountRate", &[]),
        names(Field::PreferredShipping, "preferredShipping", &[]),
        names(Field::CustomerSince, "customerSince", &[]),
        names(Field::InternalFlags, "internalFlags", &[]),
        names(Field::Custom, "custom", &["customfields"]),
        names(Field::AcceptsMarketing, "acceptsMarketing", &[]),
        names(Field::OnMyWayNotifyVia, "onMyWayNotifyVia", &[]),
        names(Field::PrimaryServiceLocationUuid, "primaryServiceLocationUuid", &[]),
        names(Field::Contacts, "contacts", &[]),
        names(Field::ContactSequence, "contactSequence", &[]),
        names(Field::CreatedAt, "createdAt", &[]),
        names(Field::UpdatedAt, "updatedAt", &[]),
        names(Field::DeletedAt, "deletedAt", &[]),
    ];

    const BEST_OF: &'static [(Self, &'static [&'static str])] =
        &[(Self::Id, &["customerid", "id", "externalid", "uuid"])];

    fn is_exported(self) -> bool {
        !matches!(self, Self::FullName | Self::ContactTitle | Self::DeletedAt)
    }

    fn is_list(self) -> bool {
        self == Self::Tags
    }

    const EXPORT_MARKS: &'static [Self] = &[Self::Id, Self::CreatedAt, Self::UpdatedAt];

    fn index(self) -> usize {
        self as usize
    }

    fn missing(holds: impl Fn(Self) -> bool) -> Option<MissingField> {
        let sufficient = [Self::FirstName, Self::LastName, Self::FullName, Self::CompanyName, Self::Email];
        let missing = MissingField { what: "a name, a company or an email address", example: "lastName" };
        (!sufficient.into_iter().any(holds)).then_some(missing)
    }

    fn is_imported(self) -> bool {
        self != Self::UpdatedAt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_the_order_of_the_fields() {
        crate::import::field::tests::check_names::<Field>();
    }

    #[test]
    fn header_ignores_case_and_separators() {
        for header in ["first_name", "First Name", "FIRSTNAME", "first-name", "firstName"] {
            assert_eq!(Field::of_header(header), Some(Field::FirstName), "{header}");
        }
        assert_eq!(Field::of_header("favourite colour"), None);
    }
}
