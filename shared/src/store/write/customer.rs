//! Writes of one customer: create, update, soft delete, restore. Each is one commit at a known version.

use std::pin::Pin;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use futures::future::try_join4;
use uuid::Uuid;

use super::email::needs_email_claim;
use super::entries::{EntryChange, entry_items, record_condition};
use super::transaction::{Guard, Outcome, Step, Transaction, unexpected};
use super::{IdempotentRequest, email::EmailClaim};
use crate::model::{Customer, CustomerFields, CustomerNumber, Tenant, Timestamp};
use crate::rules::size;
use crate::store::calls::{contended, finish_put};
use crate::store::counts::slots::Lane;
use crate::store::items::record::{self, Record, TERMS};
use crate::store::items::{Item, number};
use crate::store::{Store, WriteAuthorization, WriteRules};
use crate::{Error, Result};

/// How a write is made.
pub struct Write<'a> {
    /// The version that the record must be at (`If-Match`); `None` accepts any version.
    pub expected_version: Option<u64>,
    /// Makes the request take effect once, however often it is sent.
    pub idempotency: Option<IdempotentRequest<'a>>,
    /// The authorization to write.
    pub authorization: WriteAuthorization<'a>,
}

impl Write<'_> {
    /// A write without conditions, authorized already.
    #[must_use]
    pub fn plain() -> Self {
        Self::under(WriteRules::default())
    }

    /// A write that is authorized already, under the tenant's rules.
    pub(in crate::store) fn under(rules: WriteRules) -> Self {
        let authorization: Pin<Box<_>> = Box::pin(async move { Ok(rules) });
        Self { expected_version: None, idempotency: None, authorization }
    }
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteOutcome {
    /// The write took effect; this is the record now.
    Applied(Box<Customer>),
    /// The write took effect when the request was sent before; this was the reply.
    Replayed(String),
}

/// Which customer changes, and on what conditions.
struct Target<'a> {
    tenant: &'a Tenant,
    uuid: Uuid,
    expected_version: Option<u64>,
    idempotency: Option<&'a IdempotentRequest<'a>>,
}

/// The record that a change makes of another.
type Changed = Option<Customer>;

impl Store {
    /// Creates a customer: three round trips in sequence.
    ///
    /// # Errors
    /// Returns [`Error::Conflict`] if the idempotency key was used for another request, or if another customer has the
    /// email and emails are unique; [`Error::Throttled`] if nothing was written for lack of capacity; and
    /// [`Error::Unavailable`] if it is unknown whether the customer was created.
    pub async fn customer_create(
        &self,
        tenant: &Tenant,
        fields: CustomerFields,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        size::check(&fields)?;
        let Write { idempotency, authorization, .. } = write;
        let outcome = self.create_once(tenant, fields, idempotency.as_ref(), authorization).await;
        self.replay_if_duplicate(tenant, idempotency.as_ref(), outcome).await
    }

    async fn create_once(
        &self,
        tenant: &Tenant,
        fields: CustomerFields,
        idempotency: Option<&IdempotentRequest<'_>>,
        authorization: WriteAuthorization<'_>,
    ) -> Result<WriteOutcome> {
        // A duplicate request finds its own customer with the email, which is no conflict.
        let authorized = async {
            let rules = authorization.await?;
            Ok((rules, self.email_claim_if(rules.unique_email, tenant, None, &fields).await))
        };
        let (numbers, reply, (rules, email), mut lane) = try_join4(
            self.customer_numbers_allocate(tenant, 1),
            self.idempotent_reply_get(tenant, idempotency),
            authorized,
            self.lane(tenant),
        )
        .await?;
        if let Some(reply) = reply {
            return Ok(WriteOutcome::Replayed(reply));
        }
        let mut email = email?;
        let customer = new_customer(tenant, numbers.first, numbers.at, fields);
        self.items_put(entry_items(tenant, &customer)?).await?;
        let mut attempts = self.attempts();
        loop {
            let step = self.customer_step(tenant, None, &customer, email.as_ref(), idempotency)?;
            let outcome = Transaction::of(self, tenant, step).commit(&mut lane).await?;
            match outcome {
                Outcome::Applied { .. } => return Ok(WriteOutcome::Applied(Box::new(customer))),
                _ if outcome.is_refused_by(Guard::FirstRequest) => {
                    return self.duplicate_reply(tenant, idempotency).await;
                }
                _ if outcome.is_refused_by(Guard::EmailFree) && rules.unique_email => {
                    attempts.back_off(contended).await?;
                }
                _ => return Err(unexpected(&outcome)),
            }
            email = self.email_claim(tenant, None, &customer.fields).await?;
        }
    }

