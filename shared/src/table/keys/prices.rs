//! Keys of prices, which sort by product and day.

use super::{Key, customer_partition};
use crate::model::{Date, PriceOwner, ProductId, Tenant};

/// Prefix of the sort keys of prices.
pub const PRICE_PREFIX: &str = "PRICE#";

/// Returns the partition that holds a price list, or a customer's own prices together with its record.
#[must_use]
pub fn prices_partition(tenant: &Tenant, owner: PriceOwner) -> String {
    match owner {
        PriceOwner::List => format!("T#{}#PRICES", tenant.as_str()),
        PriceOwner::Customer(uuid) => customer_partition(tenant, uuid),
    }
}

/// Returns the key of the price of a product from a day onwards; without a day, from the beginning.
///
/// Sort keys order by product id, byte by byte, and then by day. To achieve that, `#` ends the id, and each
/// character up to `$` is written inside the id as `$` and a digit: space `$0`, `!` `$1`, `"` `$2`, `#` `$3`,
/// `$` `$4`. Every byte of an id is then above the `#` that ends a shorter id, and the escaped characters
/// keep their order and sort below all others.
#[must_use]
pub fn price(tenant: &Tenant, owner: PriceOwner, product: &ProductId, from: Option<Date>) -> Key {
    let day = from.map(|day| day.to_string()).unwrap_or_default();
    let product = escaped(product.as_str());
    Key::new(prices_partition(tenant, owner), format!("{PRICE_PREFIX}{product}#{day}"))
}

/// Returns the product in the sort key of a price.
#[must_use]
pub fn price_product(sk: &str) -> Option<ProductId> {
    let (product, _) = sk.strip_prefix(PRICE_PREFIX)?.split_once('#')?;
    unescaped(product)?.parse().ok()
}

/// The characters allowed in a product id that sort up to the escape character `$`, in order.
const ESCAPED: [char; 5] = [' ', '!', '"', '#', '$'];

fn escaped(id: &str) -> String {
    let mut key = String::with_capacity(id.len());
    for c in id.chars() {
        match ('0'..).zip(ESCAPED).find(|(_, escaped)| *escaped == c) {
            Some((digit, _)) => key.extend(['$', digit]),
            None => key.push(c),
        }
    }
    key
}

fn unescaped(key: &str) -> Option<String> {
    let mut chars = key.chars();
    let mut id = String::with_capacity(key.len());
    while let Some(c) = chars.next() {
        id.push(match c {
            '$' => *ESCAPED.get(chars.next()?.to_digit(10)? as usize)?,
            other => other,
        });
    }
    Some(id)
}
