//! The QuickBooks stand-in as a process: alone and in the local stack, with data that survives `kill -9`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers that only tests use are test code, too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use clientele_shared::Ambient;
use clientele_shared::model::{MirrorSettings, MirroredEntity, Mode, RealmId, RealmOwner, Tenant, Timestamp};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// A running command that has printed its ready line; killed on drop.
struct Running {
    process: Child,
    ready: Value,
}

impl Running {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        let command = command.arg("--json").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        // The secrets of connections go to the home folder.
        let mut process = command.env("HOME", env!("CARGO_TARGET_TMPDIR")).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Self { process, ready }
    }

    fn stand_in(arguments: &[&str]) -> Self {
        Self::start(env!("CARGO_BIN_EXE_quickbooks-stand-in"), arguments)
    }

    fn address(&self) -> &str {
        self.ready["url"].as_str().unwrap().strip_prefix("http://").unwrap()
    }

    /// Kills the process as `kill -9` does.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if the process has already exited.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Sends a request to the API of a stand-in, described by `ready`, and returns the body of the response.
fn send(ready: &Value, method: &str, path: &str, body: &Value) -> Value {
    let token = ready["access_token"].as_str().unwrap();
    let path = format!("/v3/company/{}/{path}", ready["realm_id"].as_str().unwrap());
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    request(ready, method, &path, &headers, &body.to_string())
}

/// Refreshes with a token and returns the body of the response.
fn refresh(ready: &Value, token: &Value) -> Value {
    let (id, secret) = (ready["client_id"].as_str().unwrap(), ready["client_secret"].as_str().unwrap());
    let token = token.as_str().unwrap();
    let body =
        format!("grant_type=refresh_token&refresh_token={token}&client_id={id}&client_secret={secret}");
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    request(ready, "POST", "/oauth2/v1/tokens/bearer", headers, &body)
}

