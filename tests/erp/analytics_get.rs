//! `erp-analytics-get`: GET /api/customers/{id}/analytics.

use clientele_shared::model::OrderStatus;
use serde_json::{Value, json};

use super::{create, error_of, wrong_fields};
use crate::support::Stack;
use crate::support::orders::{order, paid, removal, write};

async fn analytics(stack: &Stack, customer: &str, period: &str) -> Value {
    stack.acme.get(&format!("{customer}/analytics?period={period}")).await.expect(200)["data"].clone()
}

#[tokio::test]
async fn customer_without_orders_has_no_figures() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    let response = stack.acme.get(&format!("{customer}/analytics")).await;
    assert_eq!(
        response.expect(200)["data"],
        json!({
            "customer": {"id": "cust_1", "name": "Acme"},
            "overview": {
                "lifetime_value": 0.0, "total_orders": 0, "avg_order_value": 0.0, "last_order_date": null,
                "customer_since": "2030-01-15T10:30:00Z", "days_since_last_order": null
            },
            "financial_summary": {
                "total_revenue": 0.0, "current_balance": 0.0, "credit_limit": null, "credit_utilization": 0.0,
                "avg_payment_days": null
            },
            "order_history": [],
            "top_products": [],
            "customer_segment": "new",
            "risk_score": "low"
        })
    );
    for number in [r#""lifetime_value":0.00,"#, r#""credit_utilization":0.0,"#] {
        assert!(response.body.contains(number), "{}", response.body);
    }
}

/// The clock of the tests stands at 2030-01-15T10:30:00Z.
#[tokio::test]
async fn periods_are_exact_to_the_second_and_the_overview_is_of_all_orders() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    let delivered = OrderStatus::Delivered;
    let orders = [
        order("first", "2024-05-05T00:00:00Z", delivered, 100_000),
        order("before_90", "2029-10-17T10:29:59Z", delivered, 10),
        order("from_90", "2029-10-17T10:30:00Z", delivered, 20),
        order("before_30", "2029-12-16T10:29:59Z", delivered, 40),
        order("from_30", "2029-12-16T10:30:00Z", delivered, 80),
        order("cancelled", "2030-01-02T00:00:00Z", OrderStatus::Cancelled, 5_000),
        order("now", "2030-01-15T10:30:00Z", delivered, 160),
        order("future", "2030-01-15T10:30:01Z", delivered, 320),
    ];
    write(&stack, &customer, &orders).await;
    for (period, revenue, months) in [
        ("30d", 2.40, vec![("2030-01", 1, 1.60), ("2029-12", 1, 0.80)]),
        ("90d", 3.00, vec![("2030-01", 1, 1.60), ("2029-12", 2, 1.20), ("2029-10", 1, 0.20)]),
        ("1y", 3.10, vec![("2030-01", 1, 1.60), ("2029-12", 2, 1.20), ("2029-10", 2, 0.30)]),
    ] {
        let found = analytics(&stack, &customer, period).await;
        assert_eq!(found["financial_summary"]["total_revenue"], revenue, "{period}");
        let history = found["order_history"].as_array().unwrap().iter();
        let history: Vec<(&str, u64, f64)> = history
            .map(|month| {
                let text = month["month"].as_str().unwrap();
                (text, month["orders"].as_u64().unwrap(), month["revenue"].as_f64().unwrap())
            })
            .collect();
        assert_eq!(history, months, "{period}");
        assert_eq!(found["overview"]["total_orders"], 7);
        assert_eq!(found["overview"]["lifetime_value"], 1_006.30);
        assert_eq!(found["overview"]["avg_order_value"], 143.76);
    }
    let all = analytics(&stack, &customer, "all").await;
    assert_eq!(all["financial_summary"]["total_revenue"], 1_006.30);
    assert_eq!(all["overview"]["last_order_date"], "2030-01-15T10:30:01Z");
    assert_eq!(all["overview"]["days_since_last_order"], 0);
    assert_eq!(all["customer_segment"], "medium_value");
}

