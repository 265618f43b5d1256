//! One list of requests goes through API Gateway's emulation to the linked functions, and to the binaries. Each
//! pair of responses must be equal.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

use http::Method;
use serde_json::{Value, json};

use clientele_infra::functions;

use super::process::{self, Table, build};
use crate::mirror::signed;
use crate::support::{Response, Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";
const ERP: &str = "/api/customers";
const WEBHOOK: &str = "/quickbooks/webhook";

/// A request: method, path, headers and body.
struct Step(Method, String, Vec<(&'static str, &'static str)>, Vec<u8>);

fn step(method: Method, path: impl Into<String>, body: &Value) -> Step {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    Step(method, path.into(), Vec::new(), body)
}

impl Step {
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.2.push((name, value));
        self
    }
}

fn get(path: impl Into<String>) -> Step {
    step(Method::GET, path, &Value::Null)
}

fn graphql(document: &str) -> Step {
    step(Method::POST, "/graphql", &json!({ "query": document }))
}

fn funnels(document: &str) -> Step {
    step(Method::POST, "/api/v2", &json!({ "query": document }))
}

/// A signed delivery of QuickBooks.
fn delivery(body: &str) -> Step {
    let signature = Box::leak(signed(body.as_bytes()).into_boxed_str());
    Step(Method::POST, WEBHOOK.into(), vec![("intuit-signature", signature)], body.into())
}

/// Requests to the functions of every dialect. `one` is the path of the customer that the first request creates.
fn steps(one: &str) -> Vec<Step> {
    let create = || step(Method::POST, CUSTOMERS, &john());
    vec![
        create(),
        create().with("idempotency-key", "1"),
        create().with("idempotency-key", "1"),
        Step(Method::POST, CUSTOMERS.into(), Vec::new(), b"{\"first_name\":\"\xff\"}".to_vec()),
        step(Method::POST, CUSTOMERS, &json!({"first_name": "José", "last_name": "Ñandú", "email": "x"})),
        get(one),
        get(one).with("if-none-match", "\"1\""),
        get(format!("{CUSTOMERS}/none")),
        get(format!("{CUSTOMERS}?limit=1")),
        get(format!("{CUSTOMERS}?search=j%C3%B6hn%20doe&limit=2")),
        get(format!("{CUSTOMERS}?limit=0")),
        step(Method::PUT, one, &json!({"notes": "a\u{0301} \u{1f600}"})).with("if-match", "\"1\""),
        step(Method::PUT, one, &json!({"notes": "b"})).with("if-match", "\"1\""),
        step(Method::DELETE, one, &Value::Null),
        step(Method::POST, format!("{one}/restore"), &Value::Null),
        graphql("mutation { createTag(input: {name: \"a\"}) { id name } }"),
        graphql("mutation { createCustomer(input: {lastName: \"Smith\", tagIds: [\"tag_001\"]}) { id } }"),
        graphql(
            "{ infiniteCustomers(first: 2) { edges { node { id lastName tags { name } } } totalCount } }",
        ),
        graphql("{ unknown }"),
        funnels(
            "{ customers(query: \"order_by:email\") { edges { node { full_name custom tags expenses } cursor } } }",
        ),
        funnels("{ unknown }"),
        get("/graphql?query=%7B%20tags%20%7B%20name%20%7D%20%7D")
            .with("accept", "application/graphql-response+json"),
        step(
            Method::POST,
            ERP,
            &json!({"name": "Acme Ltd", "credit_limit": 10.5, "contacts": [{"name": "Ann"}]}),
        ),
        // The id of a request is part of an error's body.
        step(Method::POST, ERP, &json!({"name": "Acme", "credit_limit": 10.005})).with("x-request-id", "t"),
        get(format!("{ERP}?is_active=true&limit=2")),
        get(format!("{ERP}/cust_1")),
        step(Method::PUT, format!("{ERP}/cust_1"), &json!({"name": "Ann Lee"})),
        step(Method::POST, format!("{ERP}/cust_1/contacts"), &json!({"name": "Bob"})),
        step(Method::PUT, format!("{ERP}/cust_1/contacts/cont_1"), &json!({"title": "CEO"})),
        step(Method::DELETE, format!("{ERP}/cust_1/contacts/cont_1"), &Value::Null),
        step(Method::DELETE, format!("{ERP}/cust_1/contacts/cont_1"), &Value::Null).with("x-request-id", "t"),
        step(Method::POST, format!("{ERP}/cust_1/credit-check"), &Value::Null),
        get(format!("{ERP}/cust_1/orders?status=shipped")),
        get(format!("{ERP}/cust_1/analytics?period=30d")),
    ]
}

