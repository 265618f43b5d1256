//! Orders and figures are those that the erp dialect shows.

use clientele_shared::model::OrderStatus;
use clientele_shared::store::OrderChange;
use serde_json::{Value, json};

use super::{create, execute, list, person};
use crate::support::{Stack, orders};

/// A paid, a pending, a cancelled and a returned order.
fn four_orders() -> [OrderChange; 4] {
    let order = orders::order;
    let paid = order("1", "2030-01-10T10:00:00Z", OrderStatus::Delivered, 12_345);
    [
        orders::paid(paid, 12_345, Some("2030-01-12T00:00:00Z")),
        order("2", "2030-01-12T10:30:00Z", OrderStatus::Pending, 10_000),
        order("3", "2030-01-13T10:30:00Z", OrderStatus::Cancelled, 5_000),
        order("4", "2030-01-14T10:30:00Z", OrderStatus::Returned, 700),
    ]
}

#[tokio::test]
async fn orders_and_figures_are_those_of_erp() {
    let stack = Stack::start().await;
    create(&stack.acme, person("Ann", "Lee", "ann@example.com")).await;
    let changes = four_orders();
    orders::write(&stack, "cust_1", &changes).await;
    let order = "name date created_at(format: \"YYYY-MM-DD\") cancelled_at total financial_status fulfillment_status \
                 notes tags custom test customer { full_name }";
    let document = format!(
        "{{ node(id: 1) {{ ... on Customer {{ expenses orders_count orders {{ {order} }} newest: orders(first: 1) {{ name }} \
         summary {{ orders {{ expenses count list {{ order {{ name }} referrer }} }} }} }} }} }}"
    );
    let node = execute(&stack.acme, &document, json!({})).await["node"].clone();
    let erp = stack.acme.get("/api/customers/cust_1").await.expect(200)["data"].clone();
    assert_eq!((&node["expenses"], &node["orders_count"]), (&json!(223.45), &json!(2)));
    assert_eq!((&erp["lifetime_value"], &erp["total_orders"]), (&node["expenses"], &node["orders_count"]));
    let expected = |name, date, day, cancelled: Value, total: Value, financial, fulfillment| {
        json!({
            "name": name, "date": date, "created_at": day, "cancelled_at": cancelled, "total": total,
            "financial_status": financial, "fulfillment_status": fulfillment, "notes": null, "tags": [], "custom": {},
            "test": false, "customer": {"full_name": "Ann Lee"},
        })
    };
    assert_eq!(
        node["orders"],
        json!([
            expected("SO-4", "a day ago", "2030-01-14", Value::Null, json!(7), "refunded", "fulfilled"),
            expected(
                "SO-3",
                "2 days ago",
                "2030-01-13",
                json!("2 days ago"),
                json!(50),
                "pending",
                "unfulfilled"
            ),
            expected("SO-2", "3 days ago", "2030-01-12", Value::Null, json!(100), "pending", "unfulfilled"),
            expected("SO-1", "5 days ago", "2030-01-10", Value::Null, json!(123.45), "paid", "fulfilled"),
        ])
    );
    assert_eq!(node["newest"], json!([{"name": "SO-4"}]));
    let summary = &node["summary"]["orders"];
    assert_eq!((&summary["expenses"], &summary["count"]), (&json!(223.45), &json!(2)));
    assert_eq!(summary["list"][3], json!({"order": {"name": "SO-1"}, "referrer": null}));
}

#[tokio::test]
async fn lists_can_be_ordered_by_figures() {
    let stack = Stack::start().await;
    for name in ["A", "B", "C"] {
        create(&stack.acme, person(name, "", &format!("{name}@example.com"))).await;
    }
    let order = |id: &str, cents| [orders::order(id, "2030-01-10T10:00:00Z", OrderStatus::Delivered, cents)];
    orders::write(&stack, "cust_1", &order("1", 5_000)).await;
    orders::write(&stack, "cust_1", &order("2", 5_001)).await;
    orders::write(&stack, "cust_2", &order("3", 20_000)).await;
    assert_eq!(list(&stack.acme, "order_by:expenses").await, [2, 1, 3]);
    assert_eq!(list(&stack.acme, "order_by:orders_count order_dir:asc").await, [3, 2, 1]);
    let document = "{ customers(query: \"order_by:expenses\", first: 2) { edges { node { expenses } } pageInfo { endCursor } } }";
    let page = execute(&stack.acme, document, json!({})).await["customers"].clone();
    assert_eq!(page["edges"][1]["node"]["expenses"], 100.01);
    let after = page["pageInfo"]["endCursor"].as_str().unwrap();
    let rest = format!(
        "{{ customers(query: \"order_by:expenses\", after: \"{after}\") {{ edges {{ node {{ _id }} }} }} }}"
    );
    let rest = execute(&stack.acme, &rest, json!({})).await;
    assert_eq!(super::numbers(&rest["customers"]), [3]);
}
