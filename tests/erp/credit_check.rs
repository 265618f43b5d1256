//! `erp-credit-check`: POST /api/customers/{id}/credit-check.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{Figures, Mode};
use clientele_shared::table::keys::{self, attribute};

use super::{create, error_of};
use crate::support::{Caller, FaultAction, Faults, Response, Stack};

/// Creates the customer of the specification's example as the first one, and returns its path.
pub(super) async fn example(stack: &Stack) -> String {
    let body = json!({
        "name": "Customer XYZ", "credit_limit": 10000.00, "payment_terms": "net_30", "customer_since": "2029-06-15",
        "tax_id": "12-3456789", "billing_address": {"line1": "456 Customer Blvd", "country": "US"},
    });
    let created = stack.acme.post("/api/customers", &body).await.expect(201);
    let figures = Figures {
        balance: "2500".parse().unwrap(),
        lifetime_value: "45000".parse().unwrap(),
        orders: 75,
        paid_orders: 75,
        payment_days: 900,
        ..Figures::default()
    };
    set_figures(stack, &figures).await;
    format!("/api/customers/{}", created["data"]["id"].as_str().unwrap())
}

/// Sets the figures of the first customer, as orders do.
async fn set_figures(stack: &Stack, figures: &Figures) {
    let tenant = stack.tenant();
    let key = keys::figures(&tenant, tenant.customer_uuid(1_u32.try_into().unwrap()));
    let count = |count: u32| AttributeValue::N(count.to_string());
    let update = stack
        .update_item(key)
        .update_expression("SET balance = :balance, lifetime_value = :value, orders = :orders, paid_orders = :paid, payment_days = :days")
        .expression_attribute_values(":balance", AttributeValue::S(figures.balance.to_string()))
        .expression_attribute_values(":value", AttributeValue::S(figures.lifetime_value.to_string()))
        .expression_attribute_values(":orders", count(figures.orders))
        .expression_attribute_values(":paid", count(figures.paid_orders))
        .expression_attribute_values(":days", count(figures.payment_days));
    update.send().await.unwrap();
}

pub(super) async fn check(caller: &Caller, customer: &str) -> Response {
    caller.send(Method::POST, &format!("{customer}/credit-check"), &[], "").await
}

/// Returns the item of the first customer's credit checks: the count of this minute, and the last result.
pub(super) async fn stored(stack: &Stack) -> (u32, Option<HashMap<String, AttributeValue>>) {
    let tenant = stack.tenant();
    let key = keys::credit(&tenant, tenant.customer_uuid(1_u32.try_into().unwrap()));
    let Some(item) = items(stack).await.remove(&(key.pk, key.sk)) else { return (0, None) };
    let last = item.get("last").map(|last| last.as_m().unwrap().clone());
    (item["checks"].as_n().unwrap().parse().unwrap(), last)
}

type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// Returns every item of the table but the counts of requests.
async fn items(stack: &Stack) -> Items {
    let scan = stack.client.scan().table_name(&stack.table).consistent_read(true);
    let mut pages = scan.into_paginator().items().send();
    let mut items = Items::new();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let key = |name: &str| item[name].as_s().unwrap().clone();
        let (pk, sk) = (key(attribute::PK), key(attribute::SK));
        if !pk.ends_with("#USAGE") {
            items.insert((pk, sk), item);
        }
    }
    items
}

#[tokio::test]
async fn result_matches_the_specification() {
    let stack = Stack::start().await;
    let path = example(&stack).await;
    let expected = concat!(
        r#"{"data":{"customer_id":"cust_1","credit_score":750,"credit_rating":"excellent","#,
        r#""recommended_credit_limit":15000.00,"current_credit_limit":10000.00,"risk_assessment":"low","#,
        r#""last_checked":"2030-01-15T10:30:00Z"}}"#,
    );
    let response = check(&stack.acme, &path).await;
    assert_eq!((response.expect_text(200), response.header("etag")), (expected, ""));
}

#[tokio::test]
async fn customer_without_limit_and_orders_is_fair_and_has_no_current_limit() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let expected = concat!(
        r#"{"data":{"customer_id":"cust_1","credit_score":600,"credit_rating":"fair","#,
        r#""recommended_credit_limit":0.00,"risk_assessment":"low","last_checked":"2030-01-15T10:30:00Z"}}"#,
    );
    assert_eq!(check(&stack.acme, &path).await.expect_text(200), expected);
}

