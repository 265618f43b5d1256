//! Transactions: one attempt, and what its failure says about whether anything was written.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem};

use aws_smithy_types::retry::RetryConfig;
use uuid::Uuid;

use super::failed;
use super::failure::{TOO_LARGE, is_throttling, is_too_large};
use super::retry::{Attempts, contended};
use crate::store::Store;
use crate::store::items::{Item, key_item};
use crate::table::keys::{Key, attribute};
use crate::{Error, Result};

/// Why a transaction failed.
#[derive(Debug)]
enum TransactionFailure {
    /// Nothing is written: the conditions of these items do not hold.
    Conditions(Vec<FailedCondition>),
    /// Nothing is written: another transaction is writing one of the items.
    Conflict,
    /// Nothing is written: DynamoDB is throttling.
    Throttled(Error),
    /// The transaction can have been written. Sent again with the same token, it takes effect once.
    Unknown(Error),
    /// Nothing is written, and trying again does not help.
    Rejected(Error),
}

/// An item of a transaction whose condition does not hold.
#[derive(Debug)]
pub(in crate::store) struct FailedCondition {
    /// The item's position in the transaction.
    pub(in crate::store) position: usize,
    /// The item as it is, if the condition asked for it and the item exists.
    pub(in crate::store) item: Option<Item>,
}

impl Store {
    /// Sends a transaction until it is written or its conditions do not hold. Returns the conditions that failed, none
    /// if it was written.
    ///
    /// Every attempt sends the same bytes under the same token. An attempt whose response was lost can therefore not
    /// take effect twice, and a failed condition proves that no attempt took effect.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] if nothing was written because of throttling or conflicts that outlast the retry
    /// policy, [`Error::Unavailable`] if it is unknown whether the transaction was written, and [`Error::Invalid`] if an
    /// item is too large.
    pub(in crate::store) async fn transact(
        &self,
        items: &[TransactWriteItem],
        attempts: &mut Attempts<'_>,
    ) -> Result<Vec<FailedCondition>> {
        let token = Uuid::new_v4().simple().to_string();
        let mut is_unknown = false;
        loop {
            let error = match self.transact_once(items.to_vec(), &token).await {
                Ok(()) => return Ok(Vec::new()),
                Err(TransactionFailure::Conditions(failed)) => return Ok(failed),
                Err(TransactionFailure::Rejected(error)) => return Err(error),
                Err(TransactionFailure::Unknown(error)) => {
                    is_unknown = true;
                    error
                }
                Err(TransactionFailure::Throttled(error)) => {
                    self.note_throttle();
                    error
                }
                Err(TransactionFailure::Conflict) => contended(),
            };
            attempts.back_off(|| if is_unknown { as_unavailable(error) } else { error }).await?;
        }
    }

    /// Sends a transaction once, without the SDK's own retries, which would hide that an attempt's response was lost.
    ///
    /// This is the only place that writes more than one item atomically.
    #[expect(clippy::disallowed_methods, reason = "the only place that sends transactions")]
    async fn transact_once(
        &self,
        items: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<(), TransactionFailure> {
        let without_retries = aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled());
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        let request = request.client_request_token(token).customize().config_override(without_retries);
        request.send().await.map(drop).map_err(TransactionFailure::from_error)
    }

    /// A put of an item that must not exist.
    pub(in crate::store) fn put_new(&self, item: Item) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK);
        finish_put(put)
    }

    /// A put of an item that must exist.
    pub(in crate::store) fn put_existing(&self, item: Item) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK);
        finish_put(put)
    }

    /// A put without a condition.
    pub(in crate::store) fn put_always(&self, item: Item) -> Result<TransactWriteItem> {
        finish_put(Put::builder().table_name(&*self.table).set_item(Some(item)))
    }

    /// A delete without a condition.
    pub(in crate::store) fn delete_always(&self, key: &Key) -> Result<TransactWriteItem> {
        finish_delete(Delete::builder().table_name(&*self.table).set_key(Some(key_item(key))))
    }

    /// A delete of an item that must exist.
    pub(in crate::store) fn delete_existing(&self, key: &Key) -> Result<TransactWriteItem> {
        finish_delete(
            Delete::builder()
                .table_name(&*self.table)
                .set_key(Some(key_item(key)))
                .condition_expression("attribute_exists(#pk)")
                .expression_attribute_names("#pk", attribute::PK),
        )
    }
}

/// The error of a write that can have been written.
pub(in crate::store) fn as_unavailable(error: Error) -> Error {
    match error {
        Error::Throttled { retry_after, source } => Error::Unavailable { retry_after, source },
        error => error,
    }
}

pub(in crate::store) fn finish_put(
    put: aws_sdk_dynamodb::types::builders::PutBuilder,
) -> Result<TransactWriteItem> {
    let put = put.build().map_err(|e| Error::internal("building a put", e))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn finish_delete(delete: aws_sdk_dynamodb::types::builders::DeleteBuilder) -> Result<TransactWriteItem> {
    let delete = delete.build().map_err(|e| Error::internal("building a delete", e))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

impl TransactionFailure {
    fn from_error(error: SdkError<TransactWriteItemsError>) -> Self {
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        {
            let reasons = cancelled.cancellation_reasons().to_vec();
            return Self::from_reasons(reasons, error);
        }
        match error.code() {
            // DynamoDB Local's answer to two transactions on the same item.
            Some("TransactionConflictException") => return Self::Conflict,
            // The first attempt under this token is still running.
            Some("TransactionInProgressException") => {
                return Self::Unknown(Error::Unavailable {
                    retry_after: std::time::Duration::from_secs(1),
                    source: Some(Box::new(error)),
                });
            }
            _ => {}
        }
        match failed("writing a transaction", error) {
            error @ Error::Throttled { .. } => Self::Throttled(error),
            error @ Error::Unavailable { .. } => Self::Unknown(error),
            error => Self::Rejected(error),
        }
    }

    fn from_reasons(reasons: Vec<CancellationReason>, error: SdkError<TransactWriteItemsError>) -> Self {
        let has_code = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
        let is_throttled = |reason: &CancellationReason| reason.code().is_some_and(is_throttling);
        let is_too_large = |reason: &CancellationReason| {
            is_too_large(reason.code().unwrap_or_default(), reason.message().unwrap_or_default())
        };
        if reasons.iter().any(|reason| has_code(reason, "ConditionalCheckFailed")) {
            let failed = reasons.into_iter().enumerate();
            let failed = failed.filter(|(_, reason)| has_code(reason, "ConditionalCheckFailed"));
            return Self::Conditions(
                failed.map(|(position, reason)| FailedCondition { position, item: reason.item }).collect(),
            );
        }
        if reasons.iter().any(|reason| has_code(reason, "TransactionConflict")) {
            return Self::Conflict;
        }
        if reasons.iter().any(is_throttled) {
            let retry_after = std::time::Duration::from_secs(1);
            return Self::Throttled(Error::Throttled { retry_after, source: Some(Box::new(error)) });
        }
        if reasons.iter().any(is_too_large) {
            return Self::Rejected(Error::invalid("body", TOO_LARGE));
        }
        Self::Rejected(failed("writing a transaction", error))
    }
}
