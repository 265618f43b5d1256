//! Requests that take effect at most once, however often they are sent (`Idempotency-Key`).

use base16ct::lower;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Item, Store, key_of};
use crate::model::{Customer, Tenant};
use crate::table::keys;
use crate::{Error, Result};

/// How long a reply is kept for a duplicate request, in seconds: a day.
const TTL_SECONDS: i64 = 24 * 3600;

/// Renders the reply to a request that took effect on this customer.
pub type RenderReply<'a> = dyn Fn(&Customer) -> Result<String> + Send + Sync + 'a;

/// A request that takes effect at most once under its idempotency key.
pub struct IdempotentRequest<'a> {
    digest: String,
    fingerprint: String,
    reply: &'a RenderReply<'a>,
}

impl<'a> IdempotentRequest<'a> {
    /// Creates a request under the idempotency key that its client chose.
    ///
    /// `operation` separates the keys of different operations. `request` is everything that distinguishes one
    /// request from another. `reply` renders the reply, which is returned now and replayed for duplicates.
    pub fn new(key: &str, operation: &str, request: &[&str], reply: &'a RenderReply<'a>) -> Self {
        Self { digest: digest(&[operation, key]), fingerprint: digest(request), reply }
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
    /// Returns the reply stored when this request first took effect, or `None` if it has not.
    ///
    /// # Errors
    /// Returns [`Error::Conflict`] if the idempotency key was used for another request.
    pub(super) async fn idempotent_reply_get(
        &self,
        tenant: &Tenant,
        idempotency: Option<&IdempotentRequest<'_>>,
    ) -> Result<Option<String>> {
        let Some(idempotency) = idempotency else { return Ok(None) };
        let key = keys::idempotency_record(tenant, &idempotency.digest);
        let Some(item) = self.item_get(&key, "reading an idempotency record").await? else { return Ok(None) };
        let record: Record =
            serde_dynamo::from_item(item).map_err(|e| Error::internal("reading an idempotency record", e))?;
        if record.expires_at <= self.ambient.now().as_seconds() {
            return Ok(None);
        }
        if record.fingerprint != idempotency.fingerprint {
            return Err(Error::Conflict(
                "This Idempotency-Key was already used for a different request; send a new key".into(),
            ));
        }
        Ok(Some(record.reply))
    }

    /// The item that records a request together with its effect.
    pub(super) fn idempotency_item(
        &self,
        tenant: &Tenant,
        idempotency: &IdempotentRequest<'_>,
        customer: &Customer,
    ) -> Result<Item> {
        let record = Record {
            fingerprint: idempotency.fingerprint.clone(),
            reply: (idempotency.reply)(customer)?,
            expires_at: self.ambient.now().plus_seconds(TTL_SECONDS).as_seconds(),
        };
        let mut item: Item =
            serde_dynamo::to_item(record).map_err(|e| Error::internal("writing an idempotency record", e))?;
        item.extend(key_of(&keys::idempotency_record(tenant, &idempotency.digest)));
        Ok(item)
    }
}

/// SHA-256 over texts that cannot run into each other, in hex.
pub(super) fn digest(parts: &[&str]) -> String {
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
