//! The price fields that a column can fill: the columns of the pricing export, and the customer.

use crate::import::field::{FieldNames, ImportField, MissingField, names};

/// A field of a price that a column of a file can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum PriceField {
    /// The customer whose own price this is. A row without a customer belongs to the price list.
    CustomerId,
    /// The product or service.
    ProductId,
    /// Kind of service.
    ServiceType,
    /// Display name.
    Name,
    /// The price of the price list.
    DefaultPrice,
    /// The customer's own price.
    CustomerPrice,
    /// ISO 4217 code.
    Currency,
    /// First day on which the price applies.
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

    fn index(self) -> usize {
        self as usize
    }

    fn missing(holds: impl Fn(Self) -> bool) -> Option<MissingField> {
        if !holds(Self::ProductId) {
            return Some(MissingField { what: "product ids", example: "productId" });
        }
        let has_price = holds(Self::DefaultPrice) || holds(Self::CustomerPrice);
        (!has_price).then_some(MissingField { what: "prices", example: "defaultPrice" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_the_order_of_the_fields() {
        crate::import::field::tests::check_names::<PriceField>();
    }
}
