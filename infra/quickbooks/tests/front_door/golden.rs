//! Golden exchanges: requests and responses as public documentation shows them, compared field by field.
//!
//! Each file of tests/golden names its source. In an expected response, `"…"` stands for any value, and
//! every other field must be equal. The response can have further fields, except in objects that are marked
//! `"only": true`.

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::Client;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    /// The public page or file that shows the exchange.
    source: String,
    /// Requests that prepare the company.
    #[serde(default)]
    before: Vec<Request>,
    request: Request,
    response: Expected,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    body: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    status: u16,
    body: Value,
}

async fn send(client: &Client, request: &Request) -> crate::client::Response {
    let authorization = format!("Bearer {}", request.token.as_deref().unwrap_or(&client.token));
    let content_type = request.content_type.as_deref().unwrap_or("application/json");
    let headers = [
        ("authorization", authorization.as_str()),
        ("accept", "application/json"),
        ("content-type", content_type),
    ];
    let method: Method = request.method.parse().unwrap();
    let body = match &request.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    client.send(method, &request.path, &headers, body).await.unwrap()
}

/// Adds the differences between an expected and a found value.
fn compare(path: &str, expected: &Value, found: &Value, faults: &mut Vec<String>) {
    match (expected, found) {
        (Value::String(any), _) if any == "…" => {}
        (Value::Object(expected), Value::Object(found)) => compare_fields(path, expected, found, faults),
        (Value::Array(expected), Value::Array(found)) => {
            if expected.len() != found.len() {
                faults.push(format!("{path}: {} items, found {}", expected.len(), found.len()));
            }
            for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{path}/{at}"), expected, found, faults);
            }
        }
        // 1 and 1.0 are the same amount.
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (expected, found) if expected == found => {}
        (expected, found) => faults.push(format!("{path}: {expected}, found {found}")),
    }
}

fn compare_fields(
    path: &str,
    expected: &Map<String, Value>,
    found: &Map<String, Value>,
    faults: &mut Vec<String>,
) {
    let is_complete = expected.get("only") == Some(&Value::Bool(true));
    for (name, value) in expected.iter().filter(|(name, _)| *name != "only") {
        match found.get(name) {
            Some(found) => compare(&format!("{path}/{name}"), value, found, faults),
            None => faults.push(format!("{path}/{name}: missing")),
        }
    }
    if is_complete {
        faults.extend(
            found
                .keys()
                .filter(|name| !expected.contains_key(*name))
                .map(|name| format!("{path}/{name}: surplus")),
        );
    }
}

#[tokio::test]
async fn documented_exchanges_are_repeated() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 15, "{} exchanges", paths.len());
    let mut faults = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let exchange: Exchange = serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!exchange.source.is_empty(), "{name}");
        let client = Client::start().await;
        for request in &exchange.before {
            let response = send(&client, request).await;
            assert_eq!(response.status, 200, "{name}: {}", response.body);
        }
        let response = send(&client, &exchange.request).await;
        if response.status != exchange.response.status {
            faults.push(format!("{name}: status {}: {}", response.status, response.body));
            continue;
        }
        compare(&name, &exchange.response.body, &response.json(), &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn comparison_finds_what_differs() {
    let differences = |expected: &str, found: &str| {
        let mut faults = Vec::new();
        compare(
            "",
            &serde_json::from_str(expected).unwrap(),
            &serde_json::from_str(found).unwrap(),
            &mut faults,
        );
        faults.len()
    };
    assert_eq!(differences(r#"{"a":1,"b":"…"}"#, r#"{"a":1.0,"b":[],"c":2}"#), 0);
    assert_eq!(differences(r#"{"a":1,"b":"…"}"#, r#"{"a":2}"#), 2);
    assert_eq!(differences(r#"{"only":true}"#, r#"{"c":2}"#), 1);
    assert_eq!(differences(r#"[1]"#, r#"[1,2]"#), 1);
}
