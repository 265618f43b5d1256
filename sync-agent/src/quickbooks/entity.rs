//! The entities of the API that the mirror uses.

use std::fmt;

/// An entity of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A customer, or a job of one.
    Customer,
    /// A vendor.
    Vendor,
    /// An employee.
    Employee,
    /// A product or service.
    Item,
    /// An invoice.
    Invoice,
    /// A sale that is paid at the same time.
    SalesReceipt,
    /// A credit for a customer.
    CreditMemo,
    /// A payment of a customer.
    Payment,
}

impl Entity {
    /// All entities.
    pub const ALL: [Self; 8] = [
        Self::Customer,
        Self::Vendor,
        Self::Employee,
        Self::Item,
        Self::Invoice,
        Self::SalesReceipt,
        Self::CreditMemo,
        Self::Payment,
    ];

    /// Returns the name as the API spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Vendor => "Vendor",
            Self::Employee => "Employee",
            Self::Item => "Item",
            Self::Invoice => "Invoice",
            Self::SalesReceipt => "SalesReceipt",
            Self::CreditMemo => "CreditMemo",
            Self::Payment => "Payment",
        }
    }

    /// Returns the entity with this name, as the API spells it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.name() == name)
    }

    /// Returns whether objects are deactivated instead of deleted. Queries leave inactive ones out unless they
    /// name `Active`.
    #[must_use]
    pub const fn has_active(self) -> bool {
        matches!(self, Self::Customer | Self::Vendor | Self::Employee | Self::Item)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
