//! Conversion of invoices, sales receipts and credit memos to orders.

use std::collections::BTreeMap;

use clientele_shared::model::{Address, Date, Money, Order, OrderStatus, Payment, ProductId};
use clientele_shared::store::{OrderChange, RowKey};

use super::lines::lines;
use super::payments::invoice_payments;
use super::reader::{Reader, object_in, reference, text_of};
use super::{DocumentKind, Object, PaymentFacts, Unreadable};

/// The lines of an address.
const ADDRESS_LINES: [&str; 5] = ["Line1", "Line2", "Line3", "Line4", "Line5"];

/// The word that QuickBooks adds to the private note of a document that is voided.
const VOIDED: &str = "Voided";

/// Returns the key of the order that a document becomes. `source` names the company, such as `quickbooks:4620816365`,
/// and `id` the document.
#[must_use]
pub fn order_key(kind: DocumentKind, source: &str, id: &str) -> RowKey {
    RowKey::order(source, &format!("{}:{id}", kind.as_str()))
}

/// Returns the QuickBooks id of a document's customer.
#[must_use]
pub fn customer_of(document: &Object) -> Option<String> {
    reference(document, "CustomerRef")
}

/// Converts a document to an order with its lines.
///
/// - The order number is the `DocNumber`, else the id. The order was made on the `TxnDate` at 00:00 UTC.
/// - The total is the `TotalAmt` with tax, rounded to cents. Lines are without tax.
/// - QuickBooks has no state of delivery, so the [`OrderStatus`] follows from the rest: *cancelled* if the document is
///   voided (no total, and a private note with `Voided`); *returned* for a credit memo, whose goods came back;
///   *shipped* with a `ShipDate`, even one in the future; else *delivered* for a sales receipt, which records goods
///   handed over for payment, and *confirmed* for an invoice, which proves no more than that the order was accepted.
/// - A sales receipt is paid in full on its day. An invoice's payments are those of `payments`, by id, that apply to
///   it; the document's `Balance` decides how much is unpaid. Read [`payments_of`](super::payments_of) first, because a
///   payment that is missing has no known day. The payments of a credit memo are not known.
/// - `product` returns the product of an item, by its QuickBooks id. Read [`items_of`](super::items_of) first: the
///   product of an unknown item is its name in the document, else `Item` and its id.
///
/// # Errors
/// Returns [`Unreadable`] if the document has no id, day or total; if a number, day or text is invalid, too large or
/// too long; if the total is negative; or if there are more than 500 lines, or more than 300 KB of them.
pub fn order(
    kind: DocumentKind,
    source: &str,
    document: &Object,
    payments: &BTreeMap<String, PaymentFacts>,
    product: &dyn Fn(&str) -> Option<ProductId>,
) -> Result<OrderChange, Unreadable> {
    let reader = Reader::open(kind.as_str(), document)?;
    let missing = |field: &str| reader.unreadable(format!("{field}: must not be empty"));
    let total = reader.amount(document, "TotalAmt")?.ok_or_else(|| missing("TotalAmt"))?;
    let day = reader.day(document, "TxnDate")?.ok_or_else(|| missing("TxnDate"))?;
    let shipped_on = reader.day(document, "ShipDate")?;
    let balance = reader.signed_amount(document, "Balance")?;
    let lines = lines(&reader, document, product)?;
    let key = order_key(kind, source, &reader.id);
    let order = Order {
        id: key.order_id(),
        order_number: reader.text(document, "DocNumber")?.unwrap_or_else(|| reader.id.clone()),
        status: status(kind, is_voided(document, total), shipped_on.is_some()),
        ordered_at: day.start(),
        shipped_at: shipped_on.map(Date::start),
        delivered_at: None,
        total,
        items_count: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        shipping_address: shipping_address(&reader, document)?,
        payments: match kind {
            DocumentKind::Invoice => Some(invoice_payments(&reader.id, total, balance, payments)),
            DocumentKind::SalesReceipt => Some(paid_in_full(total, day)),
            DocumentKind::CreditMemo => None,
        },
    };
    Ok(OrderChange { key, order: Some((order, lines)) })
}

/// Returns whether a document is voided: the amounts of such a document are zero.
fn is_voided(document: &Object, total: Money) -> bool {
    total == Money::default() && text_of(document, "PrivateNote").is_some_and(|note| note.contains(VOIDED))
}

fn status(kind: DocumentKind, is_voided: bool, is_shipped: bool) -> OrderStatus {
    match kind {
        _ if is_voided => OrderStatus::Cancelled,
        DocumentKind::CreditMemo => OrderStatus::Returned,
        _ if is_shipped => OrderStatus::Shipped,
        DocumentKind::SalesReceipt => OrderStatus::Delivered,
        DocumentKind::Invoice => OrderStatus::Confirmed,
    }
}

fn paid_in_full(total: Money, day: Date) -> Vec<Payment> {
    let payment = Payment { amount: total, paid_at: Some(day.start()) };
    if total == Money::default() { Vec::new() } else { vec![payment] }
}

/// Returns the `ShipAddr`. Its first line that is not blank is line 1, the others are line 2.
fn shipping_address(reader: &Reader, document: &Object) -> Result<Address, Unreadable> {
    let Some(address) = object_in(document, "ShipAddr") else { return Ok(Address::default()) };
    let mut lines = Vec::new();
    for field in ADDRESS_LINES {
        lines.extend(reader.text(address, field)?);
    }
    let mut lines = lines.into_iter();
    let line1 = lines.next();
    let rest: Vec<String> = lines.collect();
    Ok(Address {
        line1,
        line2: (!rest.is_empty()).then(|| rest.join(", ")),
        city: reader.text(address, "City")?,
        state: reader.text(address, "CountrySubDivisionCode")?,
        postal_code: reader.text(address, "PostalCode")?,
        country: reader.text(address, "Country")?,
        ..Address::default()
    })
}
