//! A stand-in in this process, and a client that is connected to it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use clientele_infra_quickbooks::{Options, Ready, Server, StandIn};
use clientele_shared::Ambient;
use clientele_shared::model::Timestamp;
use clientele_sync_agent::quickbooks::oauth::Addresses;
use clientele_sync_agent::quickbooks::secrets::{SecretStore, Secrets, SecretsError};
use clientele_sync_agent::quickbooks::transport::{HttpTransport, Transport, TransportError};
use clientele_sync_agent::quickbooks::{
    BatchItem, BatchOperation, ClientConfig, Entity, Object, Pace, QuickBooks,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Name of the secrets.
pub(crate) const NAME: &str = "demo";
/// Speed of the waits between attempts.
const SPEED: f64 = 1000.0;

/// A running stand-in, and what a client needs to use it.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) ready: Ready,
    pub(crate) stand_in: Arc<StandIn>,
    pub(crate) transport: Arc<Recorder>,
    pub(crate) secrets: Arc<MemorySecrets>,
    server: JoinHandle<()>,
}

impl Drop for Company {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Company {
    /// Starts a stand-in without limits on requests.
    pub(crate) async fn start() -> Self {
        let company = Self::start_throttled().await;
        company.switch("throttling", json!(false));
        company
    }

    /// Starts a stand-in with its limits.
    pub(crate) async fn start_throttled() -> Self {
        let server = Server::start(&Options::default()).await.unwrap();
        let stand_in = Arc::clone(server.stand_in());
        let ready = stand_in.ready();
        let server = tokio::spawn(server.run(std::future::pending()));
        let secrets = Secrets {
            client_id: ready.client_id.clone(),
            client_secret: ready.client_secret.clone(),
            verifier_token: Some(ready.verifier_token.clone()),
            access_token: ready.access_token.clone(),
            access_expires_at: Timestamp::now().plus_seconds(3600),
            refresh_token: ready.refresh_token.clone(),
            refresh_expires_at: None,
            hard_expires_at: None,
        };
        let transport = Arc::new(Recorder::new(&ready.url));
        Self { ready, stand_in, transport, secrets: MemorySecrets::with(Some(secrets)), server }
    }

    pub(crate) fn addresses(&self) -> Addresses {
        Addresses::at(&self.ready.url)
    }

    pub(crate) fn config(&self) -> ClientConfig {
        ClientConfig {
            transport: Arc::clone(&self.transport) as Arc<dyn Transport>,
            addresses: self.addresses(),
            realm_id: self.ready.realm_id.clone(),
            secrets: Arc::clone(&self.secrets) as Arc<dyn SecretStore>,
            secret_name: NAME.to_owned(),
            ambient: Ambient::system(),
            pace: Pace { speed: SPEED },
        }
    }

    pub(crate) fn client(&self) -> QuickBooks {
        QuickBooks::new(self.config())
    }

    pub(crate) fn switch(&self, name: &str, value: Value) {
        self.stand_in.lock().switches.set(name, &value).unwrap();
    }

    /// Orders a fault: the body of `POST /stand-in/faults`.
    pub(crate) fn fault(&self, order: Value) {
        self.stand_in.lock().injections.add(serde_json::from_value(order).unwrap());
    }

    pub(crate) fn set_speed(&self, speed: f64) {
        self.stand_in.lock().clock.set_speed(speed);
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.stand_in.lock().clock.advance(seconds);
    }

    /// Sends a request to a control of the stand-in.
    pub(crate) async fn control(&self, method: Method, path: &str, body: String) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.ready.url));
        self.transport.http.send(request.body(body.into()).unwrap()).await.unwrap()
    }

    /// Edits an object as a person does, and returns it.
    pub(crate) async fn edit(&self, operation: &str, entity: &str, object: Value) -> Value {
        let edit = json!({ "entity": entity, "operation": operation, "object": object }).to_string();
        let response = self.control(Method::POST, "/stand-in/edit", edit).await;
        assert_eq!(response.status(), 200, "{:?}", response.body());
        serde_json::from_slice(response.body()).unwrap()
    }

    /// Returns the calls of the API that the stand-in has logged.
    pub(crate) async fn calls(&self) -> Vec<Value> {
        let response = self.control(Method::GET, "/stand-in/calls", String::new()).await;
        serde_json::from_slice(response.body()).unwrap()
    }
}

/// A transport that records what it sends, and can fail before sending.
#[derive(Debug)]
pub(crate) struct Recorder {
    http: HttpTransport,
    sent: Mutex<Vec<(String, Bytes)>>,
    failures: Mutex<Vec<TransportError>>,
}

impl Recorder {
    fn new(url: &str) -> Self {
        let http = HttpTransport::new(&Addresses::at(url)).unwrap();
        Self { http, sent: Mutex::default(), failures: Mutex::default() }
    }

    /// Returns URL and body of the requests sent since the last call.
    pub(crate) fn take_sent(&self) -> Vec<(String, Bytes)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// Returns the URLs of the requests sent since the last call of [`Self::take_sent`].
    pub(crate) fn peek(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().map(|(url, _)| url.clone()).collect()
    }

    /// Makes the next requests fail, the last failure first.
    pub(crate) fn fail(&self, failures: Vec<TransportError>) {
        *self.failures.lock().unwrap() = failures;
    }
}

impl Transport for Recorder {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.sent.lock().unwrap().push((request.uri().to_string(), request.body().clone()));
        if let Some(failure) = self.failures.lock().unwrap().pop() {
            return std::future::ready(Err(failure)).boxed();
        }
        self.http.send(request)
    }
}

/// Secrets in memory, which count what is saved, and can refuse it.
#[derive(Debug, Default)]
pub(crate) struct MemorySecrets {
    pub(crate) stored: Mutex<Option<Secrets>>,
    pub(crate) saves: Mutex<usize>,
    pub(crate) is_read_only: Mutex<bool>,
}

impl MemorySecrets {
    pub(crate) fn with(secrets: Option<Secrets>) -> Arc<Self> {
        Arc::new(Self { stored: Mutex::new(secrets), ..Self::default() })
    }

    pub(crate) fn get(&self) -> Secrets {
        self.stored.lock().unwrap().clone().unwrap()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Secrets)) {
        change(self.stored.lock().unwrap().as_mut().unwrap());
    }
}

impl SecretStore for MemorySecrets {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Secrets>, SecretsError>> {
        assert_eq!(name, NAME);
        std::future::ready(Ok(self.stored.lock().unwrap().clone())).boxed()
    }

    fn save<'a>(&'a self, name: &'a str, secrets: &'a Secrets) -> BoxFuture<'a, Result<(), SecretsError>> {
        if *self.is_read_only.lock().unwrap() {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return std::future::ready(Err(SecretsError::File { path: name.into(), source })).boxed();
        }
        *self.saves.lock().unwrap() += 1;
        *self.stored.lock().unwrap() = Some(secrets.clone());
        std::future::ready(Ok(())).boxed()
    }

    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        *self.stored.lock().unwrap() = None;
        std::future::ready(Ok(())).boxed()
    }
}

/// Returns a JSON object as one of the API.
pub(crate) fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

/// Returns the creation of a customer with this name.
pub(crate) fn create(name: &str) -> BatchItem {
    let body = object(json!({ "DisplayName": name }));
    BatchItem { operation: BatchOperation::Create, entity: Entity::Customer, body }
}

/// Returns the number of customers with this name.
pub(crate) async fn count(client: &QuickBooks, name: &str) -> u64 {
    let query = format!("SELECT COUNT(*) FROM Customer WHERE DisplayName = '{name}'");
    client.query_count(&query).await.unwrap()
}
