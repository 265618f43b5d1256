//! What a column of prices can hold: the columns of the pricing export, and the customer.

use crate::import::field::{FieldNames, ImportField, MissingField, names};

/// A field of a price that a column of a file can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum PriceField {
    /// Whose own price it is; without one the row is of the price list.
    CustomerId,
    /// The product or service.
    ProductId,
    /// What kind of service it is.
    ServiceType,
    /// What people call it.
    Name,
    /// The price of the price list.
    DefaultPrice,
    /// The customer's own price.
    CustomerPrice,
    /// ISO 4217 code.
    Currency,
    /// The first day on which the price holds.
    EffectiveFrom,
}

impl ImportField for PriceField {
    const NAMES: &'static [FieldNames<Self>] = &[
        names(Self::CustomerId, "customerId", &[]),
        names(Self::ProductId, "productId", &[]),
        names(Self::ServiceType, "serviceType", &[]),
        names(Self::Name, "name", &["productname"]),
        names(Self::DefaultPrice, "defaultPrice", &[]),
        names(Self::CustomerPrice, "customerPrice", &[]),
        names(Self::Currency, "currency", &[]),
        names(Self::EffectiveFrom, "effectiveFrom", &[]),
    ];

    fn place(self) -> usize {
        self as usize
    }

    fn lacking(holds: impl Fn(Self) -> bool) -> Option<MissingField> {
        if !holds(Self::ProductId) {
            return Some(MissingField { what: "the products' ids", such_as: "productId" });
        }
        let has_price = holds(Self::DefaultPrice) || holds(Self::CustomerPrice);
        (!has_price).then_some(MissingField { what: "a price", such_as: "defaultPrice" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_stand_in_the_order_of_the_fields_and_no_two_are_the_same() {
        crate::import::field::tests::check_names::<PriceField>();
    }
}
