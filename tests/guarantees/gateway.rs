//! What API Gateway answers without a function, or in one's stead: in the shape of both dialects at once, since its
//! answers know no path.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use crate::support::{Answer, Stack};

/// The answer in each dialect's shape, and nothing besides.
#[track_caller]
fn check(answer: &Answer, status: u16, message: &str, code: &str) {
    assert_eq!(
        answer.expect(status),
        json!({
            "success": false, "error": message,
            "data": null, "errors": [{"message": message, "extensions": {"code": code}}],
        })
    );
}

#[tokio::test]
async fn a_route_that_is_not_there_is_not_found() {
    let stack = Stack::start().await;
    for path in ["/", "/api/v1/customer", "/api/v1/customers/a/b/c", "/graphql/x", "/customers", "/GraphQL"] {
        check(&stack.acme.get(path).await, 404, "Not found", "NOT_FOUND");
    }
    for path in ["/api/v1/customers", "/graphql", "/customers/export/csv", "/customers/cust_1/pricing/csv"] {
        check(&stack.acme.delete(path).await, 404, "Not found", "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_request_that_lambda_does_not_take_is_refused() {
    let stack = Stack::start().await;
    for path in ["/api/v1/customers", "/graphql"] {
        let answer = stack.acme.send(Method::POST, path, &[], "x".repeat(7 * 1024 * 1024)).await;
        check(&answer, 413, "Request Too Long", "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn a_function_that_fails_is_told() {
    let failing = |_| -> clientele_infra::local::function::Invoke {
        Arc::new(|_| Box::pin(async { Err("out of memory".to_owned()) }))
    };
    let stack = Stack::start_around(|config| config, |store| store, failing).await;
    for path in ["/api/v1/customers", "/graphql?query=%7Bme%7Bid%7D%7D", "/customers/export/csv"] {
        check(&stack.acme.get(path).await, 502, "Internal server error", "INTERNAL_SERVER_ERROR");
    }
}
