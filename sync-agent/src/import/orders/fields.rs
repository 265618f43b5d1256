//! The fields of orders and of their lines that a column can fill.

use crate::import::field::{FieldNames, ImportField, MissingField, names};

/// A field of an order that a column of a file can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum OrderField {
    /// Id of the order in its source.
    OrderId,
    /// The number that people know the order by; by default its id.
    OrderNumber,
    /// The customer: the id in the source, `cust_…`, a uuid or an email.
    CustomerId,
    /// `pending`, `confirmed`, `processing`, `shipped`, `delivered`, `cancelled`, `returned`, or `removed`.
    Status,
    /// When the order was made.
    OrderDate,
    /// When the goods left.
    ShipDate,
    /// When the goods arrived.
    DeliveryDate,
    /// The order's value; by default the sum of its lines.
    Total,
    /// How much was paid. An order without this and [`Self::PaidDate`] has no payment state.
    AmountPaid,
    /// When it was paid, in full unless [`Self::AmountPaid`] says otherwise.
    PaidDate,
    /// Street and house number of the shipping address.
    Street,
    /// Second line of the shipping address.
    Street2,
    /// City of the shipping address.
    City,
    /// State or region of the shipping address.
    State,
    /// Postal code of the shipping address.
    ZipCode,
    /// Country of the shipping address.
    Country,
}

impl ImportField for OrderField {
    const NAMES: &'static [FieldNames<Self>] = &[
        names(Self::OrderId, "orderId", &[]),
        names(Self::OrderNumber, "orderNumber", &[]),
        names(Self::CustomerId, "customerId", &["customer"]),
        names(Self::Status, "status", &["orderstatus"]),
        names(Self::OrderDate, "orderDate", &[]),
        names(Self::ShipDate, "shipDate", &["shippeddate"]),
        names(Self::DeliveryDate, "deliveryDate", &["delivereddate"]),
        names(Self::Total, "total", &["totalamount"]),
        names(Self::AmountPaid, "amountPaid", &[]),
        names(Self::PaidDate, "paidDate", &["datepaid"]),
        names(Self::Street, "street", &["shipaddress", "shippingaddress1"]),
        names(Self::Street2, "street2", &["shipaddress2", "shippingaddress2"]),
        names(Self::City, "city", &["shipcity", "shippingcity"]),
        names(Self::State, "state", &["shipregion", "shipstate", "shippingstate"]),
        names(Self::ZipCode, "zipCode", &["shippostalcode", "shippingzip"]),
        names(Self::Country, "country", &["shipcountry", "shippingcountry"]),
    ];

    const BEST_OF: &'static [(Self, &'static [&'static str])] = &[(Self::OrderId, &["orderid", "id"])];

    fn index(self) -> usize {
        self as usize
    }

    fn missing(holds: impl Fn(Self) -> bool) -> Option<MissingField> {
        let required = [
            (Self::OrderId, MissingField { what: "order ids", example: "orderId" }),
            (Self::CustomerId, MissingField { what: "the orders' customers", example: "customerId" }),
            (Self::OrderDate, MissingField { what: "the dates of the orders", example: "orderDate" }),
        ];
        required.into_iter().find(|(field, _)| !holds(*field)).map(|(_, missing)| missing)
    }
}

/// A field of an order's line that a column of a file can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum LineField {
    /// Id of the order in its source.
    OrderId,
    /// The product.
    ProductId,
    /// The product's name.
    ProductName,
    /// Units ordered; by default one.
    Quantity,
    /// Price of one unit.
    UnitPrice,
    /// The part of the price that is waived, from 0 to 1.
    Discount,
}

impl ImportField for LineField {
    const NAMES: &'static [FieldNames<Self>] = &[
        names(Self::OrderId, "orderId", &[]),
        names(Self::ProductId, "productId", &[]),
        names(Self::ProductName, "productName", &[]),
        names(Self::Quantity, "quantity", &[]),
        names(Self::UnitPrice, "unitPrice", &[]),
        names(Self::Discount, "discount", &[]),
    ];

    fn index(self) -> usize {
        self as usize
    }

    fn missing(holds: impl Fn(Self) -> bool) -> Option<MissingField> {
        let required = [
            (Self::OrderId, MissingField { what: "order ids", example: "orderId" }),
            (Self::ProductId, MissingField { what: "product ids", example: "productId" }),
            (Self::UnitPrice, MissingField { what: "unit prices", example: "unitPrice" }),
        ];
        required.into_iter().find(|(field, _)| !holds(*field)).map(|(_, missing)| missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_the_order_of_the_fields() {
        crate::import::field::tests::check_names::<OrderField>();
        crate::import::field::tests::check_names::<LineField>();
    }
}