/// Sends a request. Each of `headers` ends with a line break.
fn request(ready: &Value, method: &str, path: &str, headers: &str, body: &str) -> Value {
    let address = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\nConnection: close\r\n\
         {headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {response}"))
}

#[test]
fn objects_deletions_and_tokens_survive_kill_9_on_the_same_port() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let first = Running::stand_in(&["--port", "0", "--data", data]);
    let (ready, port) = (first.ready.clone(), first.address().rsplit(':').next().unwrap().to_owned());
    let ann = send(&ready, "POST", "customer", &json!({ "DisplayName": "Ann" }))["Customer"].clone();
    let update = json!({ "Id": ann["Id"], "SyncToken": "0", "sparse": true, "Notes": "n" });
    let ann = send(&ready, "POST", "customer", &update)["Customer"].clone();
    send(&ready, "POST", "invoice?operation=delete", &json!({ "Id": "3", "SyncToken": "0" }));
    request(&ready, "POST", "/stand-in/clock", "", r#"{"advance_seconds":86401}"#);
    let rotated = refresh(&ready, &ready["refresh_token"]);
    assert_ne!(rotated["refresh_token"], ready["refresh_token"]);
    first.kill();

    let second = Running::stand_in(&["--port", &port, "--data", data]);
    assert_eq!(second.ready["refresh_token"], rotated["refresh_token"]);
    let mut ready = second.ready.clone();
    assert_eq!(refresh(&ready, &rotated["refresh_token"])["refresh_token"], rotated["refresh_token"]);
    ready["access_token"] = rotated["access_token"].clone();
    let path = format!("customer/{}", ann["Id"].as_str().unwrap());
    assert_eq!(send(&ready, "GET", &path, &json!({}))["Customer"], ann);
    let deleted = send(&ready, "GET", "invoice/3", &json!({}));
    assert_eq!(deleted["Fault"]["Error"][0]["code"], "610");
}

#[test]
fn every_acknowledged_write_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let first = Running::stand_in(&["--port", "0", "--data", data]);
    let ready = first.ready.clone();
    request(&ready, "PUT", "/stand-in/switches", "", r#"{"throttling":false}"#);
    let id = Pid::from_raw(first.process.id().cast_signed());
    let mut acknowledged = Vec::new();
    for n in 0..50 {
        let created = send(&ready, "POST", "customer", &json!({ "DisplayName": format!("C{n}") }));
        acknowledged.push(created["Customer"]["Id"].as_str().unwrap().to_owned());
    }
    kill(id, Signal::SIGKILL).unwrap();
    drop(first);
    let second = Running::stand_in(&["--port", "0", "--data", data]);
    let found = send(
        &second.ready,
        "GET",
        "query?query=select+*+from+Customer+where+DisplayName+like+'C%25'",
        &json!({}),
    );
    let found: Vec<&str> = found["QueryResponse"]["Customer"]
        .as_array()
        .unwrap()
        .iter()
        .map(|customer| customer["Id"].as_str().unwrap())
        .collect();
    assert_eq!(found, acknowledged);
}

#[test]
fn used_folder_and_port_are_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let running = Running::stand_in(&["--port", "0", "--data", data]);
    let port = running.address().rsplit(':').next().unwrap().to_owned();
    for (arguments, expected) in [
        (["--port", "0", "--data", data], "another stand-in is using"),
        (["--port", &port, "--data", "unused"], "choose another port with --port N"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quickbooks-stand-in"));
        let output = command.args(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn edits_in_the_stand_in_reach_the_webhook_of_the_stack() {
    for stage in [&[][..], &["--stage", "prod"]] {
        let stack = Running::start(env!("CARGO_BIN_EXE_clientele"), &[&["--port", "0"], stage].concat());
        let quickbooks = &stack.ready["quickbooks"];
        let company: RealmId = quickbooks["realm_id"].as_str().unwrap().parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Connection::local(stack.ready["dynamodb"]["url"].as_str().unwrap()).client().unwrap();
        let store = Store::new(client, stack.ready["dynamodb"]["table"].as_str().unwrap(), Ambient::system());
        let tenant = runtime.block_on(connect(&store, &company));
        let edit = r#"{"entity":"Customer","operation":"update","object":{"Id":"1","Notes":"n"}}"#;
        request(quickbooks, "POST", "/stand-in/edit", "", edit);
        // An event waits until the webhook has acknowledged it.
        let endpoint = loop {
            let state = request(quickbooks, "GET", "/stand-in/webhook", "", "");
            if state["waiting"] == 0 {
                break state["endpoint"]["url"].clone();
            }
        };
        assert_eq!(endpoint, format!("{}/quickbooks/webhook", stack.ready["url"].as_str().unwrap()));
        let hints = runtime.block_on(store.mirror_hints(&tenant, &company)).unwrap();
        let hints: Vec<_> = hints.iter().map(|hint| (hint.entity, hint.id.as_str())).collect();
        assert_eq!(hints, [(MirroredEntity::Customer, "1")]);
    }
}

/// Connects the demo tenant to the company of the stand-in.
async fn connect(store: &Store, company: &RealmId) -> Tenant {
    let owner = RealmOwner { tenant: "demo".parse().unwrap(), mode: Mode::Live };
    let connection = clientele_shared::model::Connection {
        realm: company.clone(),
        company: "Demo".to_owned(),
        home_currency: "USD".parse().unwrap(),
        is_multicurrency: false,
        environment: "sandbox".to_owned(),
        secret: "demo".to_owned(),
        connected_at: Timestamp::from_millis(0),
        settings: MirrorSettings::default(),
    };
    store.connection_put(&owner, &connection).await.unwrap();
    owner.tenant()
}

#[test]
fn stack_starts_the_stand_in_and_prints_its_credentials() {
    let clientele = env!("CARGO_BIN_EXE_clientele");
    let folder = tempfile::tempdir().unwrap();
    let options = ["--port", "0", "--data", folder.path().to_str().unwrap()];
    let first = Running::start(clientele, &options);
    for member in ["url", "key", "tenant", "dynamodb", "s3"] {
        assert!(first.ready.get(member).is_some(), "{member}: {}", first.ready);
    }
    let quickbooks = first.ready["quickbooks"].clone();
    let created = send(&quickbooks, "POST", "customer", &json!({ "DisplayName": "Ann" }));
    let id = created["Customer"]["Id"].as_str().unwrap().to_owned();
    first.kill();
    let second = Running::start(clientele, &options);
    let read = send(&second.ready["quickbooks"], "GET", &format!("customer/{id}"), &json!({}));
    assert_eq!(read["Customer"]["DisplayName"], "Ann");
    let without = Running::start(clientele, &["--port", "0", "--no-quickbooks"]);
    assert_eq!(without.ready.get("quickbooks"), None);
}
