//! Documents: items with JSON text in one attribute, for data that no query looks into.

use aws_sdk_dynamodb::types::TransactWriteItem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Store;
use super::calls::{failed, is_condition_failure};
use super::items::{Item, key_item, text, text_in};
use crate::table::keys::{Key, attribute};
use crate::{Error, Result};

/// The attribute with a document as JSON text.
pub(in crate::store) const DOCUMENT: &str = "document";

/// The item that holds a document.
pub(in crate::store) fn to_item(key: &Key, document: &impl Serialize) -> Result<Item> {
    let json = serde_json::to_string(document).map_err(|e| Error::internal("writing a document", e))?;
    let mut item = key_item(key);
    item.insert(DOCUMENT.into(), text(json));
    Ok(item)
}

/// The document in an item.
pub(in crate::store) fn from_item<T: DeserializeOwned>(item: &Item) -> Result<T> {
    serde_json::from_str(text_in(item, DOCUMENT)?).map_err(|e| Error::internal("reading a document", e))
}

impl Store {
    pub(in crate::store) async fn document_get<T: DeserializeOwned>(
        &self,
        key: &Key,
        context: &'static str,
    ) -> Result<Option<T>> {
        self.item_get(key, context).await?.as_ref().map(from_item).transpose()
    }

    /// Puts a document, whatever was there.
    pub(in crate::store) async fn document_put(
        &self,
        key: &Key,
        document: &impl Serialize,
        context: &'static str,
    ) -> Result<()> {
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(to_item(key, document)?));
        put.send().await.map(drop).map_err(|e| failed(context, e))
    }

    pub(in crate::store) async fn document_delete(&self, key: &Key, context: &'static str) -> Result<()> {
        let delete = self.client.delete_item().table_name(&*self.table).set_key(Some(key_item(key)));
        delete.send().await.map(drop).map_err(|e| failed(context, e))
    }

    /// Deletes a document if it is still this one.
    pub(in crate::store) async fn document_delete_if(
        &self,
        key: &Key,
        document: &impl Serialize,
        context: &'static str,
    ) -> Result<()> {
        let item = to_item(key, document)?;
        let delete = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .condition_expression("#document = :document")
            .expression_attribute_names("#document", DOCUMENT)
            .expression_attribute_values(":document", text(text_in(&item, DOCUMENT)?));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(failed(context, error)),
        }
    }

    /// Reads the documents of a partition whose sort keys begin with `prefix`, in order of key.
    pub(in crate::store) async fn documents_list<T: DeserializeOwned>(
        &self,
        pk: &str,
        prefix: &str,
        context: &'static str,
    ) -> Result<Vec<T>> {
        let query = self
            .partition_query(pk)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true);
        self.query_items(query, context).await?.iter().map(from_item).collect()
    }

    /// The put of a document in a transaction, whatever was there.
    pub(in crate::store) fn document_write(
        &self,
        key: &Key,
        document: &impl Serialize,
    ) -> Result<TransactWriteItem> {
        self.put_always(to_item(key, document)?)
    }
}
