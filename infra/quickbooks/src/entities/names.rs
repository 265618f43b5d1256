//! Fields of customers, vendors and employees.
//!
//! Source of names and lengths: Intuit's reference pages of the three entities.

use super::Kind;
use super::fields::{Field, FieldKind, Fields, amount, date, field, flag, list, object, reference, text};

const DELIVERY: FieldKind = FieldKind::Choice(&["Print", "Email", "None", "NotSet"]);

const fn name(name: &'static str, max: usize) -> Field {
    field(name, FieldKind::Name(max)).queryable()
}

const fn phone(name: &'static str) -> Field {
    field(name, FieldKind::Phone)
}

const fn address(name: &'static str) -> Field {
    field(name, FieldKind::Address)
}

/// Fields of all lists of names.
const PERSON: &[Field] = &[
    name("Title", 16),
    name("GivenName", 100),
    name("MiddleName", 100),
    name("FamilyName", 100),
    name("Suffix", 16),
    name("DisplayName", 500),
    name("PrintOnCheckName", 110),
    flag("Active").queryable(),
    phone("PrimaryPhone"),
    phone("Mobile"),
    field("PrimaryEmailAddr", FieldKind::Email).queryable(),
    text("V4IDPseudonym", 100).system(),
];

/// Fields of customers and vendors, which can be businesses.
const BUSINESS: &[Field] = &[
    text("CompanyName", 100).queryable(),
    phone("AlternatePhone"),
    phone("Fax"),
    field("WebAddr", FieldKind::Web),
    address("BillAddr"),
    reference("CurrencyRef", None).create_only(),
    text("GSTIN", 15),
    text("GSTRegistrationType", 15),
    text("BusinessNumber", 10),
    text("AcctNum", 100),
];

/// Fields of vendors and employees, whose work can be billed.
const WORK: &[Field] = &[amount("BillRate"), amount("CostRate")];

/// Fields of `Customer`.
pub(super) const CUSTOMER: Fields = &[
    PERSON,
    BUSINESS,
    &[
        text("FullyQualifiedName", 4000).system().queryable(),
        reference("DefaultTaxCodeRef", None),
        flag("Taxable"),
        field("TaxExemptionReasonId", FieldKind::Whole),
        address("ShipAddr"),
        list("OtherAddr"),
        text("Notes", 2000),
        flag("Job").queryable(),
        flag("BillWithParent").queryable(),
        reference("ParentRef", Some(Kind::Customer)),
        field("Level", FieldKind::Whole).system(),
        reference("SalesTermRef", Some(Kind::Term)),
        reference("PaymentMethodRef", Some(Kind::PaymentMethod)),
        reference("CustomerTypeRef", None),
        reference("ARAccountRef", Some(Kind::Account)),
        amount("Balance").create_only().queryable(),
        date("OpenBalanceDate").create_only(),
        amount("BalanceWithJobs").system().queryable(),
        field("PreferredDeliveryMethod", DELIVERY),
        text("ResaleNum", 16),
        field("PrimaryTaxIdentifier", FieldKind::TaxIdentifier),
        field("SecondaryTaxIdentifier", FieldKind::TaxIdentifier),
        flag("IsCISContractor"),
        text("TaxRegime", 100),
        flag("TDSEnabled"),
        flag("IsProject").system(),
        text("ClientEntityId", 20).system(),
        field("Source", FieldKind::Choice(&["QBCommerce"])),
        amount("CreditLimit"),
        text("UserId", 100),
        text("ContactName", 100),
        text("AltContactName", 100),
        text("OtherContactInfo", 500),
        flag("TaxRollupWithParent").system(),
        flag("Organization"),
        text("TxnSource", 100).system(),
    ],
];

/// Fields of `Vendor`.
pub(super) const VENDOR: Fields = &[
    PERSON,
    BUSINESS,
    WORK,
    &[
        list("OtherContactInfo"),
        reference("APAccountRef", Some(Kind::Account)),
        reference("TermRef", Some(Kind::Term)),
        amount("Balance").system().queryable(),
        field("TaxIdentifier", FieldKind::TaxIdentifier),
        flag("Vendor1099"),
        flag("T4AEligible"),
        flag("T5018Eligible"),
        flag("HasTPAR"),
        text("TaxReportingBasis", 50),
        object("VendorPaymentBankDetail"),
        text("Source", 50),
    ],
];

/// Fields of `Employee`.
pub(super) const EMPLOYEE: Fields = &[
    PERSON,
    WORK,
    &[
        address("PrimaryAddr"),
        text("EmployeeNumber", 100),
        field("SSN", FieldKind::TaxIdentifier),
        date("BirthDate"),
        field("Gender", FieldKind::Choice(&["Male", "Female"])),
        date("HiredDate"),
        date("ReleasedDate"),
        flag("BillableTime"),
        flag("Organization"),
    ],
];
