//! `erp-customer-list`: GET /api/customers.

use serde_json::{Value, json};

use super::{create, new_customer_corp, wrong_fields};
use crate::support::{Caller, Stack};

const CUSTOMERS: &str = "/api/customers";

/// Returns the names on a page, and the page's `meta`.
async fn list(caller: &Caller, query: &str) -> (Vec<String>, Value) {
    let page = caller.get(&format!("{CUSTOMERS}?{query}")).await.expect(200);
    let names = page["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
    (names.collect(), page["meta"].clone())
}

#[tokio::test]
async fn listed_customer_has_the_fields_of_the_specification() {
    let stack = Stack::start().await;
    stack.acme.post(CUSTOMERS, &new_customer_corp()).await.expect(201);
    let page = stack.acme.get(CUSTOMERS).await;
    let expected = concat!(
        r#"{"data":[{"id":"cust_1","name":"New Customer Corp","email":"orders@newcustomer.com","phone":"+1-555-0999","#,
        r#""website":"https://newcustomer.com","billing_address":{"line1":"123 New Customer St","city":"Business City","#,
        r#""state":"CA","postal_code":"90210","country":"US"},"shipping_address":{"line1":"456 Warehouse Ave","#,
        r#""city":"Distribution City","state":"CA","postal_code":"90211","country":"US"},"payment_terms":"net_30","#,
        r#""credit_limit":5000.00,"current_balance":0.00,"customer_since":"2030-01-15T10:30:00Z","is_active":true,"#,
        r#""created_at":"2030-01-15T10:30:00Z","updated_at":"2030-01-15T10:30:00Z"}],"#,
        r#""meta":{"total":1,"page":1,"limit":20,"hasMore":false}}"#,
    );
    assert_eq!(page.expect_text(200), expected);
}

#[tokio::test]
async fn pages_follow_each_other_newest_first() {
    let stack = Stack::start().await;
    for number in 1..=5 {
        create(&stack.acme, &format!("C{number}")).await;
    }
    let meta = |page: u64, has_more: bool| json!({"total": 5, "page": page, "limit": 2, "hasMore": has_more});
    for (page, names, has_more) in
        [(1, vec!["C5", "C4"], true), (2, vec!["C3", "C2"], true), (3, vec!["C1"], false), (9, vec![], false)]
    {
        let (found, shown) = list(&stack.acme, &format!("limit=2&page={page}")).await;
        assert_eq!(
            (found.iter().map(String::as_str).collect::<Vec<_>>(), shown),
            (names, meta(page, has_more))
        );
    }
    // A page of exactly the limit that ends the list.
    assert_eq!(list(&stack.acme, "limit=5").await.1["hasMore"], false);
    assert_eq!(list(&stack.acme, "limit=1000").await.1["limit"], 100);
}

#[tokio::test]
async fn list_is_filtered_by_activity_and_search() {
    let stack = Stack::start().await;
    for (name, is_active) in [("Alpha Ltd", true), ("Beta Ltd", false), ("Gamma", true)] {
        stack.acme.post(CUSTOMERS, &json!({"name": name, "is_active": is_active})).await.expect(201);
    }
    let lead = "mutation { createCustomer(input: {companyName: \"Delta Ltd\", status: LEAD}) { id } }";
    stack.acme.post("/graphql", &json!({ "query": lead })).await.expect(200);
    for (query, expected) in [
        ("", vec!["Delta Ltd", "Gamma", "Beta Ltd", "Alpha Ltd"]),
        ("is_active=true", vec!["Gamma", "Alpha Ltd"]),
        ("is_active=1&search=ltd", vec!["Alpha Ltd"]),
        // A lead is not active.
        ("is_active=false", vec!["Delta Ltd", "Beta Ltd"]),
        ("is_active=0&search=ltd", vec!["Delta Ltd", "Beta Ltd"]),
        ("search=LTD", vec!["Delta Ltd", "Beta Ltd", "Alpha Ltd"]),
        ("search=cust_2", vec!["Beta Ltd"]),
        ("search=none", vec![]),
    ] {
        let (names, meta) = list(&stack.acme, query).await;
        assert_eq!(names, expected, "{query}");
        assert_eq!(meta["total"], expected.len(), "{query}");
    }
}

#[tokio::test]
async fn invalid_parameters_are_named() {
    let stack = Stack::start().await;
    for (query, expected) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=9223372036854775808", "page"),
        ("limit=0", "limit"),
        ("limit=1.5", "limit"),
        ("is_active=maybe", "is_active"),
    ] {
        let response = stack.acme.get(&format!("{CUSTOMERS}?{query}")).await;
        assert_eq!(wrong_fields(&response), [expected], "{query}");
    }
    let long = stack.acme.get(&format!("{CUSTOMERS}?search={}", "x".repeat(256))).await;
    assert_eq!(wrong_fields(&long), ["search"]);
}
