//! The operations on the table: one method per access pattern of [`crate::table::keys`].
//!
//! Every method takes the tenant whose records it accesses, with three exceptions. [`Store::api_key_get`]
//! takes the hash of a secret and yields its tenant, [`Store::api_keys_preload`] reads keys of any tenant,
//! and [`Store::tenants_list`] lists all tenants.
//!
//! Reads of one record and of totals are strongly consistent. Lists and searches read indexes, which on AWS
//! usually lag the table by a few milliseconds.

mod api_keys;
mod batch;
mod call;
mod commit;
mod counts;
mod customer_find;
mod customer_gather;
mod customer_get;
mod customer_import;
mod customer_list;
mod customer_page;
mod customer_search;
mod customer_walk;
mod customer_write;
mod customers_update;
mod filter;
mod idempotency;
mod item;
mod merge;
mod prices;
mod reindex;
mod tags;
mod tenants;
mod terms;
mod unique_email;
mod usage;

pub use api_keys::NewApiKey;
pub use call::RetryPolicy;
pub use customer_import::{ImportedRow, RowKey};
pub use customer_list::{CustomerPage, Total};
pub use customer_walk::CustomerWalk;
pub use customer_write::{Write, WriteOutcome};
pub use customers_update::Updated;
pub use filter::CustomerFilter;
pub use idempotency::{IdempotentRequest, RenderReply};
pub use prices::Pricing;
pub use tags::TagChange;
pub use usage::Usage;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::table::keys::{Key, attribute};
use crate::{Ambient, Error, Result};

/// An item as DynamoDB spells it.
type Item = HashMap<String, AttributeValue>;

/// A pending authorization to write. It can resolve while the write is still reading, and must resolve before
/// anything visible to others is written. It yields the tenant's current write rules.
pub type WriteAuthorization<'a> = Pin<Box<dyn Future<Output = Result<WriteRules>> + Send + 'a>>;

/// The rules for writes that follow from a tenant's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteRules {
    /// No other customer is allowed to have the email that the write gives to its customer. `cargo ledger`
    /// shows the cost.
    pub unique_email: bool,
}

/// The table and all operations on it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    ambient: Ambient,
    retry_policy: RetryPolicy,
}

impl Store {
    /// Creates a store in this table.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, ambient: Ambient) -> Self {
        Self { client, table: table.into(), ambient, retry_policy: RetryPolicy::default() }
    }

    /// Returns the store with this retry policy for conflicting writes.
    #[must_use]
    pub fn with_retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.retry_policy = retry_policy;
        self
    }

    /// Returns the store's clock and source of randomness.
    #[must_use]
    pub fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// A query of the table for the items of one partition.
    fn partition_query(&self, pk: impl Into<String>) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_values(":pk", text(pk))
    }

    /// Reads one item, strongly consistent.
    async fn item_get(&self, key: &Key, context: &'static str) -> Result<Option<Item>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::PK, text(&key.pk))
            .key(attribute::SK, text(&key.sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| call::failed(context, e))?;
        Ok(answer.item)
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn key_of(key: &Key) -> Item {
    Item::from([(attribute::PK.to_owned(), text(&key.pk)), (attribute::SK.to_owned(), text(&key.sk))])
}

/// The text in an attribute that every item of this kind has.
fn text_in<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| Error::broken(format!("an item has no text `{name}`")))
}

/// The whole number in an attribute that every item of this kind has.
fn integer_in(item: &Item, name: &str) -> Result<i64> {
    item.get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Error::broken(format!("an item has no number `{name}`")))
}