#[tokio::test]
async fn slow_payment_and_a_used_up_limit_are_a_high_risk() {
    let stack = Stack::start().await;
    let path = example(&stack).await;
    let late =
        Figures { balance: "9100".parse().unwrap(), paid_orders: 2, payment_days: 122, ..Figures::default() };
    set_figures(&stack, &late).await;
    // 600 - 80 for 91 %, - 100 for 61 of 30 days.
    let result = check(&stack.acme, &path).await.expect(200)["data"].clone();
    assert_eq!((&result["credit_score"], &result["credit_rating"]), (&json!(420), &json!("poor")));
    assert_eq!(
        (&result["risk_assessment"], &result["recommended_credit_limit"]),
        (&json!("high"), &json!(5000.0))
    );
}

#[tokio::test]
async fn check_stores_its_result_and_changes_nothing_else() {
    let stack = Stack::start().await;
    let path = example(&stack).await;
    let (shown, mut before) = (stack.acme.get(&path).await, items(&stack).await);
    check(&stack.acme, &path).await.expect(200);
    stack.clock.advance_seconds(1);
    check(&stack.acme, &path).await.expect(200);
    let (checks, last) = stored(&stack).await;
    let last = last.unwrap();
    let at = stack.store.ambient().now().as_millis().to_string();
    assert_eq!((checks, last["at"].as_n().unwrap()), (2, &at));
    let texts = ["rating", "recommended_limit", "current_limit", "risk"]
        .map(|name| last[name].as_s().unwrap().as_str());
    assert_eq!(texts, ["excellent", "15000.00", "10000.00", "low"]);
    assert_eq!(last["score"].as_n().unwrap(), "750");

    let mut after = items(&stack).await;
    after.retain(|(_, sk), _| sk != "CUSTOMER#CREDIT");
    before.retain(|(_, sk), _| sk != "CUSTOMER#CREDIT");
    assert_eq!(before, after);
    let now = stack.acme.get(&path).await;
    assert_eq!((now.expect_text(200), now.header("etag")), (shown.expect_text(200), shown.header("etag")));
    assert!(shown.body.contains(r#""current_balance":2500.00,"#), "{}", shown.body);
}

#[tokio::test]
async fn eleventh_check_in_a_minute_is_refused_until_the_next_minute() {
    let stack = Stack::start().await;
    let (path, other) = (create(&stack.acme, "Acme").await, create(&stack.acme, "Bolt").await);
    for _ in 0..10 {
        check(&stack.acme, &path).await.expect(200);
    }
    for (seconds, retry_after) in [(0, "60"), (59, "1")] {
        stack.clock.advance_seconds(seconds);
        let refused = check(&stack.acme, &path).await;
        let expected = ("rate_limited".to_owned(), "Too many requests; try again later".to_owned());
        assert_eq!((error_of(&refused, 429), refused.header("retry-after")), (expected, retry_after));
    }
    check(&stack.acme, &other).await.expect(200);
    stack.clock.advance_seconds(1);
    check(&stack.acme, &path).await.expect(200);
    assert_eq!(stored(&stack).await.0, 1);
}

#[tokio::test]
async fn concurrent_checks_share_the_limit() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let responses = join_all((0..15).map(|_| check(&stack.acme, &path))).await;
    let with_status =
        |status: u16| responses.iter().filter(move |response| response.status.as_u16() == status);
    assert_eq!((with_status(200).count(), with_status(429).count()), (10, 5));
    assert!(with_status(429).all(|refused| refused.header("retry-after") == "60"));
    assert_eq!(stored(&stack).await.0, 10);
}

#[tokio::test]
async fn unknown_and_deleted_customers_are_not_found() {
    let stack = Stack::start().await;
    create(&stack.acme, "Acme").await;
    let uuid = stack.tenant().customer_uuid(1_u32.try_into().unwrap());
    stack.acme.delete(&format!("/api/v1/customers/{uuid}")).await.expect(200);
    for id in ["cust_1", "cust_2", "cust_0", "1"] {
        let refused = error_of(&check(&stack.acme, &format!("/api/customers/{id}")).await, 404);
        assert_eq!(refused, ("not_found".into(), "Customer not found".into()), "{id}");
    }
    assert_eq!(stored(&stack).await, (0, None));
}

#[tokio::test]
async fn key_needs_both_scopes() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    for (scopes, missing) in [("read", "write"), ("write", "read"), ("export", "write")] {
        let caller = stack.caller("acme", Mode::Live, scopes).await;
        let (code, message) = error_of(&check(&caller, &path).await, 403);
        assert_eq!(
            (code.as_str(), message),
            ("forbidden", format!("This API key lacks the scope `{missing}`"))
        );
    }
    assert_eq!(stored(&stack).await, (0, None));
    let caller = stack.caller("acme", Mode::Live, "read,write").await;
    check(&caller, &path).await.expect(200);
}

