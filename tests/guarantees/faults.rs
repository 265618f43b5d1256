//! Throttling, faults and conflicts of the table are tried again; when they last, the caller learns it with 429 or
//! 503 and `Retry-After`, in the dialect's shape, and nothing is half-written.

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
use clientele_infra::local::event::{RequestId, event};
use clientele_infra::local::function::{TIME_LIMIT, context};
use clientele_infra::local::routes::{Routes, TEMPLATE};
use clientele_shared::model::Mode;
use clientele_shared::store::{RetryPolicy, Store};
use clientele_shared::table::connect::Connection;

use crate::support::{Answer, Caller, Clock, FaultAction, Faults, Stack, everybody, john, uuid_of};

const CUSTOMERS: &str = "/api/v1/customers";

/// What DynamoDB says when it cannot do what it is asked for, and the status that the caller gets when it lasts.
const REFUSALS: [(&str, u16, u16); 5] = [
    ("com.amazon.coral.availability#ThrottlingException", 400, 429),
    ("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", 400, 429),
    ("com.amazonaws.dynamodb.v20120810#RequestLimitExceeded", 400, 429),
    ("com.amazonaws.dynamodb.v20120810#InternalServerError", 500, 503),
    ("com.amazon.coral.availability#ServiceUnavailableException", 503, 503),
];

/// A request that should succeed.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    path: String,
    body: Value,
}

