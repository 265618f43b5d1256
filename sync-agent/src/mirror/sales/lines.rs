//! The lines of a document as lines of an order.

use std::collections::BTreeSet;

use clientele_shared::model::{OrderLine, PreciseNumber, ProductId};
use rust_decimal::{Decimal, RoundingStrategy};

use super::items::product_of_reference;
use super::reader::{Reader, list, object_in, reference, text_of};
use super::{Object, Unreadable};

/// Maximum number of lines of an order.
const MAX_LINES: usize = 500;

/// Maximum size of an order's lines as JSON, in bytes: with the order they are one item of at most 400 KB.
const MAX_LINES_SIZE: usize = 300 * 1024;

/// Decimal places of quantities, unit prices and discounts.
const PLACES: u32 = 4;

/// Half a cent: the difference at which two amounts are still the same number of cents.
const HALF_A_CENT: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// The name of the detail of a line with an item, which is also its type.
const SALES_ITEM: &str = "SalesItemLineDetail";

/// The name of the detail of a line with a discount, which is also its type.
const DISCOUNT: &str = "DiscountLineDetail";

/// Returns the ids of the items on a document's lines, those of groups included. Special lines, such as the one for
/// shipping, name an item whose id is not a number; it cannot be read and is left out.
#[must_use]
pub fn items_of(document: &Object) -> BTreeSet<String> {
    let mut found = Vec::new();
    find_sales_lines(document, &mut found);
    let items = found.into_iter().filter_map(|line| reference(object_in(line, SALES_ITEM)?, "ItemRef"));
    items.filter(|id| is_number(id)).collect()
}

/// Returns whether an id is one of an object of QuickBooks, a number.
pub(super) fn is_number(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Finds the lines with an item. A group's own line is the sum of the lines in it; subtotals and descriptions sell
/// nothing.
fn find_sales_lines<'a>(object: &'a Object, found: &mut Vec<&'a Object>) {
    for line in list(object, "Line") {
        match text_of(line, "DetailType").as_deref() {
            Some(SALES_ITEM) => found.push(line),
            Some("GroupLineDetail") => {
                if let Some(group) = object_in(line, "GroupLineDetail") {
                    find_sales_lines(group, found);
                }
            }
            _ => {}
        }
    }
}

/// Converts the lines of a document. `product` returns the product of an item.
pub(super) fn lines(
    reader: &Reader,
    document: &Object,
    product: &dyn Fn(&str) -> Option<ProductId>,
) -> Result<Vec<OrderLine>, Unreadable> {
    let mut found = Vec::new();
    find_sales_lines(document, &mut found);
    if found.len() > MAX_LINES {
        return Err(reader.unreadable(format!("Line: must be at most {MAX_LINES} lines")));
    }
    let (mut lines, mut subtotal) = (Vec::with_capacity(found.len()), Decimal::ZERO);
    for line in found {
        let (line, amount) = order_line(reader, line, product)?;
        subtotal = subtotal.checked_add(amount).ok_or_else(|| too_large(reader))?;
        lines.push(line);
    }
    if let Some(discount) = discount(reader, document, subtotal)? {
        lines.iter_mut().for_each(|line| line.discount = discount);
    }
    if serde_json::to_string(&lines).is_ok_and(|json| json.len() > MAX_LINES_SIZE) {
        return Err(reader.unreadable(format!("Line: must be at most {} KB", MAX_LINES_SIZE / 1024)));
    }
    Ok(lines)
}

/// Converts a line, and returns its amount.
fn order_line(
    reader: &Reader,
    line: &Object,
    product: &dyn Fn(&str) -> Option<ProductId>,
) -> Result<(OrderLine, Decimal), Unreadable> {
    let empty = Object::new();
    let detail = object_in(line, SALES_ITEM).unwrap_or(&empty);
    let item = object_in(detail, "ItemRef").unwrap_or(&empty);
    let name = reader.text(item, "name")?;
    let id = reference(detail, "ItemRef");
    let known = id.as_deref().and_then(product);
    let product = known.or_else(|| product_of_reference(id.as_deref(), name.as_deref()));
    let product = product.ok_or_else(|| reader.unreadable("ItemRef: must name an item"))?;
    let amount = reader.number(line, "Amount")?;
    let (quantity, price) = (reader.number(detail, "Qty")?, reader.number(detail, "UnitPrice")?);
    let numbers = quantity_and_price(amount, quantity, price);
    let (quantity, unit_price) = numbers.ok_or_else(|| too_large(reader))?;
    let line = OrderLine { product, name, quantity, unit_price, discount: PreciseNumber::default() };
    let value = line.revenue().ok_or_else(|| too_large(reader))?.get();
    Ok((line, amount.unwrap_or(value)))
}

