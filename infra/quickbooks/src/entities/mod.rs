//! The entities of the API: their names, their families and their fields.

use std::fmt;

pub mod fields;
mod lists;
mod names;
mod sales;

pub use fields::{Access, Field, FieldKind};

/// An entity that the stand-in keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the variants are the names of the API")]
pub enum Kind {
    Account,
    CompanyInfo,
    CreditMemo,
    Customer,
    Employee,
    Invoice,
    Item,
    Payment,
    PaymentMethod,
    Preferences,
    SalesReceipt,
    Term,
    Vendor,
}

/// How an entity can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A list of people or companies that share one space of display names.
    Name,
    /// Another list, whose objects are made inactive instead of deleted.
    List,
    /// A transaction, which can be deleted, and voided if it moves money.
    Transaction,
    /// An object that exists once and can only be read and updated.
    Single,
}

/// All entities that the stand-in keeps.
pub const KINDS: [Kind; 13] = [
    Kind::Account,
    Kind::CompanyInfo,
    Kind::CreditMemo,
    Kind::Customer,
    Kind::Employee,
    Kind::Invoice,
    Kind::Item,
    Kind::Payment,
    Kind::PaymentMethod,
    Kind::Preferences,
    Kind::SalesReceipt,
    Kind::Term,
    Kind::Vendor,
];

/// Entities of the API that the stand-in does not keep. They can be queried, and are empty.
const OTHERS: [&str; 28] = [
    "Attachable",
    "Bill",
    "BillPayment",
    "Budget",
    "Class",
    "CompanyCurrency",
    "CustomerType",
    "Department",
    "Deposit",
    "Estimate",
    "ExchangeRate",
    "InventoryAdjustment",
    "JournalCode",
    "JournalEntry",
    "Purchase",
    "PurchaseOrder",
    "RecurringTransaction",
    "RefundReceipt",
    "ReimburseCharge",
    "TaxAgency",
    "TaxClassification",
    "TaxCode",
    "TaxPayment",
    "TaxRate",
    "TaxService",
    "TimeActivity",
    "Transfer",
    "VendorCredit",
];

/// An entity that a client names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// An entity that the stand-in keeps.
    Kept(Kind),
    /// An entity of the API that the stand-in does not keep.
    Other(&'static str),
}

impl Named {
    /// Finds an entity by its name in any case, as clients write it in paths and queries.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let kept = KINDS.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name)).map(Self::Kept);
        kept.or_else(|| OTHERS.into_iter().find(|other| other.eq_ignore_ascii_case(name)).map(Self::Other))
    }

    /// Returns the name as the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept(kind) => kind.name(),
            Self::Other(name) => name,
        }
    }
}

impl Kind {
    /// Returns the name as the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::CompanyInfo => "CompanyInfo",
            Self::CreditMemo => "CreditMemo",
            Self::Customer => "Customer",
            Self::Employee => "Employee",
            Self::Invoice => "Invoice",
            Self::Item => "Item",
            Self::Payment => "Payment",
            Self::PaymentMethod => "PaymentMethod",
            Self::Preferences => "Preferences",
            Self::SalesReceipt => "SalesReceipt",
            Self::Term => "Term",
            Self::Vendor => "Vendor",
        }
    }

    /// Finds a kept entity by its name in any case.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match Named::find(name)? {
            Named::Kept(kind) => Some(kind),
            Named::Other(_) => None,
        }
    }

    /// Returns how the entity can be written.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Customer | Self::Employee | Self::Vendor => Family::Name,
            Self::Account | Self::Item | Self::PaymentMethod | Self::Term => Family::List,
            Self::CreditMemo | Self::Invoice | Self::Payment | Self::SalesReceipt => Family::Transaction,
            Self::CompanyInfo | Self::Preferences => Family::Single,
        }
    }

    /// Returns whether the entity has the field `Active`, so that queries hide its inactive objects.
    #[must_use]
    pub fn has_active(self) -> bool {
        matches!(self.family(), Family::Name | Family::List)
    }

    /// Returns whether the entity can be voided.
    #[must_use]
    pub fn can_be_voided(self) -> bool {
        matches!(self, Self::Invoice | Self::Payment | Self::SalesReceipt)
    }

    /// Returns the field that names an object of a list.
    #[must_use]
    pub fn name_field(self) -> Option<&'static str> {
        match self.family() {
            Family::Name => Some("DisplayName"),
            Family::List => Some("Name"),
            Family::Transaction | Family::Single => None,
        }
    }

    /// Returns the name of the sequence from which the entity takes its ids. Lists of names share one, and
    /// so do transactions.
    #[must_use]
    pub fn sequence(self) -> &'static str {
        match self.family() {
            Family::Name => "Name",
            Family::Transaction => "Transaction",
            Family::List | Family::Single => self.name(),
        }
    }

    /// Returns the fields of the entity, except those that every entity has.
    pub fn fields(self) -> impl Iterator<Item = &'static Field> {
        self.groups().iter().copied().flatten()
    }

    fn groups(self) -> fields::Fields {
        match self {
            Self::Customer => names::CUSTOMER,
            Self::Vendor => names::VENDOR,
            Self::Employee => names::EMPLOYEE,
            Self::Invoice => sales::INVOICE,
            Self::SalesReceipt => sales::SALES_RECEIPT,
            Self::CreditMemo => sales::CREDIT_MEMO,
            Self::Payment => sales::PAYMENT,
            Self::Item => lists::ITEM,
            Self::Term => lists::TERM,
            Self::Account => lists::ACCOUNT,
            Self::PaymentMethod => lists::PAYMENT_METHOD,
            Self::CompanyInfo => lists::COMPANY_INFO,
            Self::Preferences => lists::PREFERENCES,
        }
    }

    /// Returns a field by its exact name, including those that every entity has.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        fields::COMMON.iter().chain(self.fields()).find(|field| field.name == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
