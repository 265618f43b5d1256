//! What a column of customers can hold: the fields of a customer, their names, and the header names they are known by.

use crate::import::field::{FieldNames, ImportField, MissingField, names};

/// A field of a customer that a column of a file can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Field {
    /// The row's id in its source: what makes an import safe to run twice.
    Id,
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// A person's whole name: parted at its last space where no given or family name stands beside it.
    FullName,
    /// What the person named by [`Self::FullName`] does at the company.
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
    /// Tags, parted by `;`.
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
    /// How much the customer may owe.
    CreditLimit,
    /// Discount in percent.
    DiscountRate,
    /// `UPS_GROUND` …
    PreferredShipping,
    /// Since when the customer is one.
    CustomerSince,
    /// Free JSON.
    InternalFlags,
    /// Whether the customer agreed to marketing.
    AcceptsMarketing,
    /// `email`, `sms` or `both`.
    OnMyWayNotifyVia,
    /// The main service location.
    PrimaryServiceLocationUuid,
    /// When the record was made where it comes from: taken as [`Self::CustomerSince`] where that is not given.
    CreatedAt,
    /// When the record changed where it comes from: known, and not imported, for the record begins anew here.
    UpdatedAt,
    /// When the record was deleted where it comes from: a row that has it is rejected.
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
        names(Field::BillingStreet, "billingStreet", &["billingaddress", "billingaddress1"]),
        names(Field::BillingStreet2, "billingStreet2", &["billingaddress2"]),
        names(Field::BillingCity, "billingCity", &[]),
        names(Field::BillingState, "billingState", &["billingregion"]),
        names(Field::BillingZipCode, "billingZipCode", &["billingzip", "billingpostalcode"]),
        names(Field::BillingCountry, "billingCountry", &[]),
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
        names(Field::AcceptsMarketing, "acceptsMarketing", &[]),
        names(Field::OnMyWayNotifyVia, "onMyWayNotifyVia", &[]),
        names(Field::PrimaryServiceLocationUuid, "primaryServiceLocationUuid", &[]),
        names(Field::CreatedAt, "createdAt", &[]),
        names(Field::UpdatedAt, "updatedAt", &[]),
        names(Field::DeletedAt, "deletedAt", &[]),
    ];

    const BEST_OF: &'static [(Self, &'static [&'static str])] =
        &[(Self::Id, &["customerid", "id", "externalid", "uuid"])];

    fn place(self) -> usize {
        self as usize
    }

    fn lacking(holds: impl Fn(Self) -> bool) -> Option<MissingField> {
        let needed = [Self::FirstName, Self::LastName, Self::FullName, Self::CompanyName, Self::Email];
        let lacking = MissingField { what: "a name, a company or an email address", such_as: "lastName" };
        (!needed.into_iter().any(holds)).then_some(lacking)
    }

    fn is_imported(self) -> bool {
        self != Self::UpdatedAt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_stand_in_the_order_of_the_fields_and_no_two_are_the_same() {
        crate::import::field::tests::check_names::<Field>();
    }

    #[test]
    fn spelling_does_not_matter() {
        for header in ["first_name", "First Name", "FIRSTNAME", "first-name", "firstName"] {
            assert_eq!(Field::of_header(header), Some(Field::FirstName), "{header}");
        }
        assert_eq!(Field::of_header("favourite colour"), None);
    }
}
