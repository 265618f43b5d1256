//! Items: attribute values and keys as DynamoDB has them, and the records that the store keeps in them.

pub(in crate::store) mod credit;
pub(in crate::store) mod figures;
pub(in crate::store) mod orders;
pub(in crate::store) mod record;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::table::keys::{Key, attribute};
use crate::{Error, Result};

/// An item in the SDK's representation.
pub(in crate::store) type Item = HashMap<String, AttributeValue>;

pub(in crate::store) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(in crate::store) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The expression that selects these attributes, and the names in it.
pub(in crate::store) fn projection(attributes: &[&str]) -> (String, HashMap<String, String>) {
    // No other expression uses these names.
    let placeholder = |at: usize| format!("#only{at}");
    let expression: Vec<String> = (0..attributes.len()).map(placeholder).collect();
    let names = attributes.iter().enumerate().map(|(at, name)| (placeholder(at), (*name).to_owned()));
    (expression.join(","), names.collect())
}

/// The key attributes of an item.
pub(in crate::store) fn key_item(key: &Key) -> Item {
    Item::from([(attribute::PK.to_owned(), text(&key.pk)), (attribute::SK.to_owned(), text(&key.sk))])
}

/// Reads a text attribute that every item of this kind has.
pub(in crate::store) fn text_in<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| Error::broken(format!("an item has no text attribute `{name}`")))
}

/// Reads a whole number, or `None` if the item has no such attribute.
pub(in crate::store) fn optional_integer_in(item: &Item, name: &str) -> Result<Option<i64>> {
    item.get(name)
        .map(|value| {
            let digits = value.as_n().ok();
            digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
                Error::broken(format!("the attribute `{name}` of an item is not a whole number"))
            })
        })
        .transpose()
}

/// Reads a whole number that every item of this kind has.
pub(in crate::store) fn integer_in(item: &Item, name: &str) -> Result<i64> {
    optional_integer_in(item, name)?
        .ok_or_else(|| Error::broken(format!("an item has no number attribute `{name}`")))
}
