//! Responses that API Gateway sends without a function, or in place of a failed one. They combine the formats
//! of both dialects, because a gateway response does not depend on the path.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use crate::support::{Response, Stack};

/// Checks that the response has the fields of both dialects and no others.
#[track_caller]
fn check(response: &Response, status: u16, message: &str, code: &str) {
    assert_eq!(
        response.expect(status),
        json!({
            "success": false, "error": message,
            "data": null, "errors": [{"message": message, "extensions": {"code": code}}],
        })
    );
}

#[tokio::test]
async fn unknown_routes_are_not_found() {
    let stack = Stack::start().await;
    for path in ["/", "/api/v1/customer", "/api/v1/customers/a/b/c", "/graphql/x", "/customers", "/GraphQL"] {
        check(&stack.acme.get(path).await, 404, "Not found", "NOT_FOUND");
        check(&stack.anonymous(Method::GET, path, &[]).await, 404, "Not found", "NOT_FOUND");
    }
    for path in ["/api/v1/customers", "/graphql", "/customers/export/csv", "/customers/cust_1/pricing/csv"] {
        check(&stack.acme.delete(path).await, 404, "Not found", "NOT_FOUND");
    }
}

#[tokio::test]
async fn requests_too_large_for_lambda_are_rejected() {
    let stack = Stack::start().await;
    for path in ["/api/v1/customers", "/graphql"] {
        let response = stack.acme.send(Method::POST, path, &[], "x".repeat(7 * 1024 * 1024)).await;
        check(&response, 413, "Request Too Long", "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn bodies_that_are_not_utf_8_are_refused() {
    let stack = Stack::start().await;
    let body = b"{\"first_name\":\"Ren\xe9\",\"last_name\":\"Doe\"}".to_vec();
    let response = stack.acme.send(Method::POST, "/api/v1/customers", &[], body).await;
    assert_eq!(response.error(400), "body: must be a JSON object; byte 18 is not valid UTF-8");
    let document =
        b"{\"query\":\"mutation { createCustomer(input: {lastName: \\\"Ren\xe9\\\"}) { id } }\"}".to_vec();
    let response = stack.acme.send(Method::POST, "/graphql", &[], document).await;
    assert_eq!(response.expect(400)["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(stack.acme.get("/api/v1/customers").await.data()["pagination"]["total"], 0);
}

#[tokio::test]
async fn failed_functions_are_reported() {
    let failing = |_: &str, _| -> clientele_infra::local::function::Invoke {
        Arc::new(|_| Box::pin(async { Err("out of memory".to_owned()) }))
    };
    let stack = Stack::start_customized(|config| config, |app| app, failing).await;
    for path in ["/api/v1/customers", "/graphql?query=%7Bme%7Bid%7D%7D", "/customers/export/csv"] {
        check(&stack.acme.get(path).await, 502, "Internal server error", "INTERNAL_SERVER_ERROR");
    }
}