/// Requests for files, and deliveries of QuickBooks.
fn files_and_deliveries() -> Vec<Step> {
    vec![
        get("/customers/export/csv?status=ACTIVE"),
        get("/customers/export/csv?status=NONE"),
        get("/customers/cust_1/pricing/csv"),
        get("/customers/cust_99/pricing/csv"),
        delivery(r#"[{"type":"qbo.customer.updated.v1","intuitentityid":"1","intuitaccountid":"2"}]"#),
        delivery("{}"),
        step(Method::POST, WEBHOOK, &json!([])),
    ]
}

/// Returns the parts of a response that do not depend on the time, the API key or the request's id.
fn comparable(response: &Response) -> (u16, Vec<(String, String)>, String) {
    let own = |name: &str| name.starts_with("x-amz") || matches!(name, "x-request-id" | "x-usage-resets");
    let headers = response.headers.iter().filter(|(name, _)| !own(name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (response.status.as_u16(), headers.collect(), without_times(&response.body))
}

/// Replaces every time in RFC 3339.
fn without_times(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body;
    while let Some(at) = rest.find("Z") {
        let start = at.saturating_sub("2030-01-15T10:30:00".len());
        match rest
            .get(start..=at)
            .filter(|time| clientele_shared::model::Timestamp::from_rfc3339(time).is_some())
        {
            Some(_) => text.push_str(&format!("{}<time>", &rest[..start])),
            None => text.push_str(&rest[..=at]),
        }
        rest = &rest[at + 1..];
    }
    text + rest
}

#[tokio::test(flavor = "multi_thread")]
async fn binaries_answer_as_the_linked_functions_do() {
    build().await;
    let linked = Stack::start().await;
    let (table, used) = (Arc::new(OnceLock::new()), Arc::new(Mutex::new(BTreeSet::new())));
    let binaries = Stack::start_customized(
        |config| config,
        |app| app,
        |name, _| {
            let is_streamed = functions::streamed_endpoints().any(|endpoint| endpoint.name == name);
            let function = process::function(name, Arc::clone(&table), is_streamed);
            let (used, name) = (Arc::clone(&used), name.to_owned());
            Arc::new(move |event| {
                used.lock().unwrap().insert(name.clone());
                function(event)
            })
        },
    )
    .await;
    table.set(Table::of(&binaries)).unwrap();
    let first = linked.tenant().customer_uuid(1.try_into().unwrap());
    for Step(method, path, headers, body) in
        steps(&format!("{CUSTOMERS}/{first}")).into_iter().chain(files_and_deliveries())
    {
        let expected = linked.acme.send(method.clone(), &path, &headers, body.clone()).await;
        let got = binaries.acme.send(method.clone(), &path, &headers, body).await;
        assert_eq!(comparable(&got), comparable(&expected), "{method} {path}");
    }
    assert_eq!(unauthorized(&binaries).await, unauthorized(&linked).await);
    let all: BTreeSet<String> = functions::names().map(str::to_owned).collect();
    assert_eq!(*used.lock().unwrap(), all, "left: the binaries that were used, right: all functions");
}

/// Returns the response to a request without an API key.
async fn unauthorized(stack: &Stack) -> (u16, Vec<(String, String)>, String) {
    comparable(&stack.anonymous(Method::GET, CUSTOMERS, &[]).await)
}

#[test]
fn only_times_are_replaced() {
    assert_eq!(without_times("ZZ 2030-01-15T10:30:00Z, Zoë"), "ZZ <time>, Zoë");
}
