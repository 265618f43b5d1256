//! The command `clientele` as a process: what it prints, how it stops, and what it says when it cannot start.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what only tests use is a test, too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A running local stack; dropping it ends it.
struct Running {
    process: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
    key: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = clientele(&["--json", "--port", "0"]);
        let mut process = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        let address = told["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let key = told["key"].as_str().unwrap().to_owned();
        Self { process, stdout, address, key }
    }

    /// One request; the response as it came over the wire.
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

    /// How many customers a search finds.
    fn found(&self, word: &str) -> u64 {
        let response = self.send("GET", &format!("/api/v1/customers?search={word}"), "");
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{response}");
        let body: Value = serde_json::from_str(body).unwrap();
        body["data"]["pagination"]["total"].as_u64().unwrap()
    }

    /// Sends a signal and waits for the end; returns how it ended and what else it had printed.
    fn stop(mut self, signal: Signal) -> (ExitStatus, String) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn clientele(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs it where it cannot start; returns what it says on standard error.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = clientele(arguments).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{arguments:?} went well: {stderr}");
    assert_eq!(stdout, b"", "{arguments:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

#[test]
fn it_tells_one_line_answers_and_stops_when_told_to() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let stack = Running::start(&[]);
        let list = stack.send("GET", "/api/v1/customers?limit=1", "");
        assert!(list.starts_with("HTTP/1.1 200 ") && list.contains("\"success\":true"), "{list}");
        assert!(stack.send("GET", "/", "").contains("<!doctype html>"), "no page at /");
        let address = stack.address.clone();
        let (status, rest) = stack.stop(signal);
        assert!(status.success(), "{signal}: {status}");
        assert_eq!(rest, "", "more than one line after {signal}");
        assert!(TcpStream::connect(address).is_err(), "the port is still open after {signal}");
    }
}

#[test]
fn what_is_kept_in_a_folder_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let kept = ["--data", folder.path().to_str().unwrap()];
    let stack = Running::start(&kept);
    let body = r#"{"first_name":"Zoë","last_name":"Quillfeather"}"#;
    let created = stack.send("POST", "/api/v1/customers", body);
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    let second = refused(&["--json", "--port", "0", "--data", kept[1]]);
    assert!(second.contains("another instance") && second.contains("--data DIR"), "{second}");
    assert!(stack.stop(Signal::SIGINT).0.success());
    let again = Running::start(&kept);
    assert_eq!(again.found("quillf"), 1);
    // Killed, it leaves nothing behind that would keep the next one from starting.
    let _killed = again.stop(Signal::SIGKILL);
    assert_eq!(Running::start(&kept).found("quillf"), 1);
}

#[test]
fn one_stack_can_work_on_the_table_of_another() {
    let first = Running::start(&[]);
    let second = Running::start(&["--dynamodb", &format!("http://{}", first.address)]);
    let created =
        second.send("POST", "/api/v1/customers", r#"{"first_name":"Zoë","last_name":"Quillfeather"}"#);
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    assert_eq!(first.found("quillf"), 1);
}

#[test]
fn the_search_index_is_made_anew_by_a_command() {
    let stack = Running::start(&[]);
    let url = format!("http://{}", stack.address);
    let reindex = ["table", "reindex", "--dynamodb", &url, "--tenant"];
    let output = clientele(&reindex).arg("demo").output().unwrap();
    let said = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!(said(output.stdout), "Put 60 customers of demo into the search index anew.\n");
    assert!(said(output.stderr).contains("customer 60 of 60"));
    assert_eq!(stack.found("okafor"), 1);
    let output = clientele(&reindex).args(["demo", "--from", "59"]).output().unwrap();
    assert_eq!(said(output.stdout), "Put 2 customers of demo into the search index anew.\n");
    let output = clientele(&reindex).arg("nobody").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(output.stderr).contains("clientele tenant create nobody"));
}

#[test]
fn what_is_in_the_way_is_said_in_one_line() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refused(&["--port", &port]);
    assert!(said.contains(&format!("port {port} is in use")) && said.contains("--port 0"), "{said}");

    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let said = refused(&["--port", "0", "--data", path]);
    assert!(said.contains(path) && said.contains("is not a folder"), "{said}");
    let said = refused(&["--port", "0", "--data", &format!("{path}/below")]);
    assert!(said.contains(path) && said.contains("--data DIR"), "{said}");

    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let said = refused(&["--port", "0", "--dynamodb", &format!("http://{free}")]);
    assert!(said.contains(&format!("Does DynamoDB answer at http://{free}?")), "{said}");
}
