//! Customers in the pool dialect: looked up, updated, retried, paged by number, deleted.

use http::Method;
use serde_json::{Value, json};

use clientele_functions_pool::PoolSettings;

use super::graphql::{CREATE, ONE, UPDATE};
use super::{create, create_tag, error_of, execute, execute_err, list, send};
use crate::support::{Stack, john};

#[tokio::test]
async fn customer_is_found_by_id_email_and_quickbooks_id() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    create(acme, json!({"lastName": "Old", "email": "Both@Example.com"})).await;
    create(acme, json!({"lastName": "New", "email": "both@example.com", "quickbooksId": "QB-12345"})).await;
    let query = "query($s: CustomerSelector!) { customer(selector: $s) { lastName } }";
    for (selector, expected) in [
        (json!({"id": "cust_1"}), "Old"),
        (json!({"email": "BOTH@example.com"}), "New"),
        (json!({"email": null, "quickbooksId": "QB-12345"}), "New"),
    ] {
        assert_eq!(execute(acme, query, json!({"s": selector})).await["customer"]["lastName"], expected);
    }
    for absent in [
        json!({"id": "cust_3"}),
        json!({"id": "cust_01"}),
        json!({"id": ""}),
        json!({"id": "7b1c"}),
        json!({"email": "none@example.com"}),
        json!({"quickbooksId": "qb12345"}),
    ] {
        let response = send(acme, query, json!({"s": absent})).await;
        assert_eq!(response.expect(200)["data"], json!({"customer": null}), "{absent}");
        assert_eq!(error_of(&response), ("NOT_FOUND".into(), "Customer not found".into()), "{absent}");
    }
    for wrong in [json!({}), json!({"id": "cust_1", "email": "both@example.com"}), json!({"email": " "})] {
        assert_eq!(execute_err(acme, query, json!({"s": wrong})).await.0, "BAD_USER_INPUT", "{wrong}");
    }
}

#[tokio::test]
async fn absent_fields_are_kept_and_null_clears_a_field() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let id =
        create(acme, json!({"firstName": "A", "lastName": "B", "notes": "n", "phone": " 555-0123 "})).await;
    let query = "mutation($id: ID!, $i: UpdateCustomerInput!) { updateCustomer(id: $id, input: $i) \
                 { firstName lastName notes phone status } }";
    let update = async |input: Value| {
        execute(acme, query, json!({"id": id, "i": input})).await["updateCustomer"].clone()
    };
    let expected =
        json!({"firstName": "A", "lastName": "B", "notes": null, "phone": " 555-0123 ", "status": "ACTIVE"});
    assert_eq!(update(json!({"notes": null})).await, expected);
    assert_eq!(update(json!({})).await, expected);
    let changed = update(json!({"firstName": "", "status": "LEAD"})).await;
    assert_eq!((&changed["firstName"], &changed["status"]), (&Value::Null, &json!("LEAD")));
    let (code, message) = execute_err(acme, query, json!({"id": id, "i": {"status": null}})).await;
    assert_eq!((code.as_str(), message.as_str()), ("BAD_USER_INPUT", "status: must not be null"));
    let (code, message) = execute_err(acme, query, json!({"id": id, "i": {"lastName": null}})).await;
    assert_eq!(code, "BAD_USER_INPUT");
    assert_eq!(
        message,
        "input: must leave the customer with at least one of firstName, lastName, companyName and email"
    );
    let response = send(acme, query, json!({"id": "cust_99", "i": {}})).await;
    assert_eq!(response.expect(200)["data"], Value::Null);
    assert_eq!(error_of(&response).0, "NOT_FOUND");
}

#[tokio::test]
async fn both_dialects_show_each_others_customers() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    acme.create(&john()).await;
    let shown = execute(acme, ONE, json!({"selector": {"id": "cust_1"}})).await;
    assert_eq!(shown["customer"]["lastName"], "Doe");
    assert_eq!(shown["customer"]["street"], Value::Null);
    create(acme, json!({"companyName": "Blue Pools", "city": "Austin"})).await;
    let list = acme.get("/api/v1/customers?search=austin").await.data();
    assert_eq!(list["customers"][0]["physical_city"], "Austin");
    let uuid = list["customers"][0]["uuid"].as_str().unwrap();
    acme.delete(&format!("/api/v1/customers/{uuid}")).await.expect(200);
    assert_eq!(execute_err(acme, ONE, json!({"selector": {"id": "cust_2"}})).await.0, "NOT_FOUND");
    let update = json!({"id": "cust_2", "input": {"notes": "x"}});
    assert_eq!(execute_err(acme, UPDATE, update).await.0, "NOT_FOUND");
    assert_eq!(super::list(acme, "first: 10").await, (vec!["cust_1".to_owned()], 1));
}

