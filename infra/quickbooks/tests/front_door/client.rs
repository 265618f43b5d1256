//! A stand-in in this process, and a client for it.

use std::sync::Arc;

use bytes::Bytes;
use clientele_infra_quickbooks::{Options, Ready, Server, StandIn};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// A running stand-in with a client that has its first access token.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) ready: Ready,
    pub(crate) stand_in: Arc<StandIn>,
    pub(crate) token: String,
    http: HttpClient<HttpConnector, Full<Bytes>>,
    server: JoinHandle<()>,
}

/// A response, received completely.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The code of the error, in any form.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let code = ["/Fault/Error/0/code", "/fault/error/0/code"].iter().find_map(|path| body.pointer(path));
        code.and_then(Value::as_str).unwrap_or_else(|| panic!("no error: {}", self.body)).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Client {
    /// Starts a stand-in without limits on requests.
    pub(crate) async fn start() -> Self {
        let client = Self::start_throttled().await;
        client.switch("throttling", json!(false)).await;
        client
    }

    /// Starts a stand-in with its limits.
    pub(crate) async fn start_throttled() -> Self {
        Self::start_with(&Options::default()).await
    }

    pub(crate) async fn start_with(options: &Options) -> Self {
        let server = Server::start(options).await.unwrap();
        let stand_in = Arc::clone(server.stand_in());
        let ready = stand_in.ready();
        let server = tokio::spawn(server.run(std::future::pending()));
        let http = HttpClient::builder(TokioExecutor::new()).build_http();
        Self { token: ready.access_token.clone(), ready, stand_in, http, server }
    }

    /// Sends a request. A path without a leading `/` is below the company.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<Response> {
        let url = match path.strip_prefix('/') {
            Some(_) => format!("{}{path}", self.ready.url),
            None => format!("{}/v3/company/{}/{path}", self.ready.url, self.ready.realm_id),
        };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.http.request(request.body(Full::new(body.into())).unwrap()).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(body.collect().await.ok()?.to_bytes().to_vec()).unwrap();
        Some(Response { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// Sends an API request as clients do; `None` if the connection closes without a response.
    pub(crate) async fn try_api(&self, method: Method, path: &str, body: Option<&Value>) -> Option<Response> {
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", authorization.as_str()), ("accept", "application/json")];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.map(Value::to_string).unwrap_or_default()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.try_api(Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.try_api(Method::POST, path, Some(&body)).await.unwrap()
    }

    /// Posts an object and returns it as it was saved.
    pub(crate) async fn save(&self, entity: &str, object: Value) -> Value {
        let response = self.post(&entity.to_lowercase(), object).await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.json()[entity].clone()
    }

    /// Creates this number of customers, which must be a multiple of 30, in batches.
    pub(crate) async fn create_customers(&self, count: usize) {
        for batch in 0..count / 30 {
            let create = |n: usize| {
                let customer = json!({ "DisplayName": format!("C{batch}-{n}") });
                json!({ "bId": n.to_string(), "operation": "create", "Customer": customer })
            };
            let items: Vec<Value> = (0..30).map(create).collect();
            let response = self.post("batch", json!({ "BatchItemRequest": items })).await;
            assert!(response.status == 200 && !response.body.contains("Fault"), "{}", response.body);
        }
    }

    /// Reads an object.
    pub(crate) async fn read(&self, entity: &str, id: &Value) -> Value {
        let response = self.get(&format!("{}/{}", entity.to_lowercase(), id.as_str().unwrap())).await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.json()[entity].clone()
    }

    /// Posts an object that is refused, and returns the code of the error.
    pub(crate) async fn refused(&self, entity: &str, object: Value) -> String {
        let response = self.post(&entity.to_lowercase(), object).await;
        assert_eq!(response.status, 400, "{}", response.body);
        response.code()
    }

    pub(crate) async fn query(&self, query: &str) -> Response {
        let encoded: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        self.get(&format!("query?query={encoded}")).await
    }

    /// Sends a request to a control, which must succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let response = self.send(method, path, &[], body.to_string()).await.unwrap();
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        response.json()
    }

    pub(crate) async fn switch(&self, name: &str, value: Value) {
        self.control(Method::PUT, "/stand-in/switches", json!({ name: value })).await;
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        self.control(Method::POST, "/stand-in/clock", json!({ "advance_seconds": seconds })).await;
    }

    pub(crate) async fn edit(&self, entity: &str, operation: &str, object: Value) -> Value {
        let edit = json!({ "entity": entity, "operation": operation, "object": object });
        self.control(Method::POST, "/stand-in/edit", edit).await
    }
}
