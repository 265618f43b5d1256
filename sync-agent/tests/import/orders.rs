//! The `import orders` command: both sample databases, files with a row for each line, rejected rows, changes, removals and
//! mapping files.

use std::path::Path;
use std::process::Output;

use clientele_shared::model::{CustomerNumber, Figures, Mode, Tenant};
use serde_json::Value;

use crate::engine::{Engine, SAMPLES, id};

const ORDERS: &str = "orderId,customerId,orderDate,status,productId,quantity,unitPrice\r\n";

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!("{text}{}", String::from_utf8_lossy(&output.stderr));
    })
}

/// Creates the customers `cust_1` (a@example.com), `cust_2` and `cust_3`, who have the ids A, B and C in the source `shop`.
async fn with_customers() -> Engine {
    let engine = Engine::start().await;
    engine.file(
        "customers.csv",
        "id,company,email\r\nA,Acme,a@example.com\r\nB,Bolt,b@example.com\r\nC,Cog,c@example.com\r\n",
    );
    let output =
        engine.run(&["import", "customers", "customers.csv", "--source", "shop", "--tenant", "demo"]).await;
    assert!(output.status.success());
    engine
}

async fn import(engine: &Engine, file: &str, more: &[&str]) -> (Option<i32>, Value) {
    let mut arguments = vec!["import", "orders", file, "--source", "shop", "--tenant", "demo", "--json"];
    arguments.extend(more);
    let output = engine.run(&arguments).await;
    (output.status.code(), json(&output))
}

/// The counts that the command printed: created, updated, removed, unchanged, rejected.
fn counts(json: &Value) -> [u64; 5] {
    ["created", "updated", "removed", "unchanged", "rejected"].map(|name| json[name].as_u64().unwrap())
}

async fn figures(engine: &Engine, customer: u64) -> Figures {
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let uuid = tenant.customer_uuid(CustomerNumber::new(customer).unwrap());
    engine.store.figures_get(&tenant, uuid).await.unwrap()
}

