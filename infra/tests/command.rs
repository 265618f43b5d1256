//! The `clientele` command as a process: its output, its exit and its error messages.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers that only tests use are test code, too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A running local stack, killed on drop.
struct Running {
    process: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
    key: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = clientele(&["--json", "--port", "0"]);
        command.args(arguments);
        Self::start_command(command)
    }

    fn start_command(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let announced: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        let url = announced["url"].as_str().unwrap().strip_prefix("http://").unwrap();
        let address = url.split('/').next().unwrap().to_owned();
        let key = announced["key"].as_str().unwrap().to_owned();
        Self { process, stdout, address, key }
    }

    /// Sends one request and returns the raw response.
    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let (address, key, length) = (&self.address, &self.key, body.len());
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
        )
        .unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        response
    }

    /// Returns the number of customers that match a search.
    fn search_total(&self, word: &str) -> u64 {
        let response = self.send("GET", &format!("/api/v1/customers?search={word}"), "");
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{response}");
        let body: Value = serde_json::from_str(body).unwrap();
        body["data"]["pagination"]["total"].as_u64().unwrap()
    }

    /// Sends a signal and waits for the process to exit. Returns its exit status and the rest of its output.
    fn stop(mut self, signal: Signal) -> (ExitStatus, String) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if the process has already exited.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn clientele(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
    // The secrets of connections go to the home folder.
    command.args(arguments).stdin(Stdio::null()).env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs the command, expecting it to fail, and returns its one line on standard error.
#[track_caller]
fn failure(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = clientele(arguments).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{arguments:?} succeeded: {stderr}");
    assert_eq!(stdout, b"", "{arguments:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

#[test]
fn stack_prints_one_line_serves_requests_and_stops_on_a_signal() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let stack = Running::start(&[]);
        let list = stack.send("GET", "/api/v1/customers?limit=1", "");
        assert!(list.starts_with("HTTP/1.1 200 ") && list.contains("\"success\":true"), "{list}");
        assert!(stack.send("GET", "/", "").contains("<!doctype html>"), "no page at /");
        let address = stack.address.clone();
        let (status, rest) = stack.stop(signal);
        assert!(status.success(), "{signal}: {status}");
        assert_eq!(rest, "", "more than one line on standard output ({signal})");
        assert!(TcpStream::connect(address).is_err(), "the port is still open after {signal}");
    }
}

#[test]
fn api_is_served_under_its_stage() {
    let stack = Running::start(&["--stage", "prod"]);
    let body = r#"{"first_name":"Ann","last_name":"Doe"}"#;
    let created = stack.send("POST", "/prod/api/v1/customers", body);
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    let location = created.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    assert!(location.starts_with("/prod/api/v1/customers/"), "{location}");
    assert!(stack.send("GET", location, "").contains(r#""last_name":"Doe""#));
    assert!(stack.send("GET", "/api/v1/customers", "").starts_with("HTTP/1.1 403 "));
    assert!(stack.send("GET", "/", "").contains("<!doctype html>"), "no page at /");
}

/// Returns the permissions of a file or folder.
fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Returns every file and folder below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { [vec![path.clone()], below(&path)].concat() } else { vec![path] })
        .collect()
}

#[test]
fn only_the_owner_can_read_the_data() {
    let parent = tempfile::tempdir().unwrap();
    let (data, temporary) = (parent.path().join("new/data"), parent.path().join("tmp"));
    std::fs::create_dir(&temporary).unwrap();
    for (arguments, folder) in [(vec!["--data", data.to_str().unwrap()], &data), (vec![], &temporary)] {
        let mut command = clientele(&["--json", "--port", "0"]);
        command.args(arguments).env("TMPDIR", &temporary);
        let stack = Running::start_command(command);
        let all = below(folder);
        // A temporary table file has no name that anybody could open.
        let is_named = all.iter().any(|path| path.ends_with("clientele.db"));
        assert_eq!((is_named, all.is_empty()), (folder == &data, false), "{all:?}");
        for path in &all {
            assert_eq!(mode(path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
        drop(stack);
    }
    assert_eq!((mode(&data), mode(data.parent().unwrap())), (0o700, 0o700));
}

#[test]
fn data_in_a_folder_survives_a_stop_and_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--data", folder.path().to_str().unwrap()];
    let stack = Running::start(&options);
    let body = r#"{"first_name":"Zoë","last_name":"Quillfeather"}"#;
    let created = stack.send("POST", "/api/v1/customers", body);
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    let second = failure(&["--json", "--port", "0", "--data", options[1]]);
    assert!(second.contains("another instance") && second.contains("--data DIR"), "{second}");
    assert!(stack.stop(Signal::SIGINT).0.success());
    let restarted = Running::start(&options);
    assert_eq!(restarted.search_total("quillf"), 1);
    // A killed stack leaves nothing behind that keeps the next one from starting.
    let _killed = restarted.stop(Signal::SIGKILL);
    assert_eq!(Running::start(&options).search_total("quillf"), 1);
}

#[test]
fn stack_can_use_the_table_of_another_stack() {
    let first = Running::start(&[]);
    let second = Running::start(&["--dynamodb", &format!("http://{}", first.address)]);
    let created =
        second.send("POST", "/api/v1/customers", r#"{"first_name":"Zoë","last_name":"Quillfeather"}"#);
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    assert_eq!(first.search_total("quillf"), 1);
}

#[test]
fn table_reindex_rebuilds_the_search_index_of_one_tenant() {
    let stack = Running::start(&[]);
    let url = format!("http://{}", stack.address);
    let reindex = ["table", "reindex", "--dynamodb", &url, "--tenant"];
    let output = clientele(&reindex).arg("demo").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!(text(output.stdout), "Reindexed 60 customers of demo.\n");
    assert!(text(output.stderr).contains("customer 60 of 60"));
    assert_eq!(stack.search_total("okafor"), 1);
    let output = clientele(&reindex).args(["demo", "--from", "59"]).output().unwrap();
    assert_eq!(text(output.stdout), "Reindexed 2 customers of demo.\n");
    let output = clientele(&reindex).arg("unknown").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stderr).contains("clientele tenant create unknown"));
}

#[test]
fn start_failures_are_reported_in_one_line() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = failure(&["--port", &port]);
    assert!(error.contains(&format!("port {port} is in use")) && error.contains("--port 0"), "{error}");

    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let error = failure(&["--port", "0", "--data", path]);
    assert!(error.contains(path) && error.contains("is not a folder"), "{error}");
    let error = failure(&["--port", "0", "--data", &format!("{path}/below")]);
    assert!(error.contains(path) && error.contains("--data DIR"), "{error}");

    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let error = failure(&["--port", "0", "--dynamodb", &format!("http://{free}")]);
    assert!(error.contains(&format!("check that DynamoDB is reachable at http://{free}")), "{error}");
}

#[test]
fn log_tail_prints_changes_and_continues_from_its_position() {
    let stack = Running::start(&[]);
    let url = format!("http://{}", stack.address);
    let tail = ["log", "tail", "--tenant", "demo", "--dynamodb", &url];
    let create = || {
        let created = stack.send("POST", "/api/v1/customers", r#"{"first_name":"Zoë","last_name":"Quill"}"#);
        assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    };
    create();
    let output = clientele(&tail).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains(" customer cust_")).count(), 61);
    assert!(text.lines().any(|line| line.ends_with("  customer cust_61 version 1")), "{text}");
    assert!(text.contains("  tag tag_001\n") && text.contains("  list price of "), "{text}");
    let text = String::from_utf8(output.stderr).unwrap();
    let position = text.strip_prefix("position: ").unwrap().trim_end().to_owned();

    create();
    let mut follow = clientele(&tail);
    let follow = follow.args(["--json", "--follow", "--since", &position]).stdout(Stdio::piped());
    let mut process = follow.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    for number in [62, 63] {
        let change = next();
        assert_eq!((&change["customer"], &change["version"]), (&format!("cust_{number}").into(), &1.into()));
        assert!(change["at"].is_string() && change["slot"].is_u64() && change["seq"].is_u64(), "{change}");
        assert!(next()["position"].as_str().unwrap().starts_with("log1."));
        if number == 62 {
            create();
        }
    }
    kill(Pid::from_raw(process.id().cast_signed()), Signal::SIGINT).unwrap();
    assert!(process.wait().unwrap().success());
    assert!(lines.next().is_none());

    let renewed =
        clientele(&["log", "renew-epoch", "--tenant", "demo", "--dynamodb", &url]).output().unwrap();
    assert!(String::from_utf8(renewed.stdout).unwrap().contains("new epoch of the logs of demo"));
    let error = failure(&[&tail[..], &["--since", &position]].concat());
    assert!(error.contains("has been restored") && error.contains("without --since"), "{error}");
    let output = clientele(&tail).args(["--since", &position[..position.len() - 1]]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("must be a position exactly as it was printed")
    );
    let error = failure(&["log", "tail", "--tenant", "unknown", "--dynamodb", &url]);
    assert!(error.contains("clientele tenant create unknown"), "{error}");
}
