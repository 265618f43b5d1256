//! Throttling, faults and conflicts of the table are retried. If they persist, the client gets 429 or 503
//! with `Retry-After` in the dialect's format, and nothing is half-written.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::TryStreamExt as _;
use http::{Method, Request};
use serde_json::{Value, json};

use clientele_functions_common::App;
use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_functions_common::invoke::{invoke, invoke_streamed};
use clientele_infra::functions;
use clientele_infra::local::event::{Api, RequestId, event};
use clientele_infra::local::function::{TIME_LIMIT, context};
use clientele_infra::local::routes::{Routes, TEMPLATE};
use clientele_shared::model::Mode;
use clientele_shared::store::{RetryPolicy, Store};
use clientele_shared::table::connect::Connection;

use crate::support::{
    Caller, Clock, FaultAction, Faults, Response, Stack, all_customers, john, uuid_of, with_retry_policy,
};

const CUSTOMERS: &str = "/api/v1/customers";

/// Errors of DynamoDB, their status, and the status that the client gets if they persist.
const ENGINE_ERRORS: [(&str, u16, u16); 5] = [
    ("com.amazon.coral.availability#ThrottlingException", 400, 429),
    ("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", 400, 429),
    ("com.amazonaws.dynamodb.v20120810#RequestLimitExceeded", 400, 429),
    ("com.amazonaws.dynamodb.v20120810#InternalServerError", 500, 503),
    ("com.amazon.coral.availability#ServiceUnavailableException", 503, 503),
];

/// A request that should succeed.
#[derive(Debug, Clone)]
struct TestRequest {
    method: Method,
    path: String,
    body: Value,
}

