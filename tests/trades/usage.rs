//! The monthly usage counter and its headers.

use std::sync::Arc;

use clientele_functions_common::usage;
use clientele_shared::model::Settings;
use tokio::sync::Notify;

use crate::support::{FaultAction, Faults, Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn authenticated_responses_carry_the_monthly_usage() {
    let stack = Stack::start().await;
    stack.acme.get(CUSTOMERS).await.expect(200);
    let response = stack.acme.get(&format!("{CUSTOMERS}/x")).await;
    assert_eq!(response.header("x-usage-count"), "2");
    assert_eq!(response.header("x-usage-limit"), "50000");
    assert_eq!(response.header("x-usage-resets"), "2030-02-01T00:00:00Z");
    stack.clock.advance_seconds(31 * 24 * 3600);
    assert_eq!(stack.acme.get(CUSTOMERS).await.header("x-usage-count"), "1");
}

#[tokio::test]
async fn requests_over_the_usage_limit_read_and_write_nothing() {
    let stack = Stack::start().await;
    stack.settings(Settings { usage_limit: 2, ..Settings::default() }).await;
    let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    stack.acme.get(&path).await.expect(200);
    let response = stack.acme.post(CUSTOMERS, &john()).await;
    assert_eq!(response.error(403), "Monthly usage limit of 2 requests exceeded");
    assert_eq!((response.header("x-usage-count"), response.header("x-usage-limit")), ("3", "2"));
    stack.acme.get(&path).await.error(403);
    stack.acme.delete(&path).await.error(403);
    stack.settings(Settings::default()).await;
    assert_eq!(stack.acme.get(CUSTOMERS).await.data()["pagination"]["total"], 1);
}

#[tokio::test]
async fn metering_can_be_turned_off_per_tenant() {
    let stack = Stack::start().await;
    stack.settings(Settings { usage_metering: false, usage_limit: 0, ..Settings::default() }).await;
    let response = stack.acme.get(CUSTOMERS).await;
    response.expect(200);
    assert_eq!(response.header("x-usage-count"), "");
}

/// Plans this action for the calls that count a request, and no other.
fn plan_counts(faults: &Faults, action: FaultAction) {
    faults.plan(move |sent| match sent.operation.as_str() {
        "UpdateItem" => action.clone(),
        _ => FaultAction::Pass,
    });
}

/// Starts a stack whose requests wait for their counts as long as in production.
async fn impatient_stack(faults: &Faults) -> Stack {
    let configure = |config| faults.with_retries(config);
    Stack::start_customized(configure, |app| app.with_usage_wait(usage::MAX_WAIT), |_, function| function)
        .await
}

#[tokio::test]
async fn request_whose_count_is_late_reports_the_last_known_count() {
    let faults = Faults::default();
    let stack = impatient_stack(&faults).await;
    plan_counts(&faults, FaultAction::Hang);
    // This process knows no count yet.
    assert_eq!(stack.acme.get(CUSTOMERS).await.header("x-usage-count"), "");
    let signal = Arc::new(Notify::new());
    plan_counts(&faults, FaultAction::Hold(Arc::clone(&signal)));
    assert_eq!(stack.acme.get(CUSTOMERS).await.header("x-usage-count"), "");
    signal.notify_one();
    // The held count completes in the background; the next one is late too.
    faults.settle().await;
    plan_counts(&faults, FaultAction::Hang);
    let response = stack.acme.get(CUSTOMERS).await;
    response.expect(200);
    assert_eq!(response.header("x-usage-count"), "1");
    assert_eq!(response.header("x-usage-resets"), "2030-02-01T00:00:00Z");
    // The count of an earlier month is not reported.
    stack.clock.advance_seconds(31 * 24 * 3600);
    assert_eq!(stack.acme.get(CUSTOMERS).await.header("x-usage-count"), "");
}

#[tokio::test]
async fn count_is_attempted_once() {
    let faults = Faults::default();
    let stack = impatient_stack(&faults).await;
    let throttled =
        "{\"__type\": \"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\"}";
    plan_counts(&faults, FaultAction::Respond(400, throttled.to_owned()));
    let response = stack.acme.get(CUSTOMERS).await;
    response.expect(200);
    assert_eq!(response.header("x-usage-count"), "");
    let calls = faults.clear();
    assert_eq!(calls.iter().filter(|operation| *operation == "UpdateItem").count(), 1, "{calls:?}");
}

#[tokio::test]
async fn last_known_count_over_the_limit_still_refuses_requests() {
    let faults = Faults::default();
    let stack = impatient_stack(&faults).await;
    stack.settings(Settings { usage_limit: 1, ..Settings::default() }).await;
    let mut counts = Vec::new();
    // A count can be late on a slow machine, so requests go on until the process knows two.
    while counts.last().is_none_or(|count| count != "2") {
        counts.push(stack.acme.get(CUSTOMERS).await.header("x-usage-count").to_owned());
    }
    plan_counts(&faults, FaultAction::Hang);
    let response = stack.acme.get(CUSTOMERS).await;
    assert_eq!(response.error(403), "Monthly usage limit of 1 requests exceeded");
    assert_eq!(response.header("x-usage-count"), "2");
}
