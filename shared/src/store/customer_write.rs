//! Writes of one customer: create, update, soft delete, restore. Each is one commit at a known version.

use futures::future::try_join3;
use uuid::Uuid;

use super::commit::{Commit, Committed};
use super::unique_email::needs_email_claim;
use super::{IdempotentRequest, Store, WriteAuthorization, WriteRules, call, key_of, number, terms};
use crate::model::{Customer, CustomerFields, CustomerNumber, Tenant, Timestamp};
use crate::table::keys::{self, Key};
use crate::{Error, Result};

/// How a write is made.
pub struct Write<'a> {
    /// The version the record must be at (`If-Match`); `None` takes it as it is.
    pub expected_version: Option<u64>,
    /// Makes the request take effect once, however often it is sent.
    pub idempotency: Option<IdempotentRequest<'a>>,
    /// The leave to write.
    pub authorization: WriteAuthorization<'a>,
}

impl Write<'_> {
    /// A write without conditions, that needs nobody's leave.
    #[must_use]
    pub fn plain() -> Self {
        Self::under(WriteRules::default())
    }

    /// A write without conditions but the tenant's rules.
    pub(super) fn under(rules: WriteRules) -> Self {
        Self { expected_version: None, idempotency: None, authorization: Box::pin(async move { Ok(rules) }) }
    }
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteOutcome {
    /// It took effect; this is the record now.
    Applied(Box<Customer>),
    /// It took effect when it was sent before; this was the reply.
    Replayed(String),
}

/// Which customer changes, and on what conditions.
struct Changing<'a> {
    tenant: &'a Tenant,
    uuid: Uuid,
    expected_version: Option<u64>,
    idempotency: Option<&'a IdempotentRequest<'a>>,
}

impl Store {
    /// Creates a customer: three round trips in sequence.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the idempotency key was used for another request, or somebody has the email that
    /// nobody else may have.
    pub async fn customer_create(
        &self,
        tenant: &Tenant,
        fields: CustomerFields,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        let Write { idempotency, authorization, .. } = write;
        let outcome = self.customer_create_once(tenant, fields, idempotency.as_ref(), authorization).await;
        self.replay_if_duplicate(tenant, idempotency.as_ref(), outcome).await
    }

    async fn customer_create_once(
        &self,
        tenant: &Tenant,
        fields: CustomerFields,
        idempotency: Option<&IdempotentRequest<'_>>,
        authorization: WriteAuthorization<'_>,
    ) -> Result<WriteOutcome> {
        let number = self.customer_numbers_allocate(tenant, 1);
        let before = self.idempotent_reply_get(tenant, idempotency);
        // A duplicate_reply request finds its own customer with the email, and is no conflict.
        let allowed = async {
            let rules = authorization.await?;
            Ok((rules, self.email_claim_if(rules.unique_email, tenant, None, &fields).await))
        };
        let (number, before, (rules, email)) = try_join3(number, before, allowed).await?;
        if let Some(reply) = before {
            return Ok(WriteOutcome::Replayed(reply));
        }
        let mut email = email?;
        let customer = self.new_customer(tenant, number, fields);
        self.terms_put(tenant, &customer, terms::of(&customer).iter()).await?;
        let mut attempt = 0;
        loop {
            let obsolete_terms = Vec::new();
            let commit = Commit { tenant, old: None, new: &customer, obsolete_terms, idempotency, email };
            match self.commit(commit).await? {
                Committed::Done => return Ok(WriteOutcome::Applied(Box::new(customer))),
                Committed::Duplicate => return self.duplicate_reply(tenant, idempotency).await,
                Committed::LostRace if rules.unique_email => {
                    self.retry_policy.back_off(attempt, &self.ambient).await?
                }
                Committed::LostRace => {
                    return Err(Error::broken(format!("customer number {number} was given out twice")));
                }
            }
            attempt += 1;
            email = self.email_claim(tenant, None, &customer.fields).await?;
        }
    }

    /// Changes the fields of a customer that is not deleted: two round trips when its search terms stay.
    ///
    /// `change` is given the fields as they are and returns what they become; it may run more than once,
    /// when other writers are faster.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::VersionMismatch`]; [`Error::Conflict`] as for a create; whatever `change`
    /// returns.
    pub async fn customer_update(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        change: impl Fn(CustomerFields) -> Result<CustomerFields> + Send + Sync,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        let change = |old: &Customer, _now| match old.deleted_at {
            Some(_) => Err(Error::NotFound("Customer")),
            None => Ok(Some(Customer { fields: change(old.fields.clone())?, ..old.clone() })),
        };
        self.customer_change(tenant, uuid, change, write).await
    }

    /// Soft-deletes a customer: it stays, hidden, with the moment of its deletion.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when it is deleted already; [`Error::VersionMismatch`].
    pub async fn customer_delete(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        let change = |old: &Customer, now| match old.deleted_at {
            Some(_) => Err(Error::NotFound("Customer")),
            None => Ok(Some(Customer { deleted_at: Some(now), ..old.clone() })),
        };
        self.customer_change(tenant, uuid, change, write).await
    }

    /// Brings a soft-deleted customer back; one that is not deleted stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::VersionMismatch`]; [`Error::Conflict`] when somebody has its email by now
    /// that nobody else may have.
    pub async fn customer_restore(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        let change =
            |old: &Customer, _now| Ok(old.deleted_at.map(|_| Customer { deleted_at: None, ..old.clone() }));
        self.customer_change(tenant, uuid, change, write).await
    }

