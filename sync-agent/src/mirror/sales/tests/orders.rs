//! Orders: numbers, moments, status, totals, addresses, payments, and invalid documents.

use clientele_shared::model::{Date, OrderStatus, Payment, Timestamp};
use clientele_shared::store::RowKey;

use super::*;

fn at(day: &str) -> Timestamp {
    day.parse::<Date>().unwrap().start()
}

/// The payments of an order as text: amount and day.
fn payments(order: &Order) -> Vec<(String, Option<String>)> {
    let text = |one: &Payment| (one.amount.to_string(), one.paid_at.map(|at| at.date().to_string()));
    order.payments.iter().flatten().map(text).collect()
}

fn entry(amount: &str, day: Option<&str>) -> (String, Option<String>) {
    (amount.to_owned(), day.map(str::to_owned))
}

#[test]
fn invoice_becomes_an_order_with_number_moment_total_and_lines() {
    let (order, lines) = converted(DocumentKind::Invoice, &invoice(), &BTreeMap::new());
    assert_eq!((order.order_number.as_str(), order.ordered_at), ("1037", at("2026-02-03")));
    assert_eq!((order.total.to_string(), order.items_count), ("100.00".into(), 1));
    assert_eq!((order.shipped_at, order.delivered_at), (None, None));
    assert_eq!((lines.len(), lines[0].product.as_str()), (1, "P5"));
    assert_eq!(order.id, order_key(DocumentKind::Invoice, SOURCE, "130").order_id());
}

#[test]
fn keys_of_documents_of_different_kinds_and_companies_differ() {
    let keys = DocumentKind::ALL.map(|kind| order_key(kind, SOURCE, "130"));
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    assert_ne!(keys[0], order_key(DocumentKind::Invoice, "quickbooks:1", "130"));
    assert_eq!(keys[0], RowKey::order(SOURCE, "Invoice:130"));
}

#[test]
fn order_number_of_a_document_without_number_is_its_id() {
    for number in [json!(null), json!(""), json!(" ")] {
        assert_eq!(order_of(&invoice_with(json!({ "DocNumber": number }))).order_number, "130");
    }
}

#[test]
fn status_follows_from_kind_ship_date_and_voiding() {
    let shipped = json!({ "ShipDate": "2026-02-05" });
    let voided = json!({ "TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided - wrong customer",
        "ShipDate": "2026-02-05" });
    use DocumentKind::{CreditMemo, Invoice, SalesReceipt};
    for (kind, fields, status) in [
        (Invoice, json!({}), OrderStatus::Confirmed),
        (Invoice, shipped.clone(), OrderStatus::Shipped),
        (Invoice, voided.clone(), OrderStatus::Cancelled),
        (
            Invoice,
            json!({ "TotalAmt": 0, "Balance": 0, "PrivateNote": "Free of charge" }),
            OrderStatus::Confirmed,
        ),
        (Invoice, json!({ "PrivateNote": "Voided the first one" }), OrderStatus::Confirmed),
        (SalesReceipt, json!({}), OrderStatus::Delivered),
        (SalesReceipt, shipped, OrderStatus::Shipped),
        (SalesReceipt, voided.clone(), OrderStatus::Cancelled),
        (CreditMemo, json!({}), OrderStatus::Returned),
        (CreditMemo, voided, OrderStatus::Cancelled),
    ] {
        let (order, _) = converted(kind, &invoice_with(fields.clone()), &BTreeMap::new());
        assert_eq!(order.status, status, "{kind:?} {fields}");
        let is_shipped = fields.get("ShipDate").is_some();
        assert_eq!(order.shipped_at, is_shipped.then(|| at("2026-02-05")));
    }
}

#[test]
fn shipping_address_has_its_first_line_and_the_others_together() {
    let address = |address: Value| order_of(&invoice_with(json!({ "ShipAddr": address }))).shipping_address;
    let full = address(
        json!({ "Line1": "Acme", "Line2": " ", "Line3": "Dock 3\nGate B", "Line5": "Mail stop 7",
        "City": "Tampa", "CountrySubDivisionCode": "FL", "PostalCode": 33606, "Country": "USA", "Lat": "1" }),
    );
    assert_eq!(full.line1.as_deref(), Some("Acme"));
    assert_eq!(full.line2.as_deref(), Some("Dock 3 Gate B, Mail stop 7"));
    assert_eq!((full.city.as_deref(), full.state.as_deref()), (Some("Tampa"), Some("FL")));
    assert_eq!((full.postal_code.as_deref(), full.country.as_deref()), (Some("33606"), Some("USA")));
    assert_eq!(address(json!({ "Line2": "9 Elm St" })).line1.as_deref(), Some("9 Elm St"));
    assert!(address(json!(null)).is_empty());
}

#[test]
fn payments_of_an_invoice_are_sorted_by_day_and_id() {
    let known = by_id([
        ("7", paid("2026-02-20", &[("130", "10"), ("131", "99")])),
        ("8", paid("2026-02-10", &[("130", "20")])),
        ("6", paid("2026-02-20", &[("130", "30")])),
        ("5", paid("2026-02-01", &[("131", "30")])),
    ]);
    let (order, _) = converted(DocumentKind::Invoice, &invoice(), &known);
    let expected = [("20.00", "2026-02-10"), ("30.00", "2026-02-20"), ("10.00", "2026-02-20")];
    assert_eq!(payments(&order), expected.map(|(amount, day)| entry(amount, Some(day))));
    assert_eq!(order.unpaid().to_string(), "40.00");
}

