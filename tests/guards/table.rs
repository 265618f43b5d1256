//! Checks that `template.yaml` and `shared/src/table/definition.rs` describe the same table.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{KeySchemaElement, TableDescription, TimeToLiveStatus};
use serde_yaml_ng::Value;

use super::template::{at, resource, text};
use crate::support::Stack;

/// The properties of the table that both files state.
#[derive(Debug, PartialEq, Eq)]
struct TableProperties {
    /// Type of each key attribute.
    attributes: BTreeMap<String, String>,
    key: Vec<(String, String)>,
    indexes: BTreeMap<String, Index>,
    billing: String,
    ttl_attribute: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Index {
    key: Vec<(String, String)>,
    projection: String,
}

#[tokio::test]
async fn template_and_definition_describe_the_same_table() {
    let stack = Stack::start().await;
    let described =
        stack.client.describe_table().table_name(&stack.table).send().await.unwrap().table.unwrap();
    let created = from_engine(&described, ttl_attribute(&stack).await);
    assert_eq!(from_template(), created, "left: template.yaml, right: shared/src/table/definition.rs");
}

#[test]
fn deployed_table_is_retained_backed_up_and_expires_items() {
    let table = resource("Table");
    assert_eq!(
        (text(&table, &["DeletionPolicy"]), text(&table, &["UpdateReplacePolicy"])),
        ("Retain", "Retain")
    );
    for names in [
        ["Properties", "DeletionProtectionEnabled"].as_slice(),
        &["Properties", "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"],
        &["Properties", "TimeToLiveSpecification", "Enabled"],
    ] {
        assert_eq!(at(&table, names), &Value::Bool(true), "template.yaml: Table.{}", names.join("."));
    }
}

fn from_template() -> TableProperties {
    let table = resource("Table");
    let table = at(&table, &["Properties"]);
    let sequence = |name: &str| at(table, &[name]).as_sequence().unwrap().clone();
    let attribute =
        |one: &Value| (text(one, &["AttributeName"]).to_owned(), text(one, &["AttributeType"]).to_owned());
    let index = |one: &Value| {
        let projection = text(one, &["Projection", "ProjectionType"]).to_owned();
        (text(one, &["IndexName"]).to_owned(), Index { key: key_from_template(one), projection })
    };
    TableProperties {
        attributes: sequence("AttributeDefinitions").iter().map(attribute).collect(),
        key: key_from_template(table),
        indexes: sequence("GlobalSecondaryIndexes").iter().map(index).collect(),
        billing: text(table, &["BillingMode"]).to_owned(),
        ttl_attribute: text(table, &["TimeToLiveSpecification", "AttributeName"]).to_owned(),
    }
}

fn key_from_template(owner: &Value) -> Vec<(String, String)> {
    let elements = at(owner, &["KeySchema"]).as_sequence().unwrap();
    let element =
        |one: &Value| (text(one, &["AttributeName"]).to_owned(), text(one, &["KeyType"]).to_owned());
    elements.iter().map(element).collect()
}

fn from_engine(table: &TableDescription, ttl_attribute: String) -> TableProperties {
    let attributes = table.attribute_definitions().iter();
    let indexes = table.global_secondary_indexes().iter().map(|index| {
        let projection = index.projection().unwrap().projection_type().unwrap().as_str().to_owned();
        (
            index.index_name().unwrap().to_owned(),
            Index { key: key_from_engine(index.key_schema()), projection },
        )
    });
    let billing = table.billing_mode_summary().unwrap().billing_mode().unwrap();
    TableProperties {
        attributes: attributes
            .map(|one| (one.attribute_name().to_owned(), one.attribute_type().as_str().to_owned()))
            .collect(),
        key: key_from_engine(table.key_schema()),
        indexes: indexes.collect(),
        billing: billing.as_str().to_owned(),
        ttl_attribute,
    }
}

fn key_from_engine(schema: &[KeySchemaElement]) -> Vec<(String, String)> {
    schema.iter().map(|one| (one.attribute_name().to_owned(), one.key_type().as_str().to_owned())).collect()
}

async fn ttl_attribute(stack: &Stack) -> String {
    let response = stack.client.describe_time_to_live().table_name(&stack.table).send().await.unwrap();
    let description = response.time_to_live_description.unwrap();
    let enabled = BTreeSet::from([TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling]);
    assert!(
        description.time_to_live_status().is_some_and(|status| enabled.contains(status)),
        "{description:?}"
    );
    description.attribute_name().unwrap().to_owned()
}
