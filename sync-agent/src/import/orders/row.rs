//! Conversion of rows to orders and lines: every value is checked, and every invalid one reported.

use std::borrow::Cow;

use clientele_shared::error::FieldError;
use clientele_shared::model::{
    Address, Date, Money, Order, OrderLine, OrderStatus, Payment, PreciseNumber, ProductId, Timestamp,
    total_of,
};
use clientele_shared::store::RowKey;
use csv::StringRecord;

use super::fields::{LineField, OrderField};
use crate::import::cells::{Cells, amount};
use crate::import::field::ImportField as _;
use crate::import::mapping::Mapping;
use crate::import::seen::{Fingerprint, fingerprint};

/// The status of a row that removes an order.
const REMOVED: &str = "removed";

/// Maximum size of an order's lines as JSON, in bytes: with the order they are one item of at most 400 KB.
const MAX_LINES_SIZE: usize = 300 * 1024;

/// An order as a row describes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowOrder {
    /// The order and its lines; `None` removes it.
    pub(super) order: Option<(Order, Vec<OrderLine>)>,
    /// The customer as the file names it; `None` for an order to be removed.
    pub(super) customer: Option<String>,
}

/// Returns the id of the order in its source, if the row has one.
pub(super) fn order_id<'a>(
    mapping: &'a Mapping<OrderField>,
    record: &'a StringRecord,
    unguard: bool,
) -> Option<Cow<'a, str>> {
    Cells::new(mapping, record, unguard).cell(OrderField::OrderId)
}

/// Returns the fingerprint of everything that a row says about its order.
pub(super) fn order_fingerprint(mapping: &Mapping<OrderField>, record: &StringRecord) -> Fingerprint {
    let cells = Cells::new(mapping, record, false);
    let texts: Vec<String> =
        OrderField::all().map(|field| format!("{:?}", cells.cell(field).unwrap_or_default())).collect();
    fingerprint(&texts.join(","))
}

/// Returns whether a row removes its order.
pub(super) fn is_removed(mapping: &Mapping<OrderField>, record: &StringRecord, unguard: bool) -> bool {
    let cells = Cells::new(mapping, record, unguard);
    cells.cell(OrderField::Status).is_some_and(|cell| cell.eq_ignore_ascii_case(REMOVED))
}

/// Returns whether a row has no cell about a line but that of its order's id.
pub(super) fn has_no_line(mapping: &Mapping<LineField>, record: &StringRecord, unguard: bool) -> bool {
    let cells = Cells::new(mapping, record, unguard);
    LineField::all().all(|field| field == LineField::OrderId || cells.cell(field).is_none())
}

/// Returns the id of a line's order in its source, if the row has one.
pub(super) fn line_order_id(
    mapping: &Mapping<LineField>,
    record: &StringRecord,
    unguard: bool,
) -> Option<String> {
    Cells::new(mapping, record, unguard).cell(LineField::OrderId).map(Cow::into_owned)
}

/// Reads an order from a row that has as many cells as the header.
pub(super) fn order(
    mapping: &Mapping<OrderField>,
    record: &StringRecord,
    unguard: bool,
    source: &str,
    lines: Vec<OrderLine>,
) -> Result<RowOrder, Vec<FieldError>> {
    let mut cells = Cells::new(mapping, record, unguard);
    if is_removed(mapping, record, unguard) {
        let id = cells.required(OrderField::OrderId);
        return cells.finish(id.map(|_| RowOrder { order: None, customer: None }));
    }
    let customer = cells.required(OrderField::CustomerId);
    let order = cells.order(source, &lines);
    let is_too_large = serde_json::to_string(&lines).is_ok_and(|json| json.len() > MAX_LINES_SIZE);
    if is_too_large {
        cells.reject_row(format!("the order's lines exceed {} KB", MAX_LINES_SIZE / 1024));
    }
    let order = order.map(|order| RowOrder { order: Some((order, lines)), customer });
    cells.finish(order)
}

impl Cells<'_, OrderField> {
    fn order(&mut self, source: &str, lines: &[OrderLine]) -> Option<Order> {
        let id = self.required(OrderField::OrderId);
        let order_number = self.text(OrderField::OrderNumber).or_else(|| id.clone());
        let ordered_at =
            self.required(OrderField::OrderDate).and_then(|_| self.moment(OrderField::OrderDate));
        let shipped_at = self.moment(OrderField::ShipDate);
        let delivered_at = self.moment(OrderField::DeliveryDate);
        let status = match self.cell(OrderField::Status) {
            Some(_) => self.read(OrderField::Status, |text| {
                text.parse().map_err(|error| format!("{error}, or {REMOVED}"))
            }),
            None => Some(status_by_dates(shipped_at, delivered_at)),
        };
        let total = self.total(lines);
        let payments = self.payments(total);
        let shipping_address = self.shipping_address();
        Some(Order {
            id: RowKey::order(source, &id?).order_id(),
            order_number: order_number?,
            status: status?,
            ordered_at: ordered_at?,
            shipped_at,
            delivered_at,
            total: total?,
            items_count: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            shipping_address,
            payments,
        })
    }

    /// Reads the total, or sums up the lines.
    fn total(&mut self, lines: &[OrderLine]) -> Option<Money> {
        if self.cell(OrderField::Total).is_some() {
            return self.read(OrderField::Total, amount);
        }
        if lines.is_empty() {
            self.reject(OrderField::Total, "must not be empty for an order without lines");
            return None;
        }
        let total = total_of(lines).filter(|total| *total >= Money::default());
        if total.is_none() {
            self.reject_row("the sum of the order's lines must not be negative or too large");
        }
        total
    }

    /// Reads the payment, if there are cells about it.
    fn payments(&mut self, total: Option<Money>) -> Option<Vec<Payment>> {
        let paid = self.read(OrderField::AmountPaid, amount);
        let paid_at = self.moment(OrderField::PaidDate);
        if self.cell(OrderField::AmountPaid).is_none() && paid_at.is_none() {
            return None;
        }
        let amount = paid.or(total)?;
        Some(if amount == Money::default() { Vec::new() } else { vec![Payment { amount, paid_at }] })
    }

    fn shipping_address(&mut self) -> Address {
        Address {
            line1: self.text(OrderField::Street),
            line2: self.text(OrderField::Street2),
            city: self.text(OrderField::City),
            state: self.text(OrderField::State),
            postal_code: self.text(OrderField::ZipCode),
            country: self.text(OrderField::Country),
            ..Address::default()
        }
    }

    fn moment(&mut self, field: OrderField) -> Option<Timestamp> {
        self.read(field, moment)
    }
}

