//! Random input: every response has the dialect's format, a rejected request names its errors and writes
//! nothing, an accepted update returns what is read afterwards, and no function ever fails.

use http::Method;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::{Response, Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";

/// Fields that a body can have, including unknown ones.
const FIELDS: [&str; 28] = [
    "uuid",
    "first_name",
    "last_name",
    "company_name",
    "email",
    "phone",
    "customer_type",
    "is_vip",
    "physical_address1",
    "physical_address2",
    "physical_city",
    "physical_state",
    "physical_zip",
    "billing_address1",
    "billing_address2",
    "billing_city",
    "billing_state",
    "billing_zip",
    "primary_service_location_uuid",
    "notes",
    "internal_flags",
    "on_my_way_notify_via",
    "created_at",
    "updated_at",
    "deleted_at",
    "pk",
    "version",
    "",
];

/// Bodies that are not JSON objects, or that are difficult to parse.
const RAW: [&str; 14] = [
    "",
    " ",
    "{",
    "}",
    "[]",
    "[{}]",
    "null",
    "1",
    "\"{}\"",
    "{\"first_name\":\"\\ud800\"}",
    "{\"notes\":1e999}",
    "{\"first_name\":\"A\",\"first_name\":\"B\",\"last_name\":\"C\"}",
    "{\"notes\":\"\u{0}\"}",
    "first_name=A&last_name=B",
];

#[derive(Debug, Clone)]
struct RandomRequest {
    method: Method,
    /// The path after that of the collection.
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

#[test]
fn random_requests_are_accepted_whole_or_rejected_by_field() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stack = runtime.block_on(Stack::start());
    let uuid = runtime.block_on(stack.acme.create(&john()));
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, seed)
        .run(&any_request(uuid.clone()), |request| runtime.block_on(check(&stack, &uuid, &request)));
    if let Err(TestError::Fail(reason, request)) = result {
        panic!("{reason}: {request:#?}");
    }
}

async fn check(stack: &Stack, uuid: &str, request: &RandomRequest) -> Result<(), TestCaseError> {
    let record = format!("{CUSTOMERS}/{uuid}?include_deleted=true");
    // Only the total shows a create, because the list grows with every case.
    let seen = async || {
        let list = stack.acme.get(&format!("{CUSTOMERS}?limit=1&include_deleted=true")).await.data();
        (list["pagination"]["total"].as_u64().unwrap(), stack.acme.get(&record).await)
    };
    let (total, before) = seen().await;
    let headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("{CUSTOMERS}{}", request.path);
    let response = stack.acme.send(request.method.clone(), &path, &headers, request.body.clone()).await;
    let (total_now, now) = seen().await;
    prop_assert!(response.status.as_u16() < 500, "{:?}", response);
    if response.status.is_success() || response.status == 304 {
        let is_create = request.method == Method::POST && request.path.is_empty();
        let is_replay = !response.header("idempotent-replayed").is_empty();
        prop_assert_eq!(total_now, total + u64::from(is_create && !is_replay));
        if request.method == Method::PUT && !is_replay {
            prop_assert_eq!(&response.body, &now.body);
        }
        return Ok(());
    }
    prop_assert_eq!((total_now, &now.body, now.header("etag")), (total, &before.body, before.header("etag")));
    check_rejection(&response)
}

/// Checks that a rejection has the dialect's format and names its errors.
fn check_rejection(response: &Response) -> Result<(), TestCaseError> {
    let body: Value = serde_json::from_str(&response.body).unwrap();
    prop_assert_eq!(&body["success"], false);
    let error = body["error"].as_str().unwrap_or_default();
    prop_assert!(!error.is_empty(), "{:?}", response);
    if response.status == 400 && error != "Invalid filter value" {
        for detail in body["details"].as_array().unwrap() {
            let (field, message) = (detail["field"].as_str().unwrap(), detail["message"].as_str().unwrap());
            prop_assert!(error.contains(field) && error.contains(message), "{:?}", response);
        }
        prop_assert!(!body["details"].as_array().unwrap().is_empty(), "{:?}", response);
    }
    Ok(())
}

