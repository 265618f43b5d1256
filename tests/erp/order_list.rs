//! `erp-order-list`: GET /api/customers/{id}/orders.

use clientele_shared::model::{Address, OrderStatus};
use serde_json::{Value, json};

use super::{create, error_of, wrong_fields};
use crate::support::orders::{order, write};
use crate::support::{Caller, Stack};

/// Returns the numbers of the orders on a page, and its meta.
async fn page(caller: &Caller, customer: &str, query: &str) -> (Vec<String>, Value) {
    let page = caller.get(&format!("{customer}/orders?{query}")).await.expect(200);
    let orders = page["data"].as_array().unwrap().iter();
    let number = |order: &Value| order["order_number"].as_str().unwrap().to_owned();
    (orders.map(number).collect(), page["meta"].clone())
}

#[tokio::test]
async fn order_is_shown_as_specified() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    let mut change = order("001", "2024-01-15T00:00:00Z", OrderStatus::Delivered, 29_995);
    let (order, _) = change.order.as_mut().unwrap();
    order.order_number = "SO-2024-001".into();
    order.shipped_at = Some(crate::support::orders::at("2024-01-16T00:00:00Z"));
    order.delivered_at = Some(crate::support::orders::at("2024-01-18T00:00:00Z"));
    write(&stack, &customer, &[change.clone()]).await;
    let response = stack.acme.get(&format!("{customer}/orders")).await;
    let id = change.key.order_id();
    assert_eq!(
        response.expect(200),
        json!({
            "data": [{
                "id": id.as_str(),
                "order_number": "SO-2024-001",
                "status": "delivered",
                "order_date": "2024-01-15T00:00:00Z",
                "ship_date": "2024-01-16T00:00:00Z",
                "delivery_date": "2024-01-18T00:00:00Z",
                "total_amount": 299.95,
                "items_count": 1,
                "shipping_address": {"city": "Reims"}
            }],
            "meta": {"total": 1, "page": 1, "limit": 20, "hasMore": false}
        })
    );
    assert!(response.body.contains(r#""total_amount":299.95,"#), "{}", response.body);
}

#[tokio::test]
async fn orders_are_listed_newest_first_by_status_and_dates_with_exact_totals() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    let orders = [
        order("a", "2023-12-31T23:59:59Z", OrderStatus::Delivered, 100),
        order("b", "2024-01-01T00:00:00Z", OrderStatus::Cancelled, 200),
        order("c", "2024-01-31T23:59:59Z", OrderStatus::Delivered, 300),
        order("d", "2024-02-01T00:00:00Z", OrderStatus::Returned, 400),
        order("e", "2024-02-29T12:00:00Z", OrderStatus::Delivered, 500),
    ];
    write(&stack, &customer, &orders).await;
    for (query, expected) in [
        ("", vec!["SO-e", "SO-d", "SO-c", "SO-b", "SO-a"]),
        ("status=delivered", vec!["SO-e", "SO-c", "SO-a"]),
        ("status=cancelled", vec!["SO-b"]),
        ("status=pending", vec![]),
        ("date_from=2024-01-01&date_to=2024-01-31", vec!["SO-c", "SO-b"]),
        ("date_from=2024-01-01T00:00:01Z", vec!["SO-e", "SO-d", "SO-c"]),
        ("date_to=2024-01-31T23:59:58Z", vec!["SO-b", "SO-a"]),
        ("date_from=2024-02-29&date_to=2024-02-29&status=delivered", vec!["SO-e"]),
        ("date_from=2024-03-01", vec![]),
        ("date_from=2024-02-01&date_to=2024-01-01", vec![]),
    ] {
        let (numbers, meta) = page(&stack.acme, &customer, query).await;
        assert_eq!(numbers, expected, "{query}");
        assert_eq!(meta["total"], expected.len(), "{query}");
    }
}

