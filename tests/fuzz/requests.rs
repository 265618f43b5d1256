//! Mutated requests to every dialect: responses have the dialect's format and are never the fault of a function.

use http::{HeaderValue, Method, Uri};
use serde_json::{Value, json};

use super::{Mutator, cases, seeds};
use crate::funnels;
use crate::pool::{create, create_tag};
use crate::support::{Response, Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn mutated_rest_requests_are_answered_in_the_dialects_format() {
    let stack = Stack::start().await;
    let uuid = stack.acme.create(&john()).await;
    let paths = seeds(&include_str!("seeds/rest_paths.txt").replace("UUID", &uuid));
    let (bodies, headers) =
        (seeds(include_str!("seeds/rest_bodies.txt")), seeds(include_str!("seeds/headers.txt")));
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    for case in cases() {
        let mut path = Mutator::new(&paths, case);
        let method = path.rng.pick(&methods).clone();
        let target = format!("{CUSTOMERS}{}", path.text());
        let body = Mutator::new(&bodies, case ^ 1 << 40).text();
        let header = Mutator::new(&headers, case ^ 1 << 41).text();
        let (name, value) = header.split_once(": ").unwrap_or(("if-match", &header));
        // A client cannot send other targets and headers over HTTP.
        if target.parse::<Uri>().is_err() || HeaderValue::from_str(value).is_err() || !is_header(name) {
            continue;
        }
        let response = stack.acme.send(method.clone(), &target, &[(name, value)], body.clone()).await;
        let context = || format!("case {case}: {method} {target} {name}: {value} {body}: {response:?}");
        assert!(response.status.as_u16() < 500, "{}", context());
        if response.status.is_success() {
            assert_eq!(json_of(&response)["success"], true, "{}", context());
        } else if !matches!(response.status.as_u16(), 304 | 404) {
            let body = json_of(&response);
            assert!(body["success"] == false && body["error"].is_string(), "{}", context());
        }
    }
    stack.acme.get(CUSTOMERS).await.expect(200);
}

#[tokio::test]
async fn mutated_graphql_requests_are_answered_with_data_or_a_code() {
    let stack = Stack::start().await;
    create_tag(&stack.acme, "Weekly").await;
    create(&stack.acme, json!({"firstName": "Ann", "tagIds": ["tag_001"]})).await;
    let documents = seeds(include_str!("seeds/graphql_documents.txt"));
    let variables = seeds(include_str!("seeds/graphql_variables.txt"));
    for case in cases() {
        let body = graphql_body(case, &documents, &variables);
        let response = stack.acme.send(Method::POST, "/graphql", &[], body.clone()).await;
        let context = || format!("case {case}: {body}: {response:?}");
        assert!(response.status.as_u16() < 500, "{}", context());
        let answer = json_of(&response);
        assert!(answer.get("data").is_some(), "{}", context());
        for error in answer["errors"].as_array().into_iter().flatten() {
            let code = error["extensions"]["code"].as_str().unwrap_or_default();
            assert!(!code.is_empty() && code != "INTERNAL_SERVER_ERROR", "{}", context());
        }
    }
    stack.acme.get(CUSTOMERS).await.expect(200);
}

#[tokio::test]
async fn mutated_funnels_requests_are_answered_with_data_or_a_message() {
    let stack = Stack::start().await;
    let ann = funnels::person("Ann", "Lee", "ann@example.com");
    funnels::create(&stack.acme, ann).await;
    let documents = seeds(include_str!("seeds/funnels_documents.txt"));
    let variables = seeds(include_str!("seeds/funnels_variables.txt"));
    for case in cases() {
        let body = graphql_body(case, &documents, &variables);
        let response = stack.acme.send(Method::POST, funnels::PATH, &[], body.clone()).await;
        let context = || format!("case {case}: {body}: {response:?}");
        assert!(response.status.as_u16() < 500, "{}", context());
        let answer = json_of(&response);
        assert!(answer.get("data").is_some(), "{}", context());
        for error in answer["errors"].as_array().into_iter().flatten() {
            assert!(
                error["message"].as_str().is_some_and(|message| message != "Internal error"),
                "{}",
                context()
            );
        }
    }
    funnels::execute(&stack.acme, "{ customers(query: \"\") { edges { node { tags custom } } } }", json!({}))
        .await;
}

/// Returns the body of a request with a mutated document and mutated variables.
fn graphql_body(case: u64, documents: &[String], variables: &[String]) -> String {
    let mut document = Mutator::new(documents, case);
    let query = document.text();
    let sent = Mutator::new(variables, case ^ 1 << 40).text();
    let values: Value = serde_json::from_str(&sent).unwrap_or_else(|_| json!({"a": sent}));
    if document.rng.percent(80) { json!({"query": query, "variables": values}).to_string() } else { sent }
}

fn is_header(name: &str) -> bool {
    let own = ["authorization", "content-type", "host", "content-length", "transfer-encoding", "x-api-key"];
    name.parse::<http::HeaderName>().is_ok_and(|name| !own.contains(&name.as_str()))
}

#[track_caller]
fn json_of(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}
