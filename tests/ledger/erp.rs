//! The cost of the erp dialect's operations.

use serde_json::{Value, json};

use clientele_shared::model::{CustomerFields, CustomerNumber, Mode, OrderStatus, Settings};
use clientele_shared::store::OrderChange;

use super::cost_budget::{self, NONE};
use super::cost_report::CostReport;
use super::customers::{filler, import};
use crate::support::orders::order;
use crate::support::{Caller, Stack};

/// Measures this dialect's operations among 200 customers.
pub(crate) async fn measure(stack: &Stack, report: &mut CostReport) {
    let caller = stack.caller("erp", Mode::Live, "read,write").await;
    let settings = Settings { usage_metering: false, ..Settings::default() };
    stack.store.tenant_settings_set(&"erp".parse().unwrap(), &settings).await.unwrap();
    let customers: Vec<CustomerFields> = (0..200).map(|number| filler(number, 286)).collect();
    import(&stack.store, &caller.key.tenant(), "erp", &customers).await;
    caller.get("/api/customers/cust_0").await.expect(404);

    report.heading("erp: operations among 200 customers, items of up to 572 bytes");
    let path = "/api/customers/cust_7";
    report.measure("one customer", cost_budget::GET, caller.get(path)).await.0.expect(200);
    report.measure("list of 25", NONE, caller.get("/api/customers?limit=25")).await.0.expect(200);
    let active = caller.get("/api/customers?limit=25&is_active=true");
    report.measure("list of 25, active", NONE, active).await.0.expect(200);
    let body =
        json!({"name": "New Customer Corp", "email": "orders@newcustomer.com", "credit_limit": 5000.00});
    let created = report.measure("create of a customer", NONE, caller.post("/api/customers", &body)).await.0;
    created.expect(201);
    let notes = json!({"notes": "Every other week since 2024."});
    report.measure("update of notes", cost_budget::UPDATE, caller.put(path, &notes)).await.0.expect(200);
    let (contacts, ann) = (format!("{path}/contacts"), json!({"name": "Ann Lee"}));
    report.measure("add a contact", cost_budget::UPDATE, caller.post(&contacts, &ann)).await.0.expect(201);
    let (contact, title) = (format!("{contacts}/cont_1"), json!({"title": "CEO"}));
    report.measure("change a contact", cost_budget::UPDATE, caller.put(&contact, &title)).await.0.expect(200);
    report.measure("remove a contact", cost_budget::UPDATE, caller.delete(&contact)).await.0.expect(200);
    let credit_check = format!("{path}/credit-check");
    let send = || caller.post(&credit_check, &Value::Null);
    report.measure("credit check", cost_budget::CREDIT_CHECK, send()).await.0.expect(200);
    report.measure("credit check, again", cost_budget::CREDIT_CHECK, send()).await.0.expect(200);
    for _ in 2..10 {
        send().await.expect(200);
    }
    report.measure("credit check, the 11th in a minute", cost_budget::GET, send()).await.0.expect(429);
    measure_orders(stack, &caller, report).await;
}

/// Measures writes and reads of the orders of one of the customers.
async fn measure_orders(stack: &Stack, caller: &Caller, report: &mut CostReport) {
    let path = "/api/customers/cust_7";
    let order_of = |n: usize| {
        let at = format!("2024-{:02}-{:02}T00:00:00Z", 1 + n / 28 % 12, 1 + n % 28);
        order(&n.to_string(), &at, OrderStatus::Delivered, 10_000)
    };
    let number = CustomerNumber::from_customer_id("cust_7").unwrap();
    let tenant = caller.key.tenant();
    let store = report.recorded_store(stack);
    let write = |orders: Vec<OrderChange>| {
        let (store, tenant) = (&store, &tenant);
        async move { store.orders_write(tenant, number, &orders).await }
    };
    write(vec![order_of(0)]).await.unwrap();
    report.measure("write of an order", cost_budget::ORDER, write(vec![order_of(1)])).await.0.unwrap();
    let many: Vec<_> = (28..46).map(order_of).collect();
    report.measure("write of 18 orders of a month", NONE, write(many)).await.0.unwrap();
    report.measure("write of an unchanged order", NONE, write(vec![order_of(1)])).await.0.unwrap();
    for (label, query) in [
        ("list of 20 orders", "orders"),
        ("page 2 of orders", "orders?page=2&limit=10"),
        ("list of orders from the 10th on", "orders?date_from=2024-02-10"),
        ("analytics", "analytics"),
    ] {
        report.measure(label, NONE, caller.get(&format!("{path}/{query}"))).await.0.expect(200);
    }
}
