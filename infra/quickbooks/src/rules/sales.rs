//! Rules of transactions: lines, totals, dates, document numbers, and what voiding does.

use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::fields::parse_date;
use super::lists::set_default;
use super::names::OpeningBalance;
use super::write::{Writer, customer_of};
use super::{links, references};
use crate::clock;
use crate::company::{reference, reference_id};
use crate::entities::Kind;
use crate::fault::Fault;
use crate::object;
use crate::value::{Object, Value, is_in_range};

/// Item of a sales line that names none.
const DEFAULT_ITEM: u64 = 1;
/// First document number that the company gives.
const FIRST_NUMBER: u64 = 1001;

/// Checks the rules of a transaction, and sets the fields that follow from others.
pub(super) fn prepare(
    writer: &mut Writer<'_>,
    kind: Kind,
    old: Option<(u64, &Object)>,
    object: &mut Object,
) -> Result<(), Fault> {
    if customer_of(object).is_none() && kind != Kind::SalesReceipt {
        return Err(Fault::required("CustomerRef"));
    }
    let today = clock::date(writer.now).to_string();
    set_default(object, "TxnDate", today.as_str().into());
    check_open_period(writer, object)?;
    if let Some((_, old)) = old {
        check_open_period(writer, old)?;
    }
    set_default(object, "CurrencyRef", object! { "value" => "USD", "name" => "United States Dollar" }.into());
    let id = old.map(|(id, _)| id);
    if kind == Kind::Payment {
        set_default(object, "LinkedTxn", Vec::new().into());
        return links::prepare_payment(writer, id, object);
    }
    prepare_number(writer, kind, old, object)?;
    let total = prepare_lines(writer, object)?;
    object.set("TotalAmt", total);
    let payments: Vec<(u64, Decimal)> =
        id.into_iter().flat_map(|id| writer.company.index().applied(kind, id)).collect();
    links::set_payments(object, &payments);
    let applied: Decimal = payments.iter().map(|(_, amount)| *amount).sum();
    if applied > total {
        return Err(Fault::business("The total can't be less than the payments that are applied to it."));
    }
    match kind {
        Kind::Invoice => {
            let due = due_date(writer, object);
            set_default(object, "DueDate", due.into());
            object.set("Balance", total - object.decimal("Deposit") - applied);
            set_default(object, "EmailStatus", "NotSet".into());
        }
        Kind::CreditMemo => {
            object.set("RemainingCredit", total - applied);
            object.set("Balance", total - applied);
        }
        _ => object.set("Balance", 0_u64),
    }
    set_default(object, "PrintStatus", "NeedToPrint".into());
    set_default(object, "ApplyTaxAfterDiscount", false.into());
    Ok(())
}

/// Refuses a change of a transaction on or before the day at which the books are closed.
pub(super) fn check_open_period(writer: &Writer<'_>, object: &Object) -> Result<(), Fault> {
    let preferences = writer.company.get(Kind::Preferences, 1);
    let closed = preferences
        .and_then(|entity| entity.object.get("AccountingInfoPrefs")?.as_object()?.text("BookCloseDate"))
        .and_then(parse_date);
    let date = object.text("TxnDate").and_then(parse_date);
    if closed.zip(date).is_some_and(|(closed, date)| date <= closed) {
        return Err(Fault::period_closed());
    }
    Ok(())
}

fn prepare_number(
    writer: &mut Writer<'_>,
    kind: Kind,
    old: Option<(u64, &Object)>,
    object: &mut Object,
) -> Result<(), Fault> {
    let Some(number) = object.text("DocNumber").map(str::to_owned) else {
        if let Some(number) = old.and_then(|(_, old)| old.get("DocNumber")) {
            object.set("DocNumber", number.clone());
            return Ok(());
        }
        let mut next = || (FIRST_NUMBER - 1 + writer.company.next("DocNumber")).to_string();
        let mut number = next();
        while !writer.company.index().numbers(kind, &number).is_empty() {
            number = (FIRST_NUMBER - 1 + writer.company.next("DocNumber")).to_string();
        }
        object.set("DocNumber", number);
        return Ok(());
    };
    let is_kept = old.and_then(|(_, old)| old.text("DocNumber")) == Some(&number);
    if !is_kept
        && !writer.allow_duplicate_numbers
        && !writer.company.index().numbers(kind, &number).is_empty()
    {
        return Err(Fault::duplicate_number());
    }
    Ok(())
}