/// The status of an order without one: as far as its dates say it has come.
fn status_by_dates(shipped_at: Option<Timestamp>, delivered_at: Option<Timestamp>) -> OrderStatus {
    match (shipped_at, delivered_at) {
        (_, Some(_)) => OrderStatus::Delivered,
        (Some(_), None) => OrderStatus::Shipped,
        (None, None) => OrderStatus::Confirmed,
    }
}

/// Reads a line from a row that has as many cells as the header. `name_of` names products for lines without a name.
pub(super) fn line(
    mapping: &Mapping<LineField>,
    record: &StringRecord,
    unguard: bool,
    name_of: impl Fn(&str) -> Option<String>,
) -> Result<OrderLine, Vec<FieldError>> {
    let mut cells = Cells::new(mapping, record, unguard);
    let line = cells.line(name_of);
    cells.finish(line)
}

impl Cells<'_, LineField> {
    fn line(&mut self, name_of: impl Fn(&str) -> Option<String>) -> Option<OrderLine> {
        let product = self.required(LineField::ProductId);
        let product = product.and_then(|_| {
            self.read(LineField::ProductId, |text| {
                text.parse::<ProductId>().map_err(|error| error.to_string())
            })
        });
        let name = self.text(LineField::ProductName);
        let quantity = match self.cell(LineField::Quantity) {
            Some(_) => self.read(LineField::Quantity, precise),
            None => "1".parse().ok(),
        };
        let unit_price = self.required(LineField::UnitPrice);
        let unit_price = unit_price.and_then(|_| self.read(LineField::UnitPrice, precise));
        let discount = match self.cell(LineField::Discount) {
            Some(_) => self.read(LineField::Discount, discount),
            None => Some(PreciseNumber::default()),
        };
        let product = product?;
        let name = name.or_else(|| name_of(product.as_str()));
        let line =
            OrderLine { product, name, quantity: quantity?, unit_price: unit_price?, discount: discount? };
        if line.revenue().is_none() {
            self.reject_row("the line's value is too large");
        }
        Some(line)
    }
}

fn precise(text: &str) -> Result<PreciseNumber, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn discount(text: &str) -> Result<PreciseNumber, String> {
    let (none, all) = (PreciseNumber::default(), PreciseNumber::ONE);
    let part = precise(text)?;
    if (none..=all).contains(&part) {
        Ok(part)
    } else {
        Err("must be a part from 0 to 1, such as 0.15 for 15 %".into())
    }
}

/// Reads a moment to the second: RFC 3339, or a date with or without a time in UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    let with_offset = || Timestamp::from_rfc3339(text);
    let date = || text.parse::<Date>().ok().map(Date::start);
    let civil = || {
        // jiff also parses other forms of ISO 8601, such as 20240115.
        let text = Some(text).filter(|text| text.contains(':') && text.contains('-'))?;
        let time = text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Timestamp::from_millis(time.timestamp().as_millisecond()))
    };
    let moment = with_offset().or_else(date).or_else(civil);
    let years = Timestamp::from_month("1000-01")..Timestamp::from_month("9999-01");
    moment
        .filter(|moment| years.contains(&Some(*moment)))
        .map(|moment| Timestamp::from_millis(moment.as_seconds() * 1_000))
        .ok_or_else(|| "must be a date such as 2024-01-15 or a time such as 2024-01-15T10:30:00Z".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_and_times_and_nothing_else() {
        for (text, expected) in [
            ("2024-01-15", "2024-01-15T00:00:00Z"),
            ("2021-01-01T00:00:00", "2021-01-01T00:00:00Z"),
            ("1996-07-04 13:30:00.900", "1996-07-04T13:30:00Z"),
            ("2024-01-15T10:30:00+02:00", "2024-01-15T08:30:00Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(moment(text).map(Timestamp::to_rfc3339_seconds), Ok(expected.to_owned()));
        }
        for wrong in
            ["", "2024-02-30", "2023-02-29", "15.1.2024", "soon", "0999-12-31", "20240115", "-000001-01-01"]
        {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
