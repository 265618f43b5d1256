//! The agent's surroundings in a test: QuickBooks in this process, secrets in memory, and the call at which it is killed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use clientele_infra_quickbooks::server;
use clientele_sync_agent::quickbooks::secrets::{SecretStore, Secrets, SecretsError};
use clientele_sync_agent::quickbooks::transport::{Transport, TransportError};
use futures::future::{BoxFuture, FutureExt as _};
use http::Request;
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long the agent waits for an answer of the stand-in.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A call at which the agent is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kill {
    /// The number of the call, from 1.
    pub(crate) at: usize,
    /// Whether the call is carried out before.
    pub(crate) after: bool,
}

/// The calls that the agent makes, of the table and of QuickBooks together.
#[derive(Debug, Default)]
struct CallCount {
    count: usize,
    kill: Option<Kill>,
    names: Vec<String>,
}

/// Counts the calls of the agent, and says which is its last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Death {
    calls: Arc<Mutex<CallCount>>,
    pub(super) came: Arc<Notify>,
}

impl Death {
    pub(super) fn call(&self, name: &str) -> Option<Kill> {
        let mut calls = self.calls.lock().unwrap();
        calls.count += 1;
        calls.names.push(name.to_owned());
        calls.kill.filter(|kill| kill.at == calls.count)
    }

    /// Ends the agent: the call does not return.
    pub(crate) async fn strike<T>(&self) -> T {
        self.came.notify_one();
        std::future::pending().await
    }

    pub(super) fn plan(&self, kill: Option<Kill>) {
        *self.calls.lock().unwrap() = CallCount { kill, ..CallCount::default() };
    }

    /// Returns the calls since the plan was made.
    pub(crate) fn names(&self) -> Vec<String> {
        self.calls.lock().unwrap().names.clone()
    }
}

/// QuickBooks in this process.
#[derive(Debug, Clone)]
pub(super) struct InProcess {
    pub(super) router: axum::Router,
    pub(super) death: Death,
    pub(super) is_offline: Arc<Mutex<bool>>,
}

impl Transport for InProcess {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        async move {
            if *self.is_offline.lock().unwrap() {
                return Err(TransportError::Unreachable);
            }
            let kill = self.death.call(&format!("{} {}", request.method(), request.uri().path()));
            if kill.is_some_and(|kill| !kill.after) {
                return self.death.strike().await;
            }
            let response = timeout(TIMEOUT, call(&self.router, request.map(Body::from))).await;
            let response = response.map_err(|_| TransportError::Lost)?;
            if kill.is_some() {
                return self.death.strike().await;
            }
            if server::is_dropped(&response) {
                return Err(TransportError::Lost);
            }
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| TransportError::Lost)?.to_bytes();
            Ok(http::Response::from_parts(parts, body))
        }
        .boxed()
    }
}

pub(super) async fn call(router: &axum::Router, request: Request<Body>) -> http::Response<Body> {
    let Ok(response) = TowerToHyperService::new(router.clone()).call(request).await;
    response
}

/// Secrets in memory.
#[derive(Debug, Default)]
pub(super) struct Memory(pub(super) Mutex<BTreeMap<String, Secrets>>);

impl SecretStore for Memory {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Secrets>, SecretsError>> {
        std::future::ready(Ok(self.0.lock().unwrap().get(name).cloned())).boxed()
    }

    fn save<'a>(&'a self, name: &'a str, secrets: &'a Secrets) -> BoxFuture<'a, Result<(), SecretsError>> {
        self.0.lock().unwrap().insert(name.to_owned(), secrets.clone());
        std::future::ready(Ok(())).boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        self.0.lock().unwrap().remove(name);
        std::future::ready(Ok(())).boxed()
    }
}
