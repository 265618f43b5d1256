//! A stack of functions with a separate table.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use dynoxide::Database;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::net::TcpListener;

use clientele_functions_common::{App, VerifierToken};
use clientele_infra::functions;
use clientele_infra::local::engine::TEMPORARY;
use clientele_infra::local::event::Stage;
use clientele_infra::local::function::Invoke;
use clientele_infra::local::gateway::Gateway;
use clientele_infra::local::routes::TEMPLATE;
use clientele_shared::model::{ApiKey, DialectSettings, Mode, Scopes, Settings, Tenant, TenantId};
use clientele_shared::store::{NewApiKey, RetryPolicy, Store};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;

use super::lambda::VERIFIER_TOKEN;
use super::policies::{Policies, under_its_policies};
use super::{Clock, Response};

/// How long requests wait for their usage count.
const PATIENT: Duration = Duration::from_secs(30);

/// How many requests of one API key run at the same time: as many as on AWS, so that races have many contenders.
const MAX_CONCURRENT: usize = 1_000;

/// The stage that every path starts with, as on AWS without a custom domain. Callers name paths without it.
pub(crate) const STAGE: &str = "prod";

/// Every function behind the routes of `template.yaml`, on a fresh table with the tenant `acme`.
pub(crate) struct Stack {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) acme: Caller,
    pub(crate) client: aws_sdk_dynamodb::Client,
    pub(crate) table: String,
    /// URL of the engine.
    pub(crate) url: String,
    gateway: Arc<Gateway>,
}

/// A client with an API key.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) secret: String,
    pub(crate) key: ApiKey,
    gateway: Arc<Gateway>,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_with(|config| config).await
    }

    /// Starts a stack after changing the functions' DynamoDB client, for example to record its calls.
    pub(crate) async fn start_with(
        configure: impl FnOnce(aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder,
    ) -> Self {
        Self::start_customized(configure, |app| app, |_, function| function).await
    }

    /// Starts a stack after changing the functions' DynamoDB client, their shared state, and each function.
    ///
    /// Requests wait for their usage count, so that a slow machine does not change what they report.
    pub(crate) async fn start_customized(
        configure: impl FnOnce(aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder,
        change_app: impl FnOnce(App) -> App,
        change_function: impl Fn(&str, Invoke) -> Invoke,
    ) -> Self {
        let url = endpoint().await;
        let client = Connection::local(&url).client().unwrap();
        let table = format!("test-{}", uuid::Uuid::new_v4());
        create_table(&client, &table).await.unwrap();
        let clock = Clock::new();
        let store = Store::new(client.clone(), &table, clock.ambient());
        let config =
            configure(Connection::local(&url).config().unwrap()).interceptor(Policies::default()).build();
        let functions_store =
            Store::new(aws_sdk_dynamodb::Client::from_conf(config), &table, clock.ambient());
        let token = VerifierToken::new(VERIFIER_TOKEN).unwrap();
        let app = App::new(functions_store).with_usage_wait(PATIENT).with_verifier_token(Some(token));
        let app = change_app(app);
        let linked = functions::linked(&Arc::new(app));
        let changed = |name: &str| {
            let function = under_its_policies(name, Arc::clone(linked.get(name)?));
            Some((name.to_owned(), change_function(name, function)))
        };
        let functions = linked.names().filter_map(changed).collect();
        let gateway = Gateway::new(TEMPLATE, functions).unwrap().with_stage(Stage::in_path(STAGE));
        let gateway = Arc::new(gateway.with_key_concurrency(MAX_CONCURRENT));
        let acme = new_caller(&store, &gateway, "acme", Mode::Live, Scopes::all()).await;
        Self { store, clock, acme, client, table, url, gateway }
    }

    /// Creates an API key, and its tenant if necessary; returns a caller with that key.
    pub(crate) async fn caller(&self, tenant: &str, mode: Mode, scopes: &str) -> Caller {
        new_caller(&self.store, &self.gateway, tenant, mode, scopes.parse().unwrap()).await
    }

    /// Changes the settings of `acme` and advances the clock until the functions' cached keys are stale.
    pub(crate) async fn settings(&self, settings: Settings) {
        self.store.tenant_settings_set(&"acme".parse().unwrap(), &settings).await.unwrap();
        self.clock.advance_seconds(clientele_functions_common::caller::FRESH_SECONDS);
    }

    /// Changes the settings of `acme` for one dialect, as [`Self::settings`] does.
    pub(crate) async fn dialect_settings<T: DialectSettings>(&self, own: &T) {
        self.settings(Settings::default().with_dialect(own).unwrap()).await;
    }

    /// Returns `acme` in live mode.
    pub(crate) fn tenant(&self) -> Tenant {
        self.acme.key.tenant()
    }

    /// Sends a request without an API key, with any headers and body.
    pub(crate) async fn send_anonymously(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Response {
        send(&self.gateway, request(method, path, headers, body)).await
    }

    /// Handles a request of a real client, whose path includes the stage.
    pub(crate) async fn answer(&self, request: Request<Body>) -> http::Response<Body> {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        self.gateway.answer(request, here, here).await
    }

    /// Sends a request without the API key of `acme`.
    pub(crate) async fn anonymous(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send_anonymously(method, path, headers, String::new()).await
    }
}

impl Caller {
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[], String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Response {
        self.send(Method::PUT, path, &[], body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, &[], String::new()).await
    }

    /// Sends a request with any headers and body.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Response {
        let bearer = format!("Bearer {}", self.secret);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend_from_slice(headers);
        send(&self.gateway, request(method, path, &all, body)).await
    }

    /// Sends a GET and returns the response before its body is read.
    pub(crate) async fn open(&self, path: &str) -> http::Response<Body> {
        let bearer = format!("Bearer {}", self.secret);
        let request = request(Method::GET, path, &[("authorization", &bearer)], String::new());
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        self.gateway.answer(request, here, here).await
    }

    /// Creates a customer and returns its uuid.
    pub(crate) async fn create(&self, body: &Value) -> String {
        self.post("/api/v1/customers", body).await.expect(201)["data"]["uuid"].as_str().unwrap().to_owned()
    }
}

/// Returns the functions' state with another retry policy of its store.
pub(crate) fn with_retry_policy(mut app: App, policy: RetryPolicy) -> App {
    app.store = app.store.with_retry_policy(policy);
    app
}

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(format!("/{STAGE}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.into())).unwrap()
}

async fn send(gateway: &Arc<Gateway>, request: Request<Body>) -> Response {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let (parts, body) = gateway.answer(request, here, here).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

async fn new_caller(
    store: &Store,
    gateway: &Arc<Gateway>,
    tenant: &str,
    mode: Mode,
    scopes: Scopes,
) -> Caller {
    let tenant: TenantId = tenant.parse().unwrap();
    store.tenant_create(&tenant).await.unwrap();
    let new = NewApiKey { tenant, mode, scopes, name: "test".into() };
    let (key, secret) = store.api_key_create(new).await.unwrap();
    Caller { secret: secret.reveal().to_owned(), key, gateway: Arc::clone(gateway) }
}

/// Returns the engine named in the environment, or starts one in this process, which stops with the test's runtime.
#[expect(clippy::disallowed_methods, reason = "selects the engine under test")]
async fn endpoint() -> String {
    match std::env::var("DYNAMODB_ENDPOINT") {
        Ok(url) => url,
        Err(_) => {
            let database = Database::new(TEMPORARY).unwrap();
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(dynoxide::server::serve_on(listener, database));
            url
        }
    }
}
