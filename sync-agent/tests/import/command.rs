//! The command `sync-agent`: what it says, how it exits, and what a signal does to it.

use std::process::Stdio;

use clientele_shared::model::{Mode, Tenant};
use clientele_shared::store::CustomerFilter;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::engine::{Engine, generated, id, sample};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_tells_the_result_in_its_exit_code_and_in_json() {
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
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("created 1, imported before 0, rejected 1"), "{said}");
    assert!(said.contains("not imported: the columns colour"), "{said}");
    assert!(engine.folder.path().join("bad.csv.rejects.csv").exists());

    let output = engine.run(&["import", "customers", "bad.csv", "--map", "Farbe=notes"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = engine.run(&["import", "customers", "absent.csv"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = engine.run(&["import", "customers", "bad.csv", "--tenant", "nobody"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("clientele tenant create nobody"));

    let output = engine.run(&["export", "customers", "--to", "out", "--status", "active", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["rows"], &json["status"]), (&60.into(), &"ACTIVE".into()));
}

/// Starts the command, ends it with a signal once customers are in, and runs it again.
async fn ended_by(signal: Signal) {
    const ROWS: usize = 1_500;
    let engine = Engine::start().await;
    engine.file("rows.csv", &generated(ROWS));
    let arguments = ["import", "customers", "rows.csv", "--json"];
    let mut child = engine.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let filter = CustomerFilter::default();
    while engine.store.customer_list_after(&tenant, &filter, None, None, 1).await.unwrap().total.count() == 0
    {
        tokio::task::yield_now().await;
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), (signal == Signal::SIGINT).then_some(1));
    let (customers, total) = engine.customers("demo").await;
    assert!(customers.len() < ROWS, "it was done before it was ended");
    let output = engine.run(&arguments).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| json[name].as_u64().unwrap();
    // A commit that was on its way when its sender died may have arrived after the list was read.
    assert!(count("imported_rows_get") >= total, "{json}");
    assert_eq!(count("imported_rows_get") + count("created"), ROWS as u64);
    engine.check_emails("demo", ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_killed_can_be_run_again() {
    ended_by(Signal::SIGKILL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_interrupted_can_be_run_again() {
    ended_by(Signal::SIGINT).await;
}
