//! Fields of items, terms and the other lists, and of the objects that a company has once.

use super::Kind;
use super::fields::{FieldKind, Fields, amount, date, field, flag, list, object, reference, text};

const ITEM_TYPES: FieldKind =
    FieldKind::Choice(&["Inventory", "Service", "NonInventory", "Category", "Group", "Bundle"]);

/// Fields of `Item`.
pub(super) const ITEM: Fields = &[&[
    field("Name", FieldKind::Name(100)).queryable(),
    text("FullyQualifiedName", 4000).system().queryable(),
    text("Sku", 100).queryable(),
    text("Description", 4000).queryable(),
    flag("Active").queryable(),
    field("Type", ITEM_TYPES).queryable(),
    amount("UnitPrice").queryable(),
    flag("Taxable").queryable(),
    flag("SalesTaxIncluded"),
    amount("RatePercent"),
    flag("SubItem").queryable(),
    reference("ParentRef", Some(Kind::Item)),
    field("Level", FieldKind::Whole).system(),
    reference("IncomeAccountRef", Some(Kind::Account)),
    reference("ExpenseAccountRef", Some(Kind::Account)),
    reference("AssetAccountRef", Some(Kind::Account)),
    text("PurchaseDesc", 1000),
    amount("PurchaseCost").queryable(),
    flag("PurchaseTaxIncluded"),
    flag("TrackQtyOnHand").queryable(),
    amount("QtyOnHand").queryable(),
    amount("ReorderPoint"),
    date("InvStartDate"),
    reference("SalesTaxCodeRef", None),
    reference("PurchaseTaxCodeRef", None),
    reference("TaxClassificationRef", None),
    reference("PrefVendorRef", Some(Kind::Vendor)),
    reference("ClassRef", None),
    text("ItemCategoryType", 50),
    object("ItemGroupDetail"),
    flag("PrintGroupedItems"),
    text("UQCDisplayText", 100),
    text("UQCId", 20),
    text("AbatementRate", 20),
    text("ReverseChargeRate", 20),
    text("ServiceType", 100),
    text("Source", 50),
]];

/// Fields of `Term`.
pub(super) const TERM: Fields = &[&[
    field("Name", FieldKind::Name(31)).queryable(),
    flag("Active").queryable(),
    text("Type", 20).system().queryable(),
    amount("DiscountPercent"),
    field("DueDays", FieldKind::Whole),
    field("DiscountDays", FieldKind::Whole),
    field("DayOfMonthDue", FieldKind::Whole),
    field("DueNextMonthDays", FieldKind::Whole),
    field("DiscountDayOfMonth", FieldKind::Whole),
]];

/// Fields of `Account`.
pub(super) const ACCOUNT: Fields = &[&[
    field("Name", FieldKind::Name(100)).queryable(),
    text("FullyQualifiedName", 4000).system().queryable(),
    text("Description", 4000).queryable(),
    flag("Active").queryable(),
    text("Classification", 50).system().queryable(),
    text("AccountType", 100).queryable(),
    text("AccountSubType", 100).queryable(),
    text("AcctNum", 20),
    flag("SubAccount").queryable(),
    reference("ParentRef", Some(Kind::Account)),
    amount("CurrentBalance").system().queryable(),
    amount("CurrentBalanceWithSubAccounts").system(),
    reference("CurrencyRef", None).create_only(),
    reference("TaxCodeRef", None),
]];

/// Fields of `PaymentMethod`.
pub(super) const PAYMENT_METHOD: Fields = &[&[
    field("Name", FieldKind::Name(31)).queryable(),
    flag("Active").queryable(),
    field("Type", FieldKind::Choice(&["CREDIT_CARD", "NON_CREDIT_CARD"])).queryable(),
]];

/// Fields of `CompanyInfo`.
pub(super) const COMPANY_INFO: Fields = &[&[
    text("CompanyName", 1024).queryable(),
    text("LegalName", 1024),
    field("CompanyAddr", FieldKind::Address),
    field("CustomerCommunicationAddr", FieldKind::Address),
    field("LegalAddr", FieldKind::Address),
    field("PrimaryPhone", FieldKind::Phone),
    date("CompanyStartDate").system(),
    text("EmployerId", 50),
    text("FiscalYearStartMonth", 20),
    text("Country", 50).system(),
    field("Email", FieldKind::Email),
    field("CustomerCommunicationEmailAddr", FieldKind::Email),
    field("WebAddr", FieldKind::Web),
    text("SupportedLanguages", 100).system(),
    list("NameValue").system(),
]];

/// Fields of `Preferences`.
pub(super) const PREFERENCES: Fields = &[&[
    object("AccountingInfoPrefs"),
    object("ProductAndServicesPrefs"),
    object("SalesFormsPrefs"),
    object("EmailMessagesPrefs"),
    object("VendorAndPurchasesPrefs"),
    object("TimeTrackingPrefs"),
    object("TaxPrefs"),
    object("CurrencyPrefs"),
    object("ReportPrefs"),
    object("OtherPrefs"),
]];
