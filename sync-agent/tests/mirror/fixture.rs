//! The fixture of the tests: an engine with a tenant, a stand-in, a home folder, and the command.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use clientele_infra_quickbooks::{Options, Ready, Server, StandIn};
use clientele_shared::Ambient;
use clientele_shared::model::{Customer, CustomerFields, Mode, Tenant};
use clientele_shared::store::{Store, Write, WriteOutcome};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use clientele_sync_agent::quickbooks::oauth::Addresses;
use clientele_sync_agent::quickbooks::transport::{HttpTransport, Transport as _};
use dynoxide::Database;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const TABLE: &str = "clientele";

/// An engine with the tenants `demo` and `other`, a stand-in without limits, and a home folder.
pub(crate) struct Fixture {
    pub(crate) dynamodb: String,
    pub(crate) store: Store,
    pub(crate) ready: Ready,
    pub(crate) home: tempfile::TempDir,
    pub(crate) stand_in: Arc<StandIn>,
    server: JoinHandle<()>,
}

/// The output and exit code of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Returns the JSON on standard output, and checks the exit code.
    #[track_caller]
    pub(crate) fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Returns the one line on standard error of a command that fails with this exit code and prints nothing else.
    #[track_caller]
    pub(crate) fn error(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(line.starts_with("error: ") && !line.contains('\n'), "{self:?}");
        line
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let dynamodb = format!("http://{}", listener.local_addr().unwrap());
        let database = Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
        let client = Connection::local(&dynamodb).client().unwrap();
        create_table(&client, TABLE).await.unwrap();
        let store = Store::new(client, TABLE, Ambient::system());
        for tenant in ["demo", "other"] {
            store.tenant_create(&tenant.parse().unwrap()).await.unwrap();
        }
        let server = Server::start(&Options::default()).await.unwrap();
        let stand_in = Arc::clone(server.stand_in());
        stand_in.lock().switches.set("throttling", &json!(false)).unwrap();
        let ready = stand_in.ready();
        let server = tokio::spawn(server.run(std::future::pending()));
        let home = tempfile::tempdir().unwrap();
        let fixture = Self { dynamodb, store, ready, home, stand_in, server };
        fixture.file("secret", &format!("{}\n", fixture.ready.client_secret));
        fixture.file("token", &fixture.ready.refresh_token);
        fixture.file("verifier", &fixture.ready.verifier_token);
        fixture
    }

    /// Returns a fixture whose demo tenant is connected.
    pub(crate) async fn connected() -> Self {
        let fixture = Self::start().await;
        fixture.connect(&[]).await.json(0);
        fixture
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Stops the stand-in.
    pub(crate) async fn stop_stand_in(&mut self) {
        self.server.abort();
        assert!((&mut self.server).await.unwrap_err().is_cancelled());
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-agent"));
        command
            .args(arguments)
            .stdin(Stdio::null())
            .current_dir(self.home.path())
            .env("HOME", self.home.path());
        command
    }

    /// Runs a command on the table, on a thread that does not block the engine's runtime.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.args(["--dynamodb", &self.dynamodb]);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap().into()
    }

    /// Returns the arguments that connect the stand-in's company without a browser.
    pub(crate) fn connect_arguments<'a>(&'a self, realm: &'a str, secret: &'a str) -> Vec<&'a str> {
        let (url, id) = (&self.ready.url, &self.ready.client_id);
        let mut arguments = vec!["connect", "--json", "--url", url, "--client-id", id];
        arguments.extend(["--realm-id", realm, "--client-secret-file", secret]);
        arguments.extend(["--refresh-token-file", "token", "--verifier-token-file", "verifier"]);
        arguments
    }

    /// Connects the stand-in's company without a browser.
    pub(crate) async fn connect(&self, more: &[&str]) -> Ran {
        self.run(&[&self.connect_arguments(&self.ready.realm_id, "secret"), more].concat()).await
    }

    pub(crate) fn tenant(&self) -> Tenant {
        Tenant::new(&"demo".parse().unwrap(), Mode::Live)
    }

    /// Creates a customer of the demo tenant with this first name and email.
    pub(crate) async fn customer(&self, name: &str, email: &str) -> Customer {
        let fields = CustomerFields {
            first_name: Some(name.to_owned()),
            last_name: Some("Lee".to_owned()),
            email: Some(email.to_owned()),
            ..CustomerFields::default()
        };
        applied(self.store.customer_create(&self.tenant(), fields, Write::plain()).await.unwrap())
    }

    /// Changes the email of a customer.
    pub(crate) async fn set_email(&self, customer: &Customer, email: &str) {
        let uuid = self.tenant().customer_uuid(customer.number);
        let change = |fields| Ok(CustomerFields { email: Some(email.to_owned()), ..fields });
        applied(self.store.customer_update(&self.tenant(), uuid, change, Write::plain()).await.unwrap());
    }

    /// Returns the customer with this name in QuickBooks, or null.
    pub(crate) async fn in_quickbooks(&self, name: &str) -> Value {
        let query = format!("select * from Customer where DisplayName = '{name}'");
        let query = form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
        let Ready { url, realm_id, access_token, .. } = &self.ready;
        let request = Request::get(format!("{url}/v3/company/{realm_id}/query?query={query}"))
            .header("Authorization", format!("Bearer {access_token}"))
            .header("Accept", "application/json");
        let response = self.send(request.body(Bytes::new()).unwrap()).await;
        assert!(response.status().is_success(), "{:?}", response.body());
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        body["QueryResponse"]["Customer"][0].clone()
    }

    /// Sends a request to this machine.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let http = HttpTransport::new(&Addresses::at(&self.ready.url)).unwrap();
        http.send(request).await.unwrap()
    }

    /// Sends a request to a control of the stand-in.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let uri = format!("{}/stand-in/{path}", self.ready.url);
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = Request::builder().method(method).uri(uri).body(body).unwrap();
        let response = self.send(request).await;
        assert!(response.status().is_success(), "{:?}", response.body());
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    /// Edits an object in QuickBooks as a person does.
    pub(crate) async fn edit(&self, operation: &str, object: Value) -> Value {
        let edit = json!({ "entity": "Customer", "operation": operation, "object": object });
        self.control(Method::POST, "edit", edit).await
    }

    /// Returns the calls of the API since a number of them.
    pub(crate) async fn calls(&self, after: usize) -> Vec<Value> {
        let calls = self.control(Method::GET, "calls", Value::Null).await;
        calls.as_array().unwrap()[after..].to_vec()
    }

    /// Returns the files with secrets.
    pub(crate) fn secret_files(&self) -> Vec<PathBuf> {
        match std::fs::read_dir(self.home.path().join(".clientele/quickbooks")) {
            Ok(files) => files.map(|file| file.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        }
    }
}

fn applied(outcome: WriteOutcome) -> Customer {
    match outcome {
        WriteOutcome::Applied(customer) => *customer,
        WriteOutcome::Replayed(reply) => panic!("{reply}"),
    }
}
