//! What a column can hold: the fields of a customer, their names, and the header names they are known by.

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

/// A field, its name, and the header names that it is known by beside its own; see [`folded`].
struct Names {
    field: Field,
    name: &'static str,
    aliases: &'static [&'static str],
}

const fn names(field: Field, name: &'static str, aliases: &'static [&'static str]) -> Names {
    Names { field, name, aliases }
}

/// Every field, in the order of the enumeration.
const NAMES: [Names; Field::COUNT] = [
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

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Self::DeletedAt as usize + 1;

    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|names| names.field)
    }

    /// The field's name, as `--map` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize].name
    }

    /// The field of this name. Case, spaces, `_` and `-` do not matter.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = folded(name);
        Self::all().find(|field| folded(field.name()) == name)
    }

    /// The field that a column with this header holds, by its name or another name it is known by.
    #[must_use]
    pub fn of_header(header: &str) -> Option<Self> {
        let header = folded(header);
        NAMES
            .iter()
            .find(|names| folded(names.name) == header || names.aliases.contains(&header.as_str()))
            .map(|names| names.field)
    }

    /// The names of all fields, for a message.
    #[must_use]
    pub fn all_names() -> String {
        let names: Vec<&str> = Self::all().map(Self::name).collect();
        names.join(", ")
    }
}

/// A header name without what does not matter in it: case, spaces, `_` and `-`.
#[must_use]
pub fn folded(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_names_stand_in_the_order_of_the_fields_and_no_two_are_the_same() {
        let mut seen = BTreeSet::new();
        for (at, names) in NAMES.iter().enumerate() {
            assert_eq!(names.field as usize, at);
            assert!(seen.insert(folded(names.name)), "{}", names.name);
            for alias in names.aliases {
                assert_eq!(folded(alias), *alias);
                assert!(seen.insert((*alias).to_owned()), "{alias}");
            }
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        for header in ["first_name", "First Name", "FIRSTNAME", "first-name", "firstName"] {
            assert_eq!(Field::of_header(header), Some(Field::FirstName), "{header}");
        }
        assert_eq!(Field::of_header("favourite colour"), None);
    }
}