    /// Changes the fields of a customer that is not deleted: two round trips if its search terms stay, else three.
    ///
    /// `change` receives the current fields and returns the new ones. It can run more than once if other writers are
    /// faster. A change that changes nothing writes nothing.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if there is no such customer, [`Error::VersionMismatch`] if the record is at another
    /// version than expected, the errors of [`Self::customer_create`], and what `change` returns.
    pub async fn customer_update(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        change: impl Fn(CustomerFields) -> Result<CustomerFields> + Send + Sync,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        let change = |old: &Customer, _now| match old.deleted_at {
            Some(_) => Err(Error::NotFound("Customer")),
            None => {
                let fields = change(old.fields.clone())?;
                if fields == old.fields {
                    return Ok(None);
                }
                size::check(&fields)?;
                Ok(Some(Customer { fields, ..old.clone() }))
            }
        };
        self.customer_change(tenant, uuid, change, write).await
    }

    /// Soft-deletes a customer: it stays, hidden, with the moment of its deletion.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if there is no such customer or it is deleted already, and the errors of
    /// [`Self::customer_update`].
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

    /// Restores a soft-deleted customer. One that is not deleted stays unchanged.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if there is no such customer, and the errors of [`Self::customer_update`].
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

    /// Reads, changes and commits at the version read; starts over if another writer was faster. `change` returns
    /// `None` if there is nothing to do.
    async fn customer_change(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        change: impl Fn(&Customer, Timestamp) -> Result<Changed> + Send + Sync,
        write: Write<'_>,
    ) -> Result<WriteOutcome> {
        let Write { expected_version, idempotency, authorization } = write;
        let target = Target { tenant, uuid, expected_version, idempotency: idempotency.as_ref() };
        let outcome = self.change_once(target, change, authorization).await;
        self.replay_if_duplicate(tenant, idempotency.as_ref(), outcome).await
    }

    async fn change_once(
        &self,
        target: Target<'_>,
        change: impl Fn(&Customer, Timestamp) -> Result<Changed> + Send + Sync,
        authorization: WriteAuthorization<'_>,
    ) -> Result<WriteOutcome> {
        let Target { tenant, uuid, idempotency, .. } = target;
        let (mut read, reply, rules, mut lane) = try_join4(
            self.record_get(tenant, uuid),
            self.idempotent_reply_get(tenant, idempotency),
            authorization,
            self.lane(tenant),
        )
        .await?;
        if let Some(reply) = reply {
            return Ok(WriteOutcome::Replayed(reply));
        }
        let mut attempts = self.attempts();
        loop {
            let old = read.ok_or(Error::NotFound("Customer"))?;
            let Some(new) = self.changed(&old.customer, target.expected_version, &change)? else {
                return self.keep_unchanged(tenant, idempotency, old.customer).await;
            };
            let outcome = self.change_commit(&target, &old, &new, rules, &mut lane).await?;
            match outcome {
                Outcome::Applied { left_over } => {
                    let record = Record { customer: new.clone(), terms: old.terms };
                    self.terms_clean_up(tenant, record, left_over.concat()).await?;
                    return Ok(WriteOutcome::Applied(Box::new(new)));
                }
                _ if outcome.is_refused_by(Guard::FirstRequest) => {
                    return self.duplicate_reply(tenant, idempotency).await;
                }
                Outcome::Refused(_) => attempts.back_off(contended).await?,
            }
            read = self.record_get(tenant, uuid).await?;
        }
    }

    async fn change_commit(
        &self,
        target: &Target<'_>,
        old: &Record,
        new: &Customer,
        rules: WriteRules,
        lane: &mut Lane,
    ) -> Result<Outcome> {
        let Target { tenant, uuid, idempotency, .. } = *target;
        let claims = rules.unique_email && needs_email_claim(&old.customer, new);
        let email = self.email_claim_if(claims, tenant, Some(uuid), &new.fields).await?;
        let mut entries = EntryChange::between(tenant, &old.customer, new);
        self.terms_reconcile(tenant, new, &mut entries).await?;
        let step = self.customer_step(tenant, Some(old), new, email.as_ref(), idempotency)?;
        Transaction::of(self, tenant, self.with_entries(step, entries)?).commit(lane).await
    }

