//! Customers that one dialect writes are read and changed in the others.

use serde_json::{Value, json};

use super::{add_contact, new_customer_corp};
use crate::support::Stack;

async fn graphql(stack: &Stack, query: &str) -> Value {
    let response = stack.acme.post("/graphql", &json!({ "query": query })).await.expect(200);
    assert!(response.get("errors").is_none(), "{response}");
    response["data"].clone()
}

#[tokio::test]
async fn customer_of_this_dialect_reads_correctly_in_the_others() {
    let stack = Stack::start().await;
    stack.acme.post("/api/customers", &new_customer_corp()).await.expect(201);
    let uuid = stack.tenant().customer_uuid(1_u32.try_into().unwrap());
    let trades = stack.acme.get(&format!("/api/v1/customers/{uuid}")).await.data();
    for (name, expected) in [
        ("company_name", "New Customer Corp"),
        ("first_name", ""),
        ("last_name", "New Customer Corp"),
        ("physical_address1", "456 Warehouse Ave"),
        ("billing_zip", "90210"),
        ("phone", "+1-555-0999"),
    ] {
        assert_eq!(trades[name], expected, "{name}");
    }
    let pool =
        graphql(&stack, "{ customer(selector: {id: \"cust_1\"}) { companyName street zipCode status } }")
            .await;
    let expected = json!({"companyName": "New Customer Corp", "street": "456 Warehouse Ave", "zipCode": "90211", "status": "ACTIVE"});
    assert_eq!(pool["customer"], expected);
    // A change in another dialect keeps what only this one shows.
    stack.acme.put(&format!("/api/v1/customers/{uuid}"), &json!({"notes": "n"})).await.expect(200);
    let mine = stack.acme.get("/api/customers/cust_1").await.expect(200)["data"].clone();
    assert_eq!((&mine["notes"], &mine["credit_limit"]), (&json!("n"), &json!(5000.0)));
    assert_eq!(mine["contacts"][0]["name"], "Bob Wilson");
}

#[tokio::test]
async fn person_of_another_dialect_is_renamed_as_a_person() {
    let stack = Stack::start().await;
    let ann = json!({"first_name": "Ann", "last_name": "Lee", "email": "ann@example.com"});
    let uuid = stack.acme.create(&ann).await;
    let named = async |name: &str| {
        let put = stack.acme.put("/api/customers/cust_1", &json!({ "name": name })).await.expect(200);
        assert_eq!(put["data"]["name"], name);
        let trades = stack.acme.get(&format!("/api/v1/customers/{uuid}")).await.data();
        ["first_name", "last_name", "company_name"].map(|name| trades[name].clone())
    };
    assert_eq!(stack.acme.get("/api/customers/cust_1").await.expect(200)["data"]["name"], "Ann Lee");
    assert_eq!(named("Ann Maria Smith").await, [json!("Ann Maria"), json!("Smith"), Value::Null]);
    assert_eq!(named("Acme").await, [json!("Ann Maria"), json!("Smith"), json!("Acme")]);
    assert_eq!(named("Acme Ltd").await, [json!("Ann Maria"), json!("Smith"), json!("Acme Ltd")]);
}

#[tokio::test]
async fn lead_stays_a_lead_until_it_becomes_active() {
    let stack = Stack::start().await;
    graphql(&stack, "mutation { createCustomer(input: {lastName: \"Lee\", status: LEAD}) { id } }").await;
    for (is_active, status) in [(false, "LEAD"), (true, "ACTIVE"), (false, "INACTIVE")] {
        let put =
            stack.acme.put("/api/customers/cust_1", &json!({ "is_active": is_active })).await.expect(200);
        assert_eq!(put["data"]["is_active"], is_active);
        let pool = graphql(&stack, "{ customer(selector: {id: \"cust_1\"}) { status } }").await;
        assert_eq!(pool["customer"]["status"], status);
    }
}

#[tokio::test]
async fn tenants_cannot_see_each_others_customers() {
    let stack = Stack::start().await;
    stack.acme.post("/api/customers", &new_customer_corp()).await.expect(201);
    let bolt = stack.caller("bolt", clientele_shared::model::Mode::Live, "read,write").await;
    bolt.get("/api/customers/cust_1").await.expect(404);
    bolt.put("/api/customers/cust_1", &json!({"name": "Mine"})).await.expect(404);
    bolt.post("/api/customers/cust_1/contacts", &json!({"name": "Me"})).await.expect(404);
    bolt.delete("/api/customers/cust_1/contacts/cont_1").await.expect(404);
    assert_eq!(bolt.get("/api/customers").await.expect(200)["meta"]["total"], 0);
    add_contact(&stack.acme, "/api/customers/cust_1", &json!({"name": "Ann"})).await;
}