#[tokio::test]
async fn payments_make_the_balance_the_utilization_and_the_risk() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    stack.acme.put(&customer, &json!({"credit_limit": 10_000})).await.expect(200);
    let shipped = OrderStatus::Shipped;
    let orders = [
        paid(order("open", "2030-01-01T00:00:00Z", shipped, 200_000), 0, None),
        paid(order("partly", "2030-01-01T00:00:00Z", shipped, 100_000), 50_000, Some("2030-01-02T00:00:00Z")),
        paid(order("paid", "2030-01-01T23:59:59Z", shipped, 10_000), 10_000, Some("2030-01-11T00:00:00Z")),
        paid(order("soon", "2030-01-01T00:00:00Z", shipped, 10_000), 10_000, Some("2030-01-16T00:00:00Z")),
        order("unknown", "2030-01-01T00:00:00Z", shipped, 90_000),
        paid(order("gone", "2030-01-01T00:00:00Z", OrderStatus::Cancelled, 70_000), 0, None),
    ];
    write(&stack, &customer, &orders).await;
    let found = analytics(&stack, &customer, "30d").await;
    assert_eq!(
        found["financial_summary"],
        json!({
            "total_revenue": 4_100.0, "current_balance": 2_500.0, "credit_limit": 10_000.0, "credit_utilization": 25.0,
            "avg_payment_days": 12.5
        })
    );
    assert_eq!(found["risk_score"], "low");
    let shown = stack.acme.get(&customer).await.expect(200);
    assert_eq!(shown["data"]["current_balance"], 2_500.0);
    // An unpaid order more: utilization 85 %.
    let more = paid(order("more", "2030-01-03T00:00:00Z", shipped, 600_000), 0, None);
    write(&stack, &customer, &[more]).await;
    assert_eq!(analytics(&stack, &customer, "30d").await["risk_score"], "medium");
}

#[tokio::test]
async fn products_are_ranked_by_revenue_then_by_name() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    let orders: Vec<_> = (0..12)
        .map(|n| {
            let mut change = order(&n.to_string(), "2030-01-01T00:00:00Z", OrderStatus::Shipped, 1_000);
            let (_, lines) = change.order.as_mut().unwrap();
            lines[0].product = format!("p{n}").parse().unwrap();
            lines[0].name = Some(format!("Name {:02}", 20 - n));
            lines[0].unit_price = if n == 5 { "9.9999" } else { "5" }.parse().unwrap();
            change
        })
        .collect();
    write(&stack, &customer, &orders).await;
    let found = analytics(&stack, &customer, "all").await;
    let products = found["top_products"].as_array().unwrap();
    assert_eq!(products.len(), 10);
    assert_eq!(
        products[0],
        json!({"product_id": "p5", "product_name": "Name 15", "quantity_ordered": 2, "revenue": 20.0})
    );
    assert_eq!(
        (&products[1]["product_name"], &products[2]["product_name"]),
        (&json!("Name 09"), &json!("Name 10"))
    );
}

#[tokio::test]
async fn orders_leave_the_version_and_the_etag_of_the_customer_alone() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    let before = stack.acme.get(&customer).await;
    let made = order("a", "2030-01-01T00:00:00Z", OrderStatus::Shipped, 12_345);
    write(&stack, &customer, &[made]).await;
    let after = stack.acme.get(&customer).await;
    assert_eq!(before.header("etag"), after.header("etag"));
    let data = &after.expect(200)["data"];
    assert_eq!((&data["lifetime_value"], &data["total_orders"]), (&json!(123.45), &json!(1)));
    assert_eq!(data["updated_at"], before.expect(200)["data"]["updated_at"]);
    write(&stack, &customer, &[removal("a")]).await;
    assert_eq!(stack.acme.get(&customer).await.expect(200), before.expect(200));
}

#[tokio::test]
async fn unknown_periods_and_customers_are_refused() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    for period in ["7d", "30D", "1m"] {
        let response = stack.acme.get(&format!("{customer}/analytics?period={period}")).await;
        assert_eq!(wrong_fields(&response), ["period"]);
    }
    let response = stack.acme.get("/api/customers/cust_2/analytics").await;
    assert_eq!(error_of(&response, 404), ("not_found".into(), "Customer not found".into()));
}
