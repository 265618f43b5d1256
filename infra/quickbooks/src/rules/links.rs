//! Rules of payments: the invoices and credit memos that they are applied to.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::write::{Writer, customer_of};
use crate::company::{Stamp, link};
use crate::entities::Kind;
use crate::fault::Fault;
use crate::object;
use crate::value::{Object, Value};

/// Checks the lines of a payment and computes the amount that is left.
pub(super) fn prepare_payment(
    writer: &Writer<'_>,
    id: Option<u64>,
    object: &mut Object,
) -> Result<(), Fault> {
    let total =
        object.get("TotalAmt").and_then(Value::as_decimal).ok_or_else(|| Fault::required("TotalAmt"))?;
    if total < Decimal::ZERO {
        return Err(Fault::business("The amount of a payment can't be negative."));
    }
    let mut targets: BTreeMap<(Kind, u64), Decimal> = BTreeMap::new();
    for line in object.list("Line").iter().filter_map(Value::as_object) {
        let amount =
            line.get("Amount").and_then(Value::as_decimal).ok_or_else(|| Fault::required("Line.Amount"))?;
        if amount <= Decimal::ZERO {
            return Err(
                Fault::business("The amount applied to a transaction must be positive.").at("Line.Amount")
            );
        }
        // Several lines can be linked to one transaction: together they must not exceed what is open.
        *targets.entry(link(line).ok_or_else(|| unlinkable(line))?).or_default() += amount;
    }
    let mut unapplied = total;
    for ((kind, target), amount) in targets {
        check_target(writer, id, object, kind, target, amount)?;
        unapplied += if kind == Kind::Invoice { -amount } else { amount };
    }
    if unapplied < Decimal::ZERO {
        return Err(Fault::business("The amounts applied are larger than the payment."));
    }
    object.set("TotalAmt", total);
    object.set("UnappliedAmt", unapplied);
    if object.get("Line").is_none() {
        object.set("Line", Vec::new());
    }
    Ok(())
}

fn unlinkable(line: &Object) -> Fault {
    let linked = line.list("LinkedTxn").first().and_then(Value::as_object);
    match linked.and_then(|linked| linked.get("TxnId")) {
        Some(id) => Fault::cannot_link(&id.to_text()),
        None => Fault::required("Line.LinkedTxn"),
    }
}

/// Checks the transaction of one or more lines: it exists, belongs to the same customer or one below, and has
/// the amount open.
fn check_target(
    writer: &Writer<'_>,
    payment: Option<u64>,
    object: &Object,
    kind: Kind,
    target: u64,
    amount: Decimal,
) -> Result<(), Fault> {
    let element = "Line.LinkedTxn.TxnId";
    let entity = writer.company.get(kind, target).ok_or_else(|| Fault::invalid_reference(element))?;
    let mut lineage = customer_of(&entity.object).into_iter().flat_map(|id| writer.company.lineage(id));
    if !lineage.any(|above| Some(above) == customer_of(object)) {
        return Err(Fault::cannot_link(&target.to_string()));
    }
    let own = writer.company.index().applied(kind, target).find(|(other, _)| Some(*other) == payment);
    let own = own.map_or(Decimal::ZERO, |(_, amount)| amount);
    let open = entity.object.decimal(if kind == Kind::Invoice { "Balance" } else { "RemainingCredit" }) + own;
    if amount > open {
        return Err(Fault::business("You can't apply more than the open balance of the transaction."));
    }
    Ok(())
}

/// Computes the balances of the transactions that a payment is or was linked to.
pub(super) fn refresh(writer: &mut Writer<'_>, kind: Kind, old: Option<&Object>, new: &Object) {
    if kind != Kind::Payment {
        return;
    }
    let targets = |object: &Object| -> BTreeSet<(Kind, u64)> {
        object.list("Line").iter().filter_map(|line| link(line.as_object()?)).collect()
    };
    let mut all = targets(new);
    all.extend(old.map(targets).unwrap_or_default());
    for (kind, id) in all {
        refresh_target(writer, kind, id);
    }
}

fn refresh_target(writer: &mut Writer<'_>, kind: Kind, id: u64) {
    let Some(entity) = writer.company.get(kind, id).cloned() else { return };
    let payments: Vec<(u64, Decimal)> = writer.company.index().applied(kind, id).collect();
    let applied: Decimal = payments.iter().map(|(_, amount)| *amount).sum();
    let mut object = entity.object.clone();
    let open = object.decimal("TotalAmt") - object.decimal("Deposit") - applied;
    object.set("Balance", open);
    if kind == Kind::CreditMemo {
        object.set("RemainingCredit", open);
    }
    set_payments(&mut object, &payments);
    if object != entity.object {
        writer.save(kind, id, object, Stamp::Update);
    }
}

/// Sets the links of a transaction to its payments, which follow from the payments alone.
pub(super) fn set_payments(object: &mut Object, payments: &[(u64, Decimal)]) {
    let is_payment = |link: &Value| link.as_object().and_then(|link| link.text("TxnType")) == Some("Payment");
    let mut linked: Vec<Value> =
        object.list("LinkedTxn").iter().filter(|link| !is_payment(link)).cloned().collect();
    linked.extend(
        payments.iter().map(|(payment, _)| {
            Value::from(object! { "TxnId" => payment.to_string(), "TxnType" => "Payment" })
        }),
    );
    object.set("LinkedTxn", linked);
}

/// Removes an invoice or credit memo from its payments, whose amounts become unapplied.
pub(super) fn unlink(writer: &mut Writer<'_>, kind: Kind, id: u64) {
    let payments: Vec<u64> = writer.company.index().applied(kind, id).map(|(payment, _)| payment).collect();
    for payment in payments {
        let Some(entity) = writer.company.get(Kind::Payment, payment).cloned() else { continue };
        let mut object = entity.object.clone();
        let is_other = |line: &&Value| line.as_object().and_then(link) != Some((kind, id));
        let lines: Vec<Value> = object.list("Line").iter().filter(is_other).cloned().collect();
        let sum = |kind: Kind| -> Decimal {
            let linked = lines
                .iter()
                .filter_map(Value::as_object)
                .filter(|line| link(line).is_some_and(|(k, _)| k == kind));
            linked.map(|line| line.decimal("Amount")).sum()
        };
        let unapplied = object.decimal("TotalAmt") + sum(Kind::CreditMemo) - sum(Kind::Invoice);
        object.set("UnappliedAmt", unapplied.max(Decimal::ZERO));
        object.set("Line", lines);
        writer.save(Kind::Payment, payment, object, Stamp::Update);
        refresh_target(writer, kind, id);
    }
}
