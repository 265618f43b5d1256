//! Faults of the table are reported with 429 or 503 and `Retry-After` in this dialect's format, whichever call fails.

use serde_json::{Value, json};

use clientele_shared::model::Settings;

use super::{create, errors_of, execute, person, send};
use crate::pool::faults::start_without_retries;
use crate::support::{FaultAction, Faults};

#[tokio::test]
async fn fault_in_any_call_is_reported() {
    let faults = Faults::default();
    let stack = start_without_retries(&faults).await;
    stack.settings(Settings { usage_metering: false, ..Settings::default() }).await;
    let mut node = person("Ann", "Lee", "ann@example.com");
    node["tags"] = json!(["VIP"]);
    create(&stack.acme, node).await;
    let throttled =
        json!({"__type": "com.amazon.coral.availability#ThrottlingException", "message": "slow down"});
    let failed =
        json!({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "secret"});
    for document in [
        "{ customers(query: \"tags:vip order_by:email\") { edges { node { tags expenses } } } }",
        "{ customers(query: \"lee\") { edges { node { full_name } } } }",
        "{ node(id: 1) { ... on Customer { tags expenses orders { name } } } }",
        "mutation { updateCustomer(id: 1, node: {last_name: \"Miller\", tags: [\"New\"]}) { expenses } }",
    ] {
        for (status, body, key) in
            [(429, &throttled, "rate_limit_reached"), (503, &failed, "errors_unavailable")]
        {
            let engine_status = if status == 429 { 400 } else { 500 };
            let mut reported = 0;
            for call in 1.. {
                faults.inject(call, FaultAction::Respond(engine_status, body.to_string()));
                let response = send(&stack.acme, document, json!({})).await;
                if faults.clear().len() < call {
                    break;
                }
                // A write before the call that failed: then it is unknown what was written.
                let expected = if response.status == 503 { "errors_unavailable" } else { key };
                let found = errors_of(&response);
                assert_eq!(found[0]["key"], expected, "{document}, call {call}: {}", response.body);
                assert!(response.status == status || response.status == 503, "{document}, call {call}");
                assert_eq!(response.header("retry-after"), "1");
                assert!(response.body.starts_with("{\"data\":null,") && !response.body.contains("secret"));
                reported += 1;
            }
            assert!(reported > 0, "{document} made no calls; are they recorded?");
        }
    }
    let node: Value =
        execute(&stack.acme, "{ node(id: 1) { ... on Customer { last_name } } }", json!({})).await;
    assert_eq!(node["node"]["last_name"], "Miller");
}
