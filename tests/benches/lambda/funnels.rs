//! The event of the funnels function, which uses the data of the trades functions.

use serde_json::json;

use crate::goals::ONE_ITEM_READ;
use crate::scenario::{HttpRequest, Scenario, rest_event};
use crate::trades::{Bench, READ};

/// Returns the scenario of the funnels function.
pub(crate) fn scenario(bench: &Bench) -> Scenario {
    let key = bench.secret.clone();
    let event = move |n: u64| {
        let query = "query CustomerQuery($id: ID!) { node(id: $id) { ... on Customer { id _id avatar full_name email \
                     phone notes accepts_marketing created_at updated_at shipping_address { line1 city zip } } } }";
        let body = json!({ "query": query, "variables": { "id": n % READ + 1 } }).to_string();
        let (path, headers) = ("/api/v2", [("X-API-Key", key.as_str())]);
        rest_event(&HttpRequest {
            method: "POST",
            resource: path,
            path,
            headers: &headers,
            body: Some(&body),
            ..HttpRequest::default()
        })
    };
    let limits = Some(ONE_ITEM_READ.in_graphql());
    Scenario { function: "funnels-graphql", expected_status: 200, event: Box::new(event), limits }
}