/// Returns the due date: the date of the transaction plus the days of its terms.
fn due_date(writer: &Writer<'_>, object: &Object) -> String {
    let date = object.text("TxnDate").and_then(parse_date).unwrap_or_else(|| clock::date(writer.now));
    let term = reference_id(object, "SalesTermRef").and_then(|id| writer.company.get(Kind::Term, id));
    let days = term.map_or(Decimal::ZERO, |term| term.object.decimal("DueDays"));
    let days = i64::try_from(days).unwrap_or_default().clamp(0, 10_000);
    date.checked_add(days.days()).unwrap_or(date).to_string()
}

/// Checks and completes the lines. Returns the total with tax.
fn prepare_lines(writer: &Writer<'_>, object: &mut Object) -> Result<Decimal, Fault> {
    let (mut lines, mut subtotal, mut discounts) = (Vec::new(), Decimal::ZERO, Vec::new());
    for line in object.list("Line") {
        let Some(line) = line.as_object() else { return Err(Fault::required("Line")) };
        match line.text("DetailType").ok_or_else(|| Fault::required("Line.DetailType"))? {
            // The server computes the subtotal.
            "SubTotalLineDetail" => {}
            "DiscountLineDetail" => discounts.push(line.clone()),
            _ => {
                let line = prepare_line(writer, line, lines.len() + 1)?;
                subtotal += line.decimal("Amount");
                lines.push(line);
            }
        }
    }
    if lines.is_empty() {
        return Err(Fault::required("Line"));
    }
    let mut total = subtotal;
    let subtotal_line = object! {
        "Amount" => subtotal, "DetailType" => "SubTotalLineDetail", "SubTotalLineDetail" => Object::new(),
    };
    let discounts: Vec<Object> =
        discounts.iter().map(|line| prepare_discount(line, subtotal)).collect::<Result<_, _>>()?;
    total -= discounts.iter().map(|line| line.decimal("Amount")).sum::<Decimal>();
    lines.push(subtotal_line);
    lines.extend(discounts);
    object.set("Line", lines.into_iter().map(Value::from).collect::<Vec<_>>());
    let mut tax = object.get("TxnTaxDetail").and_then(Value::as_object).cloned().unwrap_or_default();
    let total_tax = tax.decimal("TotalTax");
    tax.set("TotalTax", total_tax);
    object.set("TxnTaxDetail", tax);
    let is_included = object.text("GlobalTaxCalculation") == Some("TaxInclusive");
    let total = if is_included { total } else { total + total_tax };
    // Balances add up totals: each must leave room for many others.
    if is_in_range(total) { Ok(total) } else { Err(Fault::amount_range("TotalAmt")) }
}

fn prepare_line(writer: &Writer<'_>, line: &Object, number: usize) -> Result<Object, Fault> {
    let mut line = line.clone();
    set_default(&mut line, "Id", number.to_string().into());
    line.set("LineNum", number);
    let detail_type = line.text("DetailType").unwrap_or_default().to_owned();
    match detail_type.as_str() {
        "SalesItemLineDetail" => {
            let amount = line.get("Amount").and_then(Value::as_decimal);
            let amount = amount.ok_or_else(|| Fault::required("Line.Amount"))?;
            line.set("Amount", amount);
            let mut detail = line.get(&detail_type).and_then(Value::as_object).cloned().unwrap_or_default();
            prepare_detail(writer, &mut detail, amount)?;
            line.set(&detail_type, detail);
        }
        "GroupLineDetail" => {
            let group = line.get(&detail_type).and_then(Value::as_object);
            let group = group.ok_or_else(|| Fault::required("Line.GroupLineDetail"))?;
            let inner = group.list("Line").iter().filter_map(Value::as_object);
            let amount: Decimal = inner.map(|line| line.decimal("Amount")).sum();
            line.set("Amount", amount);
        }
        "DescriptionOnly" => {
            let amount = line.decimal("Amount");
            line.set("Amount", amount);
        }
        other => return Err(Fault::invalid_choice("Line.DetailType", other)),
    }
    Ok(line)
}

