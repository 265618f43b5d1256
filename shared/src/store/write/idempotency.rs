//! Requests that must take effect once, however often they are sent (`Idempotency-Key`).

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use base16ct::lower;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::WriteOutcome;
use crate::model::{Customer, Tenant};
use crate::store::Store;
use crate::store::calls::{as_unavailable, failed, finish_put, is_condition_failure};
use crate::store::items::{Item, key_item, number};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// How long a reply is kept for a duplicate request, in seconds: a day.
const TTL_SECONDS: i64 = 24 * 3600;

/// Holds unless the request took effect before, in the time for which that is kept.
const FIRST_REQUEST: &str = "attribute_not_exists(#pk) OR #expires_at <= :now";

/// Renders the reply to a request that took effect on this customer.
pub type RenderReply<'a> = dyn Fn(&Customer) -> Result<String> + Send + Sync + 'a;

/// A request to change a customer that must take effect once.
pub struct IdempotentRequest<'a> {
    key: IdempotencyKey,
    reply: &'a RenderReply<'a>,
}

impl<'a> IdempotentRequest<'a> {
    /// Creates the request. `reply` renders the reply to the request and to its duplicates.
    pub fn new(key: IdempotencyKey, reply: &'a RenderReply<'a>) -> Self {
        Self { key, reply }
    }
}

/// The identity of a request that must take effect once.
pub struct IdempotencyKey {
    digest: String,
    fingerprint: String,
}

impl IdempotencyKey {
    /// Creates the identity of a request from the key that its client chose.
    ///
    /// `operation` separates the keys of different operations; `request` is everything in which two requests with the
    /// same key must agree.
    #[must_use]
    pub fn new(key: &str, operation: &str, request: &[&str]) -> Self {
        Self { digest: digest(&[operation, key]), fingerprint: digest(request) }
    }
}

/// The record of a request that took effect.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    reply: String,
    expires_at: i64,
}

impl Store {
    /// Returns the reply that was given when this request was sent before; `None` if it was not.
    ///
    /// # Errors
    /// Returns [`Error::Conflict`] if the key was used for another request.
    pub(in crate::store) async fn idempotent_reply_get(
        &self,
        tenant: &Tenant,
        request: Option<&IdempotentRequest<'_>>,
    ) -> Result<Option<String>> {
        self.stored_reply_get(tenant, request.map(|request| &request.key)).await
    }

    /// Returns the reply that was given when a request with this identity was sent before; `None` if it was not.
    ///
    /// # Errors
    /// Returns [`Error::Conflict`] if the key was used for another request.
    pub(in crate::store) async fn stored_reply_get(
        &self,
        tenant: &Tenant,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<String>> {
        let Some(IdempotencyKey { digest, fingerprint }) = key else { return Ok(None) };
        let key = keys::idempotency_record(tenant, digest);
        let Some(item) = self.item_get(&key, "reading an idempotency record").await? else { return Ok(None) };
        let record: Record =
            serde_dynamo::from_item(item).map_err(|e| Error::internal("reading an idempotency record", e))?;
        if record.expires_at <= self.ambient.now().as_seconds() {
            return Ok(None);
        }
        if record.fingerprint != *fingerprint {
            return Err(Error::Conflict(
                "This Idempotency-Key was already used for a different request; send a new key".into(),
            ));
        }
        Ok(Some(record.reply))
    }

    /// The put of a request's record, provided that the request did not take effect before.
    pub(in crate::store) fn idempotency_put(
        &self,
        tenant: &Tenant,
        request: &IdempotentRequest<'_>,
        customer: &Customer,
    ) -> Result<TransactWriteItem> {
        self.stored_reply_put(tenant, &request.key, (request.reply)(customer)?)
    }

    /// The put of a record with this reply, provided that the request did not take effect before.
    pub(in crate::store) fn stored_reply_put(
        &self,
        tenant: &Tenant,
        key: &IdempotencyKey,
        reply: String,
    ) -> Result<TransactWriteItem> {
        finish_put(
            Put::builder()
                .table_name(&*self.table)
                .set_item(Some(self.stored_reply_item(tenant, key, reply)?))
                .condition_expression(FIRST_REQUEST)
                .expression_attribute_names("#pk", attribute::PK)
                .expression_attribute_names("#expires_at", attribute::EXPIRES_AT)
                .expression_attribute_values(":now", number(self.ambient.now().as_seconds())),
        )
    }

    /// Puts a request's record alone; returns whether the request did not take effect before.
    pub(in crate::store) async fn idempotency_record_put(
        &self,
        tenant: &Tenant,
        request: &IdempotentRequest<'_>,
        customer: &Customer,
    ) -> Result<bool> {
        let reply = (request.reply)(customer)?;
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(self.stored_reply_item(tenant, &request.key, reply)?))
            .condition_expression(FIRST_REQUEST)
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_names("#expires_at", attribute::EXPIRES_AT)
            .expression_attribute_values(":now", number(self.ambient.now().as_seconds()));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            // The SDK can have sent it before without getting a response.
            Err(error) => Err(as_unavailable(failed("writing an idempotency record", error))),
        }
    }

    fn stored_reply_item(&self, tenant: &Tenant, key: &IdempotencyKey, reply: String) -> Result<Item> {
        let record = Record {
            fingerprint: key.fingerprint.clone(),
            reply,
            expires_at: self.ambient.now().plus_seconds(TTL_SECONDS).as_seconds(),
        };
        let mut item: Item =
            serde_dynamo::to_item(record).map_err(|e| Error::internal("writing an idempotency record", e))?;
        item.extend(key_item(&keys::idempotency_record(tenant, &key.digest)));
        Ok(item)
    }

    /// Returns the reply of a concurrent duplicate that took effect between this request's read and its commit.
    pub(in crate::store) async fn duplicate_reply(
        &self,
        tenant: &Tenant,
        request: Option<&IdempotentRequest<'_>>,
    ) -> Result<WriteOutcome> {
        match self.idempotent_reply_get(tenant, request).await? {
            Some(reply) => Ok(WriteOutcome::Replayed(reply)),
            None => Err(Error::broken("an idempotency record vanished")),
        }
    }

    /// Returns `outcome`, unless it is an error and this request took effect before: the cause can be that it did, or a
    /// later change, such as the deletion of a tag that the request names. In that case returns the stored reply.
    pub(in crate::store) async fn replay_if_duplicate(
        &self,
        tenant: &Tenant,
        request: Option<&IdempotentRequest<'_>>,
        outcome: Result<WriteOutcome>,
    ) -> Result<WriteOutcome> {
        let Err(
            Error::NotFound(_)
            | Error::Conflict(_)
            | Error::DuplicateEmail
            | Error::VersionMismatch { .. }
            | Error::Invalid(_),
        ) = outcome
        else {
            return outcome;
        };
        match self.idempotent_reply_get(tenant, request).await? {
            Some(reply) => Ok(WriteOutcome::Replayed(reply)),
            None => outcome,
        }
    }
}

/// SHA-256 over texts that cannot run into each other, in hex.
pub(in crate::store) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    lower::encode_string(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["a"]).len(), 64);
    }
}