    /// The step that writes a customer's record, its claim to its email and its idempotency record.
    fn customer_step(
        &self,
        tenant: &Tenant,
        old: Option<&Record>,
        new: &Customer,
        email: Option<&EmailClaim>,
        idempotency: Option<&IdempotentRequest<'_>>,
    ) -> Result<Step> {
        let mut step = self.record_step(tenant, old, new)?;
        if let Some(request) = idempotency {
            step = step.guarded(self.idempotency_put(tenant, request, new)?, Guard::FirstRequest);
        }
        if let Some(claim) = email {
            step = step.guarded(self.email_claim_put(claim, new)?, Guard::EmailFree);
        }
        Ok(step)
    }

    /// The step that writes a customer's record alone.
    pub(in crate::store) fn record_step(
        &self,
        tenant: &Tenant,
        old: Option<&Record>,
        new: &Customer,
    ) -> Result<Step> {
        let step = Step::for_customer(old.map(|old| &old.customer), new);
        Ok(match old {
            None => step.guarded(self.put_new(record::from_customer(tenant, new)?)?, Guard::Absent),
            Some(old) => {
                let record = Record { customer: new.clone(), terms: old.terms };
                step.guarded(self.record_put(record::from_record(tenant, &record)?, old)?, Guard::Unchanged)
            }
        })
    }

    /// The step with the sort entries that change and the terms that go.
    pub(in crate::store) fn with_entries(&self, step: Step, entries: EntryChange) -> Result<Step> {
        let writes = entries.sorts.into_iter().map(|item| self.put_always(item)).collect::<Result<_>>()?;
        Ok(Step { writes, obsolete: entries.obsolete, ..step })
    }

    /// A put of a record, provided that it is still as it was read.
    fn record_put(&self, item: Item, old: &Record) -> Result<TransactWriteItem> {
        finish_put(
            Put::builder()
                .table_name(&*self.table)
                .set_item(Some(item))
                .condition_expression(record_condition(old))
                .expression_attribute_names("#version", "version")
                .expression_attribute_names("#terms", TERMS)
                .expression_attribute_values(":version", number(old.customer.version))
                .expression_attribute_values(":terms", number(old.terms)),
        )
    }

    /// Returns the record one version on, or `None` if there is nothing to do.
    fn changed(
        &self,
        old: &Customer,
        expected_version: Option<u64>,
        change: impl Fn(&Customer, Timestamp) -> Result<Changed>,
    ) -> Result<Changed> {
        let now = self.ambient.now();
        let new = change(old, now)?;
        if expected_version.is_some_and(|expected| expected != old.version) {
            return Err(Error::VersionMismatch { actual: old.version });
        }
        Ok(new.map(|new| next_version(old, new, now)))
    }

    /// Ends a write that changes nothing: only its idempotency record is written, if it has one.
    async fn keep_unchanged(
        &self,
        tenant: &Tenant,
        idempotency: Option<&IdempotentRequest<'_>>,
        customer: Customer,
    ) -> Result<WriteOutcome> {
        let Some(request) = idempotency else { return Ok(WriteOutcome::Applied(Box::new(customer))) };
        if self.idempotency_record_put(tenant, request, &customer).await? {
            return Ok(WriteOutcome::Applied(Box::new(customer)));
        }
        self.duplicate_reply(tenant, idempotency).await
    }
}

/// The record as it becomes. Its moment of change never falls, even if this machine's clock is behind.
pub(in crate::store) fn next_version(old: &Customer, new: Customer, now: Timestamp) -> Customer {
    Customer { version: old.version + 1, updated_at: now.max(old.updated_at), ..new }
}

/// A customer at the moment of its creation.
pub(in crate::store) fn new_customer(
    tenant: &Tenant,
    number: CustomerNumber,
    at: Timestamp,
    fields: CustomerFields,
) -> Customer {
    Customer {
        number,
        uuid: tenant.customer_uuid(number),
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
        fields,
    }
}
