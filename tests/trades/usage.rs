//! The monthly usage counter and its headers.

use clientele_shared::model::Settings;

use crate::support::{Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn every_answer_to_a_known_caller_tells_the_usage() {
    let stack = Stack::start().await;
    stack.acme.get(CUSTOMERS).await.expect(200);
    let answer = stack.acme.get(&format!("{CUSTOMERS}/x")).await;
    assert_eq!(answer.header("x-usage-count"), "2");
    assert_eq!(answer.header("x-usage-limit"), "50000");
    assert_eq!(answer.header("x-usage-resets"), "2030-02-01T00:00:00Z");
    stack.clock.pass_seconds(31 * 24 * 3600);
    assert_eq!(stack.acme.get(CUSTOMERS).await.header("x-usage-count"), "1");
}

#[tokio::test]
async fn beyond_the_limit_nothing_is_read_or_written() {
    let stack = Stack::start().await;
    stack.settings(Settings { usage_limit: 2, ..Settings::default() }).await;
    let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    stack.acme.get(&path).await.expect(200);
    let answer = stack.acme.post(CUSTOMERS, &john()).await;
    assert_eq!(answer.error(403), "Monthly usage limit of 2 requests exceeded");
    assert_eq!((answer.header("x-usage-count"), answer.header("x-usage-limit")), ("3", "2"));
    stack.acme.get(&path).await.error(403);
    stack.acme.delete(&path).await.error(403);
    stack.settings(Settings::default()).await;
    assert_eq!(stack.acme.get(CUSTOMERS).await.data()["pagination"]["total"], 1);
}

#[tokio::test]
async fn a_tenant_can_do_without() {
    let stack = Stack::start().await;
    stack.settings(Settings { usage_metering: false, usage_limit: 0, ..Settings::default() }).await;
    let answer = stack.acme.get(CUSTOMERS).await;
    answer.expect(200);
    assert_eq!(answer.header("x-usage-count"), "");
}