/// Checks quantity and price against the amount, and completes the item.
fn prepare_detail(writer: &Writer<'_>, detail: &mut Object, amount: Decimal) -> Result<(), Fault> {
    // python-quickbooks sends 0 for a quantity or price that its user has not set.
    let number = |name: &str| detail.get(name).and_then(Value::as_decimal).filter(|number| !number.is_zero());
    if let Some((quantity, price)) = number("Qty").zip(number("UnitPrice")) {
        let difference = quantity.checked_mul(price).and_then(|product| product.checked_sub(amount));
        if difference.is_none_or(|difference| difference.abs() > Decimal::new(5, 3)) {
            return Err(Fault::amount(&amount.normalize().to_string()));
        }
    }
    match detail.reference("ItemRef") {
        // Shipping and other special lines have an id that is no item's.
        Some(id) if id.parse::<u64>().is_err() => {}
        Some(id) => {
            let name = references::find(writer, Kind::Item, &id, "Line.SalesItemLineDetail.ItemRef", false)?;
            if let (Some(name), Some(Value::Object(item))) = (name, detail.get_mut("ItemRef")) {
                item.set("name", name);
            }
        }
        None => {
            let item = writer.company.get(Kind::Item, DEFAULT_ITEM);
            let name = item.and_then(|item| item.object.text("Name")).unwrap_or("Services").to_owned();
            detail.set("ItemRef", reference(DEFAULT_ITEM, &name));
        }
    }
    set_default(detail, "TaxCodeRef", object! { "value" => "NON" }.into());
    Ok(())
}

fn prepare_discount(line: &Object, subtotal: Decimal) -> Result<Object, Fault> {
    let mut line = line.clone();
    let detail = line.get("DiscountLineDetail").and_then(Value::as_object).cloned().unwrap_or_default();
    let amount = if detail.flag("PercentBased") == Some(true) {
        let percent = detail.decimal("DiscountPercent");
        let discount = subtotal.checked_mul(percent).map(|product| product / Decimal::ONE_HUNDRED);
        discount.ok_or_else(|| Fault::amount_range("Line.DiscountLineDetail.DiscountPercent"))?.round_dp(2)
    } else {
        line.get("Amount").and_then(Value::as_decimal).ok_or_else(|| Fault::required("Line.Amount"))?
    };
    line.set("Amount", amount);
    Ok(line)
}

/// Returns the invoice that opens a customer's balance.
pub(super) fn opening_invoice(customer: u64, opening: &OpeningBalance) -> Object {
    let line = object! {
        "Description" => "Opening Balance",
        "Amount" => opening.amount,
        "DetailType" => "SalesItemLineDetail",
        "SalesItemLineDetail" => object! { "Qty" => 1_u64, "UnitPrice" => opening.amount },
    };
    let mut invoice = object! {
        "CustomerRef" => object! { "value" => customer.to_string() },
        "Line" => vec![Value::from(line)],
        "PrivateNote" => "Opening Balance",
    };
    if let Some(date) = opening.date {
        invoice.set("TxnDate", Date::to_string(&date));
    }
    invoice
}

/// Returns a transaction whose amounts are zero.
pub(super) fn voided(kind: Kind, object: &Object) -> Object {
    let mut object = object.clone();
    let note = match object.text("PrivateNote").filter(|note| !note.is_empty()) {
        Some(note) => format!("Voided - {note}"),
        None => "Voided".to_owned(),
    };
    object.set("PrivateNote", note);
    object.set("TotalAmt", 0_u64);
    if kind == Kind::Payment {
        object.set("UnappliedAmt", 0_u64);
        object.set("Line", Vec::new());
        return object;
    }
    object.set("Balance", 0_u64);
    if object.get("Deposit").is_some() {
        object.set("Deposit", 0_u64);
    }
    if let Some(Value::Object(tax)) = object.get_mut("TxnTaxDetail") {
        tax.set("TotalTax", 0_u64);
    }
    if let Some(Value::List(lines)) = object.get_mut("Line") {
        lines.iter_mut().for_each(void_line);
    }
    object
}

fn void_line(line: &mut Value) {
    let Value::Object(line) = line else { return };
    line.set("Amount", 0_u64);
    if let Some(Value::Object(detail)) = line.get_mut("SalesItemLineDetail")
        && detail.get("Qty").is_some()
    {
        detail.set("Qty", 0_u64);
    }
}
