//! The events of the pool functions, which use the data of the trades functions.

use serde_json::json;

use crate::goals::ONE_ITEM_READ;
use crate::scenario::{HttpRequest, Scenario, rest_event};

/// Number of customers that the events cycle through, the same as those of the trades functions.
const READ: u64 = 100;

/// Returns the scenario of every pool function, with `secret` as the API key.
pub(crate) fn scenarios(secret: &str) -> Vec<Scenario> {
    let key = secret.to_owned();
    let event = move |n: u64| {
        let query = "query Customer($selector: CustomerSelector!) { customer(selector: $selector) { id firstName \
                     lastName email phone street city state zipCode status notes createdAt updatedAt } }";
        let variables = json!({ "selector": { "id": format!("cust_{}", n % READ + 1) } });
        let body = json!({ "query": query, "variables": variables }).to_string();
        let (path, headers) = ("/graphql", [("X-API-Key", key.as_str())]);
        let body = Some(body.as_str());
        rest_event(&HttpRequest {
            method: "POST",
            resource: path,
            path,
            headers: &headers,
            body,
            ..HttpRequest::default()
        })
    };
    let limits = Some(ONE_ITEM_READ.in_graphql());
    vec![
        Scenario { function: "pool-graphql", expected_status: 200, event: Box::new(event), limits },
        export(secret, "pool-customer-export", |n| {
            // The smallest file: a search that finds one customer, so it reads that record and the tags.
            ("/customers/export/csv", "/customers/export/csv".to_owned(), Some(format!("cust_{n}")))
        }),
        export(secret, "pool-pricing-export", |n| {
            ("/customers/{id}/pricing/csv", format!("/customers/cust_{n}/pricing/csv"), None)
        }),
    ]
}

/// Returns the scenario of a CSV function. `of` returns the route, the path and the search term for a
/// customer number.
fn export(
    secret: &str,
    function: &'static str,
    of: fn(u64) -> (&'static str, String, Option<String>),
) -> Scenario {
    let key = secret.to_owned();
    let event = move |n: u64| {
        let (resource, path, search) = of(n % READ + 1);
        let query: Vec<(&str, &str)> = search.iter().map(|search| ("search", search.as_str())).collect();
        let headers = [("X-API-Key", key.as_str())];
        rest_event(&HttpRequest {
            method: "GET",
            resource,
            path: &path,
            query: &query,
            headers: &headers,
            ..HttpRequest::default()
        })
    };
    Scenario { function, expected_status: 200, event: Box::new(event), limits: None }
}
