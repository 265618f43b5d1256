//! The commit: a record, its totals, its obsolete terms and its idempotency record, all or nothing.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem};

use super::counts::CounterDelta;
use super::unique_email::EmailClaim;
use super::{IdempotentRequest, Item, Store, call, item, key_of, number};
use crate::model::{Customer, Tenant};
use crate::table::keys::{Key, attribute};
use crate::{Error, Result};

/// How many items DynamoDB takes in one transaction.
pub(super) const MAX_ITEMS: usize = 100;

/// What one commit writes.
pub(super) struct Commit<'a> {
    pub(super) tenant: &'a Tenant,
    /// The record as it was read; `None` when it is new.
    pub(super) old: Option<&'a Customer>,
    pub(super) new: &'a Customer,
    pub(super) obsolete_terms: Vec<Key>,
    pub(super) idempotency: Option<&'a IdempotentRequest<'a>>,
    /// The claim to the record's email, where emails are unique.
    pub(super) email: Option<EmailClaim>,
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    /// Everything is written.
    Done,
    /// Nothing is written: the record, or the claim to its email, is not as it was read.
    LostRace,
    /// Nothing is written: the same request, sent twice, took effect elsewhere.
    Duplicate,
}

impl Store {
    /// Writes all of a commit or nothing, however often it meets other writers on the way.
    pub(super) async fn commit(&self, commit: Commit<'_>) -> Result<Committed> {
        let record = item::from_customer(commit.tenant, commit.new)?;
        let record = vec![self.record_put(record, commit.old)?];
        let idempotency =
            commit.idempotency.map(|idempotency| self.idempotency_put(&commit, idempotency)).transpose()?;
        let repeated_at = idempotency.is_some().then_some(record.len());
        let email = commit.email.as_ref().map(|claim| self.email_claim_put(claim, commit.new)).transpose()?;
        let mut fixed: Vec<TransactWriteItem> = record.into_iter().chain(idempotency).chain(email).collect();
        let conditions = fixed.len();
        let mut counts = CounterDelta::default();
        counts.record_move(commit.old.map(Customer::cell), Some(commit.new.cell()));
        // One place is the counters'. Terms that find none stay: they match nothing, and the next write of
        // this customer finds them again.
        let room = MAX_ITEMS - fixed.len() - 1;
        for key in commit.obsolete_terms.iter().take(room) {
            fixed.push(self.delete(key)?);
        }
        match self.transact(commit.tenant, &fixed, &counts).await?.first() {
            None => Ok(Committed::Done),
            Some(&failed) if Some(failed) == repeated_at => Ok(Committed::Duplicate),
            Some(&failed) if failed < conditions => Ok(Committed::LostRace),
            Some(other) => {
                Err(Error::broken(format!("item {other} of a commit has no condition and failed one")))
            }
        }
    }

    /// Writes items and a change of the totals in one transaction, again and again while other transactions
    /// are in the way; returns the places of the items whose conditions do not hold, none when all is written.
    #[expect(clippy::disallowed_methods, reason = "the transaction builder")]
    pub(super) async fn transact(
        &self,
        tenant: &Tenant,
        fixed: &[TransactWriteItem],
        counts: &CounterDelta,
    ) -> Result<Vec<usize>> {
        let mut attempt = 0;
        loop {
            let mut items = fixed.to_vec();
            if !counts.is_empty() {
                let update = counts.update(&self.table, tenant, self.ambient.random())?;
                items.push(TransactWriteItem::builder().update(update).build());
            }
            let answer = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
            match answer.map_err(Refusal::of) {
                Ok(_) => return Ok(Vec::new()),
                Err(Refusal::Condition(places)) => return Ok(places),
                Err(Refusal::Contention) => self.retry_policy.back_off(attempt, &self.ambient).await?,
                Err(Refusal::Other(error)) => return Err(error),
            }
            attempt += 1;
        }
    }

    /// A put of a record, where it is as it was read: `None` where it must be new.
    pub(super) fn record_put(&self, item: Item, old: Option<&Customer>) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .expression_attribute_names("#pk", attribute::PK);
        let put = match old {
            None => put.condition_expression("attribute_not_exists(#pk)"),
            Some(old) => put
                .condition_expression("attribute_exists(#pk) AND #version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(old.version)),
        };
        finish_put(put)
    }

    fn idempotency_put(
        &self,
        commit: &Commit<'_>,
        idempotency: &IdempotentRequest<'_>,
    ) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(self.idempotency_item(commit.tenant, idempotency, commit.new)?))
            .condition_expression("attribute_not_exists(#pk) OR #expires_at <= :now")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_names("#expires_at", attribute::EXPIRES_AT)
            .expression_attribute_values(":now", number(self.ambient.now().as_seconds()));
        finish_put(put)
    }

    /// A put of an item that must not be there yet.
    pub(super) fn create(&self, item: Item) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK);
        finish_put(put)
    }

    pub(super) fn delete(&self, key: &Key) -> Result<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key_of(key)))
            .build()
            .map_err(|e| Error::internal("building a delete", e))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

pub(super) fn finish_put(put: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem> {
    let put = put.build().map_err(|e| Error::internal("building a put", e))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Why a transaction was not written.
enum Refusal {
    /// The conditions of the items at these places do not hold.
    Condition(Vec<usize>),
    /// Another transaction was in the way, or too much was asked at once: the same may succeed now.
    Contention,
    Other(Error),
}

impl Refusal {
    fn of(error: SdkError<TransactWriteItemsError>) -> Self {
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                cancelled.cancellation_reasons().to_vec()
            }
            // DynamoDB Local answers so when it is asked for the same item at the same time.
            Some(other) if other.code() == Some("TransactionConflictException") => return Self::Contention,
            _ => return Self::Other(call::failed("writing a transaction", error)),
        };
        let code_is = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
        let refused = reasons.iter().enumerate().filter(|(_, r)| code_is(r, "ConditionalCheckFailed"));
        let places: Vec<usize> = refused.map(|(at, _)| at).collect();
        if !places.is_empty() {
            return Self::Condition(places);
        }
        let contended = |r: &CancellationReason| {
            code_is(r, "TransactionConflict") || r.code().is_some_and(call::is_throttling)
        };
        if reasons.iter().any(contended) {
            return Self::Contention;
        }
        let too_large = |r: &CancellationReason| {
            call::is_too_large(r.code().unwrap_or_default(), r.message().unwrap_or_default())
        };
        if reasons.iter().any(too_large) {
            return Self::Other(Error::invalid(
                "body",
                "makes a record larger than 400 KB; shorten the notes or flags",
            ));
        }
        Self::Other(call::failed("writing a transaction", error))
    }
}
