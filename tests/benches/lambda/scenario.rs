//! The events that each function receives while it is measured, and the data they need.
//!
//! To add a function, create its data in [`functions`] and return a [`Scenario`] with the name of its binary.
//! A binary without a scenario makes the bench fail, so no function is forgotten.

use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::error::BenchError;
use crate::goals::CallLimits;
use crate::measure::Plan;
use crate::{erp, funnels, quickbooks, trades};

/// The table of every function (`TABLE_NAME`).
pub(crate) const TABLE_NAME: &str = "clientele";

/// The function that all others are compared with.
pub(crate) const HELLO: &str = "hello";

/// The events of one function.
pub(crate) struct Scenario {
    /// The name of the function's binary.
    pub(crate) function: &'static str,
    /// The status of every response. A response with another status ends the bench.
    pub(crate) expected_status: u16,
    /// Returns event number `n`, starting at 0. No number is used twice in one run of the bench, so each
    /// event of a write can be unique; a read can cycle through a few events (`n % 8`). All events should
    /// have the same size and cost, because a warm invocation is measured as the difference of two runs with
    /// different events.
    pub(crate) event: Box<dyn Fn(u64) -> String>,
    /// The limits of P2 to P4, or `None` for a function that reads or writes more than one item. P1 and P6
    /// apply to every function.
    pub(crate) limits: Option<CallLimits>,
}

/// Returns the scenario of the function that does nothing.
pub(crate) fn hello() -> Scenario {
    let event = rest_event(&HttpRequest {
        method: "GET",
        resource: "/hello",
        path: "/hello",
        ..HttpRequest::default()
    });
    Scenario { function: HELLO, expected_status: 200, event: Box::new(move |_| event.clone()), limits: None }
}

/// Creates the data in `engine` and returns the scenario of every other function. Each scenario supplies at
/// most `plan.events_per_function()` events.
pub(crate) async fn functions(engine: &Engine, plan: &Plan) -> Result<Vec<Scenario>, BenchError> {
    let (bench, mut all) = trades::scenarios(engine, plan).await?;
    all.extend(erp::scenarios(&bench));
    all.push(funnels::scenario(&bench));
    all.push(quickbooks::scenario());
    Ok(all)
}

/// An HTTP request of an API client.
#[derive(Default)]
pub(crate) struct HttpRequest<'a> {
    pub(crate) method: &'a str,
    /// The route as written in the template, such as `/api/v1/customers/{id}`.
    pub(crate) resource: &'a str,
    /// The path of this request, without its query string.
    pub(crate) path: &'a str,
    /// The query parameters, each given once.
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<&'a str>,
}

/// Returns the event that an API Gateway REST API (payload version 1.0) creates from `request`.
pub(crate) fn rest_event(request: &HttpRequest<'_>) -> String {
    const HOST: &str = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";
    let mut headers = vec![
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("Host", HOST),
        ("User-Agent", "clientele-bench/1"),
        ("X-Amzn-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ];
    headers.extend_from_slice(request.headers);
    let single: Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let multi: Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    json!({
        "resource": request.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": single,
        "multiValueHeaders": multi,
        "queryStringParameters": parameters(request.query, |value| json!(value)),
        "multiValueQueryStringParameters": parameters(request.query, |value| json!([value])),
        "pathParameters": path_parameters(request.resource, request.path),
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": HOST,
            "domainPrefix": "a1b2c3d4e5",
            "extendedRequestId": "YmVuY2gxMjM0NTY3ODk=",
            "httpMethod": request.method,
            "identity": { "sourceIp": "192.0.2.1", "userAgent": "clientele-bench/1" },
            "path": format!("/v1{}", request.path),
            "protocol": "HTTP/1.1",
            "requestId": "41b45ea3-70b5-11e6-b7bd-69b5aaebc7d9",
            "requestTime": "15/Nov/2026:12:00:00 +0000",
            "requestTimeEpoch": 1_794_744_000_000_u64,
            "resourceId": "us4z18",
            "resourcePath": request.resource,
            "stage": "v1",
        },
        "body": request.body,
        "isBase64Encoded": false,
    })
    .to_string()
}

/// Returns the query parameters, or null if there are none, as API Gateway does.
fn parameters(query: &[(&str, &str)], value_json: fn(&str) -> Value) -> Value {
    if query.is_empty() {
        return Value::Null;
    }
    query.iter().map(|(name, value)| ((*name).to_owned(), value_json(value))).collect()
}

/// Returns the values of the `{name}` segments of `resource`, or null if it has none, as API Gateway does.
fn path_parameters(resource: &str, path: &str) -> Value {
    let found: Map<String, Value> = resource
        .split('/')
        .zip(path.split('/'))
        .filter_map(|(pattern, value)| {
            let name = pattern.strip_prefix('{')?.strip_suffix('}')?;
            Some((name.to_owned(), json!(value)))
        })
        .collect();
    if found.is_empty() { Value::Null } else { Value::Object(found) }
}
