//! Items as products with a price.

use clientele_shared::model::{Currency, Money, Price, PriceEntry, PriceOwner, ProductId};
use clientele_shared::rules::text::{MAX_LINE, is_blank};

use super::Object;
use super::lines::is_number;
use super::reader::{decimal, one_line, text_of};

/// Maximum length of a product id, in characters.
const MAX_PRODUCT_ID: usize = 64;

/// The product of lines that name no item.
const NO_ITEM: &str = "No item";

/// The types of items that are not sold: categories, and groups, whose parts are sold.
const NOT_SOLD: [&str; 3] = ["Category", "Group", "Bundle"];

/// Returns the product id of an item: its `Sku` if that is valid, else its `Name` on one line and cut to 64 characters,
/// else `Item` and its id. `None` if it has none of them.
///
/// Items with the same `Sku` are one product.
#[must_use]
pub fn product_id(item: &Object) -> Option<ProductId> {
    let sku = text_of(item, "Sku").filter(|sku| !is_blank(sku)).and_then(|sku| sku.parse().ok());
    let name = || named(&text_of(item, "Name")?);
    sku.or_else(name).or_else(|| numbered(&text_of(item, "Id")?))
}

/// Returns the price of an item in the price list, from the beginning on.
///
/// The amount is the `UnitPrice`, rounded to cents; the name is the `FullyQualifiedName`, else the `Name`. `None` for
/// categories and groups, for inactive items, which are no longer sold, and for items without a positive price: 0 is
/// QuickBooks' price of an item that has none.
#[must_use]
pub fn price(item: &Object, product: ProductId, home_currency: Currency) -> Option<PriceEntry> {
    let is_sold = !text_of(item, "Type").is_some_and(|kind| NOT_SOLD.contains(&kind.as_str()));
    let is_active = item.get("Active").and_then(serde_json::Value::as_bool) != Some(false);
    let amount = text_of(item, "UnitPrice").and_then(|text| decimal(&text)).and_then(Money::rounded)?;
    if !is_sold || !is_active || amount <= Money::default() {
        return None;
    }
    let name =
        ["FullyQualifiedName", "Name"].into_iter().find_map(|field| cut(&text_of(item, field)?, MAX_LINE));
    let price = Price { effective_from: None, service_type: None, name, amount, currency: home_currency };
    Some(PriceEntry { owner: PriceOwner::List, product, price })
}

/// Returns the product of a line whose item is not known: the item's name, else `Item` and its id, else [`NO_ITEM`].
/// A reference's name has the names of the item's categories before the item's own, which makes the product the same as
/// for an item without `Sku`.
pub(super) fn product_of_reference(id: Option<&str>, name: Option<&str>) -> Option<ProductId> {
    let name = name.and_then(|name| named(name.rsplit(':').next()?));
    name.or_else(|| numbered(id?)).or_else(|| named(NO_ITEM))
}

fn named(name: &str) -> Option<ProductId> {
    cut(name, MAX_PRODUCT_ID)?.parse().ok()
}

fn numbered(id: &str) -> Option<ProductId> {
    if is_number(id) { format!("Item {id}").parse().ok() } else { named(id) }
}

/// Returns the start of a text on one line, or `None` if it is blank.
fn cut(text: &str, max_chars: usize) -> Option<String> {
    let start: String = one_line(text).chars().take(max_chars).collect();
    (!is_blank(&start)).then(|| start.trim().to_owned())
}