    /// Reads, changes and commits at the version read; again when another writer was faster. `change`
    /// returns `None` when there is nothing to do.
    async fn customer_change(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        change: impl Fn(&Customer, Timestamp) -> Result<Option<Customer>> + Send + Sync,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        let Write { expected_version, idempotency, authorization } = write;
        let changing = Changing { tenant, uuid, expected_version, idempotency: idempotency.as_ref() };
        let outcome = self.customer_change_once(changing, change, authorization).await;
        self.replay_if_duplicate(tenant, idempotency.as_ref(), outcome).await
    }

    async fn customer_change_once(
        &self,
        Changing { tenant, uuid, expected_version, idempotency }: Changing<'_>,
        change: impl Fn(&Customer, Timestamp) -> Result<Option<Customer>> + Send + Sync,
        authorization: WriteAuthorization<'_>,
    ) -> Result<WriteOutcome> {
        let first = try_join3(
            self.customer_read(tenant, uuid),
            self.idempotent_reply_get(tenant, idempotency),
            authorization,
        );
        let (mut read, before, rules) = first.await?;
        if let Some(reply) = before {
            return Ok(WriteOutcome::Replayed(reply));
        }
        let mut attempt = 0;
        loop {
            let old = read.ok_or(Error::NotFound("Customer"))?;
            let Some(new) = self.changed(&old, expected_version, &change)? else {
                return Ok(WriteOutcome::Applied(Box::new(old)));
            };
            let claims = rules.unique_email && needs_email_claim(&old, &new);
            let email = self.email_claim_if(claims, tenant, Some(uuid), &new.fields).await?;
            let obsolete_terms = self.terms_prepare(tenant, &old, &new).await?;
            let commit = Commit { tenant, old: Some(&old), new: &new, obsolete_terms, idempotency, email };
            match self.commit(commit).await? {
                Committed::Done => return Ok(WriteOutcome::Applied(Box::new(new))),
                Committed::Duplicate => return self.duplicate_reply(tenant, idempotency).await,
                Committed::LostRace => self.retry_policy.back_off(attempt, &self.ambient).await?,
            }
            attempt += 1;
            read = self.customer_read(tenant, uuid).await?;
        }
    }

    /// The record as it becomes, one version on; `None` when there is nothing to do.
    fn changed(
        &self,
        old: &Customer,
        expected_version: Option<u64>,
        change: impl Fn(&Customer, Timestamp) -> Result<Option<Customer>>,
    ) -> Result<Option<Customer>> {
        let now = self.ambient.now();
        let new = change(old, now)?;
        if expected_version.is_some_and(|expected| expected != old.version) {
            return Err(Error::VersionMismatch { actual: old.version });
        }
        Ok(new.map(|new| Customer { version: old.version + 1, updated_at: now, ..new }))
    }

    /// A customer as it is when it is created now.
    pub(super) fn new_customer(
        &self,
        tenant: &Tenant,
        number: CustomerNumber,
        fields: CustomerFields,
    ) -> Customer {
        let now = self.ambient.now();
        Customer {
            number,
            uuid: tenant.customer_uuid(number),
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            fields,
        }
    }

    /// The reply to a request whose twin took effect between our look and our commit.
    async fn duplicate_reply(
        &self,
        tenant: &Tenant,
        idempotency: Option<&IdempotentRequest<'_>>,
    ) -> Result<WriteOutcome> {
        match self.idempotent_reply_get(tenant, idempotency).await? {
            Some(reply) => Ok(WriteOutcome::Replayed(reply)),
            None => Err(Error::broken("an idempotency record vanished")),
        }
    }

    /// This outcome, unless it is a refusal for what the request's own twin has done meanwhile: then the twin's reply.
    async fn replay_if_duplicate(
        &self,
        tenant: &Tenant,
        idempotency: Option<&IdempotentRequest<'_>>,
        outcome: Result<WriteOutcome>,
    ) -> Result<WriteOutcome> {
        let Err(Error::NotFound(_) | Error::Conflict(_) | Error::VersionMismatch { .. }) = outcome else {
            return outcome;
        };
        match self.idempotent_reply_get(tenant, idempotency).await? {
            Some(reply) => Ok(WriteOutcome::Replayed(reply)),
            None => outcome,
        }
    }

    /// Takes `count` customer numbers that nobody else gets; returns the first.
    ///
    /// # Errors
    /// [`Error::Internal`] when the tenant has used up its numbers.
    pub async fn customer_numbers_allocate(&self, tenant: &Tenant, count: u32) -> Result<CustomerNumber> {
        let last = self.sequence_allocate(&keys::customer_sequence(tenant), count).await?;
        let used_up = || Error::broken("the tenant has used up its customer numbers");
        let last = CustomerNumber::new(last).ok_or_else(used_up)?;
        CustomerNumber::new(u64::from(last.get() - count + 1)).ok_or_else(used_up)
    }

    /// Takes so many numbers of a sequence that nobody else gets; returns the last.
    pub(super) async fn sequence_allocate(&self, key: &Key, count: u32) -> Result<u64> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(key)))
            .update_expression("ADD #last :count")
            .expression_attribute_names("#last", "last")
            .expression_attribute_values(":count", number(count))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|e| call::failed("taking a number of a sequence", e))?;
        let last = super::integer_in(&answer.attributes.unwrap_or_default(), "last")?;
        u64::try_from(last).map_err(|e| Error::internal("reading a sequence", e))
    }
}