/// A customer's orders and their total, as text.
async fn sold(engine: &Engine, customer: u64) -> (u32, String) {
    let figures = figures(engine, customer).await;
    (figures.orders, figures.lifetime_value.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_are_imported_unedited_with_their_mapping_files_and_only_once() {
    let engine = Engine::start().await;
    for (name, orders, lines, count) in [
        ("chinook", "invoices.csv", "invoice_lines.csv", 412),
        ("northwind", "orders.csv", "order_details.csv", 830),
    ] {
        let path = |file: &str| Path::new(SAMPLES).join(name).join(file).to_str().unwrap().to_owned();
        let (customers, orders, lines, mapping) =
            (path("customers.csv"), path(orders), path(lines), path("orders.toml"));
        let output =
            engine.run(&["import", "customers", &customers, "--source", name, "--tenant", "demo"]).await;
        assert!(output.status.success());
        let arguments = [
            "import",
            "orders",
            &orders,
            "--lines",
            &lines,
            "--mapping",
            &mapping,
            "--source",
            name,
            "--tenant",
            "demo",
            "--json",
        ];
        for expected in [[count, 0, 0, 0, 0], [0, 0, 0, count, 0]] {
            let output = engine.run(&arguments).await;
            assert_eq!(counts(&json(&output)), expected);
            assert_eq!(output.status.code(), Some(0));
            assert_eq!(json(&output)["warnings"], serde_json::json!([]));
        }
    }
    // The sum of the invoices of customer 1 in the file.
    assert_eq!(sold(&engine, 1).await, (7, "39.62".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_one_file_are_the_lines_of_its_orders() {
    let engine = with_customers().await;
    let rows = "\
        1,A,2024-01-15,shipped,p1,2,9.99\r\n\
        2,a@example.com,2024-01-16,shipped,p1,1,0.005\r\n\
        1,A,2024-01-15,shipped,p2,1,0.02\r\n\
        3,cust_2,2024-01-17T10:00:00Z,pending,p2,3,1\r\n\
        2,a@example.com,2024-01-16,shipped,p2,1,0.005\r\n";
    engine.file("orders.csv", &format!("{ORDERS}{rows}"));
    let (exit, json) = import(&engine, "orders.csv", &[]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [3, 0, 0, 0, 0]), "{json}");
    assert_eq!(json["ignored_columns"], serde_json::json!([]));
    assert_eq!(sold(&engine, 1).await, (2, "20.01".into()));
    assert_eq!(sold(&engine, 2).await, (1, "3.00".into()));
}

/// Lines and reasons of the rejected rows of [`MOSTLY_WRONG`] without the line that has no order.
const REASONS: [(&str, &str); 12] = [
    ("3", "customerId: the source `shop` imported no customer `unknown`"),
    ("4", "orderDate: must be a date such as 2024-01-15"),
    (
        "5",
        "status: must be pending, confirmed, processing, shipped, delivered, cancelled or returned, or removed",
    ),
    ("6", "orders.csv line 6: unitPrice: must be a number"),
    ("7", "orders.csv line 7: quantity: must be between"),
    ("8", "row: contradicts line 9"),
    ("9", "contradicts line 8"),
    ("10", "row: the sum of the order's lines must not be negative"),
    ("11", "customerId: no customer has the email `unknown@example.com`"),
    ("12", "customerId: the source `shop` imported no customer `unknown`"),
    ("13", "customerId: customer `cust_99` does not exist"),
    ("14", "orders.csv line 14: productId: must not be empty"),
];

/// Orders of which the first and the last are valid, and a line without an order.
const MOSTLY_WRONG: &str = "\
    1,A,2024-01-15,shipped,p1,1,10\r\n\
    2,unknown,2024-01-15,shipped,p1,1,10\r\n\
    3,A,2024-02-30,shipped,p1,1,10\r\n\
    4,A,2024-01-15,lost,p1,1,10\r\n\
    5,A,2024-01-15,shipped,p1,1,abc\r\n\
    6,A,2024-01-15,shipped,p1,1e400,10\r\n\
    7,A,2024-01-15,shipped,p1,1,10\r\n\
    7,A,2024-01-16,shipped,p1,1,10\r\n\
    8,A,2024-01-15,shipped,p1,-1,10\r\n\
    9,unknown@example.com,2024-01-15,shipped,p1,1,10\r\n\
    2,unknown,2024-01-15,shipped,p2,1,10\r\n\
    ,A,2024-01-15,shipped,p1,1,10\r\n\
    10,cust_99,2024-01-15,shipped,p1,1,10\r\n\
    11,A,2024-01-15,shipped,,1,10\r\n\
    12,B,2024-01-15,shipped,p1,1,10\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_orders_are_reported_with_line_and_reason_and_the_rest_is_imported() {
    let engine = with_customers().await;
    engine.file("orders.csv", &format!("{ORDERS}{MOSTLY_WRONG}"));
    let (exit, json) = import(&engine, "orders.csv", &["--rejects", "rejects.csv"]).await;
    assert_eq!(exit, Some(1), "{json}");
    // A line without an order's id could belong to any order.
    assert!(json["error"].as_str().unwrap().contains("line 13: orderId: must not be empty"), "{json}");
    let without_id: String =
        MOSTLY_WRONG.lines().filter(|row| !row.starts_with(',')).map(|row| format!("{row}\r\n")).collect();
    engine.file("orders.csv", &format!("{ORDERS}{without_id}"));
    let (exit, json) = import(&engine, "orders.csv", &["--rejects", "rejects.csv"]).await;
    assert_eq!((exit, counts(&json)), (Some(3), [2, 0, 0, 0, 12]), "{json}");
    assert_eq!(json["rejects_file"], "rejects.csv");
    let rejects = std::fs::read_to_string(engine.folder.path().join("rejects.csv")).unwrap();
    let reasons: Vec<&str> = rejects.lines().skip(1).collect();
    for (row, (line, reason)) in reasons.iter().zip(REASONS) {
        assert!(row.starts_with(&format!("{line},")) && row.contains(reason), "{row}");
    }
    assert_eq!(reasons.len(), 12);
    assert_eq!(sold(&engine, 1).await, (1, "10.00".into()));
    // Corrected in the report, the order with two rows is imported with both.
    let corrected: String = rejects
        .lines()
        .filter(|row| row.starts_with("line,") || row.contains(",unknown,"))
        .map(|row| format!("{}\r\n", row.replace(",unknown,", ",C,")))
        .collect();
    engine.file("corrected.csv", &corrected);
    let (exit, json) = import(&engine, "corrected.csv", &[]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [1, 0, 0, 0, 0]));
    assert_eq!(sold(&engine, 3).await, (1, "20.00".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_cancelled_moved_and_removed_orders_correct_every_figure() {
    let engine = with_customers().await;
    let header = "orderId,customerId,orderDate,status,total,amountPaid,paidDate\r\n";
    let first = "\
        1,A,2024-01-15,shipped,100,40,2024-01-20\r\n\
        2,A,2024-02-15,shipped,200,,\r\n\
        3,A,2024-03-15,shipped,300,,2024-03-20\r\n\
        4,A,2024-04-15,shipped,400,0,\r\n\
        5,A,2024-05-15,shipped,500,,\r\n";
    engine.file("orders.csv", &format!("{header}{first}"));
    assert_eq!(counts(&import(&engine, "orders.csv", &[]).await.1), [5, 0, 0, 0, 0]);
    let before = figures(&engine, 1).await;
    assert_eq!((before.orders, before.lifetime_value.to_string()), (5, "1500.00".into()));
    // Unpaid: 60 of the first, nothing of the third, all of the fourth.
    assert_eq!(
        (before.balance.to_string(), before.paid_orders, before.payment_days),
        ("460.00".into(), 1, 5)
    );
    let second = "\
        1,A,2024-01-16,shipped,150,40,2024-01-20\r\n\
        2,A,2024-02-15,shipped,200,,\r\n\
        3,B,2024-03-15,shipped,300,,2024-03-20\r\n\
        4,A,2024-04-15,cancelled,400,0,\r\n\
        5,,,removed,,,\r\n\
        6,,,removed,,,\r\n";
    engine.file("orders.csv", &format!("{header}{second}"));
    let (exit, json) = import(&engine, "orders.csv", &["--dry-run"]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [0, 3, 1, 2, 0]));
    assert_eq!(figures(&engine, 1).await, before);
    let (exit, json) = import(&engine, "orders.csv", &[]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [0, 3, 1, 2, 0]));
    let after = figures(&engine, 1).await;
    assert_eq!((after.orders, after.lifetime_value.to_string()), (2, "350.00".into()));
    assert_eq!((after.balance.to_string(), after.paid_orders), ("110.00".into(), 0));
    assert_eq!(after.last_order_at.unwrap().to_rfc3339_seconds(), "2024-02-15T00:00:00Z");
    assert_eq!(sold(&engine, 2).await, (1, "300.00".into()));
    // The file still names an order to be removed that is gone.
    assert_eq!(counts(&import(&engine, "orders.csv", &[]).await.1), [0, 0, 0, 6, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_without_an_order_are_a_warning() {
    let engine = with_customers().await;
    engine.file("orders.csv", "orderId,customerId,orderDate\r\n1,A,2024-01-15\r\n");
    engine.file("lines.csv", "orderId,productId,unitPrice\r\n1,p1,5\r\n2,p1,5\r\n3,p1,5\r\n");
    let (exit, json) = import(&engine, "orders.csv", &["--lines", "lines.csv"]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [1, 0, 0, 0, 0]));
    assert_eq!(json["warnings"][0], "the lines of 2 orders that the file lacks were ignored: 2, 3");
    assert_eq!(sold(&engine, 1).await, (1, "5.00".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_without_lines_needs_a_total() {
    let engine = with_customers().await;
    engine.file("orders.csv", "orderId,customerId,orderDate,total\r\n1,A,2024-01-15,\r\n2,A,2024-01-15,10.005\r\n3,A,2024-01-15,7\r\n");
    let (exit, json) = import(&engine, "orders.csv", &[]).await;
    assert_eq!((exit, counts(&json)), (Some(3), [1, 0, 0, 0, 2]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistake_in_a_mapping_file_is_named_before_anything_is_read() {
    let engine = Engine::start().await;
    engine.file("orders.csv", "a\r\n");
    for (content, message) in [
        ("[columns]\nflavour = \"A\"", "`flavour` is not a field; the fields are orderId, orderNumber"),
        ("[column]\norderId = \"A\"", "unknown field `column`"),
        ("columns", "is not a mapping file"),
    ] {
        engine.file("orders.toml", content);
        let output = engine.run(&["import", "orders", "orders.csv", "--mapping", "orders.toml"]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.starts_with("error: ") && error.contains(message), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_that_cannot_be_stored_is_rejected_and_the_rest_is_imported() {
    let engine = with_customers().await;
    let (header, huge) = ("orderId,customerId,orderDate,status,total\r\n", "999999999999.99");
    let rows = format!(
        "1,A,2024-01-15,shipped,10\r\n2,A,2024-01-15,shipped,{huge}\r\n3,A,2024-01-15,shipped,{huge}\r\n\
         4,A,2024-01-15,shipped,20\r\n5,B,2024-01-15,shipped,30\r\n"
    );
    engine.file("orders.csv", &format!("{header}{rows}"));
    let (exit, json) = import(&engine, "orders.csv", &["--rejects", "rejects.csv"]).await;
    // The sum of an amount of that size and any other one is too large.
    assert_eq!((exit, counts(&json)), (Some(3), [3, 0, 0, 0, 2]), "{json}");
    assert_eq!((sold(&engine, 1).await, sold(&engine, 2).await), ((2, "30.00".into()), (1, "30.00".into())));
    let rejects = std::fs::read_to_string(engine.folder.path().join("rejects.csv")).unwrap();
    for (row, line) in rejects.lines().skip(1).zip(["3", "4"]) {
        assert!(row.starts_with(&format!("{line},")) && row.contains("too large"), "{rejects}");
    }
}

/// A row for each of an order's lines, each for a product of its own.
fn many_products(order: usize, date: &str, products: std::ops::Range<usize>) -> String {
    let name = "n".repeat(40);
    products.map(|n| format!("{order},A,{date},shipped,product-{name}-{n},1,1\r\n")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn months_with_many_products_are_written_in_smaller_commits_up_to_their_limit() {
    let engine = with_customers().await;
    let month = |n: usize| format!("{}-{:02}-15", 2023 + n / 12, n % 12 + 1);
    // Each of these months has sums of about 250 KB.
    for part in 0..3 {
        let rows: String =
            (0..12).map(|n| many_products(n * 3 + part, &month(n), part * 400..(part + 1) * 400)).collect();
        engine.file("orders.csv", &format!("{ORDERS}{rows}"));
        let (exit, json) = import(&engine, "orders.csv", &[]).await;
        assert_eq!((exit, counts(&json)), (Some(0), [12, 0, 0, 0, 0]), "{json}");
    }
    let small: String = (0..12).map(|n| many_products(100 + n, &month(n), 0..1)).collect();
    engine.file("orders.csv", &format!("{ORDERS}{small}"));
    let (exit, json) = import(&engine, "orders.csv", &[]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [12, 0, 0, 0, 0]), "{json}");

    let large: String =
        (0..9).map(|n| many_products(200 + n, &month(0), n * 490 + 2_000..(n + 1) * 490 + 2_000)).collect();
    engine.file("orders.csv", &format!("{ORDERS}{large}300,A,2024-06-01,shipped,p,1,1\r\n"));
    let (exit, json) = import(&engine, "orders.csv", &["--rejects", "rejects.csv"]).await;
    assert_eq!(exit, Some(3), "{json}");
    let rejects = std::fs::read_to_string(engine.folder.path().join("rejects.csv")).unwrap();
    assert!(
        rejects.contains("more different products in 2023-01 than its sums can hold"),
        "{}",
        &rejects[..300]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removal_needs_no_line_and_an_order_with_a_total_none() {
    let engine = with_customers().await;
    let header = "orderId,customerId,orderDate,status,productId,quantity,unitPrice,total\r\n";
    engine.file(
        "orders.csv",
        &format!("{header}1,A,2024-01-15,shipped,p1,2,9.99,\r\n2,A,2024-01-15,shipped,,,,5\r\n"),
    );
    let (exit, json) = import(&engine, "orders.csv", &[]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [2, 0, 0, 0, 0]), "{json}");
    assert_eq!(sold(&engine, 1).await, (2, "24.98".into()));
    engine.file("orders.csv", &format!("{header}1,,,removed,,,,\r\n2,,,removed,p1,x,,\r\n"));
    let (exit, json) = import(&engine, "orders.csv", &[]).await;
    assert_eq!((exit, counts(&json)), (Some(0), [0, 0, 2, 0, 0]), "{json}");
    assert_eq!(sold(&engine, 1).await, (0, "0.00".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_of_a_contradictory_order_is_imported_in_any_form_of_file() {
    let engine = with_customers().await;
    let (header, lines) =
        ("orderId,customerId,orderDate,status,total\r\n", "orderId,productId,quantity,unitPrice\r\n");
    engine.file(
        "orders.csv",
        &format!(
            "{header}1,A,2024-01-15,shipped,10\r\n1,A,2024-01-15,shipped,20\r\n2,A,2024-01-15,shipped,5\r\n"
        ),
    );
    engine.file("lines.csv", &format!("{lines}1,p1,1,1\r\n"));
    for more in [&[][..], &["--lines", "lines.csv"]] {
        let (exit, json) = import(&engine, "orders.csv", more).await;
        assert_eq!((exit, &json["rejected"]), (Some(3), &serde_json::json!(2)), "{json}");
        assert_eq!(json["warnings"], serde_json::json!([]));
        assert_eq!(sold(&engine, 1).await, (1, "5.00".into()));
    }
}