#[tokio::test]
async fn retried_mutation_takes_effect_once() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "order-17")];
    let body = json!({"query": CREATE, "variables": {"input": {"lastName": "Doe"}}}).to_string();
    let first = stack.acme.send(Method::POST, "/graphql", &key, body.clone()).await;
    stack.clock.advance_seconds(60);
    let second = stack.acme.send(Method::POST, "/graphql", &key, body).await;
    assert_eq!(first.body, second.body);
    let other = json!({"query": CREATE, "variables": {"input": {"lastName": "Other"}}}).to_string();
    let response = stack.acme.send(Method::POST, "/graphql", &key, other).await;
    assert_eq!(error_of(&response).0, "CONFLICT");
    let two = "mutation { a: createCustomer(input: {lastName: \"A\"}) { id } b: createCustomer(input: {lastName: \"B\"}) { id } }";
    let body = json!({ "query": two }).to_string();
    let key = [("idempotency-key", "order-18")];
    let first = stack.acme.send(Method::POST, "/graphql", &key, body.clone()).await;
    assert_ne!(first.expect(200)["data"]["a"], first.expect(200)["data"]["b"]);
    assert_eq!(stack.acme.send(Method::POST, "/graphql", &key, body).await.body, first.body);
    assert_eq!(list(&stack.acme, "first: 10").await.1, 3);
}

#[tokio::test]
async fn numbered_pages_return_data_and_edges() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    for number in 1..=5 {
        create(acme, json!({"lastName": format!("No{number}"), "city": "Austin"})).await;
    }
    let query = "query($page: Int, $limit: Int, $filter: CustomerFilter) { \
                 paginatedCustomers(page: $page, limit: $limit, filter: $filter) { \
                 data { id } edges { node { id } cursor } pagination { total page limit totalPages } } }";
    for filter in [json!(null), json!({"city": "austin"})] {
        let variables = json!({"page": 2, "limit": 2, "filter": filter});
        let page = execute(acme, query, variables).await["paginatedCustomers"].clone();
        assert_eq!(page["data"], json!([{"id": "cust_3"}, {"id": "cust_2"}]), "{filter}");
        assert_eq!(page["edges"][1], json!({"node": {"id": "cust_2"}, "cursor": "eyJpZCI6ImN1c3RfMiJ9"}));
        assert_eq!(page["pagination"], json!({"total": 5, "page": 2, "limit": 2, "totalPages": 3}));
    }
    let all = execute(
        acme,
        "{ paginatedCustomers { data { id } pagination { total page limit totalPages } } }",
        json!({}),
    )
    .await;
    assert_eq!(all["paginatedCustomers"]["data"].as_array().unwrap().len(), 5);
    assert_eq!(
        all["paginatedCustomers"]["pagination"],
        json!({"total": 5, "page": 1, "limit": 20, "totalPages": 1})
    );
    let beyond = execute(acme, query, json!({"page": 9, "limit": 2})).await;
    assert_eq!(beyond["paginatedCustomers"]["data"], json!([]));
    for wrong in [json!({"page": 0}), json!({"limit": 0}), json!({"limit": 101}), json!({"page": -1})] {
        assert_eq!(execute_err(acme, query, wrong.clone()).await.0, "BAD_USER_INPUT", "{wrong}");
    }
}

#[tokio::test]
async fn delete_requires_the_pool_extensions_setting() {
    let stack = Stack::start().await;
    create(&stack.acme, json!({"firstName": "A"})).await;
    let delete = "mutation { deleteCustomer(id: \"cust_1\") }";
    assert_eq!(execute_err(&stack.acme, delete, json!({})).await.0, "FORBIDDEN");
    stack.dialect_settings(&PoolSettings { extensions: true, ..PoolSettings::default() }).await;
    execute(&stack.acme, "{ me { id } }", json!({})).await;
    assert_eq!(execute(&stack.acme, delete, json!({})).await, json!({"deleteCustomer": true}));
    assert_eq!(execute_err(&stack.acme, delete, json!({})).await.0, "NOT_FOUND");
    assert_eq!(list(&stack.acme, "first: 10").await.1, 0);
}

#[tokio::test]
async fn new_customers_are_leads_if_the_setting_is_on() {
    let stack = Stack::start().await;
    let status = "mutation { createCustomer(input: {firstName: \"A\"}) { status } }";
    assert_eq!(execute(&stack.acme, status, json!({})).await["createCustomer"]["status"], "ACTIVE");
    stack.dialect_settings(&PoolSettings { creates_leads: true, ..PoolSettings::default() }).await;
    execute(&stack.acme, "{ me { id } }", json!({})).await;
    assert_eq!(execute(&stack.acme, status, json!({})).await["createCustomer"]["status"], "LEAD");
    let tag = create_tag(&stack.acme, "x").await;
    let id = create(&stack.acme, json!({"firstName": "B", "status": "INACTIVE", "tagIds": [tag]})).await;
    assert_eq!(list(&stack.acme, "first: 10, filter: {status: INACTIVE}").await.0, [id]);
}