#[test]
fn deposit_or_unknown_payment_is_a_payment_without_a_day() {
    let known = by_id([("8", paid("2026-02-10", &[("130", "25")]))]);
    let (order, _) = converted(DocumentKind::Invoice, &invoice(), &known);
    assert_eq!(payments(&order), [entry("25.00", Some("2026-02-10")), entry("35.00", None)]);
    assert_eq!(order.unpaid().to_string(), "40.00");
    assert_eq!(payments(&order_of(&invoice())), [entry("60.00", None)]);
}

#[test]
fn payments_beyond_the_balance_are_cut_from_the_latest() {
    let known = by_id([
        ("7", paid("2026-02-10", &[("130", "50")])),
        ("8", paid("2026-02-20", &[("130", "50")])),
        ("9", paid("2026-02-21", &[("130", "5")])),
    ]);
    let (order, _) = converted(DocumentKind::Invoice, &invoice(), &known);
    assert_eq!(payments(&order), [entry("50.00", Some("2026-02-10")), entry("10.00", Some("2026-02-20"))]);
    assert_eq!(order.unpaid().to_string(), "40.00");
}

#[test]
fn invoice_is_paid_on_the_day_of_the_payment_that_completes_it() {
    let known =
        by_id([("7", paid("2026-02-10", &[("130", "50")])), ("8", paid("2026-03-05", &[("130", "50")]))]);
    let settled = invoice_with(json!({ "Balance": 0 }));
    let (order, _) = converted(DocumentKind::Invoice, &settled, &known);
    assert_eq!((order.unpaid().to_string(), order.days_to_payment()), ("0.00".into(), Some(30)));
}

#[test]
fn invoice_without_balance_has_the_known_payments() {
    let known = by_id([("7", paid("2026-02-10", &[("130", "50")]))]);
    let (order, _) = converted(DocumentKind::Invoice, &invoice_with(json!({ "Balance": null })), &known);
    assert_eq!(payments(&order), [entry("50.00", Some("2026-02-10"))]);
}

#[test]
fn unpaid_invoice_has_known_and_empty_payments() {
    let order = order_of(&invoice_with(json!({ "Balance": 100.0 })));
    assert_eq!((order.payments.clone(), order.unpaid()), (Some(Vec::new()), order.total));
}

#[test]
fn sales_receipt_is_paid_in_full_on_its_day() {
    let receipt = invoice_with(json!({ "Balance": 0 }));
    let (order, _) = converted(DocumentKind::SalesReceipt, &receipt, &BTreeMap::new());
    assert_eq!(payments(&order), [entry("100.00", Some("2026-02-03"))]);
    assert_eq!(order.days_to_payment(), Some(0));
    let (free, _) = converted(
        DocumentKind::SalesReceipt,
        &invoice_with(json!({ "TotalAmt": 0, "Balance": 0 })),
        &BTreeMap::new(),
    );
    assert_eq!(free.payments, Some(Vec::new()));
}

#[test]
fn credit_memo_has_no_known_payments_and_counts_in_no_figure() {
    let known = by_id([("7", paid("2026-02-10", &[("130", "50")]))]);
    let (order, _) = converted(DocumentKind::CreditMemo, &invoice(), &known);
    assert_eq!((order.payments.is_none(), order.status.counts()), (true, false));
}

#[test]
fn amounts_are_read_as_they_are_written_and_rounded_to_cents() {
    for (total, shown) in
        [("0.1", "0.10"), ("1e2", "100.00"), ("12.345", "12.35"), ("999999999999.99", "999999999999.99")]
    {
        let total: Value = serde_json::from_str(total).unwrap();
        let order = order_of(&invoice_with(json!({ "TotalAmt": total, "Balance": 0 })));
        assert_eq!(order.total.to_string(), shown);
    }
    assert_eq!(order_of(&invoice_with(json!({ "TotalAmt": "55.50" }))).total.to_string(), "55.50");
}

#[test]
fn customer_is_the_reference() {
    assert_eq!(customer_of(&invoice()).as_deref(), Some("24"));
    for customer in [json!(null), json!({}), json!({ "value": "" }), json!("24")] {
        assert_eq!(customer_of(&invoice_with(json!({ "CustomerRef": customer }))), None);
    }
}

#[test]
fn invalid_documents_are_named_with_the_field_and_the_rule() {
    for (fields, expected) in [
        (json!({ "Id": null }), "Id: must not be empty"),
        (json!({ "TxnDate": null }), "TxnDate: must not be empty"),
        (json!({ "TxnDate": "soon" }), "TxnDate: must be a date such as 2024-01-15, not `soon`"),
        (
            json!({ "ShipDate": "0001-01-01" }),
            "ShipDate: must be a date such as 2024-01-15, not `0001-01-01`",
        ),
        (json!({ "TotalAmt": null }), "TotalAmt: must not be empty"),
        (json!({ "TotalAmt": -0.01 }), "TotalAmt: must not be negative"),
        (json!({ "TotalAmt": 1e12 }), "TotalAmt: must be below 1000000000000"),
        (json!({ "TotalAmt": 1e300 }), "TotalAmt: must be a number below 1000000000000, not `1e+300`"),
        (json!({ "Balance": "much" }), "Balance: must be a number below 1000000000000, not `much`"),
        (json!({ "DocNumber": "9".repeat(1_001) }), "DocNumber: must have at most 1000 characters"),
        (json!({ "ShipAddr": { "City": "é".repeat(1_001) } }), "City: must have at most 1000 characters"),
    ] {
        assert_eq!(reason(&invoice_with(fields.clone())), expected, "{fields}");
    }
    let error = order(
        DocumentKind::CreditMemo,
        SOURCE,
        &invoice_with(json!({ "TxnDate": "" })),
        &BTreeMap::new(),
        &product,
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "CreditMemo 130 cannot be mirrored: TxnDate: must not be empty; correct it in QuickBooks"
    );
}
