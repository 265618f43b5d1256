//! The demo tenant's connection to the stand-in of the local stack: made at the start, kept with the data, and
//! gone with a stack that keeps nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers that only tests use are test code, too")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use clientele_shared::Ambient;
use clientele_shared::model::{MirrorSide, Mode, RealmOwner};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use clientele_sync_agent::connection::Connector;
use clientele_sync_agent::mirror::{SyncOptions, SyncReport};
use clientele_sync_agent::quickbooks::secrets::FileSecrets;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A running stack; killed on drop.
struct Stack {
    process: Child,
    ready: Value,
    secrets: PathBuf,
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Fails if the process has already exited.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Stack {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
        command.args(["--json", "--port", "0"]).args(arguments).env("HOME", home).stdin(Stdio::null());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Self { process, ready, secrets: home.join(".clientele/quickbooks") }
    }

    fn connector(&self) -> Connector {
        let text = |name: &str| self.ready["dynamodb"][name].as_str().unwrap();
        let client = Connection::local(text("url")).client().unwrap();
        let store = Store::new(client, text("table"), Ambient::system());
        let owner = RealmOwner { tenant: "demo".parse().unwrap(), mode: Mode::Live };
        Connector::new(store, owner, Arc::new(FileSecrets::new(&self.secrets)))
    }

    async fn sync(&self) -> SyncReport {
        let mirror = self.connector().mirror().await.unwrap();
        mirror.sync(SyncOptions::default(), &mut |_| {}).await.unwrap()
    }

    fn files(&self) -> usize {
        std::fs::read_dir(&self.secrets).map_or(0, Iterator::count)
    }

    /// Stops the stack as Ctrl-C does.
    fn stop(&mut self) {
        kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGINT).unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

#[tokio::test]
async fn demo_tenant_is_connected_until_the_stack_stops() {
    let home = tempfile::tempdir().unwrap();
    let mut stack = Stack::start(home.path(), &[]);
    let connection = stack.connector().connection().await.unwrap();
    assert_eq!(connection.company, "Blue Lagoon Pool Service");
    assert_eq!(connection.environment, stack.ready["quickbooks"]["url"]);
    assert_eq!(connection.home_currency.to_string(), "USD");
    assert_eq!(stack.sync().await.pushed.created, 60);
    let mut other = Stack::start(home.path(), &[]);
    assert_eq!(stack.files(), 2);
    stack.stop();
    assert_eq!(other.files(), 1);
    other.sync().await;
    other.stop();
    assert_eq!(other.files(), 0);
}

#[tokio::test]
async fn connection_survives_kill_9_with_the_data() {
    let (home, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = ["--data", data.path().to_str().unwrap()];
    let first = Stack::start(home.path(), &options);
    first.sync().await;
    first.connector().change_settings(|settings| settings.winner = MirrorSide::Theirs).await.unwrap();
    let before = first.connector().connection().await.unwrap();
    drop(first);

    let mut second = Stack::start(home.path(), &options);
    let after = second.connector().connection().await.unwrap();
    assert_eq!(after.environment, second.ready["quickbooks"]["url"]);
    assert_eq!((&after.secret, after.settings), (&before.secret, before.settings));
    assert_eq!(second.sync().await.pushed.created, 0);
    second.stop();
    assert_eq!(second.files(), 1);

    // A stand-in without its data has other credentials.
    std::fs::remove_dir_all(data.path().join("quickbooks")).unwrap();
    let third = Stack::start(home.path(), &options);
    let secrets = third.connector().secrets(&after).await.unwrap().unwrap();
    assert_eq!(secrets.client_id, third.ready["quickbooks"]["client_id"]);
    assert_eq!(third.files(), 1);
}

#[tokio::test]
async fn stack_runs_without_a_connection_if_it_cannot_be_made() {
    let home = tempfile::NamedTempFile::new().unwrap();
    for arguments in [&["--no-quickbooks"][..], &[]] {
        let stack = Stack::start(home.path(), arguments);
        assert_eq!(stack.connector().find().await.unwrap(), None);
    }
}
