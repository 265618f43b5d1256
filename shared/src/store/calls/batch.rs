//! Batch reads by key and batch puts. Batches run concurrently, and what DynamoDB leaves unprocessed is sent again.

use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::failed;
use super::retry::contended;
use crate::store::Store;
use crate::store::items::{Item, key_item, projection};
use crate::table::keys::Key;
use crate::{Error, Result};

/// The most items that DynamoDB returns in one batch.
const GET_BATCH: usize = 100;

/// The most items that DynamoDB writes in one batch.
const PUT_BATCH: usize = 25;

/// How many batches are read concurrently.
const MAX_CONCURRENT_GETS: usize = 16;

/// How many batches are written concurrently.
const MAX_CONCURRENT_PUTS: usize = 8;

impl Store {
    /// Reads the items with these keys, strongly consistent, in no order; absent ones are left out.
    pub(in crate::store) async fn items_get(&self, keys: &[Key]) -> Result<Vec<Item>> {
        self.attributes_get(keys, None).await
    }

    /// Reads the items with these keys, but of each only the given attributes, unless there are none given. DynamoDB
    /// charges for the whole items; what is left out need not be sent and parsed.
    pub(in crate::store) async fn attributes_get(
        &self,
        keys: &[Key],
        only: Option<&[&str]>,
    ) -> Result<Vec<Item>> {
        let batches = self.get_batches(keys, only);
        stream::iter(batches).buffer_unordered(MAX_CONCURRENT_GETS).try_concat().await
    }

    fn get_batches<'a>(
        &'a self,
        keys: &'a [Key],
        only: Option<&'a [&'a str]>,
    ) -> Vec<impl Future<Output = Result<Vec<Item>>> + use<'a>> {
        keys.chunks(GET_BATCH).map(|keys| self.batch_get(keys, only)).collect()
    }

    async fn batch_get(&self, keys: &[Key], only: Option<&[&str]>) -> Result<Vec<Item>> {
        let (expression, names) = only.map(projection).unzip();
        let mut wanted: Vec<Item> = keys.iter().map(key_item).collect();
        let mut items = Vec::with_capacity(wanted.len());
        let mut attempts = self.attempts();
        while !wanted.is_empty() {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .set_projection_expression(expression.clone())
                .set_expression_attribute_names(names.clone())
                .consistent_read(true)
                .build()
                .map_err(|e| Error::internal("building a batch", e))?;
            let response = self
                .client
                .batch_get_item()
                .request_items(&*self.table, request)
                .send()
                .await
                .map_err(|e| failed("reading a batch of items", e))?;
            items.extend(response.responses.unwrap_or_default().into_values().flatten());
            let unprocessed = response.unprocessed_keys.unwrap_or_default();
            wanted = unprocessed.into_values().flat_map(|rest| rest.keys).collect();
            if !wanted.is_empty() {
                attempts.back_off(contended).await?;
            }
        }
        Ok(items)
    }

    /// Puts any number of items, in concurrent batches; not atomic. A batch is given up if none of its items is written
    /// in as many attempts as the retry policy allows.
    pub(in crate::store) async fn items_put(&self, items: Vec<Item>) -> Result<()> {
        let puts = stream::iter(items).chunks(PUT_BATCH).map(|batch| self.batch_put(batch));
        puts.buffer_unordered(MAX_CONCURRENT_PUTS).try_collect::<()>().await
    }

    async fn batch_put(&self, items: Vec<Item>) -> Result<()> {
        let mut requests: Vec<WriteRequest> = items.into_iter().map(put_request).collect::<Result<_>>()?;
        let mut attempts = self.attempts();
        loop {
            let batch = self.client.batch_write_item().request_items(&*self.table, requests.clone());
            let rest = match batch.send().await.map_err(|e| failed("writing a batch of items", e)) {
                Ok(response) => response.unprocessed_items.unwrap_or_default(),
                // Every item was throttled.
                Err(error @ Error::Throttled { .. }) => {
                    self.note_throttle();
                    attempts.back_off(|| error).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let rest: Vec<WriteRequest> = rest.into_values().flatten().collect();
            if rest.is_empty() {
                return Ok(());
            }
            self.note_throttle();
            if rest.len() < requests.len() {
                attempts = self.attempts();
            }
            attempts.back_off(contended).await?;
            requests = rest;
        }
    }
}

fn put_request(item: Item) -> Result<WriteRequest> {
    let put = PutRequest::builder()
        .set_item(Some(item))
        .build()
        .map_err(|e| Error::internal("building a batch", e))?;
    Ok(WriteRequest::builder().put_request(put).build())
}
