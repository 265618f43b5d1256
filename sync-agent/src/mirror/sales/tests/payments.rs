//! Payments: the amounts applied to documents, and the documents that a change touches.

use super::*;

fn applied(kind: DocumentKind, id: &str, amount: &str) -> Applied {
    Applied { kind, id: id.into(), amount: amount.parse().unwrap() }
}

fn link(kind: &str, id: &str, amount: f64) -> Value {
    json!({ "Amount": amount, "LinkedTxn": [{ "TxnId": id, "TxnType": kind }] })
}

fn with(fields: Value) -> Object {
    let mut payment = object(json!({
        "Id": "7", "SyncToken": "2", "CustomerRef": { "value": "24" }, "TxnDate": "2026-02-10", "TotalAmt": 65,
        "UnappliedAmt": 5, "Line": [link("Invoice", "130", 60.0)],
    }));
    payment.extend(object(fields));
    payment
}

#[test]
fn payment_has_version_customer_day_and_amounts() {
    let facts = payment(&with(json!({}))).unwrap();
    assert_eq!((facts.sync_token.as_str(), facts.customer_id.as_str()), ("2", "24"));
    assert_eq!((facts.date.to_string(), facts.unapplied.to_string()), ("2026-02-10".into(), "5.00".into()));
    assert_eq!(facts.applied, [applied(DocumentKind::Invoice, "130", "60")]);
}

#[test]
fn stored_payment_is_read_back() {
    let facts = payment(&with(json!({}))).unwrap();
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<PaymentFacts>(&json).unwrap(), facts);
    assert!(json.contains(r#""kind":"Invoice","id":"130","amount":"60.00""#), "{json}");
}

#[test]
fn lines_of_one_document_are_added_up_and_other_links_ignored() {
    let lines = json!({ "Line": [
        link("Invoice", "130", 0.1), link("JournalEntry", "130", 50.0), link("Invoice", "130", 0.2),
        { "Amount": 3, "LinkedTxn": [] }, link("SalesReceipt", "130", 50.0), link("Invoice", "131", 0.0),
        { "Amount": 4, "LinkedTxn": [{ "TxnId": "9", "TxnType": "Deposit" },
            { "TxnId": "132", "TxnType": "Invoice" }] },
    ] });
    let expected =
        [applied(DocumentKind::Invoice, "130", "0.30"), applied(DocumentKind::Invoice, "132", "4")];
    assert_eq!(payment(&with(lines)).unwrap().applied, expected);
}

#[test]
fn credit_memo_settles_the_invoice_through_a_payment() {
    let lines =
        json!({ "TotalAmt": 0, "Line": [link("Invoice", "130", 30.0), link("CreditMemo", "131", 30.0)] });
    let facts = payment(&with(lines)).unwrap();
    let memo = applied(DocumentKind::CreditMemo, "131", "30");
    assert_eq!(facts.applied, [applied(DocumentKind::Invoice, "130", "30"), memo]);
    let invoice = invoice_with(json!({ "Balance": 70 }));
    let (order, _) = converted(DocumentKind::Invoice, &invoice, &by_id([("7", facts)]));
    let payments = order.payments.unwrap();
    assert_eq!(payments.len(), 1);
    assert_eq!((payments[0].amount.to_string(), payments[0].paid_at.is_some()), ("30.00".into(), true));
}

#[test]
fn voided_payment_settles_nothing() {
    let voided = json!({ "TotalAmt": 0, "UnappliedAmt": 0, "Line": [], "PrivateNote": "Voided" });
    assert!(payment(&with(voided)).unwrap().applied.is_empty());
}

#[test]
fn invalid_payments_are_named_with_the_field_and_the_rule() {
    for (fields, expected) in [
        (json!({ "SyncToken": null }), "SyncToken: must not be empty"),
        (json!({ "CustomerRef": {} }), "CustomerRef: must not be empty"),
        (json!({ "TxnDate": null }), "TxnDate: must not be empty"),
        (json!({ "TxnDate": "10.2.2026" }), "TxnDate: must be a date such as 2024-01-15, not `10.2.2026`"),
        (json!({ "UnappliedAmt": -1 }), "UnappliedAmt: must not be negative"),
        (json!({ "Line": [link("Invoice", "130", -1.0)] }), "Amount: must not be negative"),
        (
            json!({ "Line": [link("Invoice", "130", 6e11), link("Invoice", "130", 6e11)] }),
            "Line.Amount: must be below 1000000000000 in all",
        ),
    ] {
        let error = payment(&with(fields)).unwrap_err();
        assert_eq!((error.document.as_str(), error.reason.as_str()), ("Payment 7", expected));
    }
    assert_eq!(payment(&Object::new()).unwrap_err().document, "Payment");
}

#[test]
fn change_of_a_payment_touches_the_documents_of_both_states() {
    let old = paid("2026-02-10", &[("130", "10"), ("131", "20")]);
    let mut new = paid("2026-02-10", &[("131", "20")]);
    new.applied.push(applied(DocumentKind::CreditMemo, "140", "5"));
    let ids = |old, new| -> Vec<String> {
        touched(old, new).into_iter().map(|(kind, id)| format!("{}:{id}", kind.as_str())).collect()
    };
    assert_eq!(ids(Some(&old), Some(&new)), ["Invoice:130", "Invoice:131", "CreditMemo:140"]);
    assert_eq!(ids(None, Some(&new)), ["Invoice:131", "CreditMemo:140"]);
    assert_eq!(ids(Some(&old), None), ["Invoice:130", "Invoice:131"]);
    assert!(ids(None, None).is_empty());
}

#[test]
fn document_names_its_payments() {
    assert_eq!(payments_of(&invoice()), ["7".to_owned()].into());
    assert!(payments_of(&Object::new()).is_empty());
}
