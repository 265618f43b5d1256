//! `erp-customer-get`: GET /api/customers/{id}.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use clientele_shared::table::keys::{self, attribute};

use super::{create, error_of};
use crate::support::Stack;

#[tokio::test]
async fn unknown_and_malformed_ids_return_404() {
    let stack = Stack::start().await;
    create(&stack.acme, "Acme").await;
    for id in ["cust_2", "cust_0", "cust_x", "1", "cust_1x", "0b4c1c88-0000-5000-8000-000000000000"] {
        let error = error_of(&stack.acme.get(&format!("/api/customers/{id}")).await, 404);
        assert_eq!(error, ("not_found".into(), "Customer not found".into()), "{id}");
    }
}

#[tokio::test]
async fn deleted_customer_is_hidden() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let uuid = stack.tenant().customer_uuid(1_u32.try_into().unwrap());
    stack.acme.delete(&format!("/api/v1/customers/{uuid}")).await.expect(200);
    error_of(&stack.acme.get(&path).await, 404);
    error_of(&stack.acme.put(&path, &json!({"notes": "x"})).await, 404);
    assert_eq!(stack.acme.get("/api/customers").await.expect(200)["meta"]["total"], 0);
}

#[tokio::test]
async fn figures_are_shown_with_two_decimals() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    set_figures(&stack, "2500.00", "45000.10", "75").await;
    let shown = stack.acme.get(&path).await;
    let expected = r#""current_balance":2500.00,"customer_since""#;
    assert!(shown.expect_text(200).contains(expected), "{}", shown.body);
    assert!(shown.body.contains(r#""lifetime_value":45000.10,"total_orders":75,"#), "{}", shown.body);
    let updated = stack.acme.put(&path, &json!({"notes": "x"})).await;
    assert!(updated.expect_text(200).contains(r#""lifetime_value":45000.10,"total_orders":75,"#));
    let listed = stack.acme.get("/api/customers").await;
    assert!(listed.expect_text(200).contains(expected), "{}", listed.body);
}

/// Sets the figures of the first customer, as orders do.
async fn set_figures(stack: &Stack, balance: &str, lifetime_value: &str, orders: &str) {
    let tenant = stack.tenant();
    let key = keys::figures(&tenant, tenant.customer_uuid(1_u32.try_into().unwrap()));
    let text = |text: &str| AttributeValue::S(text.to_owned());
    stack
        .client
        .update_item()
        .table_name(&stack.table)
        .key(attribute::PK, text(&key.pk))
        .key(attribute::SK, text(&key.sk))
        .update_expression("SET balance = :balance, lifetime_value = :value, orders = :orders")
        .expression_attribute_values(":balance", text(balance))
        .expression_attribute_values(":value", text(lifetime_value))
        .expression_attribute_values(":orders", AttributeValue::N(orders.to_owned()))
        .send()
        .await
        .unwrap();
}
