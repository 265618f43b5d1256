//! Writes of customers by mutations.

use async_graphql::Context;

use clientele_shared::model::{Customer, CustomerNumber};
use clientele_shared::store::{IdempotencyKey, IdempotentRequest, Write, WriteOutcome};
use clientele_shared::{Error, Result};

use crate::session::Session;

/// A field that writes.
#[derive(Debug)]
pub struct WriteField {
    /// The field's response key, which distinguishes several writes in one document.
    key: String,
}

impl WriteField {
    /// Returns the field that is being resolved.
    #[must_use]
    pub fn of(context: &Context<'_>) -> Self {
        let field = context.field();
        Self { key: field.alias().unwrap_or_else(|| field.name()).to_owned() }
    }

    /// Returns the identity of the write, if the request has an `Idempotency-Key`.
    #[must_use]
    pub fn idempotency_key(&self, session: &Session) -> Option<IdempotencyKey> {
        session.idempotency_key(&self.key)
    }

    /// Returns the write of one of the customers that the field writes.
    #[must_use]
    pub fn element(&self, number: CustomerNumber) -> Self {
        Self { key: format!("{} {number}", self.key) }
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
