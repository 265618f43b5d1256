//! The table definition: key, indexes and time to live, as the local stack and the tests create them.
//! `template.yaml` defines the same table for CloudFormation; a guard test compares the two.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, Projection, ProjectionType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification,
};

use super::keys::{Index, attribute};
use crate::{Error, Result};

/// Definition of one index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDefinition {
    /// The index.
    pub index: Index,
    /// The attribute that is its sort key.
    pub sort_attribute: &'static str,
    /// Whether the index holds whole items rather than only their keys.
    pub holds_items: bool,
}

/// The table's three indexes.
pub const INDEXES: [IndexDefinition; 3] = [
    IndexDefinition { index: Index::ByStatus, sort_attribute: attribute::NUMBER, holds_items: true },
    IndexDefinition { index: Index::ByType, sort_attribute: attribute::NUMBER, holds_items: true },
    IndexDefinition { index: Index::BySearch, sort_attribute: attribute::SEARCH_SK, holds_items: false },
];

/// The attributes that keys consist of, with the letter of their type: `S` for text, `N` for numbers.
pub const KEY_ATTRIBUTES: [(&str, &str); 7] = [
    (attribute::PK, "S"),
    (attribute::SK, "S"),
    (attribute::STATUS_PK, "S"),
    (attribute::TYPE_PK, "S"),
    (attribute::NUMBER, "N"),
    (attribute::SEARCH_PK, "S"),
    (attribute::SEARCH_SK, "S"),
];

/// Creates the table if it does not exist, and returns whether it was created.
///
/// # Errors
/// Returns [`Error::Internal`] with the message of DynamoDB if it refuses a call, or if the table is not
/// active after a minute.
pub async fn create_table(client: &Client, table: &str) -> Result<bool> {
    create(client, table, false).await
}

/// Does what [`create_table`] does, with deletion protection and point-in-time recovery, as `template.yaml`
/// has them. Local engines support neither. Recovery is turned on even if the table exists, because an earlier
/// run can have failed after it created the table.
///
/// # Errors
/// Returns the errors of [`create_table`].
pub async fn create_protected_table(client: &Client, table: &str) -> Result<bool> {
    let created = create(client, table, true).await?;
    set_recovery(client, table).await?;
    Ok(created)
}

async fn create(client: &Client, table: &str, deletion_protection: bool) -> Result<bool> {
    let mut request = client
        .create_table()
        .table_name(table)
        .set_deletion_protection_enabled(deletion_protection.then_some(true))
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key_element(attribute::PK, KeyType::Hash)?)
        .key_schema(key_element(attribute::SK, KeyType::Range)?);
    for (name, kind) in KEY_ATTRIBUTES {
        request = request.attribute_definitions(attribute_definition(name, kind)?);
    }
    for index in INDEXES {
        request = request.global_secondary_indexes(secondary_index(index)?);
    }
    match request.send().await {
        Ok(_) => {
            wait_until_active(client, table).await?;
            set_time_to_live(client, table).await.map(|()| true)
        }
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => Ok(false),
        Err(error) => Err(Error::internal(format!("creating the table {table}"), error)),
    }
}

/// Waits until the table is active. AWS takes a few seconds to create a table; local engines create it
/// immediately.
#[expect(clippy::disallowed_methods, reason = "polls a table that is being created")]
async fn wait_until_active(client: &Client, table: &str) -> Result<()> {
    for _ in 0..120 {
        let described = client.describe_table().table_name(table).send().await;
        let described = described.map_err(|e| Error::internal(format!("describing the table {table}"), e))?;
        if described.table().and_then(|t| t.table_status()) == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(Error::broken(format!("the table {table} is still being created after a minute")))
}

async fn set_time_to_live(client: &Client, table: &str) -> Result<()> {
    let specification = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(attribute::EXPIRES_AT)
        .build()
        .map_err(|e| Error::internal("describing the time to live", e))?;
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(specification)
        .send()
        .await
        .map_err(|e| Error::internal(format!("setting the time to live of the table {table}"), e))?;
    Ok(())
}

async fn set_recovery(client: &Client, table: &str) -> Result<()> {
    let specification = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .map_err(|e| Error::internal("describing the recovery", e))?;
    client
        .update_continuous_backups()
        .table_name(table)
        .point_in_time_recovery_specification(specification)
        .send()
        .await
        .map_err(|e| Error::internal(format!("turning on the recovery of the table {table}"), e))?;
    Ok(())
}

fn key_element(name: &str, kind: KeyType) -> Result<KeySchemaElement> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .map_err(|e| Error::internal("describing a key", e))
}

fn attribute_definition(name: &str, kind: &str) -> Result<AttributeDefinition> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::from(kind))
        .build()
        .map_err(|e| Error::internal("describing an attribute", e))
}

fn secondary_index(definition: IndexDefinition) -> Result<GlobalSecondaryIndex> {
    let kind = if definition.holds_items { ProjectionType::All } else { ProjectionType::KeysOnly };
    GlobalSecondaryIndex::builder()
        .index_name(definition.index.name())
        .key_schema(key_element(definition.index.partition_attribute(), KeyType::Hash)?)
        .key_schema(key_element(definition.sort_attribute, KeyType::Range)?)
        .projection(Projection::builder().projection_type(kind).build())
        .build()
        .map_err(|e| Error::internal("describing an index", e))
}
