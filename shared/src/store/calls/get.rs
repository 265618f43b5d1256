//! Strongly consistent reads of one item, and of all items of one partition.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::failed;
use crate::Result;
use crate::store::Store;
use crate::store::items::{Item, key_item, text};
use crate::table::keys::{Key, attribute};

impl Store {
    /// Reads one item: one read unit for each 4 KB.
    pub(in crate::store) async fn item_get(&self, key: &Key, context: &'static str) -> Result<Option<Item>> {
        let response = self
            .client
            .get_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| failed(context, e))?;
        Ok(response.item)
    }

    /// A query of the table for the items of one partition.
    pub(in crate::store) fn partition_query(&self, pk: impl Into<String>) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_values(":pk", text(pk))
    }

    /// Reads all items of one partition of the table.
    pub(in crate::store) async fn partition_items(
        &self,
        pk: &str,
        context: &'static str,
    ) -> Result<Vec<Item>> {
        self.query_items(self.partition_query(pk).consistent_read(true), context).await
    }

    /// Runs a query to its end.
    pub(in crate::store) async fn query_items(
        &self,
        query: QueryFluentBuilder,
        context: &'static str,
    ) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut start_key = None;
        loop {
            let response = query
                .clone()
                .set_exclusive_start_key(start_key)
                .send()
                .await
                .map_err(|e| failed(context, e))?;
            items.extend(response.items.unwrap_or_default());
            start_key = response.last_evaluated_key;
            if start_key.is_none() {
                return Ok(items);
            }
        }
    }
}