#[tokio::test]
async fn body_version_and_idempotency_key_are_ignored() {
    let stack = Stack::start().await;
    let path = format!("{}/credit-check", create(&stack.acme, "Acme").await);
    let headers = [("if-match", "\"9\""), ("idempotency-key", "1")];
    for time in ["2030-01-15T10:30:00Z", "2030-01-15T10:30:01Z"] {
        let result =
            stack.acme.send(Method::POST, &path, &headers, r#"{"credit_score": 850"#).await.expect(200);
        assert_eq!(
            (&result["data"]["credit_score"], &result["data"]["last_checked"]),
            (&json!(600), &json!(time))
        );
        stack.clock.advance_seconds(1);
    }
}

#[tokio::test]
async fn persistent_faults_are_reported_and_leave_at_most_a_spent_permit() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.with_retries(config)).await;
    let path = example(&stack).await;
    let shown = stack.acme.get(&path).await.expect(200);
    let throttled =
        json!({"__type": "com.amazon.coral.availability#ThrottlingException", "message": "injected"});
    for (action, expected) in
        [(FaultAction::DropRequest, 503), (FaultAction::Respond(400, throttled.to_string()), 429)]
    {
        for operation in ["Query", "UpdateItem"] {
            let persistent = action.clone();
            // The count of requests is an update too, and its failure fails no request.
            faults.plan(move |sent| match sent.operation == operation && !sent.body.contains("USAGE") {
                true => persistent.clone(),
                false => FaultAction::Pass,
            });
            let refused = check(&stack.acme, &path).await;
            faults.clear();
            let (code, message) = error_of(&refused, expected);
            assert!(message.ends_with("try again later"), "{code}: {message}");
            assert_eq!(refused.header("retry-after"), "1");
            assert_eq!(stored(&stack).await, (0, None));
        }
    }
    // The permit is counted, and the result is not stored.
    let mut updates = 0;
    faults.plan(move |sent| {
        updates += usize::from(sent.operation == "UpdateItem" && !sent.body.contains("USAGE"));
        if updates > 1 && !sent.body.contains("USAGE") { FaultAction::DropRequest } else { FaultAction::Pass }
    });
    error_of(&check(&stack.acme, &path).await, 503);
    faults.clear();
    assert_eq!(stored(&stack).await, (1, None));
    assert_eq!(stack.acme.get(&path).await.expect(200), shown);
    assert_eq!(check(&stack.acme, &path).await.expect(200)["data"]["credit_score"], Value::from(750));
}

#[tokio::test]
async fn transient_faults_are_hidden_and_a_lost_response_spends_at_most_one_more_permit() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.with_retries(config)).await;
    let path = example(&stack).await;
    for (action, number, spent) in [
        (FaultAction::DropRequest, 1, 1),
        (FaultAction::DropRequest, 2, 1),
        (FaultAction::DropResponse, 1, 2),
        (FaultAction::DropResponse, 2, 1),
    ] {
        let (mut updates, action) = (0, action.clone());
        faults.plan(move |sent| {
            let is_own = sent.operation == "UpdateItem" && !sent.body.contains("USAGE");
            updates += usize::from(is_own);
            if is_own && updates == number { action.clone() } else { FaultAction::Pass }
        });
        assert_eq!(check(&stack.acme, &path).await.expect(200)["data"]["credit_score"], 750);
        faults.clear();
        let (checks, last) = stored(&stack).await;
        let at = stack.store.ambient().now().as_millis().to_string();
        assert_eq!((checks, last.unwrap()["at"].as_n().unwrap()), (spent, &at), "update {number}");
        stack.clock.advance_seconds(60);
    }
}
