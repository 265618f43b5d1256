//! Credit checks: a permit before each, and the last result. The customer's record, its version and the log stay as they are.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use futures::future::try_join;
use uuid::Uuid;

use crate::model::{Customer, Figures, Tenant, Timestamp};
use crate::rules::credit::CreditCheck;
use crate::store::calls::{contended, failed, is_condition_failure};
use crate::store::items::credit::{AT, CHECKS, CheckCount, LAST, MINUTE, from_check};
use crate::store::items::{key_item, number};
use crate::store::{Store, WriteAuthorization};
use crate::table::keys::{self, Key};
use crate::{Error, Result};

impl Store {
    /// Permits one credit check of the customer with this uuid, and returns the customer, its figures and the moment of the
    /// check: two round trips, one read unit for each 4 KB and one write unit. A check that another one precedes costs one
    /// more trip and write unit for each of them.
    ///
    /// A permit is spent whether or not the check succeeds. A permit whose response was lost can count twice.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such customer, or has soft-deleted it, and [`Error::Throttled`] if the
    /// customer's credit has been checked as often in this minute as
    /// [`CHECKS_PER_MINUTE`](crate::rules::credit::points::CHECKS_PER_MINUTE) allows. Otherwise returns the error of
    /// `authorization`, or [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn credit_check_permit(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
        authorization: WriteAuthorization<'_>,
    ) -> Result<(Customer, Figures, Timestamp)> {
        let (_, found) = try_join(authorization, self.customer_items(tenant, uuid)).await?;
        let (key, at) = (keys::credit(tenant, uuid), self.ambient.now());
        let mut before = found.credit.map(CheckCount::read).transpose()?;
        let mut attempts = self.attempts();
        loop {
            let after = CheckCount::next(before, at).map_err(exhausted)?;
            match self.check_count_replace(&key, before, after).await? {
                None => return Ok((found.customer, found.figures, at)),
                Some(other) => before = Some(other),
            }
            attempts.back_off(contended).await?;
        }
    }

    /// Replaces the count of checks as it was read, or returns the count that another check has put in its place.
    async fn check_count_replace(
        &self,
        key: &Key,
        before: Option<CheckCount>,
        after: CheckCount,
    ) -> Result<Option<CheckCount>> {
        let update = self
            .credit_update(key)
            .update_expression("SET #minute = :minute, #checks = :checks")
            .expression_attribute_names("#minute", MINUTE)
            .expression_attribute_names("#checks", CHECKS)
            .expression_attribute_values(":minute", number(after.minute))
            .expression_attribute_values(":checks", number(after.checks))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match before {
            None => update.condition_expression("attribute_not_exists(#minute)"),
            Some(before) => update
                .condition_expression("#minute = :minute_before AND #checks = :checks_before")
                .expression_attribute_values(":minute_before", number(before.minute))
                .expression_attribute_values(":checks_before", number(before.checks)),
        };
        let Err(error) = update.send().await else { return Ok(None) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) if refused.item().is_some() => {
                refused.item().cloned().map(CheckCount::read).transpose()
            }
            _ => Err(failed("counting a credit check", error)),
        }
    }

    /// Stores the result of a credit check as the customer's last one, unless there is a later one already: one write unit.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn credit_check_store(&self, tenant: &Tenant, uuid: Uuid, check: &CreditCheck) -> Result<()> {
        let update = self
            .credit_update(&keys::credit(tenant, uuid))
            .update_expression("SET #last = :last")
            .condition_expression("attribute_not_exists(#last) OR #last.#at <= :at")
            .expression_attribute_names("#last", LAST)
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":last", from_check(check)?)
            .expression_attribute_values(":at", number(check.at.as_millis()));
        match update.send().await {
            Err(error) if !is_condition_failure(&error) => Err(failed("storing a credit check", error)),
            _ => Ok(()),
        }
    }

    fn credit_update(&self, key: &Key) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&*self.table).set_key(Some(key_item(key)))
    }
}

/// The error of a check for which there is no room in this minute.
fn exhausted(seconds: u64) -> Error {
    Error::Throttled { retry_after: Duration::from_secs(seconds), source: None }
}