#[tokio::test]
async fn transient_faults_are_hidden_by_retries() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.with_retries(config)).await;
    let (throttled, failed) = (engine_error(ENGINE_ERRORS[0]), engine_error(ENGINE_ERRORS[3]));
    for kind in 0..KINDS {
        let caller = caller(&stack, kind).await;
        for action in [FaultAction::DropRequest, FaultAction::DropResponse, throttled.clone(), failed.clone()]
        {
            for call in 1.. {
                let (request, before) = (new_request(&caller, kind).await, all_customers(&caller).await);
                stack.clock.advance_seconds(FRESH_SECONDS); // The key is looked up again.
                faults.inject(call, action.clone());
                let response = request.send(&caller).await;
                let call_count = faults.clear().len();
                assert!(response.status.is_success(), "{request:?}, call {call} {action:?}: {response:#?}");
                check_effect(&caller, &request, &response, &before).await;
                if call_count < call {
                    assert!(
                        call_count > 1,
                        "{request:?} made only {call_count} calls; are all of them recorded?"
                    );
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn persistent_faults_are_reported_and_nothing_is_half_written() {
    let faults = Faults::default();
    let stack = start_without_backoff(&faults).await;
    let actions = [
        (FaultAction::DropRequest, 503),
        (engine_error(ENGINE_ERRORS[0]), 429),
        (engine_error(ENGINE_ERRORS[3]), 503),
    ];
    for kind in 0..KINDS {
        let caller = caller(&stack, kind).await;
        for (action, expected) in &actions {
            let (request, before) = (new_request(&caller, kind).await, all_customers(&caller).await);
            for first in 1.. {
                stack.clock.advance_seconds(FRESH_SECONDS);
                let persistent = action.clone();
                faults.plan(
                    move |sent| if sent.number < first { FaultAction::Pass } else { persistent.clone() },
                );
                let response = request.send(&caller).await;
                let calls = faults.clear();
                faults.settle().await;
                if response.status.is_success() {
                    // Only metering, the one update, can fail without failing the request.
                    let failed = calls.get(first - 1..).unwrap_or_default();
                    assert!(failed.iter().all(|operation| operation == "UpdateItem"), "{calls:?}");
                    break;
                }
                let context = format!("{request:?} with {action:?} from call {first}");
                assert_eq!(
                    (response.status.as_u16(), response.header("retry-after")),
                    (*expected, "1"),
                    "{context}"
                );
                assert!(response.error(*expected).ends_with("try again later"), "{context}: {response:#?}");
                assert_eq!(all_customers(&caller).await, before, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn each_call_gets_four_attempts_with_jittered_waits() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.with_retries(config)).await;
    let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    let mut waits = BTreeSet::new();
    for (kind, status, expected) in ENGINE_ERRORS {
        let error = engine_error((kind, status, expected));
        // Only reads fail; metering runs concurrently and uses `UpdateItem`.
        faults.plan(move |sent| if sent.operation == "GetItem" { error.clone() } else { FaultAction::Pass });
        let response = stack.acme.get(&path).await;
        assert_eq!((response.status.as_u16(), response.header("retry-after")), (expected, "1"), "{kind}");
        let attempts = faults.clear().into_iter().filter(|operation| operation == "GetItem").count();
        assert_eq!((attempts, faults.waits().len()), (4, 3), "{kind}");
        waits.extend(faults.waits());
    }
    assert!(waits.len() > 10, "waits without jitter: {waits:?}");
    assert!(waits.iter().all(|wait| *wait < Duration::from_millis(400)), "{waits:?}");
}

#[tokio::test]
async fn transaction_conflicts_are_retried() {
    let faults = Faults::default();
    let stack = start_without_backoff(&faults).await;
    let conflicts = [
        cancelled("TransactionConflict"),
        cancelled("ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded"),
        engine_error(("com.amazonaws.dynamodb.v20120810#TransactionConflictException", 400, 429)),
        engine_error(("com.amazonaws.dynamodb.v20120810#TransactionInProgressException", 400, 429)),
    ];
    for conflict in conflicts {
        for kind in WRITES {
            let caller = caller(&stack, kind).await;
            let (request, before) = (new_request(&caller, kind).await, all_customers(&caller).await);
            let (mut conflicts, conflict) = (0, conflict.clone());
            faults.plan(move |sent| match sent.operation.as_str() {
                "TransactWriteItems" if conflicts < 3 => {
                    conflicts += 1;
                    conflict.clone()
                }
                _ => FaultAction::Pass,
            });
            let response = request.send(&caller).await;
            let commits = faults.clear().into_iter().filter(|operation| operation == "TransactWriteItems");
            assert_eq!(commits.count(), 4);
            assert!(response.status.is_success(), "{request:?}: {response:#?}");
            check_effect(&caller, &request, &response, &before).await;
        }
    }
}

/// The SDK would hide the lost response behind the throttling that follows it.
#[tokio::test]
async fn write_whose_response_is_lost_takes_effect_once_and_is_never_reported_as_throttled() {
    let faults = Faults::default();
    let stack = start_without_backoff(&faults).await;
    let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    for (round, is_lasting) in [(1, false), (2, true)] {
        let (mut sent_before, throttled) = (0, engine_error(ENGINE_ERRORS[0]));
        faults.plan(move |sent| match sent.operation.as_str() {
            "TransactWriteItems" => {
                sent_before += 1;
                match sent_before {
                    1 => FaultAction::DropResponse,
                    2 => throttled.clone(),
                    _ if is_lasting => throttled.clone(),
                    _ => FaultAction::Pass,
                }
            }
            _ => FaultAction::Pass,
        });
        let response = stack.acme.put(&path, &json!({"notes": format!("round {round}")})).await;
        faults.clear();
        faults.settle().await;
        assert_eq!(response.status.as_u16(), if is_lasting { 503 } else { 200 }, "{response:#?}");
        let record = stack.acme.get(&path).await;
        assert_eq!(record.header("etag"), format!("\"{}\"", round + 1));
        assert_eq!(record.data()["notes"], format!("round {round}"));
    }
}

#[tokio::test]
async fn persistent_conflicts_return_429_and_nothing_is_written() {
    let faults = Faults::default();
    let stack = start_without_backoff(&faults).await;
    for kind in WRITES {
        let caller = caller(&stack, kind).await;
        let (request, before) = (new_request(&caller, kind).await, all_customers(&caller).await);
        faults.plan(|sent| match sent.operation.as_str() {
            "TransactWriteItems" => cancelled("TransactionConflict"),
            _ => FaultAction::Pass,
        });
        let response = request.send(&caller).await;
        faults.clear();
        assert_eq!(response.error(429), "Too many requests; try again later");
        assert_eq!(response.header("retry-after"), "1");
        assert_eq!(all_customers(&caller).await, before);
    }
}

#[tokio::test]
async fn unprocessed_batch_items_are_retried() {
    let faults = Faults::default();
    let stack = start_without_backoff(&faults).await;
    for times in [2, usize::MAX] {
        let mut unprocessed = 0;
        faults.plan(move |sent| match sent.operation.as_str() {
            "BatchWriteItem" | "BatchGetItem" if unprocessed < times => {
                unprocessed += 1;
                unprocessed_batch(&sent.operation, &sent.body)
            }
            _ => FaultAction::Pass,
        });
        let created = stack.acme.post(CUSTOMERS, &john()).await;
        let found = stack.acme.get(&format!("{CUSTOMERS}?search=ohn")).await;
        faults.clear();
        if times == 2 {
            created.expect(201);
            assert_eq!(found.data()["customers"], json!([created.data()]));
        } else {
            created.error(429);
            found.error(429);
            assert_eq!(all_customers(&stack.acme).await.len(), 1);
        }
    }
}

#[tokio::test]
async fn unresponsive_table_is_reported_at_the_deadline() {
    let faults = Faults::default();
    faults.plan(|_| FaultAction::Hang);
    let config = faults.without_retries(Connection::local("http://127.0.0.1:1").config().unwrap()).build();
    let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), "none", Clock::new().ambient());
    let app = Arc::new(App::new(store));
    let routes = Routes::read(TEMPLATE).unwrap();
    // A delivery of a webhook has another deadline, and reaches the table only with a signature: tests/mirror/webhook.rs.
    for route in routes.all().filter(|route| route.function != "quickbooks-webhook") {
        let path = route.path.replace("{uuid}", "123e4567-e89b-52d3-a456-426614174000");
        let request =
            Request::builder().method(route.method.as_str()).uri(&path).header("x-api-key", "ctc_live_x");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let (here, matched) =
            (SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), routes.find(&route.method, &path).unwrap());
        let event =
            event(&parts, b"", &matched, &Api::default(), &RequestId::generate(), here, here).unwrap();
        // The deadline has passed, so that no wait is long.
        let (status, retry_after, body) = response_at_deadline(&route.function, &app, &event).await;
        assert_eq!((status, retry_after), (json!(503), json!("1")), "{route:?}");
        let message = "The service is temporarily unavailable; try again later";
        let graphql = json!({"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR"}});
        let expected = match route.function.split_once('-').unwrap().0 {
            "erp" => json!({"error": {
                "code": "unavailable", "message": message, "request_id": body["error"]["request_id"],
            }}),
            "funnels" => {
                let error = crate::funnels::reported("errors_unavailable", message, json!([]));
                json!({"data": null, "errors": [error]})
            }
            "pool" => json!({"data": null, "errors": [graphql]}),
            _ => json!({"success": false, "error": message}),
        };
        assert_eq!(body, expected);
    }
}

/// Returns the status, `Retry-After` and body of a function's response at its deadline.
async fn response_at_deadline(function: &str, app: &Arc<App>, event: &str) -> (Value, Value, Value) {
    let mut context = context(TIME_LIMIT);
    context.deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    let parsed = |text: &[u8]| -> Value { serde_json::from_slice(text).unwrap() };
    if let Some(endpoint) = functions::endpoints().find(|endpoint| endpoint.name == function) {
        let response = parsed(invoke(endpoint, Arc::clone(app), event, context).await.unwrap().as_bytes());
        let body = parsed(response["body"].as_str().unwrap().as_bytes());
        return (
            response["statusCode"].clone(),
            response["multiValueHeaders"]["retry-after"][0].clone(),
            body,
        );
    }
    let endpoint = functions::streamed_endpoints().find(|endpoint| endpoint.name == function).unwrap();
    let response = invoke_streamed(endpoint, Arc::clone(app), event, context).await.unwrap();
    let body: Vec<_> = response.body.try_collect().await.unwrap();
    let prelude = parsed(response.prelude.as_bytes());
    (prelude["statusCode"].clone(), prelude["headers"]["retry-after"].clone(), parsed(&body.concat()))
}

/// Number of request kinds.
const KINDS: usize = 7;

/// The request kinds that write.
const WRITES: [usize; 4] = [3, 4, 5, 6];

/// Creates a caller in a separate tenant.
async fn caller(stack: &Stack, kind: usize) -> Caller {
    stack.caller(&format!("tenant-{kind}"), Mode::Live, "read,write").await
}

/// Returns a request of this kind, after creating the customer that it targets, if any.
async fn new_request(caller: &Caller, kind: usize) -> TestRequest {
    let request = |method: Method, path: String, body: Value| TestRequest { method, path, body };
    let new = async || format!("{CUSTOMERS}/{}", caller.create(&john()).await);
    match kind {
        0 => request(Method::GET, format!("{CUSTOMERS}?limit=1&page=2"), Value::Null),
        1 => request(Method::GET, format!("{CUSTOMERS}?limit=1&search=ohn"), Value::Null),
        2 => request(Method::GET, new().await, Value::Null),
        3 => request(Method::POST, CUSTOMERS.to_owned(), john()),
        4 => request(Method::PUT, new().await, json!({"last_name": "Smith", "is_vip": true})),
        5 => request(Method::DELETE, new().await, Value::Null),
        _ => {
            let path = new().await;
            caller.delete(&path).await.expect(200);
            request(Method::POST, format!("{path}/restore"), Value::Null)
        }
    }
}

impl TestRequest {
    async fn send(&self, caller: &Caller) -> Response {
        caller.send(self.method.clone(), &self.path, &[], self.body.to_string()).await
    }
}

/// Checks that a successful request has taken effect exactly once.
async fn check_effect(caller: &Caller, request: &TestRequest, response: &Response, before: &[Value]) {
    let now = all_customers(caller).await;
    if request.method == Method::GET {
        assert_eq!(now, before);
        return;
    }
    let is_create = request.path == CUSTOMERS;
    assert_eq!(now.len(), before.len() + usize::from(is_create));
    let written = caller.get(&format!("{CUSTOMERS}/{}?include_deleted=true", uuid_of(&now[0]))).await;
    let version = match request.method {
        _ if is_create => 1,
        Method::POST => 3,
        _ => 2,
    };
    assert_eq!(written.header("etag"), format!("\"{version}\""), "{request:?}");
    if request.method == Method::DELETE {
        assert!(!now[0]["deleted_at"].is_null());
    } else {
        assert_eq!((&written.body, &response.data()), (&response.body, &now[0]));
    }
}

/// Starts a stack that retries conflicts without backoff.
async fn start_without_backoff(faults: &Faults) -> Stack {
    let retry_policy = RetryPolicy {
        initial_backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        ..RetryPolicy::default()
    };
    let configure = |config| faults.with_retries(config);
    Stack::start_customized(configure, |app| with_retry_policy(app, retry_policy), |_, function| function)
        .await
}

/// Returns an error response of DynamoDB.
fn engine_error((kind, status, _): (&str, u16, u16)) -> FaultAction {
    FaultAction::Respond(status, json!({"__type": kind, "message": "injected by the test"}).to_string())
}

/// Returns the response to a transaction that was cancelled because of its last item, for this reason.
fn cancelled(reason: &str) -> FaultAction {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [None, {reason}]"),
        "CancellationReasons": [{"Code": "None"}, {"Code": reason, "Message": "injected by the test"}],
    });
    FaultAction::Respond(400, body.to_string())
}

/// Returns the response to a batch of which nothing was processed.
fn unprocessed_batch(operation: &str, sent: &str) -> FaultAction {
    let sent: Value = serde_json::from_str(sent).unwrap();
    let body = match operation {
        "BatchGetItem" => json!({"Responses": {}, "UnprocessedKeys": sent["RequestItems"]}),
        _ => json!({"UnprocessedItems": sent["RequestItems"]}),
    };
    FaultAction::Respond(200, body.to_string())
}
