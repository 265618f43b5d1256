//! The `sync-agent` command: its output, its exit codes, and how it handles signals.

use std::process::Stdio;

use clientele_shared::model::{Mode, Status, Tenant};
use clientele_shared::store::{Budget, CustomerFilter, CustomerQuery, PageRequest};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::engine::{Engine, generated, id, sample};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_code_and_json_report_the_result() {
    let engine = Engine::start().await;
    let chinook = sample("chinook");
    let chinook = chinook.to_str().unwrap();
    let output = engine.run(&["import", "customers", chinook, "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["created"], &json["error"]), (&59.into(), &serde_json::Value::Null));

    engine.file("bad.csv", "id,email,colour\n1,,red\n2,a@b,blue\n");
    let output = engine.run(&["import", "customers", "bad.csv"]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("created 1, already imported 0, rejected 1"), "{stdout}");
    assert!(stdout.contains("columns not imported: colour"), "{stdout}");
    assert!(engine.folder.path().join("bad.csv.rejects.csv").exists());

    let output = engine.run(&["import", "customers", "bad.csv", "--map", "Farbe=notes"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = engine.run(&["import", "customers", "absent.csv"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = engine.run(&["import", "customers", "bad.csv", "--tenant", "absent"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("clientele tenant create absent"));

    let output = engine.run(&["export", "customers", "--to", "out", "--status", "active", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["rows"], &json["filter"]["status"]), (&60.into(), &"ACTIVE".into()));
}

/// Starts an import, sends it a signal once customers are imported, and runs it again.
async fn interrupt_with(signal: Signal) {
    const ROWS: usize = 1_500;
    let engine = Engine::start().await;
    engine.file("rows.csv", &generated(ROWS));
    let arguments = ["import", "customers", "rows.csv", "--json"];
    let mut child = engine.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    // The list of one status is one query. The newest numbers of an import that is running have no customers yet.
    let query =
        CustomerQuery::of(CustomerFilter { status: Some(Status::Active), ..CustomerFilter::default() });
    let first = || engine.store.customers(&tenant, &query, PageRequest::after(None, 1), Budget::default());
    while first().await.unwrap().total.unwrap().count() == 0 {
        tokio::task::yield_now().await;
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), (signal == Signal::SIGINT).then_some(1));
    let (customers, total) = engine.customers("demo").await;
    assert!(customers.len() < ROWS, "the import finished before the signal arrived");
    let output = engine.run(&arguments).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| json[name].as_u64().unwrap();
    // A commit that was in flight when the process ended might arrive after the list has been read.
    assert!(count("unchanged") >= total, "{json}");
    assert_eq!(count("unchanged") + count("created"), ROWS as u64);
    engine.check_emails("demo", ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_command_can_be_run_again() {
    interrupt_with(Signal::SIGKILL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_command_can_be_run_again() {
    interrupt_with(Signal::SIGINT).await;
}
