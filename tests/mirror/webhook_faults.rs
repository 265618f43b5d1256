//! Deliveries that cannot be accepted: of another form, too large, or while the table fails or webhooks are not set up.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientele_functions_common::invoke::invoke_webhook;
use clientele_functions_common::{App, VerifierToken};
use clientele_functions_quickbooks::webhook::{ENDPOINT, MAX_BODY, MAX_EVENTS};
use clientele_shared::store::{RetryPolicy, Store};
use clientele_shared::table::connect::Connection;
use lambda_http::Context;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::webhook::WEBHOOK;
use super::{COMPANY, connect, deliver, hints, send_signed, signed, update};
use crate::support::lambda::VERIFIER_TOKEN;
use crate::support::{Calls, Clock, FaultAction, Faults, Stack, with_retry_policy};

/// An event of API Gateway, as for a REST API with or without binary bodies.
fn event(body: &str, is_base64: bool) -> String {
    let sent = if is_base64 { STANDARD.encode(body) } else { body.to_owned() };
    let signature = signed(body.as_bytes());
    json!({
        "resource": WEBHOOK, "path": WEBHOOK, "httpMethod": "POST",
        "headers": {"intuit-signature": signature}, "multiValueHeaders": {"intuit-signature": [signature]},
        "requestContext": {"requestId": "r", "httpMethod": "POST", "path": WEBHOOK, "stage": "prod"},
        "body": sent, "isBase64Encoded": is_base64,
    })
    .to_string()
}

fn app(store: Store) -> Arc<App> {
    let token = VerifierToken::new(VERIFIER_TOKEN).unwrap();
    Arc::new(App::new(store).with_verifier_token(Some(token)))
}

/// Returns the status, the body and `Retry-After` of the response to an event.
async fn invoked(app: &Arc<App>, event: &str, context: Context) -> (Value, Value, Value) {
    let response = invoke_webhook(&ENDPOINT, Arc::clone(app), event, context).await.unwrap();
    let response: Value = serde_json::from_str(&response).unwrap();
    let body = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    (response["statusCode"].clone(), body, response["multiValueHeaders"]["retry-after"][0].clone())
}

#[tokio::test]
async fn signature_is_that_of_the_decoded_bytes() {
    let stack = Stack::start().await;
    connect(&stack, &stack.acme, COMPANY).await;
    let app = app(stack.store.clone());
    for is_base64 in [false, true] {
        // A member that is not ASCII, so that the text and its bytes differ in length.
        let body = json!([update(COMPANY, "1"), {"type": "né"}]).to_string();
        let (status, body, _) = invoked(&app, &event(&body, is_base64), Context::default()).await;
        assert_eq!((status, body), (json!(200), json!({"received": 1})), "{is_base64}");
    }
    // The signature is that of the bytes, even if they are not text.
    let body = b"[\"\xff\"]";
    let response = send_signed(&stack, body).await;
    assert_eq!(response.expect(400)["error"], "The body is not JSON: it is invalid at line 1, column 3.");
}

#[tokio::test]
async fn malformed_bodies_are_refused_with_the_reason() {
    let stack = Stack::start().await;
    for (body, expected) in [
        (json!({"realmId": COMPANY}), "an object with the list eventNotifications"),
        (json!("x"), "a list of CloudEvents"),
        (json!([update(COMPANY, "1"), 5]), "Element 2 of the list"),
        (json!({"eventNotifications": [{"realmId": COMPANY}]}), "Element 1 of eventNotifications"),
    ] {
        let error = deliver(&stack, &body).await.expect(400)["error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected) && !error.contains(COMPANY), "{error}");
    }
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, []);
}

