//! Imports: many customers in one commit, each row of a source once.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use serde::{Deserialize, Serialize};

use super::commit::MAX_ITEMS;
use super::counts::CounterDelta;
use super::{Item, Store, idempotency, item, key_of, terms};
use crate::model::{Customer, CustomerFields, CustomerNumber, Tenant};
use crate::table::keys;
use crate::{Error, Result};

/// One row of a source, on its way to become a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedRow {
    /// The row's mark: which source and which row of it.
    pub mark: RowKey,
    /// The number the customer is to have.
    pub number: CustomerNumber,
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
        Self(idempotency::digest(&[source, row]))
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    number: CustomerNumber,
}

impl Store {
    /// How many rows one commit takes: each is a customer and its mark, and one place is the counters'.
    pub const IMPORT_ROWS: usize = (MAX_ITEMS - 1) / 2;

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
        for found in self.items_of(&keys).await? {
            let pk = super::text_in(&found, keys::attribute::PK)?.to_owned();
            let record: Record =
                serde_dynamo::from_item(found).map_err(|e| Error::internal("reading an imported row", e))?;
            numbers.insert(pk, record.number);
        }
        let number_of = |mark: &RowKey| numbers.get(&keys::imported_row(tenant, &mark.0).pk).copied();
        Ok(marks.iter().filter_map(|mark| Some((mark.clone(), number_of(mark)?))).collect())
    }

    /// Creates the customers of up to [`Self::IMPORT_ROWS`] rows in one commit, all or none; returns whether
    /// it was written. It is not when one of the rows was imported meanwhile: look again with
    /// [`Self::imported_rows_get`] and leave that row out.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are too many rows, or the same one twice.
    pub async fn customers_import(&self, tenant: &Tenant, rows: Vec<ImportedRow>) -> Result<bool> {
        if rows.is_empty() {
            return Ok(true);
        }
        if rows.len() > Self::IMPORT_ROWS {
            return Err(Error::invalid("rows", format!("at most {} rows to a commit", Self::IMPORT_ROWS)));
        }
        let mut counts = CounterDelta::default();
        let mut fixed: Vec<TransactWriteItem> = Vec::with_capacity(rows.len() * 2);
        let mut index: Vec<Item> = Vec::new();
        for ImportedRow { mark, number, fields } in rows {
            let customer: Customer = self.new_customer(tenant, number, fields);
            counts.record_move(None, Some(customer.cell()));
            index.extend(
                terms::of(&customer).iter().map(|term| terms::item(tenant, customer.uuid, number, term)),
            );
            fixed.push(self.create(row_item(tenant, &mark, number)?)?);
            fixed.push(self.create(item::from_customer(tenant, &customer)?)?);
        }
        self.items_put(index).await?;
        Ok(self.transact(tenant, &fixed, &counts).await?.is_empty())
    }
}

fn row_item(tenant: &Tenant, mark: &RowKey, number: CustomerNumber) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(Record { number })
        .map_err(|e| Error::internal("writing an imported row", e))?;
    item.extend(key_of(&keys::imported_row(tenant, &mark.0)));
    Ok(item)
}
