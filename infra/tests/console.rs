//! The console's own routes, and `clientele console`, as processes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers that only tests use are test code, too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// A running process that has printed its line, killed on drop.
struct Running {
    process: Child,
    line: Value,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
        // The secrets of connections go to the home folder.
        command.args(arguments).stdin(Stdio::null()).env("HOME", env!("CARGO_TARGET_TMPDIR"));
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { process, line }
    }

    fn stack() -> Self {
        Self::start(&["--json", "--port", "0", "--no-quickbooks"])
    }

    fn url(&self) -> &str {
        self.line["url"].as_str().unwrap()
    }

    fn key(&self) -> &str {
        self.line["key"].as_str().unwrap()
    }

    /// Sends a request, and returns the status and the body.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let host = self.url().strip_prefix("http://").unwrap();
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: {host}\r\n") };
        let length = body.len();
        let mut connection = TcpStream::connect(self.url().strip_prefix("http://").unwrap()).unwrap();
        write!(
            connection,
            "{method} {path} HTTP/1.0\r\n{host}{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let value = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
        (head[9..12].parse().unwrap(), value)
    }

    fn get(&self, path: &str, key: &str) -> (u16, Value) {
        self.send("GET", path, &format!("Authorization: Bearer {key}\r\n"), "")
    }

    fn stop(mut self) {
        kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGTERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if the process has already exited.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn requests_are_logged_with_units_and_without_keys() {
    let stack = Running::stack();
    assert_eq!(stack.get("/api/v1/customers?limit=1", stack.key()).0, 200);
    assert_eq!(stack.get("/api/none", stack.key()).0, 404);
    let (status, log) = stack.send("GET", "/console/api/calls", "", "");
    assert_eq!(status, 200);
    let [list, unknown] = log["calls"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!((&list["function"], &list["status"]), (&json!("trades-customer-list"), &json!(200)));
    assert!(list["reads"].as_f64().unwrap() > 0.0 && list["writes"].as_f64().unwrap() > 0.0, "{list}");
    assert_eq!(list["log"]["message"], "request completed");
    assert_eq!(list["event"]["queryStringParameters"]["limit"], "1");
    assert_eq!((&unknown["function"], &unknown["status"]), (&Value::Null, &json!(404)));
    assert!(!log.to_string().contains("ctc_live"), "{log}");
    let after = format!("/console/api/calls?after={}", list["number"]);
    assert_eq!(stack.send("GET", &after, "", "").1["calls"].as_array().unwrap().len(), 1);
}

#[test]
fn keys_are_created_and_revoked() {
    let stack = Running::stack();
    let create = |scopes: &str| {
        let body = json!({ "name": "reader", "scopes": scopes }).to_string();
        stack.send("POST", "/console/api/keys", "", &body)
    };
    assert_eq!(create("").0, 422);
    let (status, created) = create("read");
    assert_eq!(status, 200, "{created}");
    let secret = created["secret"].as_str().unwrap();
    assert_eq!(stack.get("/api/v1/customers?limit=1", secret).0, 200);
    let list = stack.send("GET", "/console/api/keys", "", "").1;
    assert_eq!(list["keys"].as_array().unwrap().len(), 2);
    assert!(!list.to_string().contains(secret));
    let path = format!("/console/api/keys/{}", created["id"].as_str().unwrap());
    assert_eq!(stack.send("DELETE", &path, "", "").0, 200);
    assert_eq!(stack.send("GET", "/console/api/keys", "", "").1["keys"].as_array().unwrap().len(), 1);
    assert_eq!(stack.send("DELETE", &path, "", "").0, 404);
}

#[test]
fn settings_are_changed() {
    let stack = Running::stack();
    let (status, mut settings) = stack.send("GET", "/console/api/settings", "", "");
    assert_eq!((status, &settings["usage_limit"]), (200, &json!(50_000)));
    settings["usage_limit"] = json!(7);
    settings["pool_extensions"] = json!(true);
    assert_eq!(stack.send("PUT", "/console/api/settings", "", &settings.to_string()).0, 200);
    assert_eq!(stack.send("GET", "/console/api/settings", "", "").1, settings);
}

#[test]
fn reset_restores_the_demo() {
    let stack = Running::stack();
    let authorization = format!("Authorization: Bearer {}\r\n", stack.key());
    let new = json!({ "first_name": "Ann", "last_name": "Doe" }).to_string();
    assert_eq!(stack.send("POST", "/api/v1/customers", &authorization, &new).0, 201);
    let total = || {
        let list = stack.get("/api/v1/customers?limit=1", stack.key()).1;
        list["data"]["pagination"]["total"].as_u64().unwrap()
    };
    assert_eq!(total(), 61);
    let (status, reset) = stack.send("POST", "/console/api/demo/reset", "", "{}");
    assert_eq!(status, 200, "{reset}");
    assert!(reset["deleted_items"].as_u64().unwrap() > 61);
    assert_eq!(total(), 60);
    let found = stack.get("/api/v1/customers?search=okafor", stack.key()).1;
    assert_eq!(found["data"]["pagination"]["total"], 1);
}

#[test]
fn own_routes_refuse_other_hosts_and_origins() {
    let stack = Running::stack();
    for path in ["/console/api/info", "/console/api/calls", "/console/api/keys", "/console/api/mirror"] {
        assert_eq!(stack.send("GET", path, "", "").0, 200, "{path}");
        assert_eq!(stack.send("GET", path, "Host: evil.example\r\n", "").0, 403, "{path}");
        assert_eq!(stack.send("GET", path, "Origin: http://evil.example\r\n", "").0, 403, "{path}");
    }
    let origin = "Origin: http://127.0.0.1:1\r\n";
    assert_eq!(stack.send("POST", "/console/api/demo/reset", origin, "{}").0, 403);
}

#[test]
fn console_of_a_table_has_a_key_that_ends_with_it() {
    let stack = Running::stack();
    let arguments = ["console", "--tenant", "demo", "--dynamodb", stack.url(), "--port", "0", "--json"];
    let console = Running::start(&arguments);
    let info = console.send("GET", "/console/api/info", "", "").1;
    let key = info["key"].as_str().unwrap();
    assert_eq!((&info["tenant"], &info["can"]["reset"]), (&json!("demo"), &json!(false)));
    assert_eq!(console.get("/api/v1/customers?limit=1", key).1["data"]["pagination"]["total"], 60);
    assert_eq!(console.send("GET", "/console/api/mirror", "", "").1, json!({ "connected": false }));
    assert_eq!(console.send("POST", "/console/api/demo/reset", "", "{}").0, 409);
    assert_eq!(stack.send("GET", "/console/api/keys", "", "").1["keys"].as_array().unwrap().len(), 2);
    console.stop();
    assert_eq!(stack.send("GET", "/console/api/keys", "", "").1["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn console_of_an_api_passes_requests_on_and_has_no_key() {
    let stack = Running::stack();
    let console = Running::start(&["console", "--url", stack.url(), "--port", "0", "--json"]);
    let info = console.send("GET", "/console/api/info", "", "").1;
    assert_eq!((&info["key"], &info["can"]["keys"]), (&json!(""), &json!(false)));
    assert_eq!(info["url"], stack.line["url"]);
    let list = console.get("/api/v1/customers?limit=1", stack.key());
    assert_eq!((list.0, &list.1["data"]["pagination"]["total"]), (200, &json!(60)));
    assert_eq!(console.get("/api/v1/customers", "ctc_live_x").0, 401);
    let own = format!("Authorization: Bearer {}\r\nOrigin: http://evil.example\r\n", stack.key());
    assert_eq!(console.send("GET", "/api/v1/customers", &own, "").0, 403);
    let (status, keys) = console.send("GET", "/console/api/keys", "", "");
    assert_eq!(status, 404);
    assert!(keys["error"].as_str().unwrap().contains("--dynamodb"), "{keys}");
    console.stop();
}