fn too_large(reader: &Reader) -> Unreadable {
    reader.unreadable("Line: quantity, unit price and amount must be below 1000000000000")
}

/// Returns the quantity and the unit price of a line, each to four decimal places, or `None` if one is too large.
///
/// The amount decides. Quantity and price are used if their product is the amount, to half a cent, or if there is no
/// amount. Otherwise the price is the amount by the quantity; without a quantity, the quantity is the amount by the
/// price; with neither, the line is one unit at the amount. Some clients write 0 for a number that they do not know.
fn quantity_and_price(
    amount: Option<Decimal>,
    quantity: Option<Decimal>,
    price: Option<Decimal>,
) -> Option<(PreciseNumber, PreciseNumber)> {
    let Some(amount) = amount else {
        return Some((precise(quantity.unwrap_or(Decimal::ONE))?, precise(price.unwrap_or_default())?));
    };
    let product = quantity.zip(price).and_then(|(quantity, price)| quantity.checked_mul(price));
    let difference = product.and_then(|product| product.checked_sub(amount));
    let is_consistent = difference.is_some_and(|difference| difference.abs() <= HALF_A_CENT);
    let not_zero = |number: &Decimal| !number.is_zero();
    match (quantity, price) {
        (Some(quantity), Some(price)) if is_consistent => Some((precise(quantity)?, precise(price)?)),
        (quantity, price) => match (quantity.filter(not_zero), price.filter(not_zero)) {
            (Some(quantity), _) => Some((precise(quantity)?, precise(amount.checked_div(quantity)?)?)),
            (None, Some(price)) => Some((precise(amount.checked_div(price)?)?, precise(price)?)),
            (None, None) => Some((PreciseNumber::ONE, precise(amount)?)),
        },
    }
}

/// Returns the share of the lines that the document's discount is, from 0 to 1 to four decimal places: its percentage,
/// or its amount by the subtotal.
///
/// `None` if there is no discount, or if no such share of the subtotal is the discount to half a cent, which happens
/// with amounts. Then the lines keep their full value, and only the order's total is reduced.
fn discount(
    reader: &Reader,
    document: &Object,
    subtotal: Decimal,
) -> Result<Option<PreciseNumber>, Unreadable> {
    let (mut discount, mut shares) = (Decimal::ZERO, Vec::new());
    let of_type = |line: &&Object| text_of(line, "DetailType").as_deref() == Some(DISCOUNT);
    for line in list(document, "Line").filter(of_type) {
        let amount = reader.number(line, "Amount")?.unwrap_or_default();
        discount = discount.checked_add(amount).ok_or_else(|| too_large(reader))?;
        let detail = object_in(line, DISCOUNT);
        let percent = detail.map(|detail| reader.number(detail, "DiscountPercent")).transpose()?.flatten();
        shares.extend(percent.and_then(|percent| percent.checked_div(Decimal::ONE_HUNDRED)));
    }
    if discount <= Decimal::ZERO || discount > subtotal {
        return Ok(None);
    }
    shares.extend(discount.checked_div(subtotal));
    let is_exact = |share: &Decimal| {
        let spread = share.checked_mul(subtotal).and_then(|spread| spread.checked_sub(discount));
        spread.is_some_and(|difference| difference.abs() <= HALF_A_CENT)
    };
    let mut shares = shares.into_iter().map(rounded);
    Ok(shares.find(|share| *share <= Decimal::ONE && is_exact(share)).and_then(precise))
}

fn rounded(number: Decimal) -> Decimal {
    number.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointAwayFromZero)
}

fn precise(number: Decimal) -> Option<PreciseNumber> {
    PreciseNumber::new(rounded(number)).ok()
}
