//! Lists of records that are as large as they can be: pages are cut before a response exceeds Lambda's limit, and a client
//! that continues reads each customer once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::pool::execute;
use crate::support::{By, Stack, walk};

/// Most bytes of a page: 4 MB of records, their empty fields and the page's own.
const MAX_PAGE: usize = 4_300_000;

const CUSTOMERS: usize = 100;

/// Starts a stack with 100 customers of 44 KB, nearly as large as they can be: in one page they would be 4.5 MB.
async fn stack() -> Stack {
    let stack = Stack::start().await;
    for number in 0..CUSTOMERS {
        let customer = json!({
            "first_name": format!("Ann{number}"), "last_name": "Large", "customer_type": "Residential",
            "is_vip": true, "notes": "é".repeat(20_000), "internal_flags": {"text": "x".repeat(4_000)},
        });
        stack.acme.create(&customer).await;
    }
    stack
}

#[tokio::test]
async fn large_customers_are_listed_in_shorter_pages() {
    let stack = stack().await;
    for list in ["", "filter=residential&", "filter=vip&", "search=large&"] {
        for by in [By::Page, By::Cursor] {
            let mut most = 0;
            let query = format!("{list}limit=100");
            let walked = walk(&stack.acme, &query, by, |page| {
                let bytes = serde_json::to_vec(page).unwrap().len();
                assert!(bytes <= MAX_PAGE, "{query}: {bytes} bytes");
                most = most.max(page.len());
            });
            let walked = walked.await;
            assert_eq!(walked.unique_uuids().len(), CUSTOMERS, "{query} {by:?}");
            assert!((1..CUSTOMERS).contains(&most), "{query} {by:?}: {most}");
        }
    }
    // Smaller pages are not affected.
    let page = stack.acme.get("/api/v1/customers?limit=50").await.data();
    assert_eq!(page["customers"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn escapes_count_as_a_lambda_returns_them() {
    let stack = Stack::start().await;
    for _ in 0..CUSTOMERS {
        // 40 KB of JSON, and 80 KB where that JSON is itself a JSON string.
        let notes = "\"".repeat(20_000);
        stack.acme.create(&json!({"first_name": "Ann", "last_name": "Large", "notes": notes})).await;
    }
    let walked = walk(&stack.acme, "limit=100", By::Cursor, |_| ()).await;
    assert_eq!(walked.unique_uuids().len(), CUSTOMERS);
}

#[tokio::test]
async fn large_customers_are_listed_in_shorter_connections() {
    let stack = stack().await;
    let query = "query($after: String) { infiniteCustomers(first: 100, after: $after) {
        edges { node { id notes } } pageInfo { hasNextPage endCursor } totalCount } }";
    let (mut ids, mut after, mut pages) = (BTreeSet::new(), Value::Null, 0);
    loop {
        let page = execute(&stack.acme, query, json!({ "after": after })).await["infiniteCustomers"].take();
        assert!(page.to_string().len() <= MAX_PAGE);
        assert_eq!(page["totalCount"], CUSTOMERS);
        for edge in page["edges"].as_array().unwrap() {
            assert!(ids.insert(edge["node"]["id"].as_str().unwrap().to_owned()));
        }
        pages += 1;
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(ids.len(), CUSTOMERS);
    assert!(pages > 1);
}
