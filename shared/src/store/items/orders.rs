//! Orders, their monthly sums and their marks as items, and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Item, integer_in, key_item, number, text, text_in};
use crate::model::{CustomerNumber, Order, OrderLine, OrderStatus, Sales, Timestamp};
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// The attribute with an order as JSON text, without its lines.
const ORDER: &str = "order";

/// The attribute with an order's status, which filters read without parsing the order.
const STATUS: &str = "order_status";

/// The attribute with an order's lines as JSON text.
const LINES: &str = "lines";

/// The attribute with an order's version.
const VERSION: &str = "version";

/// The attribute with the sums of a month as JSON text.
const SALES: &str = "sales";

/// The attribute of a mark with the number of the customer.
const CUSTOMER: &str = "customer";

/// The attribute of an order's mark with the order's sort key.
const SORT_KEY: &str = "order_sk";

/// The attribute of an order's mark with the digest of the order as it was imported.
pub(in crate::store) const CONTENT: &str = "content";

/// The attributes of an order without its lines.
pub(in crate::store) const ORDER_ATTRIBUTES: [&str; 3] = [attribute::SK, STATUS, ORDER];

/// An order as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct StoredOrder {
    pub(in crate::store) version: u64,
    pub(in crate::store) order: Order,
    pub(in crate::store) lines: Vec<OrderLine>,
}

/// The mark of an order: under its source and its id there, it says where the order is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct OrderMark {
    pub(in crate::store) customer: CustomerNumber,
    pub(in crate::store) order_sk: String,
    pub(in crate::store) content: String,
}

pub(in crate::store) fn from_order(key: &Key, stored: &StoredOrder) -> Result<Item> {
    let mut item = key_item(key);
    item.insert(VERSION.into(), number(stored.version));
    item.insert(STATUS.into(), text(stored.order.status.as_str()));
    item.insert(ORDER.into(), text(to_json(&stored.order)?));
    item.insert(LINES.into(), text(to_json(&stored.lines)?));
    Ok(item)
}

pub(in crate::store) fn to_stored_order(item: &Item) -> Result<StoredOrder> {
    let version = u64::try_from(integer_in(item, VERSION)?)
        .map_err(|e| Error::internal("reading an order's version", e))?;
    Ok(StoredOrder { version, order: to_order(item)?, lines: from_json(text_in(item, LINES)?)? })
}

pub(in crate::store) fn to_order(item: &Item) -> Result<Order> {
    from_json(text_in(item, ORDER)?)
}

pub(in crate::store) fn status_in(item: &Item) -> Result<OrderStatus> {
    text_in(item, STATUS)?.parse().map_err(|e| Error::internal("reading an order's status", e))
}

pub(in crate::store) fn from_sales(key: &Key, sales: &Sales) -> Result<Item> {
    let mut item = key_item(key);
    item.insert(SALES.into(), text(to_json(sales)?));
    Ok(item)
}

/// The first moment of a month, and its sums.
pub(in crate::store) fn to_sales(item: &Item) -> Result<(Timestamp, Sales)> {
    let month = keys::month_start(text_in(item, attribute::SK)?)
        .ok_or_else(|| Error::broken("the key of a month of orders holds no month"))?;
    Ok((month, from_json(text_in(item, SALES)?)?))
}

pub(in crate::store) fn from_mark(key: &Key, mark: &OrderMark) -> Item {
    let mut item = key_item(key);
    // Not named `number`, because that is an attribute of the indexes of records.
    item.insert(CUSTOMER.into(), number(mark.customer));
    item.insert(SORT_KEY.into(), text(&mark.order_sk));
    item.insert(CONTENT.into(), text(&mark.content));
    item
}

pub(in crate::store) fn to_mark(item: &Item) -> Result<OrderMark> {
    let customer = u64::try_from(integer_in(item, CUSTOMER)?).ok().and_then(CustomerNumber::new);
    Ok(OrderMark {
        customer: customer.ok_or_else(|| Error::broken("an order's mark holds no customer"))?,
        order_sk: text_in(item, SORT_KEY)?.to_owned(),
        content: text_in(item, CONTENT)?.to_owned(),
    })
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::internal("writing orders as JSON", e))
}

fn from_json<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|e| Error::internal("reading orders from JSON", e))
}