#[tokio::test]
async fn large_bodies_and_many_events_are_refused_before_the_table_is_used() {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    connect(&stack, &stack.acme, COMPANY).await;
    drop(calls.take());
    // API Gateway cannot pass 10 MB to a function.
    let ten = json!([update(COMPANY, "1"), "x".repeat(10 << 20)]).to_string();
    for body in [&ten[..10 << 20], &ten] {
        assert!(!send_signed(&stack, body).await.expect_text(413).is_empty());
    }
    let app = app(stack.store.clone());
    let (status, body, _) = invoked(&app, &event(&ten, true), Context::default()).await;
    assert_eq!((status, body), (json!(413), json!({"error": "The body must not have more than 1 MB."})));

    let padded = |length: usize| {
        let body = json!([update(COMPANY, "1")]).to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    send_signed(&stack, padded(MAX_BODY + 1)).await.expect(413);
    let many = json!(vec![json!({"type": "x"}); MAX_EVENTS + 1]).to_string();
    assert_eq!(
        send_signed(&stack, many).await.expect(413)["error"],
        "The body must not have more than 10000 events."
    );
    assert!(calls.take().is_empty());
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, []);
    send_signed(&stack, padded(MAX_BODY)).await.expect(200);
    send_signed(&stack, json!(vec![json!({"type": "x"}); MAX_EVENTS]).to_string()).await.expect(200);
}

#[tokio::test]
async fn failing_table_makes_quickbooks_repeat_the_delivery() {
    let faults = Faults::default();
    let policy = RetryPolicy {
        max_attempts: 3,
        initial_backoff: Duration::from_nanos(1),
        max_backoff: Duration::from_nanos(1),
    };
    let configure = |config| faults.without_retries(config);
    let stack =
        Stack::start_customized(configure, |app| with_retry_policy(app, policy), |_, function| function)
            .await;
    connect(&stack, &stack.acme, COMPANY).await;
    let throttled =
        "{\"__type\": \"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\"}";
    let body = json!([update(COMPANY, "1")]);
    for operation in ["GetItem", "BatchWriteItem"] {
        for action in [FaultAction::Respond(400, throttled.to_owned()), FaultAction::DropRequest] {
            faults.plan(
                move |sent| {
                    if sent.operation == operation { action.clone() } else { FaultAction::Pass }
                },
            );
            let response = deliver(&stack, &body).await;
            assert!(faults.clear().iter().any(|called| called == operation));
            let answer = response.expect(503);
            assert!(answer.get("received").is_none() && answer["error"].is_string(), "{answer}");
            assert_eq!(response.header("retry-after"), "1", "{operation}");
            assert_eq!(hints(&stack, &stack.acme, COMPANY).await, [], "{operation}");
        }
    }
    assert_eq!(deliver(&stack, &body).await.expect(200), json!({"received": 1}));
}

#[tokio::test(start_paused = true)]
async fn delivery_is_given_up_in_time_if_the_table_does_not_respond() {
    let faults = Faults::default();
    faults.plan(|_| FaultAction::Hang);
    let config = faults.with_retries(Connection::local("http://127.0.0.1:1").config().unwrap()).build();
    let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), "none", Clock::new().ambient());
    let (app, event) = (app(store), event(&json!([update(COMPANY, "1")]).to_string(), true));
    let started = Instant::now();
    let (status, _, retry_after) = invoked(&app, &event, Context::default()).await;
    assert_eq!((status, retry_after), (json!(503), json!("1")));
    assert_eq!(started.elapsed().as_millis(), 2_500);
    // The deadline of the platform, if that is earlier.
    let mut context = Context::default();
    context.deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    let started = Instant::now();
    assert_eq!(invoked(&app, &event, context).await.0, 503);
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
}

#[tokio::test]
async fn webhooks_that_are_not_set_up_say_so() {
    let without = |app: App| app.with_verifier_token(None);
    let stack = Stack::start_customized(|config| config, without, |_, function| function).await;
    let response = deliver(&stack, &json!([update(COMPANY, "1")])).await;
    let error = response.expect(503)["error"].as_str().unwrap().to_owned();
    assert!(
        error.contains("CLIENTELE_QUICKBOOKS_VERIFIER_TOKEN") && error.contains("QuickBooksSecret"),
        "{error}"
    );
}
