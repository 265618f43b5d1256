//! Imports and exports against an engine in this process, through the library and through the command: both
//! sample files, repeated and interrupted imports, and the round trip with an export.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy allows these in test functions only, and the helpers here are used by tests alone"
)]

mod command;
mod complete;
mod contacts;
mod engine;
mod export;
mod export_command;
mod files;
mod interrupted;
mod lost_answers;
mod mapping_files;
mod messages;
mod orders;
mod orders_command;
mod outputs;
mod presets;
mod prices;
mod prices_command;
mod pricing;
mod pricing_rule;
mod schedule_command;
mod update;

use std::time::Instant;

use clientele_shared::model::{CustomerType, Mode};
use clientele_sync_agent::cancellation::CancellationToken;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportError, ImportEvent, ImportOptions, Importer, RejectsTo};
use tokio::sync::Notify;

use crate::engine::{Engine, counts, email, generated, id, sample};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_samples_are_imported_unedited_and_only_once() {
    let engine = Engine::start().await;
    for (name, rows) in [("chinook", 59), ("northwind", 93)] {
        let outcome = engine.import("demo", &sample(name)).await;
        assert_eq!(outcome.counts, counts(rows, 0, 0));
        assert_eq!(outcome.columns_left_out, Vec::<String>::new());
        assert_eq!(engine.import("demo", &sample(name)).await.counts, counts(0, rows, 0));
    }
    let (customers, total) = engine.customers("demo").await;
    assert_eq!((customers.len(), total), (152, 152));
    let luis = &customers[&1].fields;
    assert_eq!(luis.company_name.as_deref(), Some("Embraer - Empresa Brasileira de Aeronáutica S.A."));
    assert_eq!(luis.phone.as_deref(), Some("+55 (12) 3923-5555"));
    assert_eq!(luis.physical.country.as_deref(), Some("Brazil"));
    let maria = &customers[&60].fields;
    assert_eq!((maria.first_name.as_deref(), maria.last_name.as_deref()), (Some("Maria"), Some("Anders")));
    assert_eq!(maria.customer_type, CustomerType::Commercial);
    assert_eq!(maria.contacts[0].title.as_deref(), Some("Sales Representative"));
    assert_eq!(engine.customers("other").await.1, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_numbered_in_file_order() {
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", &generated(150));
    engine.import("demo", &file).await;
    let (customers, _) = engine.customers("demo").await;
    for (row, (number, customer)) in customers.into_iter().enumerate() {
        assert_eq!((number as usize, customer.fields.email), (row + 1, Some(email(row))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_import_can_be_run_again() {
    const ROWS: usize = 1_000;
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", &generated(ROWS));
    for rows_before_drop in [1, 60, 100] {
        let importer = engine.importer("demo", ImportOptions::default());
        let enough = Notify::new();
        let mut watch = |event: ImportEvent<'_>| {
            if let ImportEvent::Progress(progress) = event
                && progress.counts.written >= rows_before_drop
            {
                enough.notify_one();
            }
        };
        tokio::select! {
            biased;
            () = enough.notified() => {}
            _ = importer.run(&file, &mut watch) => panic!("the import finished before it was dropped"),
        }
    }
    let (customers, _) = engine.customers("demo").await;
    assert!(customers.len() > 160 && customers.len() < ROWS);
    let outcome = engine.import("demo", &file).await;
    assert!(outcome.counts.written > 0);
    assert_eq!(outcome.counts.rows(), ROWS as u64);
    engine.check_emails("demo", ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_imports_of_a_file_create_each_customer_once() {
    const ROWS: usize = 400;
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", &generated(ROWS));
    let (one, other) = tokio::join!(engine.import("demo", &file), engine.import("demo", &file));
    assert_eq!(one.counts.written + other.counts.written, ROWS as u64);
    assert_eq!(one.counts.present + other.counts.present, ROWS as u64);
    engine.check_emails("demo", ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_import_reports_the_interruption() {
    const ROWS: usize = 1_000;
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", &generated(ROWS));
    let token = CancellationToken::default();
    let importer = engine.importer("demo", ImportOptions::default()).with_cancellation(token.clone());
    let outcome = importer.run(&file, &mut |_| token.request()).await.unwrap();
    assert!(outcome.interrupted);
    assert_eq!(engine.customers("demo").await.1, outcome.counts.written);
    assert!(outcome.counts.written < ROWS as u64);
    assert_eq!(engine.import("demo", &file).await.counts.rows(), ROWS as u64);
    engine.check_emails("demo", ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_run_counts_rows_but_writes_nothing() {
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", &generated(10));
    engine.import("demo", &file).await;
    let more = engine.file("rows.csv", &format!("{}row-3,,,,,,,,,\r\n", generated(15)));
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let outcome = engine.importer("demo", options).run(&more, &mut |_| {}).await.unwrap();
    assert_eq!(outcome.counts, counts(5, 10, 1));
    assert_eq!(engine.customers("demo").await.1, 10);
    engine.import("demo", &more).await;
    assert_eq!(*engine.customers("demo").await.0.last_key_value().unwrap().0, 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_rows_can_be_corrected_in_the_report_and_imported() {
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", "id,email,status\r\n1,a@b,LEAD\r\n2,c@d,GONE\r\n3,x\r\n");
    let rejects = engine.folder.path().join("rejects.csv");
    let options = ImportOptions { rejects: RejectsTo::File(rejects.clone()), ..ImportOptions::default() };
    let outcome = engine.importer("demo", options).run(&file, &mut |_| {}).await.unwrap();
    assert_eq!((outcome.counts, outcome.rejects.as_deref()), (counts(1, 0, 2), Some(rejects.as_path())));
    let report = std::fs::read_to_string(&rejects).unwrap();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "line,reason,id,email,status");
    assert_eq!(lines[1], "3,\"status: must be ACTIVE, INACTIVE or LEAD, not `GONE`\",2,c@d,GONE");
    assert!(lines[2].starts_with("4,\"row: has 2 cells, but the header has 3\",3,x"));

    let corrected =
        engine.file("corrected.csv", &report.replace("GONE\r", "ACTIVE\r").replace("3,x", "3,x,LEAD"));
    let customers = Customers { source: Some("rows.csv".into()), ..Customers::default() };
    let importer =
        Importer::new(engine.store.clone(), id("demo"), Mode::Live, customers, ImportOptions::default());
    let outcome = importer.run(&corrected, &mut |_| {}).await.unwrap();
    assert_eq!(outcome.counts, counts(2, 0, 0));
    assert_eq!(outcome.columns_left_out, ["line", "reason"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_tenant_error_names_the_command_that_creates_it() {
    let engine = Engine::start().await;
    let importer = engine.importer("absent", ImportOptions::default());
    let failure = importer.run(&sample("chinook"), &mut |_| {}).await.unwrap_err();
    assert!(matches!(failure.error, ImportError::NoTenant(_)));
    assert!(failure.to_string().contains("clientele tenant create absent"), "{failure}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_of_several_batches_is_imported_completely() {
    const ROWS: usize = 4_100;
    let engine = Engine::start().await;
    // Rows with only an email have few search terms, which would otherwise take most of the time.
    let emails: Vec<String> = (0..ROWS).map(email).collect();
    let file = engine.file("rows.csv", &format!("email\n{}\n", emails.join("\n")));
    let outcome = engine.import("demo", &file).await;
    assert_eq!(outcome.counts, counts(ROWS as u64, 0, 0));
    println!("import: {:.1} s, {:.0} rows/s", outcome.elapsed.as_secs_f64(), outcome.rows_per_second());
    let started = Instant::now();
    assert_eq!(engine.import("demo", &file).await.counts, counts(0, ROWS as u64, 0));
    println!("again: {:.1} s", started.elapsed().as_secs_f64());
    engine.check_emails("demo", ROWS).await;
}