fn any_request(uuid: String) -> impl Strategy<Value = RandomRequest> {
    let ids = prop_oneof![4 => Just(uuid), 1 => any_text().prop_map(|text| escaped(&text)), 1 => Just("cust_1".into())];
    let request = |method: Method, path: String, headers, body| RandomRequest { method, path, headers, body };
    let one =
        (ids, any_headers(), any_body(), 0..5_usize).prop_map(move |(id, headers, body, kind)| match kind {
            0 => request(Method::GET, format!("/{id}"), headers, body),
            1 => request(Method::DELETE, format!("/{id}"), headers, body),
            2 => request(Method::POST, format!("/{id}/restore"), headers, body),
            _ => request(Method::PUT, format!("/{id}"), headers, body),
        });
    let new = (any_headers(), any_body())
        .prop_map(move |(headers, body)| request(Method::POST, String::new(), headers, body));
    let list = any_query().prop_map(move |query| request(Method::GET, query, Vec::new(), String::new()));
    prop_oneof![3 => one, 3 => new, 2 => list]
}

pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let known = [
        "",
        " ",
        "true",
        "1",
        "0",
        "-1",
        "A",
        "Doe",
        "206-555-1234",
        "+1 (206) 555 1234",
        "a@b.c",
        "@",
        "WA",
        "98101",
        "Commercial",
        "both",
        "{}",
        "{\"a\":1}",
        "[]",
        "null",
        "2024-01-15T10:30:00Z",
        "123e4567-e89b-52d3-a456-426614174000",
        "18446744073709551616",
        "cust_1",
        "cust_99999999999",
        "\u{0}",
        "\u{202e}abc",
        "👩‍👩‍👧",
        "'; --",
        "%00",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        2 => "\\PC{0,20}",
        1 => any::<String>(),
        1 => (250..260_usize).prop_map(|length| "x".repeat(length)),
        1 => (19_999..20_002_usize).prop_map(|length| "ß".repeat(length)),
    ]
}

pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => any_text().prop_map(Value::from),
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,3}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Generates mostly bodies that are nearly valid, with both names and few other fields.
fn any_body() -> impl Strategy<Value = String> {
    let fields = prop::collection::vec((prop::sample::select(FIELDS.to_vec()), any_value()), 0..5);
    let object = (any::<bool>(), fields).prop_map(|(has_names, fields)| {
        let names = if has_names { json!({"first_name": "Ann", "last_name": "Doe"}) } else { json!({}) };
        let mut object: Map<String, Value> = names.as_object().cloned().unwrap();
        object.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Value::Object(object).to_string()
    });
    let deep = (100..200_usize).prop_map(|depth| format!("{{\"internal_flags\":{}", "{\"a\":".repeat(depth)));
    prop_oneof![8 => object, 1 => prop::sample::select(RAW.to_vec()).prop_map(str::to_owned), 1 => deep]
}

fn any_headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let name = prop::sample::select(vec![
        "if-match",
        "if-none-match",
        "idempotency-key",
        "content-type",
        "x-request-id",
    ]);
    let value = prop_oneof![
        2 => prop::sample::select(vec!["", "*", "\"1\"", "W/\"2\"", "\"1\", \"2\"", "1", "\"", "a"]).prop_map(str::to_owned),
        1 => "[!-~]{0,12}",
        1 => (254..258_usize).prop_map(|length| "k".repeat(length)),
    ];
    prop::collection::vec((name, value), 0..2)
}

fn any_query() -> impl Strategy<Value = String> {
    let name =
        prop::sample::select(vec!["filter", "page", "limit", "search", "cursor", "include_deleted", "x"]);
    let parameters = prop::collection::vec((name, any_text()), 0..4);
    parameters.prop_map(|parameters| {
        let pairs: Vec<String> =
            parameters.into_iter().map(|(name, value)| format!("{name}={}", escaped(&value))).collect();
        format!("?{}", pairs.join("&"))
    })
}

/// Returns the first 150 characters of a text, with every byte percent-encoded.
fn escaped(text: &str) -> String {
    let start: String = text.chars().take(150).collect();
    start.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
