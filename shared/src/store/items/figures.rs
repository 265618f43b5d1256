//! A customer's figures as an item, and back.

use super::{Item, key_item, text};
use crate::model::{CustomerNumber, Figures, Tenant};
use crate::rules::entries::SortValue;
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// The sort order whose entries are the figures themselves.
const EXPENSES: &str = "expenses";

/// The item that holds figures, which is also the customer's entry in the order by expenses.
pub(in crate::store) fn from_figures(
    tenant: &Tenant,
    number: CustomerNumber,
    figures: &Figures,
) -> Result<Item> {
    let mut item: Item =
        serde_dynamo::to_item(figures).map_err(|e| Error::internal("writing a customer's figures", e))?;
    let value = SortValue::cents(figures.lifetime_value.to_cents());
    item.extend(key_item(&keys::figures(tenant, tenant.customer_uuid(number))));
    item.insert(attribute::SEARCH_PK.into(), text(keys::sort_partition(tenant, EXPENSES)));
    item.insert(attribute::SEARCH_SK.into(), text(keys::value_sort(value.as_str(), number.get().into())));
    Ok(item)
}

/// The figures in an item.
pub(in crate::store) fn to_figures(item: Item) -> Result<Figures> {
    serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a customer's figures", e))
}
