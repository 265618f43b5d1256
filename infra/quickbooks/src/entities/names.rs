//! Fields of customers, vendors and employees.
//!
//! Source of names and lengths: Intuit's reference pages of the three entities.

use super::Kind;
use super::fields::{Field, FieldKind, amount, date, field, flag, list, object, reference, text};

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

/// Fields of `Customer`.
pub(super) const CUSTOMER: &[Field] = &[
    name("Title", 16),
    name("GivenName", 100),
    name("MiddleName", 100),
    name("FamilyName", 100),
    name("Suffix", 16),
    name("DisplayName", 500),
    text("FullyQualifiedName", 4000).system().queryable(),
    text("CompanyName", 100).queryable(),
    name("PrintOnCheckName", 110),
    flag("Active").queryable(),
    phone("PrimaryPhone"),
    phone("AlternatePhone"),
    phone("Mobile"),
    phone("Fax"),
    field("PrimaryEmailAddr", FieldKind::Email).queryable(),
    field("WebAddr", FieldKind::Web),
    reference("DefaultTaxCodeRef", None),
    flag("Taxable"),
    field("TaxExemptionReasonId", FieldKind::Whole),
    address("BillAddr"),
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
    reference("CurrencyRef", None).create_only(),
    amount("Balance").create_only().queryable(),
    date("OpenBalanceDate").create_only(),
    amount("BalanceWithJobs").system().queryable(),
    field("PreferredDeliveryMethod", DELIVERY),
    text("ResaleNum", 16),
    field("PrimaryTaxIdentifier", FieldKind::TaxIdentifier),
    field("SecondaryTaxIdentifier", FieldKind::TaxIdentifier),
    text("GSTIN", 15),
    text("GSTRegistrationType", 15),
    text("BusinessNumber", 10),
    flag("IsCISContractor"),
    text("TaxRegime", 100),
    flag("TDSEnabled"),
    flag("IsProject").system(),
    text("ClientEntityId", 20).system(),
    field("Source", FieldKind::Choice(&["QBCommerce"])),
    amount("CreditLimit"),
    text("AcctNum", 100),
    text("UserId", 100),
    text("ContactName", 100),
    text("AltContactName", 100),
    text("OtherContactInfo", 500),
    flag("TaxRollupWithParent").system(),
    flag("Organization"),
    text("V4IDPseudonym", 100).system(),
    text("TxnSource", 100).system(),
];

/// Fields of `Vendor`.
pub(super) const VENDOR: &[Field] = &[
    name("Title", 16),
    name("GivenName", 100),
    name("MiddleName", 100),
    name("FamilyName", 100),
    name("Suffix", 16),
    name("DisplayName", 500),
    text("CompanyName", 100).queryable(),
    name("PrintOnCheckName", 110),
    flag("Active").queryable(),
    phone("PrimaryPhone"),
    phone("AlternatePhone"),
    phone("Mobile"),
    phone("Fax"),
    field("PrimaryEmailAddr", FieldKind::Email).queryable(),
    field("WebAddr", FieldKind::Web),
    address("BillAddr"),
    list("OtherContactInfo"),
    reference("APAccountRef", Some(Kind::Account)),
    reference("TermRef", Some(Kind::Term)),
    reference("CurrencyRef", None).create_only(),
    amount("Balance").system().queryable(),
    text("AcctNum", 100),
    amount("BillRate"),
    amount("CostRate"),
    field("TaxIdentifier", FieldKind::TaxIdentifier),
    text("BusinessNumber", 10),
    flag("Vendor1099"),
    flag("T4AEligible"),
    flag("T5018Eligible"),
    text("GSTIN", 15),
    text("GSTRegistrationType", 15),
    flag("HasTPAR"),
    text("TaxReportingBasis", 50),
    object("VendorPaymentBankDetail"),
    text("Source", 50),
    text("V4IDPseudonym", 100).system(),
];

/// Fields of `Employee`.
pub(super) const EMPLOYEE: &[Field] = &[
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
    address("PrimaryAddr"),
    text("EmployeeNumber", 100),
    field("SSN", FieldKind::TaxIdentifier),
    date("BirthDate"),
    field("Gender", FieldKind::Choice(&["Male", "Female"])),
    date("HiredDate"),
    date("ReleasedDate"),
    flag("BillableTime"),
    amount("BillRate"),
    amount("CostRate"),
    flag("Organization"),
    text("V4IDPseudonym", 100).system(),
];
