//! Search terms beside the record: new ones are put before a commit, obsolete ones deleted inside it.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::{Item, Store, call, key_of, text, text_in};
use crate::model::{Customer, CustomerNumber, Tenant};
use crate::rules::search;
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// How many items DynamoDB takes in one batch.
const BATCH: usize = 25;

/// How many batches are written side by side.
const MAX_CONCURRENT: usize = 8;

/// The terms under which a customer must be in the index.
pub(super) fn of(customer: &Customer) -> BTreeSet<String> {
    search::terms(customer.uuid, &customer.fields)
}

/// The item that puts a customer into the index under one term.
pub(super) fn item(tenant: &Tenant, uuid: uuid::Uuid, number: CustomerNumber, term: &str) -> Item {
    let mut item = key_of(&keys::term(tenant, uuid, term));
    item.insert(attribute::SEARCH_PK.into(), text(keys::search_partition(tenant, term)));
    item.insert(attribute::SEARCH_SK.into(), text(keys::search_sort(term, number)));
    item
}

impl Store {
    /// Puts terms of a customer into the index, in batches side by side.
    pub(super) async fn terms_put<'a>(
        &self,
        tenant: &Tenant,
        customer: &Customer,
        terms: impl Iterator<Item = &'a String>,
    ) -> Result<()> {
        let items = terms.map(|term| item(tenant, customer.uuid, customer.number, term)).collect();
        self.items_put(items).await
    }

    /// Puts any number of items, in batches side by side; not atomic.
    pub(super) async fn items_put(&self, items: Vec<Item>) -> Result<()> {
        let requests: Vec<WriteRequest> = items.into_iter().map(put_request).collect::<Result<_>>()?;
        let writes: Vec<_> = requests.chunks(BATCH).map(|batch| self.batch_write(batch.to_vec())).collect();
        stream::iter(writes).buffer_unordered(MAX_CONCURRENT).try_collect::<()>().await
    }

    async fn batch_write(&self, mut requests: Vec<WriteRequest>) -> Result<()> {
        let mut attempt = 0;
        loop {
            let answer = self
                .client
                .batch_write_item()
                .request_items(&self.table, requests)
                .send()
                .await
                .map_err(|e| call::failed("writing a batch of items", e))?;
            requests = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            if requests.is_empty() {
                return Ok(());
            }
            self.retry_policy.back_off(attempt, &self.ambient).await?;
            attempt += 1;
        }
    }

    /// The keys of all the terms that are beside a customer's record, whoever put them there.
    pub(super) async fn terms_present(&self, tenant: &Tenant, customer: &Customer) -> Result<Vec<Key>> {
        let pk = keys::customer_partition(tenant, customer.uuid);
        let mut found = Vec::new();
        let mut resume = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :term)")
                .expression_attribute_names("#pk", attribute::PK)
                .expression_attribute_names("#sk", attribute::SK)
                .expression_attribute_values(":pk", text(&pk))
                .expression_attribute_values(":term", text(keys::TERM_PREFIX))
                .projection_expression("#pk, #sk")
                .consistent_read(true)
                .set_exclusive_start_key(resume)
                .send()
                .await
                .map_err(|e| call::failed("reading a customer's search terms", e))?;
            for item in answer.items() {
                found.push(Key { pk: pk.clone(), sk: text_in(item, attribute::SK)?.to_owned() });
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                return Ok(found);
            }
        }
    }

    /// Makes the index ready for a changed customer: puts the terms it gains, and names the obsolete ones for
    /// the commit to delete. Terms that an interrupted write left behind are among them.
    pub(super) async fn terms_prepare(
        &self,
        tenant: &Tenant,
        old: &Customer,
        new: &Customer,
    ) -> Result<Vec<Key>> {
        let (had, needs) = (of(old), of(new));
        if had == needs {
            return Ok(Vec::new());
        }
        let put = self.terms_put(tenant, new, needs.difference(&had));
        let ((), present) = futures::future::try_join(put, self.terms_present(tenant, new)).await?;
        let obsolete = |key: &Key| keys::term_text(&key.sk).is_some_and(|term| !needs.contains(term));
        Ok(present.into_iter().filter(obsolete).collect())
    }
}

fn put_request(item: Item) -> Result<WriteRequest> {
    let put = PutRequest::builder()
        .set_item(Some(item))
        .build()
        .map_err(|e| Error::internal("building a batch", e))?;
    Ok(WriteRequest::builder().put_request(put).build())
}
