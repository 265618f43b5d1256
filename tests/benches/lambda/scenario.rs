//! What each function is asked while it is measured, and the data it needs for that.
//!
//! To add a function: put its data into the engine in [`functions`] and return a [`Scenario`] with the
//! function's name (that of its bin). A bin without a scenario makes the bench fail, so none is forgotten.

use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::error::BenchError;
use crate::goals::CallLimits;
use crate::measure::Plan;
use crate::trades;

/// The table that every function is told to use (`TABLE_NAME`).
pub(crate) const TABLE_NAME: &str = "clientele";

/// The name of the function that all others are compared with.
pub(crate) const HELLO: &str = "hello";

/// The events of one function.
pub(crate) struct Scenario {
    /// The name of the function's bin.
    pub(crate) function: &'static str,
    /// The status of every answer. An answer with another one ends the bench.
    pub(crate) expected_status: u16,
    /// Event number `n`, from 0 on. No number is asked for twice in one run of the bench, so that a write can
    /// make each event a fresh one; a read may go round a few (`n % 8`). All events should be of one size and
    /// cost, because a warm call is what remains of two runs with different events.
    pub(crate) event: Box<dyn Fn(u64) -> String>,
    /// What P3 and P4 allow it, or `None` for a function whose call is more than one item read or written:
    /// its instructions are shown and only P1 and P2 judge them.
    pub(crate) limits: Option<CallLimits>,
}

/// The function that does nothing.
pub(crate) fn hello() -> Scenario {
    let event = rest_event(&Call { method: "GET", resource: "/hello", path: "/hello", ..Call::default() });
    Scenario { function: HELLO, expected_status: 200, event: Box::new(move |_| event.clone()), limits: None }
}

/// Prepares the data in `engine` and returns the scenario of every other function. One scenario is asked for
/// at most `plan.events_per_function()` events.
pub(crate) async fn functions(engine: &Engine, plan: &Plan) -> Result<Vec<Scenario>, BenchError> {
    trades::scenarios(engine, plan).await
}

/// An HTTP request, as a client would send it to the API.
#[derive(Default)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// The route as the template spells it, such as `/api/v1/customers/{id}`.
    pub(crate) resource: &'a str,
    /// The path of this request, without a query.
    pub(crate) path: &'a str,
    /// The one parameter of the query.
    pub(crate) query: Option<(&'a str, &'a str)>,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<&'a str>,
}

/// The event that API Gateway's REST API (payload version 1.0) makes of `call`.
pub(crate) fn rest_event(call: &Call<'_>) -> String {
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
    headers.extend_from_slice(call.headers);
    let single: Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let multi: Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    json!({
        "resource": call.resource,
        "path": call.path,
        "httpMethod": call.method,
        "headers": single,
        "multiValueHeaders": multi,
        "queryStringParameters": call.query.map(|(name, value)| json!({ name: value })),
        "multiValueQueryStringParameters": call.query.map(|(name, value)| json!({ name: [value] })),
        "pathParameters": path_parameters(call.resource, call.path),
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": HOST,
            "domainPrefix": "a1b2c3d4e5",
            "extendedRequestId": "YmVuY2gxMjM0NTY3ODk=",
            "httpMethod": call.method,
            "identity": { "sourceIp": "192.0.2.1", "userAgent": "clientele-bench/1" },
            "path": format!("/v1{}", call.path),
            "protocol": "HTTP/1.1",
            "requestId": "41b45ea3-70b5-11e6-b7bd-69b5aaebc7d9",
            "requestTime": "15/Nov/2026:12:00:00 +0000",
            "requestTimeEpoch": 1_794_744_000_000_u64,
            "resourceId": "us4z18",
            "resourcePath": call.resource,
            "stage": "v1",
        },
        "body": call.body,
        "isBase64Encoded": false,
    })
    .to_string()
}

/// The values of the `{name}` segments of `resource`, or null where there are none, as API Gateway sends it.
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
