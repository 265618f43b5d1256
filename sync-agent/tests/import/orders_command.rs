//! Imports of orders and prices by the command: changes of a dry run, and customers that a source names.

use serde_json::{Value, json};

use crate::engine::Engine;

/// Runs the command with `--json`; returns its exit code and result.
async fn run(engine: &Engine, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = engine.run(&[arguments, &["--json"]].concat()).await;
    let result = serde_json::from_slice(&output.stdout);
    (output.status.code(), result.unwrap_or_else(|_| panic!("{output:?}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_run_lists_the_changes_of_orders() {
    let engine = Engine::start().await;
    engine.file("customers.csv", "id,name\n1,Ann Lee\n");
    run(&engine, &["import", "customers", "customers.csv", "--map", "name=fullName", "--source", "shop"])
        .await;
    let header = "orderId,customerId,orderDate,status,productId,quantity,unitPrice";
    engine.file(
        "orders.csv",
        &format!("{header}\nA,1,2024-01-15,shipped,p,2,5\nB,1,2024-01-16,shipped,p,1,5\n"),
    );
    let import = ["import", "orders", "orders.csv", "--source", "shop"];
    let (code, result) = run(&engine, &import).await;
    assert_eq!((code, &result["created"]), (Some(0), &json!(2)));
    engine.file(
        "orders.csv",
        &format!("{header}\nA,1,2024-01-15,delivered,p,3,5\nB,1,2024-01-16,removed,,,\n"),
    );
    let (code, result) = run(&engine, &[&import[..], &["--dry-run"]].concat()).await;
    assert_eq!(code, Some(0), "{result}");
    let changes: Vec<Value> =
        result["changes"].as_array().unwrap().iter().map(|row| row["changes"].clone()).collect();
    let change = |field: &str, old: &str, new: &str| json!({ "field": field, "old": old, "new": new });
    let first = [
        change("status", "shipped", "delivered"),
        change("total", "10.00", "15.00"),
        change("lines", "2 × p at 5 less 0", "3 × p at 5 less 0"),
    ];
    assert_eq!(changes, [json!(first), json!([change("status", "shipped", "removed")])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removal_of_an_order_by_the_id_of_an_export_is_rejected() {
    let engine = Engine::start().await;
    engine.file(
        "orders.csv",
        "orderId,customerId,orderDate,status,total\nso_0123456789abcdef,cust_1,2024-01-15,removed,1\n",
    );
    let (code, result) = run(&engine, &["import", "orders", "orders.csv"]).await;
    assert_eq!((code, &result["rejected"]), (Some(3), &json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_of_another_tenant_belong_to_the_customers_that_the_source_names() {
    let engine = Engine::start().await;
    engine.file("customers.csv", "id,lastName\ncust_2,Second\ncust_1,First\n");
    run(&engine, &["import", "customers", "customers.csv", "--source", "other"]).await;
    engine.file("prices.csv", "customerId,productId,customerPrice,currency\ncust_2,p,5.00,USD\n");
    let (code, _) = run(&engine, &["import", "prices", "prices.csv", "--source", "other"]).await;
    assert_eq!(code, Some(0));
    let (_, exported) = run(&engine, &["export", "prices", "--to", "out", "--columns", "full"]).await;
    let file = engine.folder.path().join(exported["file"].as_str().unwrap());
    // The customer that the source calls cust_2 was imported first.
    assert!(std::fs::read_to_string(file).unwrap().contains("\ncust_1,p,,,,5.00,USD,"));
}
