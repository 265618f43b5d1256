//! `template.yaml` and `shared/src/table/definition.rs` must describe the same table.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{KeySchemaElement, TableDescription, TimeToLiveStatus};
use serde_yaml_ng::Value;

use super::template::{at, resource, text};
use crate::support::Stack;

/// What of a table both places say.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    /// The type of each attribute that is part of a key.
    attributes: BTreeMap<String, String>,
    key: Vec<(String, String)>,
    indexes: BTreeMap<String, Index>,
    billing: String,
    expires_by: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Index {
    key: Vec<(String, String)>,
    projection: String,
}

#[tokio::test]
async fn the_template_and_the_definition_describe_the_same_table() {
    let stack = Stack::start().await;
    let described =
        stack.client.describe_table().table_name(&stack.table).send().await.unwrap().table.unwrap();
    let created = of_engine(&described, expires_by(&stack).await);
    assert_eq!(of_template(), created, "left: template.yaml, right: shared/src/table/definition.rs");
}

#[test]
fn the_deployed_table_is_kept_safe() {
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

fn of_template() -> Shape {
    let table = resource("Table");
    let table = at(&table, &["Properties"]);
    let sequence = |name: &str| at(table, &[name]).as_sequence().unwrap().clone();
    let attribute =
        |one: &Value| (text(one, &["AttributeName"]).to_owned(), text(one, &["AttributeType"]).to_owned());
    let index = |one: &Value| {
        let projection = text(one, &["Projection", "ProjectionType"]).to_owned();
        (text(one, &["IndexName"]).to_owned(), Index { key: key_of_template(one), projection })
    };
    Shape {
        attributes: sequence("AttributeDefinitions").iter().map(attribute).collect(),
        key: key_of_template(table),
        indexes: sequence("GlobalSecondaryIndexes").iter().map(index).collect(),
        billing: text(table, &["BillingMode"]).to_owned(),
        expires_by: text(table, &["TimeToLiveSpecification", "AttributeName"]).to_owned(),
    }
}

fn key_of_template(owner: &Value) -> Vec<(String, String)> {
    let elements = at(owner, &["KeySchema"]).as_sequence().unwrap();
    let element =
        |one: &Value| (text(one, &["AttributeName"]).to_owned(), text(one, &["KeyType"]).to_owned());
    elements.iter().map(element).collect()
}

fn of_engine(table: &TableDescription, expires_by: String) -> Shape {
    let attributes = table.attribute_definitions().iter();
    let indexes = table.global_secondary_indexes().iter().map(|index| {
        let projection = index.projection().unwrap().projection_type().unwrap().as_str().to_owned();
        (index.index_name().unwrap().to_owned(), Index { key: key_of_engine(index.key_schema()), projection })
    });
    let billing = table.billing_mode_summary().unwrap().billing_mode().unwrap();
    Shape {
        attributes: attributes
            .map(|one| (one.attribute_name().to_owned(), one.attribute_type().as_str().to_owned()))
            .collect(),
        key: key_of_engine(table.key_schema()),
        indexes: indexes.collect(),
        billing: billing.as_str().to_owned(),
        expires_by,
    }
}

fn key_of_engine(schema: &[KeySchemaElement]) -> Vec<(String, String)> {
    schema.iter().map(|one| (one.attribute_name().to_owned(), one.key_type().as_str().to_owned())).collect()
}

async fn expires_by(stack: &Stack) -> String {
    let answer = stack.client.describe_time_to_live().table_name(&stack.table).send().await.unwrap();
    let description = answer.time_to_live_description.unwrap();
    let on = BTreeSet::from([TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling]);
    assert!(description.time_to_live_status().is_some_and(|status| on.contains(status)), "{description:?}");
    description.attribute_name().unwrap().to_owned()
}
