//! Updates and contacts that are interrupted: nothing is lost and nothing doubled, and the message names the next command.

use std::process::{Child, Stdio};

use clientele_shared::model::{Customer, CustomerNumber, Mode, Tenant};
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportEvent, ImportOptions, Importer};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::engine::{Engine, email, generated, id};

const ROWS: usize = 200;

impl Engine {
    /// Starts a command, and sends it a signal once this is true of a customer.
    async fn interrupt(
        &self,
        arguments: &[&str],
        signal: Signal,
        is_done: impl Fn(&Customer) -> bool,
    ) -> Child {
        let child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let tenant = Tenant::new(&id("demo"), Mode::Live);
        let uuid = tenant.customer_uuid(CustomerNumber::new(1).unwrap());
        while !is_done(&self.store.customer_get(&tenant, uuid, false).await.unwrap()) {
            tokio::task::yield_now().await;
        }
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        child
    }
}

fn rows(header: &str, row: impl Fn(usize) -> String) -> String {
    let rows: String = (0..ROWS).map(row).collect();
    format!("{header}\n{rows}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_update_can_be_run_again() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(ROWS))).await;
    engine.file("notes.csv", &rows("email,notes", |row| format!("{},note {row}\n", email(row))));
    let arguments = ["import", "customers", "notes.csv", "--update", "--key", "email", "--json"];
    let mut child =
        engine.interrupt(&arguments, Signal::SIGKILL, |customer| customer.fields.notes.is_some()).await;
    tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    let output = engine.run(&arguments).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| json[name].as_u64().unwrap();
    assert_eq!(count("updated") + count("unchanged"), ROWS as u64, "{json}");
    assert!(count("unchanged") > 0 && count("created") == 0, "{json}");
    let (customers, total) = engine.customers("demo").await;
    assert_eq!(total, ROWS as u64);
    // Version 1 is that of the creation.
    assert!(customers.values().all(|customer| customer.fields.notes.is_some() && customer.version == 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_update_names_the_command_that_continues_it() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(ROWS))).await;
    engine.file("my notes.csv", &rows("email,notes", |row| format!("{},note {row}\n", email(row))));
    let arguments = ["import", "customers", "my notes.csv", "--update", "--key", "email"];
    let child =
        engine.interrupt(&arguments, Signal::SIGINT, |customer| customer.fields.notes.is_some()).await;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let expected = "import customers 'my notes.csv' --update --key email --dynamodb http://";
    assert!(stdout.contains("to continue, run: ") && stdout.contains(expected), "{stdout}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_import_of_contacts_can_be_run_again() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(ROWS))).await;
    engine.file("contacts.csv", &rows("customerId,name", |row| format!("cust_{},Person {row}\n", row + 1)));
    let arguments = ["import", "contacts", "contacts.csv", "--json"];
    let mut child =
        engine.interrupt(&arguments, Signal::SIGKILL, |customer| !customer.fields.contacts.is_empty()).await;
    tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    let output = engine.run(&arguments).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| json[name].as_u64().unwrap();
    assert_eq!(count("created") + count("unchanged"), ROWS as u64, "{json}");
    let (customers, _) = engine.customers("demo").await;
    assert!(customers.values().all(|customer| customer.fields.contacts.len() == 1 && customer.version == 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_counts_the_rows_of_the_file() {
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", "id,email,notes\n1,a@b.c,\"two\nlines\"\n2,b@b.c,\n3,x\n");
    let options = ImportOptions::default();
    let importer = Importer::new(engine.store.clone(), id("demo"), Mode::Live, Customers::default(), options);
    let mut last = None;
    let mut watch = |event: ImportEvent<'_>| {
        if let ImportEvent::Progress(progress) = event {
            last = Some((progress.counts.rows(), progress.rows_total));
        }
    };
    importer.run(&file, &mut watch).await.unwrap();
    assert_eq!(last, Some((3, 3)));
}