#[tokio::test]
async fn a_fault_that_passes_is_not_noticed() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.with_retries(config)).await;
    let (throttled, failed) = (refusal(REFUSALS[0]), refusal(REFUSALS[3]));
    for kind in 0..KINDS {
        let caller = caller(&stack, kind).await;
        for action in [FaultAction::Cut, FaultAction::LoseAnswer, throttled.clone(), failed.clone()] {
            for call in 1.. {
                let (asked, before) = (request(&caller, kind).await, everybody(&caller).await);
                stack.clock.pass_seconds(FRESH_SECONDS); // The key is looked up again.
                faults.inject(call, action.clone());
                let answer = asked.send(&caller).await;
                let made = faults.clear().len();
                assert!(answer.status.is_success(), "{asked:?}, call {call} {action:?}: {answer:#?}");
                check_effect(&caller, &asked, &answer, &before).await;
                if made < call {
                    assert!(made > 1, "{asked:?} makes {made} calls: are they all seen?");
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_fault_that_lasts_is_told_and_nothing_is_half_written() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.with_retries(config)).await;
    let actions = [(FaultAction::Cut, 503), (refusal(REFUSALS[0]), 429), (refusal(REFUSALS[3]), 503)];
    for kind in 0..KINDS {
        let caller = caller(&stack, kind).await;
        for (action, told) in &actions {
            let (asked, before) = (request(&caller, kind).await, everybody(&caller).await);
            for first in 1.. {
                stack.clock.pass_seconds(FRESH_SECONDS);
                let lasting = action.clone();
                faults
                    .plan(move |sent| if sent.number < first { FaultAction::Pass } else { lasting.clone() });
                let answer = asked.send(&caller).await;
                let made = faults.clear().len();
                faults.settle().await;
                if answer.status.is_success() {
                    // Only the counting of the request may fail unnoticed.
                    assert!(made < first || answer.header("x-usage-count").is_empty(), "{answer:#?}");
                    break;
                }
                let context = format!("{asked:?} with {action:?} from call {first}");
                assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (*told, "1"), "{context}");
                assert!(answer.error(*told).ends_with("try again later"), "{context}: {answer:#?}");
                assert_eq!(everybody(&caller).await, before, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn each_call_is_tried_four_times_with_waits_that_differ() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.with_retries(config)).await;
    let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    let mut waits = BTreeSet::new();
    for (kind, status, told) in REFUSALS {
        let refused = refusal((kind, status, told));
        // The counting of requests is tried in vain beside it, and is no reason to answer so.
        faults
            .plan(move |sent| if sent.operation == "GetItem" { refused.clone() } else { FaultAction::Pass });
        let answer = stack.acme.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (told, "1"), "{kind}");
        let tried = faults.clear().into_iter().filter(|operation| operation == "GetItem").count();
        assert_eq!((tried, faults.waits().len()), (4, 3), "{kind}");
        waits.extend(faults.waits());
    }
    assert!(waits.len() > 10, "waits without jitter: {waits:?}");
    assert!(waits.iter().all(|wait| *wait < Duration::from_millis(400)), "{waits:?}");
}

#[tokio::test]
async fn a_conflict_with_another_transaction_is_tried_again() {
    let faults = Faults::default();
    let stack = hurried(&faults).await;
    let conflicts = [
        cancelled("TransactionConflict"),
        cancelled("ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded"),
        refusal(("com.amazonaws.dynamodb.v20120810#TransactionConflictException", 400, 429)),
        refusal(("com.amazonaws.dynamodb.v20120810#TransactionInProgressException", 400, 429)),
    ];
    for conflict in conflicts {
        for kind in WRITES {
            let caller = caller(&stack, kind).await;
            let (asked, before) = (request(&caller, kind).await, everybody(&caller).await);
            let (mut met, conflict) = (0, conflict.clone());
            faults.plan(move |sent| match sent.operation.as_str() {
                "TransactWriteItems" if met < 3 => {
                    met += 1;
                    conflict.clone()
                }
                _ => FaultAction::Pass,
            });
            let answer = asked.send(&caller).await;
            let commits = faults.clear().into_iter().filter(|operation| operation == "TransactWriteItems");
            assert_eq!(commits.count(), 4);
            assert!(answer.status.is_success(), "{asked:?}: {answer:#?}");
            check_effect(&caller, &asked, &answer, &before).await;
        }
    }
}

#[tokio::test]
async fn a_conflict_that_lasts_is_told_and_nothing_is_written() {
    let faults = Faults::default();
    let stack = hurried(&faults).await;
    for kind in WRITES {
        let caller = caller(&stack, kind).await;
        let (asked, before) = (request(&caller, kind).await, everybody(&caller).await);
        faults.plan(|sent| match sent.operation.as_str() {
            "TransactWriteItems" => cancelled("TransactionConflict"),
            _ => FaultAction::Pass,
        });
        let answer = asked.send(&caller).await;
        faults.clear();
        assert_eq!(answer.error(429), "Too many requests, try again later");
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(everybody(&caller).await, before);
    }
}

#[tokio::test]
async fn what_a_batch_left_undone_is_asked_for_again() {
    let faults = Faults::default();
    let stack = hurried(&faults).await;
    for times in [2, usize::MAX] {
        let mut refused = 0;
        faults.plan(move |sent| match sent.operation.as_str() {
            "BatchWriteItem" | "BatchGetItem" if refused < times => {
                refused += 1;
                undone(&sent.operation, &sent.body)
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
            assert_eq!(everybody(&stack.acme).await.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_table_that_never_answers_is_told_before_time_is_up() {
    let faults = Faults::default();
    faults.plan(|_| FaultAction::Hang);
    let config = faults.without_retries(Connection::local("http://127.0.0.1:1").config().unwrap()).build();
    let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), "none", Clock::new().ambient());
    let app = Arc::new(App::new(store));
    let routes = Routes::read(TEMPLATE).unwrap();
    for route in routes.all() {
        let path = route.path.replace("{uuid}", "123e4567-e89b-52d3-a456-426614174000");
        let request =
            Request::builder().method(route.method.as_str()).uri(&path).header("x-api-key", "ctc_live_x");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let (here, matched) =
            (SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), routes.find(&route.method, &path).unwrap());
        let event = event(&parts, b"", &matched, &RequestId::generate(), here, here).unwrap();
        // Whatever waits, waits no longer: the time is up.
        let (status, retry_after, body) = answer_when_time_is_up(&route.function, &app, &event).await;
        assert_eq!((status, retry_after), (json!(503), json!("1")), "{route:?}");
        let message = "The service is unavailable for the moment, try again later";
        let graphql = json!({"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR"}});
        let expected = match route.function.split_once('-').unwrap().0 {
            "pool" => json!({"data": null, "errors": [graphql]}),
            _ => json!({"success": false, "error": message}),
        };
        assert_eq!(body, expected);
    }
}

/// Status, `Retry-After` and body of a function's answer at its deadline.
async fn answer_when_time_is_up(function: &str, app: &Arc<App>, event: &str) -> (Value, Value, Value) {
    let mut context = context(TIME_LIMIT);
    context.deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    let parsed = |text: &[u8]| -> Value { serde_json::from_slice(text).unwrap() };
    if let Some(endpoint) = functions::endpoints().find(|endpoint| endpoint.name == function) {
        let answer = parsed(invoke(endpoint, Arc::clone(app), event, context).await.unwrap().as_bytes());
        let body = parsed(answer["body"].as_str().unwrap().as_bytes());
        return (answer["statusCode"].clone(), answer["multiValueHeaders"]["retry-after"][0].clone(), body);
    }
    let endpoint = functions::streamed_endpoints().find(|endpoint| endpoint.name == function).unwrap();
    let answer = invoke_streamed(endpoint, Arc::clone(app), event, context).await.unwrap();
    let body: Vec<_> = answer.body.try_collect().await.unwrap();
    let prelude = parsed(answer.prelude.as_bytes());
    (prelude["statusCode"].clone(), prelude["headers"]["retry-after"].clone(), parsed(&body.concat()))
}

/// How many kinds of request there are, and which of them write.
const KINDS: usize = 7;
const WRITES: [usize; 4] = [3, 4, 5, 6];

/// A caller with a tenant to itself.
async fn caller(stack: &Stack, kind: usize) -> Caller {
    stack.caller(&format!("tenant-{kind}"), Mode::Live, "read,write").await
}

/// A request of this kind, about a customer of its own where it is about one.
async fn request(caller: &Caller, kind: usize) -> Asked {
    let asked = |method: Method, path: String, body: Value| Asked { method, path, body };
    let new = async || format!("{CUSTOMERS}/{}", caller.create(&john()).await);
    match kind {
        0 => asked(Method::GET, format!("{CUSTOMERS}?limit=1&page=2"), Value::Null),
        1 => asked(Method::GET, format!("{CUSTOMERS}?limit=1&search=ohn"), Value::Null),
        2 => asked(Method::GET, new().await, Value::Null),
        3 => asked(Method::POST, CUSTOMERS.to_owned(), john()),
        4 => asked(Method::PUT, new().await, json!({"last_name": "Smith", "is_vip": true})),
        5 => asked(Method::DELETE, new().await, Value::Null),
        _ => {
            let path = new().await;
            caller.delete(&path).await.expect(200);
            asked(Method::POST, format!("{path}/restore"), Value::Null)
        }
    }
}

impl Asked {
    async fn send(&self, caller: &Caller) -> Answer {
        caller.send(self.method.clone(), &self.path, &[], self.body.to_string()).await
    }
}

/// A success has taken effect, once.
async fn check_effect(caller: &Caller, asked: &Asked, answer: &Answer, before: &[Value]) {
    let now = everybody(caller).await;
    if asked.method == Method::GET {
        assert_eq!(now, before);
        return;
    }
    let is_create = asked.path == CUSTOMERS;
    assert_eq!(now.len(), before.len() + usize::from(is_create));
    let written = caller.get(&format!("{CUSTOMERS}/{}?include_deleted=true", uuid_of(&now[0]))).await;
    let version = match asked.method {
        _ if is_create => 1,
        Method::POST => 3,
        _ => 2,
    };
    assert_eq!(written.header("etag"), format!("\"{version}\""), "{asked:?}");
    if asked.method == Method::DELETE {
        assert!(!now[0]["deleted_at"].is_null());
    } else {
        assert_eq!((&written.body, &answer.data()), (&answer.body, &now[0]));
    }
}

/// A stack that tries again at once where it meets other writers.
async fn hurried(faults: &Faults) -> Stack {
    let retry_policy = RetryPolicy {
        initial_backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        ..RetryPolicy::default()
    };
    let configure = |config| faults.with_retries(config);
    Stack::start_around(configure, |store| store.with_retry_policy(retry_policy), |function| function).await
}

/// An answer of DynamoDB that refuses a call.
fn refusal((kind, status, _): (&str, u16, u16)) -> FaultAction {
    FaultAction::Answer(status, json!({"__type": kind, "message": "refused by the test"}).to_string())
}

/// The answer to a transaction whose last part was refused for this reason.
fn cancelled(reason: &str) -> FaultAction {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [None, {reason}]"),
        "CancellationReasons": [{"Code": "None"}, {"Code": reason, "Message": "refused by the test"}],
    });
    FaultAction::Answer(400, body.to_string())
}

/// The answer to a batch of which nothing was done.
fn undone(operation: &str, sent: &str) -> FaultAction {
    let sent: Value = serde_json::from_str(sent).unwrap();
    let body = match operation {
        "BatchGetItem" => json!({"Responses": {}, "UnprocessedKeys": sent["RequestItems"]}),
        _ => json!({"UnprocessedItems": sent["RequestItems"]}),
    };
    FaultAction::Answer(200, body.to_string())
}
