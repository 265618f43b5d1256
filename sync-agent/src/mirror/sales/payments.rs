//! Payments: the amounts that they settle, and the payments of an order.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{Date, Money, Payment};
use serde::{Deserialize, Serialize};

use super::reader::{Reader, list, reference, text_of};
use super::{DocumentKind, Object, Unreadable};

/// A payment as the mirror stores it, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFacts {
    /// The version of the payment in QuickBooks.
    pub sync_token: String,
    /// The QuickBooks id of the customer who paid.
    pub customer_id: String,
    /// The day of the payment.
    pub date: Date,
    /// The amounts that the payment settles, in the order of documents, each document once.
    #[serde(default)]
    pub applied: Vec<Applied>,
    /// The amount that is left as the customer's credit.
    #[serde(default)]
    pub unapplied: Money,
}

/// The part of a payment that settles one document. The part that names a credit memo is the credit that the payment
/// uses up; it is among the parts that name invoices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The kind of document: an invoice or a credit memo.
    pub kind: DocumentKind,
    /// The document's id in QuickBooks.
    pub id: String,
    /// The amount, positive.
    pub amount: Money,
}

impl PaymentFacts {
    /// Returns the amount of this document that the payment settles.
    fn amount_for(&self, kind: DocumentKind, id: &str) -> Option<Money> {
        self.applied.iter().find(|one| one.kind == kind && one.id == id).map(|one| one.amount)
    }
}

/// Converts a QuickBooks `Payment`.
///
/// A line settles the first invoice or credit memo that it is linked to, with the line's `Amount`; several lines about
/// one document are added up. Other links, such as those to journal entries, are ignored. A payment that links both an
/// invoice and a credit memo uses the memo's credit to settle the invoice, so the amount of the invoice's line is what
/// the invoice receives. A voided payment has no lines and settles nothing.
///
/// # Errors
/// Returns [`Unreadable`] if the payment has no id, version, customer or day, or if an amount is missing, negative or
/// too large.
pub fn payment(object: &Object) -> Result<PaymentFacts, Unreadable> {
    let reader = Reader::open("Payment", object)?;
    let missing = |field: &str| reader.unreadable(format!("{field}: must not be empty"));
    let mut applied: BTreeMap<(DocumentKind, String), Money> = BTreeMap::new();
    for line in list(object, "Line") {
        let Some(target) = list(line, "LinkedTxn").find_map(linked) else { continue };
        let amount = reader.amount(line, "Amount")?.ok_or_else(|| missing("Line.Amount"))?;
        let sum = applied.entry(target).or_default();
        let too_large = || reader.unreadable("Line.Amount: must be below 1000000000000 in all");
        *sum = (*sum + amount).stored().ok_or_else(too_large)?;
    }
    let positive = applied.into_iter().filter(|(_, amount)| *amount > Money::default());
    Ok(PaymentFacts {
        sync_token: reader.required(object, "SyncToken")?,
        customer_id: reference(object, "CustomerRef").ok_or_else(|| missing("CustomerRef"))?,
        date: reader.day(object, "TxnDate")?.ok_or_else(|| missing("TxnDate"))?,
        applied: positive.map(|((kind, id), amount)| Applied { kind, id, amount }).collect(),
        unapplied: reader.amount(object, "UnappliedAmt")?.unwrap_or_default(),
    })
}

/// Returns the invoice or credit memo that a link of a payment's line leads to.
fn linked(link: &Object) -> Option<(DocumentKind, String)> {
    let kind = DocumentKind::named(&text_of(link, "TxnType")?)?;
    Some((kind, text_of(link, "TxnId")?)).filter(|_| kind != DocumentKind::SalesReceipt)
}

/// Returns the invoices and credit memos that a payment settles before or after a change of it.
#[must_use]
pub fn touched(old: Option<&PaymentFacts>, new: Option<&PaymentFacts>) -> BTreeSet<(DocumentKind, String)> {
    let applied = old.into_iter().chain(new).flat_map(|payment| &payment.applied);
    applied.map(|one| (one.kind, one.id.clone())).collect()
}

/// Returns the ids of the payments that a document names in `LinkedTxn`.
#[must_use]
pub fn payments_of(document: &Object) -> BTreeSet<String> {
    let links = list(document, "LinkedTxn");
    links
        .filter(|link| text_of(link, "TxnType").as_deref() == Some("Payment"))
        .filter_map(|link| text_of(link, "TxnId"))
        .collect()
}

/// Returns the payments of an invoice, so that what is unpaid is exactly the `balance`, if it is known and consistent
/// with the total.
///
/// Each payment that applies to the invoice is one entry, by day and then by id. If they add up to less than the
/// balance says, a last entry without a day makes up the difference: a deposit, or a payment that is not known. If they
/// add up to more, because the invoice is newer or older than they are, the latest ones are cut.
pub(super) fn invoice_payments(
    id: &str,
    total: Money,
    balance: Option<Money>,
    payments: &BTreeMap<String, PaymentFacts>,
) -> Vec<Payment> {
    let amount = |facts: &PaymentFacts| facts.amount_for(DocumentKind::Invoice, id);
    let mut known: Vec<(Date, Money)> =
        payments.values().filter_map(|facts| Some((facts.date, amount(facts)?))).collect();
    known.sort_by_key(|(date, _)| *date);
    let mut left = balance.map(|balance| total - balance);
    let mut entries = Vec::new();
    for (date, amount) in known {
        let amount = left.map_or(amount, |left| amount.min(left));
        if amount > Money::default() {
            entries.push(Payment { amount, paid_at: Some(date.start()) });
            left = left.map(|left| left - amount);
        }
    }
    let missing = left.filter(|left| *left > Money::default());
    entries.extend(missing.map(|amount| Payment { amount, paid_at: None }));
    entries
}
