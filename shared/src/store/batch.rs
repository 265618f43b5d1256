//! Many items by their keys: in batches, side by side, none left out for want of capacity.

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use super::{Item, Store, call, key_of};
use crate::table::keys::Key;
use crate::{Error, Result};

/// How many items DynamoDB gives in one batch.
const BATCH: usize = 100;

/// How many batches are read side by side.
const MAX_CONCURRENT: usize = 16;

impl Store {
    /// The items with these keys, strongly consistent, some at a time: the batches in the order of the keys, the items
    /// of each in none. Absent ones are left out.
    pub(super) fn item_batches<'a>(
        &'a self,
        keys: &'a [Key],
    ) -> impl Stream<Item = Result<Vec<Item>>> + Unpin + use<'a> {
        stream::iter(self.reads(keys)).buffered(MAX_CONCURRENT)
    }

    /// The same all at once, in no order.
    pub(super) async fn items_of(&self, keys: &[Key]) -> Result<Vec<Item>> {
        stream::iter(self.reads(keys)).buffer_unordered(MAX_CONCURRENT).try_concat().await
    }

    fn reads<'a>(&'a self, keys: &'a [Key]) -> Vec<impl Future<Output = Result<Vec<Item>>> + use<'a>> {
        keys.chunks(BATCH).map(|keys| self.items_get(keys)).collect()
    }

    /// Up to 100 items by their keys, strongly consistent, in no order; absent ones are left out.
    async fn items_get(&self, keys: &[Key]) -> Result<Vec<Item>> {
        let mut wanted: Vec<Item> = keys.iter().map(key_of).collect();
        let mut items = Vec::with_capacity(wanted.len());
        let mut attempt = 0;
        while !wanted.is_empty() {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .map_err(|e| Error::internal("building a batch", e))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, request)
                .send()
                .await
                .map_err(|e| call::failed("reading a batch of items", e))?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            wanted = answer
                .unprocessed_keys
                .unwrap_or_default()
                .into_values()
                .flat_map(|left| left.keys)
                .collect();
            if !wanted.is_empty() {
                self.retry_policy.back_off(attempt, &self.ambient).await?;
                attempt += 1;
            }
        }
        Ok(items)
    }
}
