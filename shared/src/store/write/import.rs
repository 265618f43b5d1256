//! Imports: many customers in one commit, each row of a source once.

use std::collections::BTreeMap;

use futures::future::try_join;
use serde::{Deserialize, Serialize};

use super::customer::new_customer;
use super::entries::entry_items;
use super::transaction::{Guard, MAX_ITEMS, Outcome, Transaction, unexpected};
use crate::model::{CustomerFields, CustomerNumber, OrderId, Tenant, Timestamp};
use crate::rules::size;
use crate::store::items::{Item, key_item, text_in};
use crate::store::{Store, write};
use crate::table::keys;
use crate::{Error, Result};

/// One row of a source, on its way to become a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedRow {
    /// Which source, and which row of it.
    pub key: RowKey,
    /// The number the customer is to have.
    pub number: CustomerNumber,
    /// The moment of creation that was allocated with the number.
    pub at: Timestamp,
    /// The customer's fields.
    pub fields: CustomerFields,
}

/// Names a row of a source, so that it is imported once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(String);

impl RowKey {
    /// The row with this id in this source.
    #[must_use]
    pub fn new(source: &str, row: &str) -> Self {
        Self(write::digest(&[source, row]))
    }

    /// The order with this id in this source.
    #[must_use]
    pub fn order(source: &str, id: &str) -> Self {
        Self(write::digest(&["order", source, id]))
    }

    /// The id that an order with this key has.
    #[must_use]
    pub fn order_id(&self) -> OrderId {
        OrderId::from_digest(&self.0)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Serialize, Deserialize)]
struct Mark {
    /// Not named `number`, because that is an attribute of the indexes of records.
    customer: CustomerNumber,
}

impl Store {
    /// How many rows one commit takes: each is a customer and its mark, next to slot, log entry and two ranks.
    pub const IMPORT_ROWS: usize = (MAX_ITEMS - 4) / 2;

    /// Which of these rows were imported before, and as which customer.
    ///
    /// # Errors
    /// Those of the calls.
    pub async fn imported_rows_get(
        &self,
        tenant: &Tenant,
        marks: &[RowKey],
    ) -> Result<BTreeMap<RowKey, CustomerNumber>> {
        let keys: Vec<_> = marks.iter().map(|mark| keys::imported_row(tenant, &mark.0)).collect();
        let mut numbers: BTreeMap<String, CustomerNumber> = BTreeMap::new();
        for found in self.items_get(&keys).await? {
            let pk = text_in(&found, keys::attribute::PK)?.to_owned();
            let mark: Mark =
                serde_dynamo::from_item(found).map_err(|e| Error::internal("reading an imported row", e))?;
            numbers.insert(pk, mark.customer);
        }
        let number_of = |mark: &RowKey| numbers.get(&keys::imported_row(tenant, &mark.0).pk).copied();
        Ok(marks.iter().filter_map(|mark| Some((mark.clone(), number_of(mark)?))).collect())
    }

    /// Creates the customers of up to [`Self::IMPORT_ROWS`] rows in one commit, all or none; returns whether it was
    /// written. It is not if one of the rows was imported in the meantime: read [`Self::imported_rows_get`] again and
    /// leave that row out.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if there are more rows than that or if one of them is too large to be stored,
    /// [`Error::Throttled`] if nothing was written for lack of capacity, and [`Error::Unavailable`] if it is unknown
    /// whether the rows were written.
    pub async fn customers_import(&self, tenant: &Tenant, rows: Vec<ImportedRow>) -> Result<bool> {
        if rows.is_empty() {
            return Ok(true);
        }
        let mut transaction = Transaction::new(self, tenant);
        let mut entries: Vec<Item> = Vec::new();
        for ImportedRow { key, number, at, fields } in rows {
            size::check(&fields)?;
            let customer = new_customer(tenant, number, at, fields);
            entries.extend(entry_items(tenant, &customer)?);
            let mark = self.put_new(mark_item(tenant, &key, number)?)?;
            let step = self.record_step(tenant, None, &customer)?.guarded(mark, Guard::FirstRequest);
            let too_many =
                |_| Error::invalid("rows", format!("must be at most {}, each different", Self::IMPORT_ROWS));
            transaction.add(step).map_err(too_many)?;
        }
        let ((), mut lane) = try_join(self.items_put(entries), self.lane(tenant)).await?;
        match transaction.commit(&mut lane).await? {
            Outcome::Applied { .. } => Ok(true),
            outcome if outcome.is_refused_by(Guard::FirstRequest) => Ok(false),
            outcome => Err(unexpected(&outcome)),
        }
    }
}

fn mark_item(tenant: &Tenant, key: &RowKey, number: CustomerNumber) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(Mark { customer: number })
        .map_err(|e| Error::internal("writing an imported row", e))?;
    item.extend(key_item(&keys::imported_row(tenant, &key.0)));
    Ok(item)
}