#[tokio::test]
async fn each_page_of_many_orders_is_exact() {
    const ORDERS: usize = 230;
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    // Four days of orders in each of two months, many of them in the same second.
    let number = |n: usize| format!("{n:03}");
    let orders: Vec<_> = (0..ORDERS)
        .map(|n| {
            let at = format!("2024-0{}-0{}T10:00:00Z", 1 + n / 120, 1 + n % 120 / 30);
            let status = if n % 7 == 0 { OrderStatus::Cancelled } else { OrderStatus::Shipped };
            order(&number(n), &at, status, 100)
        })
        .collect();
    write(&stack, &customer, &orders).await;
    for (filter, of_filter) in
        [("", ORDERS), ("&status=cancelled", ORDERS.div_ceil(7)), ("&date_from=2024-01-03", ORDERS - 60)]
    {
        let (mut all, mut number) = (Vec::new(), 1);
        loop {
            let (orders, meta) =
                page(&stack.acme, &customer, &format!("page={number}&limit=30{filter}")).await;
            assert_eq!(meta["total"], of_filter, "{filter}");
            assert_eq!(meta["hasMore"], number * 30 < of_filter, "{filter}");
            all.extend(orders);
            if meta["hasMore"] == false {
                break;
            }
            number += 1;
        }
        assert_eq!(all.len(), of_filter, "{filter}");
        let unique: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(unique.len(), of_filter, "{filter}");
        // A page out of order is the same as in the walk.
        let (third, _) = page(&stack.acme, &customer, &format!("page=2&limit=30{filter}")).await;
        assert_eq!(third, all[30.min(all.len())..60.min(all.len())], "{filter}");
    }
    let (beyond, meta) = page(&stack.acme, &customer, "page=99").await;
    assert!(beyond.is_empty() && meta["hasMore"] == false);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    for (query, field) in [
        ("status=lost", "status"),
        ("status=CANCELLED", "status"),
        ("date_from=2024-02-30", "date_from"),
        ("date_to=yesterday", "date_to"),
        ("page=0", "page"),
        ("limit=ten", "limit"),
    ] {
        assert_eq!(wrong_fields(&stack.acme.get(&format!("{customer}/orders?{query}")).await), [field]);
    }
    let (_, meta) = page(&stack.acme, &customer, "limit=1000").await;
    assert_eq!(meta["limit"], 100);
}

#[tokio::test]
async fn unknown_and_deleted_customers_have_no_orders_to_list() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    write(&stack, &customer, &[order("a", "2024-01-01T00:00:00Z", OrderStatus::Pending, 100)]).await;
    let uuid = stack.tenant().customer_uuid(
        "1".parse::<u64>().ok().and_then(clientele_shared::model::CustomerNumber::new).unwrap(),
    );
    stack.acme.delete(&format!("/api/v1/customers/{uuid}")).await.expect(200);
    for path in [customer.as_str(), "/api/customers/cust_99", "/api/customers/99"] {
        let response = stack.acme.get(&format!("{path}/orders")).await;
        assert_eq!(error_of(&response, 404), ("not_found".into(), "Customer not found".into()));
    }
}

#[tokio::test]
async fn dates_at_the_end_of_the_calendar_are_open_ends() {
    let stack = Stack::start().await;
    let customer = create(&stack.acme, "Acme").await;
    let mut change = order("1", "2024-01-15T00:00:00Z", OrderStatus::Delivered, 100);
    change.order.as_mut().unwrap().0.shipping_address =
        Address { country: Some("FR".into()), ..Address::default() };
    write(&stack, &customer, &[change]).await;
    for (query, total) in [
        ("date_to=9999-12-31", 1),
        ("date_to=9999-12-30", 1),
        ("date_from=0001-01-01&date_to=9999-12-31", 1),
        ("date_from=9999-12-31", 0),
    ] {
        assert_eq!(page(&stack.acme, &customer, query).await.1["total"], total, "{query}");
    }
    // An address of which only the country is known has nothing to show here.
    let shown = stack.acme.get(&format!("{customer}/orders")).await.expect(200);
    assert_eq!(shown["data"][0].get("shipping_address"), None);
}
