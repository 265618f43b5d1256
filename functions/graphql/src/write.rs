//! Writes of customers by mutations.

use clientele_shared::model::{Customer, CustomerNumber};
use clientele_shared::store::{IdempotencyKey, IdempotentRequest, Write, WriteOutcome};
use clientele_shared::{Error, Result};

use crate::session::Session;

/// A field that writes. It is made before anything else of the field, so that the same document gives it the same place.
#[derive(Debug)]
pub struct WriteField {
    /// Its place among the writes of the document.
    place: String,
}

impl WriteField {
    /// Returns the next field of the document that writes.
    #[must_use]
    pub fn next(session: &Session) -> Self {
        Self { place: session.next_write().to_string() }
    }

    /// Returns the identity of the write, if the request has an `Idempotency-Key`.
    #[must_use]
    pub fn idempotency_key(&self, session: &Session) -> Option<IdempotencyKey> {
        session.idempotency_key(&self.place)
    }

    /// Returns the write of the nth customer that the field writes.
    #[must_use]
    pub fn element(&self, nth: usize) -> Self {
        Self { place: format!("{}.{nth}", self.place) }
    }

    /// Returns the conditions of a write: any version, and idempotent if the request has an idempotency key.
    #[must_use]
    pub fn write<'a>(&self, session: &'a Session) -> Write<'a> {
        let idempotency = self.idempotency_key(session).map(|key| IdempotentRequest::new(key, &stored_reply));
        Write { expected_version: None, idempotency, authorization: session.authorization() }
    }
}

/// Returns the reply to store for a duplicate request: the customer's number.
fn stored_reply(customer: &Customer) -> Result<String> {
    Ok(customer.number.to_string())
}

/// Returns the customer that a write changed. If the write was a duplicate, the customer is read again and shows its current
/// state, even if it has been deleted.
///
/// # Errors
/// Returns [`Error::Throttled`] or [`Error::Unavailable`] if the customer cannot be read.
pub async fn written_customer(session: &Session, outcome: WriteOutcome) -> Result<Customer> {
    match outcome {
        WriteOutcome::Applied(customer) => Ok(*customer),
        WriteOutcome::Replayed(reply) => {
            let number = CustomerNumber::from_digits(&reply)
                .ok_or_else(|| Error::broken("a stored reply is not a customer number"))?;
            let Session { store, tenant, .. } = session;
            store.customer_get(tenant, tenant.customer_uuid(number), true).await
        }
    }
}
