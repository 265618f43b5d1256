//! Numbers: sequences that give each number once, and stamp the moment of a customer's creation.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::model::{CustomerNumber, Tenant, Timestamp};
use crate::store::Store;
use crate::store::calls::{contended, failed};
use crate::store::items::{Item, integer_in, key_item, number, optional_integer_in};
use crate::table::keys::{self, Key};
use crate::{Error, Result};

/// The attribute with the last number that was allocated.
const LAST: &str = "last";

/// The attribute with the moment of the last allocation, in milliseconds.
const AT: &str = "at";

/// Numbers that were allocated together, and the moment at which their customers are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocatedNumbers {
    /// The first of the numbers.
    pub first: CustomerNumber,
    /// Their moment of creation: never earlier than that of a lower number.
    pub at: Timestamp,
}

impl Store {
    /// Allocates `count` consecutive customer numbers: one write unit, and another trip if this machine's clock is
    /// behind that of an earlier writer. Numbers that are allocated and not used leave a harmless gap.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the tenant has no numbers left, and [`Error::Throttled`] or
    /// [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn customer_numbers_allocate(&self, tenant: &Tenant, count: u32) -> Result<AllocatedNumbers> {
        let key = keys::customer_sequence(tenant);
        let mut at = self.ambient.now();
        let mut attempts = self.attempts();
        let allocated = loop {
            match self.sequence_allocate_at(&key, count, at).await? {
                Allocation::Done(item) => break item,
                // Creation times never fall while numbers rise, even if this clock is behind.
                Allocation::Later(later) => at = later,
            }
            attempts.back_off(contended).await?;
        };
        let used_up = || Error::broken("the tenant has used up its customer numbers");
        let last = u64::try_from(integer_in(&allocated, LAST)?).map_err(|_| used_up())?;
        let last = CustomerNumber::new(last).ok_or_else(used_up)?;
        let first = CustomerNumber::new(u64::from(last.get() - count + 1)).ok_or_else(used_up)?;
        Ok(AllocatedNumbers { first, at })
    }

    async fn sequence_allocate_at(&self, key: &Key, count: u32, at: Timestamp) -> Result<Allocation> {
        let updated = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .update_expression("ADD #last :count SET #at = :at")
            .condition_expression("attribute_not_exists(#at) OR #at <= :at")
            .expression_attribute_names("#last", LAST)
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":count", number(count))
            .expression_attribute_values(":at", number(at.as_millis()))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match updated {
            Ok(response) => return Ok(Allocation::Done(response.attributes.unwrap_or_default())),
            Err(error) => error,
        };
        let stored = error.as_service_error().and_then(|error| match error {
            aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                failed,
            ) => failed.item().cloned(),
            _ => None,
        });
        match stored {
            Some(item) => Ok(Allocation::Later(Timestamp::from_millis(integer_in(&item, AT)?))),
            None => Err(failed("allocating a customer number", error)),
        }
    }

    /// Allocates one number of a sequence that has no moments.
    pub(in crate::store) async fn sequence_allocate(&self, key: &Key) -> Result<u64> {
        let response = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .update_expression("ADD #last :one")
            .expression_attribute_names("#last", LAST)
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|e| failed("allocating a number of a sequence", e))?;
        let last = integer_in(&response.attributes.unwrap_or_default(), LAST)?;
        u64::try_from(last).map_err(|e| Error::internal("reading a sequence", e))
    }

    /// Returns the last customer number that was allocated, or `None` if there is none yet: one read unit.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn customer_number_last(&self, tenant: &Tenant) -> Result<Option<CustomerNumber>> {
        let sequence = self.item_get(&keys::customer_sequence(tenant), "reading the last number").await?;
        let last = sequence.map(|item| optional_integer_in(&item, LAST)).transpose()?.flatten().unwrap_or(0);
        // A sequence that is used up goes beyond the last number there is.
        Ok(CustomerNumber::new(last.unsigned_abs().min(CustomerNumber::MAX.get().into())))
    }
}

enum Allocation {
    Done(Item),
    /// Another writer's clock is ahead: its moment.
    Later(Timestamp),
}
