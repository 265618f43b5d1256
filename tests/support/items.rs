//! Changes of items in the table itself, which no request makes.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use clientele_shared::table::keys::{self, Key, attribute};

use super::Stack;

impl Stack {
    /// Returns an update of an item in the table.
    pub(crate) fn update_item(&self, key: Key) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(key.pk))
            .key(attribute::SK, AttributeValue::S(key.sk))
    }

    /// Makes the record of a customer of `acme` unreadable.
    pub(crate) async fn damage(&self, number: u32) {
        let tenant = self.tenant();
        let key = keys::customer(&tenant, tenant.customer_uuid(number.try_into().unwrap()));
        let update = self
            .update_item(key)
            .update_expression("SET #record = :damaged")
            .expression_attribute_names("#record", "record")
            .expression_attribute_values(":damaged", AttributeValue::S("?".into()));
        update.send().await.unwrap();
    }
}
