//! The `sync-agent import prices` command: the unedited sample, exit codes, and a killed run.

use std::process::Stdio;

use clientele_shared::model::Money;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use uuid::Uuid;

use crate::engine::{Engine, SAMPLES};
use crate::prices::{day, list, live};
use crate::pricing::pricing;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn northwind_products_are_imported_unedited_as_a_price_list() {
    let engine = Engine::start().await;
    let products = format!("{SAMPLES}/northwind/products.csv");
    let arguments = [
        "import",
        "prices",
        &products,
        "--map",
        "ProductName=name",
        "--map",
        "UnitPrice=defaultPrice",
        "--map",
        "CategoryID=serviceType",
        "--currency",
        "USD",
    ];
    let output = engine.run(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.starts_with("demo: created 77, unchanged 0, rejected 0 in "), "{stdout}");
    let left_out = "SupplierID, QuantityPerUnit, UnitsInStock, UnitsOnOrder, ReorderLevel, Discontinued";
    assert!(stdout.contains(&format!("columns not imported: {left_out}")), "{stdout}");

    let rows = pricing(&engine, &live("demo"), Uuid::nil(), day("2024-01-01")).await;
    assert_eq!(rows.len(), 77);
    assert!(rows.is_sorted_by(|a, b| a.product < b.product));
    let cents: i64 =
        rows.iter().map(|row| row.customer_price.to_string().replace('.', "").parse::<i64>().unwrap()).sum();
    assert_eq!(cents, 222_271);
    for (id, category, name, price) in [
        ("1", "1", "Chai", 1_800),
        ("5", "2", "Chef Anton's Gumbo Mix", 2_135),
        ("25", "3", "NuNuCa Nuß-Nougat-Creme", 1_400),
        ("33", "4", "Geitost", 250),
        ("38", "1", "Côte de Blaye", 26_350),
        ("77", "2", "Original Frankfurter grüne Soße", 1_300),
    ] {
        let row = rows.iter().find(|row| row.product.as_str() == id).unwrap();
        assert_eq!((row.name.as_deref(), row.service_type.as_deref()), (Some(name), Some(category)));
        assert_eq!(
            (row.customer_price, row.default_price),
            (Money::from_cents(price), Some(Money::from_cents(price)))
        );
        assert_eq!((row.currency.to_string().as_str(), row.effective_from), ("USD", None));
    }
    let output = engine.run(&[&arguments[..], &["--json"]].concat()).await;
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["written"], &json["unchanged"], &json["rejected"]), (&0.into(), &77.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_code_and_messages_report_the_result() {
    let engine = Engine::start().await;
    engine.file("prices.csv", "sku,defaultPrice,currency\n1,5,USD\n2,x,USD\ncust_1,,\n");
    let output = engine.run(&["import", "prices", "prices.csv", "--map", "sku=productId"]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("created 1, unchanged 0, rejected 2"), "{stdout}");
    assert!(stdout.contains(
        "rejected rows are in prices.csv.rejects.csv; correct them there, then import that file with the \
         same options"
    ));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("rejected: line 3: defaultPrice: must be a number, such as 1250.00, not `x`"),
        "{stderr}"
    );
    assert!(engine.folder.path().join("prices.csv.rejects.csv").exists());

    for (arguments, code, message) in [
        (&["prices.csv"][..], 2, "no column holds product ids; the columns are sku, defaultPrice, currency"),
        (&["prices.csv", "--map", "sku=productId", "--map", "defaultPrice=-"], 2, "no column holds prices"),
        (&["prices.csv", "--map", "sku=colour"], 2, "the fields are customerId, productId"),
        (&["prices.csv", "--currency", "usd"], 2, "three capital letters such as USD"),
        (&["absent.csv"], 1, "cannot open absent.csv"),
        (
            &["prices.csv", "--map", "sku=productId", "--tenant", "absent"],
            1,
            "clientele tenant create absent",
        ),
    ] {
        let output = engine.run(&[&["import", "prices"], arguments].concat()).await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_price_import_can_be_run_again() {
    const ROWS: usize = 8_000;
    let engine = Engine::start().await;
    engine.file("prices.csv", &list(ROWS));
    let arguments = ["import", "prices", "prices.csv", "--currency", "USD", "--json"];
    let mut child = engine.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    while engine.store.pricing(&live("demo"), Uuid::nil(), day("2024-01-01")).next().await.unwrap().is_none()
    {
        tokio::task::yield_now().await;
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGKILL).unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), None);
    let before = pricing(&engine, &live("demo"), Uuid::nil(), day("2024-01-01")).await.len();
    assert!(before < ROWS, "the import finished before it was killed");

    let output = engine.run(&arguments).await;
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| json[name].as_u64().unwrap();
    // A batch that was in flight when the process ended might arrive after the prices have been read.
    assert!(count("unchanged") >= before as u64, "{json}");
    assert_eq!(count("unchanged") + count("written"), ROWS as u64);
    assert_eq!(pricing(&engine, &live("demo"), Uuid::nil(), day("2024-01-01")).await.len(), ROWS);
}
