//! The monthly usage counter and its headers.

use clientele_shared::model::Settings;

use crate::support::{Stack, john};

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
