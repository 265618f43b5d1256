//! The events of the pool functions, on the data of the trades functions.

use serde_json::json;

use crate::goals::ONE_ITEM_READ;
use crate::scenario::{Call, Scenario, rest_event};

/// How many customers a read chooses from: those that the trades functions read.
const READ: u64 = 100;

/// The scenario of every pool function, for the tenant whose key this is.
pub(crate) fn scenarios(secret: &str) -> Vec<Scenario> {
    let key = secret.to_owned();
    let event = move |n: u64| {
        let query = "query Customer($selector: CustomerSelector!) { customer(selector: $selector) { id firstName \
                     lastName email phone street city state zipCode status notes createdAt updatedAt } }";
        let variables = json!({ "selector": { "id": format!("cust_{}", n % READ + 1) } });
        let body = json!({ "query": query, "variables": variables }).to_string();
        let (path, headers) = ("/graphql", [("X-API-Key", key.as_str())]);
        let body = Some(body.as_str());
        rest_event(&Call { method: "POST", resource: path, path, headers: &headers, body, ..Call::default() })
    };
    let limits = Some(ONE_ITEM_READ.in_graphql());
    vec![
        Scenario { function: "pool-graphql", expected_status: 200, event: Box::new(event), limits },
        export(secret, "pool-customer-export", |n| {
            // The smallest file: the search for one customer, its record, and the tags.
            ("/customers/export/csv", "/customers/export/csv".to_owned(), Some(format!("cust_{n}")))
        }),
        export(secret, "pool-pricing-export", |n| {
            ("/customers/{id}/pricing/csv", format!("/customers/cust_{n}/pricing/csv"), None)
        }),
    ]
}

/// A file: its route, its path and what is searched for, for the customer of each number.
fn export(
    secret: &str,
    function: &'static str,
    of: fn(u64) -> (&'static str, String, Option<String>),
) -> Scenario {
    let key = secret.to_owned();
    let event = move |n: u64| {
        let (resource, path, search) = of(n % READ + 1);
        let query = search.as_deref().map(|search| ("search", search));
        let headers = [("X-API-Key", key.as_str())];
        rest_event(&Call {
            method: "GET",
            resource,
            path: &path,
            query,
            headers: &headers,
            ..Call::default()
        })
    };
    Scenario { function, expected_status: 200, event: Box::new(event), limits: None }
}
