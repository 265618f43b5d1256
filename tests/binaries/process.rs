//! Starts a function's binary and sends it events.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};

use clientele_functions_common::invoke::StreamedResponse;
use clientele_infra::local::function::{Invoke, InvokeResponse};
use futures::StreamExt as _;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, OnceCell};

use super::runtime_api::{Invocation, RuntimeApi, RuntimeRequest};
use crate::support::{Stack, lambda};

/// Separates the status and headers of a streamed response from its body.
const SEPARATOR: [u8; 8] = [0; 8];

/// Builds the binaries once in the dev profile, unless they are up to date. The selection of targets gives them the same features
/// as `cargo test --workspace`, so that only the binaries themselves are missing.
pub(super) async fn build() {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    let build = || async {
        let arguments = ["build", "--quiet", "--workspace", "--tests", "--bins"];
        let mut cargo = Command::new(env!("CARGO"));
        // The variables that cargo sets for a test describe its package. Some build scripts run again if they
        // change, and so would most of the build.
        let of_this_test = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if of_this_test.iter().any(|start| text.starts_with(start)) || text == "CARGO" {
                cargo.env_remove(&name);
            }
        }
        let status = cargo.args(arguments).status().await.unwrap();
        assert!(status.success(), "cargo {}: {status}", arguments.join(" "));
    };
    BUILT.get_or_init(build).await;
}

/// Returns the path of a binary, which cargo puts above the folder of this test.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(std::path::Path::parent).unwrap().join(name)
}

/// The table of the processes.
#[derive(Debug, Clone)]
pub(super) struct Table {
    url: String,
    name: String,
}

impl Table {
    pub(super) fn of(stack: &Stack) -> Self {
        Self { url: stack.url.clone(), name: stack.table.clone() }
    }
}

/// A running function. Dropping it kills the process.
pub(super) struct Process {
    // Dropped first, so that the process does not see the end of its Runtime API.
    child: Child,
    api: RuntimeApi,
    name: String,
}

impl Process {
    /// Starts a function's binary with Lambda's environment.
    pub(super) async fn start(name: &str, table: &Table) -> Self {
        let api = RuntimeApi::start().await.unwrap();
        let child = Command::new(binary(name))
            .env_clear()
            .envs(lambda::environment(name, api.address.to_string(), &table.url, &table.name))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        Self { child, api, name: name.to_owned() }
    }

    /// Sends an event and returns the response: JSON, followed by the body if it is streamed.
    pub(super) async fn invoke(&mut self, event: String) -> Vec<u8> {
        let reply = match self.request().await {
            RuntimeRequest::Next { reply, .. } => reply,
            other => panic!("{} did not ask for an event: {}", self.name, describe(&other)),
        };
        let id = uuid::Uuid::new_v4().to_string();
        let invocation = Invocation { request_id: id.clone(), event };
        assert!(reply.send(invocation).is_ok(), "{} has closed its connection", self.name);
        match self.request().await {
            RuntimeRequest::Response { request_id, body, .. } if request_id == id => body.to_vec(),
            other => panic!("{} did not respond: {}", self.name, describe(&other)),
        }
    }

    async fn request(&mut self) -> RuntimeRequest {
        tokio::select! {
            biased;
            Some(request) = self.api.requests.recv() => request,
            status = self.child.wait() => panic!("{} exited: {}", self.name, status.unwrap()),
        }
    }
}

fn describe(request: &RuntimeRequest) -> String {
    match request {
        RuntimeRequest::Next { .. } => "it asks for another event".to_owned(),
        RuntimeRequest::Response { body, .. } => format!("response {}", String::from_utf8_lossy(body)),
        RuntimeRequest::Other { request, body } => format!("{request}: {}", String::from_utf8_lossy(body)),
    }
}

/// Returns a function that runs the binary of this name on a table that is known before the first request.
pub(super) fn function(name: &str, table: Arc<OnceLock<Table>>, is_streamed: bool) -> Invoke {
    let process: Arc<Mutex<Option<Process>>> = Arc::default();
    let name = name.to_owned();
    Arc::new(move |event| {
        let (process, name, table) = (Arc::clone(&process), name.clone(), Arc::clone(&table));
        Box::pin(async move {
            let mut process = process.lock().await;
            let running = match process.as_mut() {
                Some(running) => running,
                None => process.insert(Process::start(&name, table.get().unwrap()).await),
            };
            let response = running.invoke(event).await;
            Ok(if is_streamed { streamed(&response) } else { buffered(response) })
        })
    })
}

fn buffered(response: Vec<u8>) -> InvokeResponse {
    InvokeResponse::Buffered(String::from_utf8(response).unwrap())
}

fn streamed(response: &[u8]) -> InvokeResponse {
    let at = response.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
    let (prelude, body) = response.split_at(at.expect("a streamed response has a separator"));
    let body = Ok(body[SEPARATOR.len()..].to_vec().into());
    let body = futures::stream::iter([body]).boxed();
    InvokeResponse::Streamed(StreamedResponse { prelude: String::from_utf8(prelude.to_vec()).unwrap(), body })
}
