//! Tests of the conversion: each rule on objects written by hand, random objects, and the objects of the stand-in.

use std::collections::BTreeMap;

use clientele_shared::model::{Order, OrderLine, ProductId};
use serde_json::{Value, json};

use super::*;

mod items;
mod lines;
mod orders;
mod payments;
mod random;
mod stand_in;

const SOURCE: &str = "quickbooks:4620816365";

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// An invoice as the API sends it, over 100.00, of which 40.00 are unpaid.
fn invoice() -> Object {
    object(json!({
        "domain": "QBO", "sparse": false, "Id": "130", "SyncToken": "3", "DocNumber": "1037",
        "TxnDate": "2026-02-03", "CustomerRef": { "value": "24", "name": "Sonnenschein Family Store" },
        "CurrencyRef": { "value": "USD", "name": "United States Dollar" },
        "LinkedTxn": [{ "TxnId": "7", "TxnType": "Payment" }, { "TxnId": "9", "TxnType": "Estimate" }],
        "Line": [
            { "Id": "1", "LineNum": 1, "Amount": 95.25, "Description": "Rock Fountain",
              "DetailType": "SalesItemLineDetail",
              "SalesItemLineDetail": { "ItemRef": { "value": "5", "name": "Rock Fountain" },
                "Qty": 3, "UnitPrice": 31.75, "TaxCodeRef": { "value": "TAX" } } },
            { "Amount": 95.25, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {} }
        ],
        "TxnTaxDetail": { "TotalTax": 4.75 },
        "ShipAddr": { "Id": "25", "Line1": "12 Ocean Dr.", "City": "Half Moon Bay",
            "CountrySubDivisionCode": "CA", "PostalCode": "94213", "Country": "USA" },
        "TotalAmt": 100.00, "Balance": 40, "DueDate": "2026-03-05", "EmailStatus": "NotSet"
    }))
}

/// The invoice with these fields replaced.
fn invoice_with(fields: Value) -> Object {
    let mut invoice = invoice();
    invoice.extend(object(fields));
    invoice
}

/// A payment that settles these amounts of invoices.
fn paid(date: &str, applied: &[(&str, &str)]) -> PaymentFacts {
    let applied = applied.iter().map(|(id, amount)| Applied {
        kind: DocumentKind::Invoice,
        id: (*id).to_owned(),
        amount: amount.parse().unwrap(),
    });
    PaymentFacts {
        sync_token: "0".into(),
        customer_id: "24".into(),
        date: date.parse().unwrap(),
        applied: applied.collect(),
        unapplied: "0".parse().unwrap(),
    }
}

/// The payments with these ids.
fn by_id<const N: usize>(payments: [(&str, PaymentFacts); N]) -> BTreeMap<String, PaymentFacts> {
    payments.into_iter().map(|(id, facts)| (id.to_owned(), facts)).collect()
}

/// Items have `P` and their id as product.
fn product(item: &str) -> Option<ProductId> {
    format!("P{item}").parse().ok()
}

fn converted(
    kind: DocumentKind,
    document: &Object,
    payments: &BTreeMap<String, PaymentFacts>,
) -> (Order, Vec<OrderLine>) {
    order(kind, SOURCE, document, payments, &product).unwrap().order.unwrap()
}

/// The order of an invoice without known payments.
fn order_of(invoice: &Object) -> Order {
    converted(DocumentKind::Invoice, invoice, &BTreeMap::new()).0
}

/// The reason why an invoice cannot be converted.
fn reason(invoice: &Object) -> String {
    let error = order(DocumentKind::Invoice, SOURCE, invoice, &BTreeMap::new(), &product).unwrap_err();
    assert!(error.document.starts_with("Invoice"), "{error}");
    error.reason
}
