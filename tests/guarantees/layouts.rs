//! Layouts: no function reads or writes the records of a tenant that another version of the program has written.

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::json;

use clientele_shared::Error;

use crate::support::{Stack, john};

/// The requests of every function, and where their errors have the message.
const REQUESTS: [(Method, &str, &str); 20] = [
    (Method::GET, "/api/v1/customers", TRADES),
    (Method::POST, "/api/v1/customers", TRADES),
    (Method::GET, "/api/v1/customers/9a3b2f5e-7c65-5e0a-9a51-0d1c5b1f2a11", TRADES),
    (Method::PUT, "/api/v1/customers/9a3b2f5e-7c65-5e0a-9a51-0d1c5b1f2a11", TRADES),
    (Method::DELETE, "/api/v1/customers/9a3b2f5e-7c65-5e0a-9a51-0d1c5b1f2a11", TRADES),
    (Method::POST, "/api/v1/customers/9a3b2f5e-7c65-5e0a-9a51-0d1c5b1f2a11/restore", TRADES),
    (Method::GET, "/graphql?query=%7Bme%7Bid%7D%7D", GRAPHQL),
    (Method::GET, "/customers/export/csv", GRAPHQL),
    (Method::GET, "/customers/cust_1/pricing/csv", GRAPHQL),
    (Method::GET, "/api/customers", ERP),
    (Method::POST, "/api/customers", ERP),
    (Method::GET, "/api/customers/cust_1", ERP),
    (Method::PUT, "/api/customers/cust_1", ERP),
    (Method::GET, "/api/customers/cust_1/orders", ERP),
    (Method::GET, "/api/customers/cust_1/analytics", ERP),
    (Method::POST, "/api/customers/cust_1/contacts", ERP),
    (Method::PUT, "/api/customers/cust_1/contacts/1", ERP),
    (Method::DELETE, "/api/customers/cust_1/contacts/1", ERP),
    (Method::POST, "/api/customers/cust_1/credit-check", ERP),
    (Method::GET, "/api/v2?query=%7Bcustomers%7Bedges%7Bcursor%7D%7D%7D", GRAPHQL),
];

const TRADES: &str = "/error";
const GRAPHQL: &str = "/errors/0/message";
const ERP: &str = "/error/message";

/// Sets the layout of the tenant and of its key, or removes it, as the first versions had none.
async fn set_layout(stack: &Stack, layout: Option<&str>) {
    for (pk, sk) in [("TENANTS", "acme"), ("KEYS", stack.acme.key.hash.as_str())] {
        let update = stack
            .client
            .update_item()
            .table_name(&stack.table)
            .key("pk", AttributeValue::S(pk.into()))
            .key("sk", AttributeValue::S(sk.into()))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#format", "format");
        let update = match layout {
            Some(layout) => update
                .update_expression("SET #format = :layout")
                .expression_attribute_values(":layout", AttributeValue::N(layout.into())),
            None => update.update_expression("REMOVE #format"),
        };
        update.send().await.unwrap();
    }
}

#[tokio::test]
async fn every_function_refuses_a_tenant_of_another_layout() {
    let stack = Stack::start().await;
    let unavailable = "The service is temporarily unavailable; try again later";
    for layout in [Some("1"), Some("5"), Some("7"), None] {
        set_layout(&stack, layout).await;
        for (method, path, place) in REQUESTS {
            let response = stack.acme.send(method.clone(), path, &[], john().to_string()).await;
            let body = response.expect(503);
            assert_eq!(body.pointer(place), Some(&json!(unavailable)), "{method} {path}: {body}");
            assert_eq!(response.header("retry-after"), "60", "{method} {path}");
        }
        let log = stack.store.api_key_get(&stack.acme.key.hash).await.unwrap_err().chain();
        let found = layout.unwrap_or("1");
        let says =
            format!("the records of tenant `acme` have layout {found} and this version needs layout 6");
        assert!(log.contains(&says) && log.contains("export them with the version that wrote them"), "{log}");
    }
    set_layout(&stack, Some("6")).await;
    assert_eq!(stack.acme.get("/api/v1/customers").await.data()["pagination"]["total"], 0);
}

#[tokio::test]
async fn commands_refuse_a_tenant_of_another_layout_and_no_other() {
    let stack = Stack::start().await;
    stack.caller("other", clientele_shared::model::Mode::Live, "read").await;
    set_layout(&stack, Some("1")).await;
    let (acme, other) = ("acme".parse().unwrap(), "other".parse().unwrap());
    for result in [
        stack.store.tenant_settings(&acme).await.map(drop),
        stack.store.api_keys_list(&acme).await.map(drop),
        stack.store.tenant_create(&acme).await.map(drop),
    ] {
        assert!(matches!(result, Err(Error::Conflict(text)) if text.contains("have layout 1")));
    }
    assert_eq!(stack.store.api_keys_list(&other).await.unwrap().len(), 1);
    // A function that starts preloads the keys that it can serve.
    assert_eq!(stack.store.api_keys_preload(25).await.unwrap().len(), 1);
}
