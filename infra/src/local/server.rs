//! The one port of the local stack: the page, the OpenAPI document, and behind everything else the functions.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::aws::Services;
use super::gateway::Gateway;
use super::info::Info;

/// How long requests under way may take when the stack is stopped.
const GRACE: Duration = Duration::from_secs(5);
/// How long an answer that is made may take to reach its caller when the stack is stopped.
const LAST_BYTES: Duration = Duration::from_millis(200);

const PAGE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/app.js");
const QUERY_PAGE: &str = include_str!("page/graphiql.html");
const QUERY_STYLE: &str = include_str!("page/graphiql.css");
const QUERY_SCRIPT: &str = include_str!("page/graphiql.js");

/// The page takes nothing from anywhere else and nobody may frame it.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                           img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Why the port is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Something else has the port.
    #[error("port {0} is in use: choose another with --port N, or let the system choose with --port 0")]
    PortInUse(u16),
    /// The system does not give the port.
    #[error("cannot listen on 127.0.0.1:{port}: {source}. Choose another port with --port N (above 1023)")]
    NoPort {
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// Serving ended with an error.
    #[error("the server failed: {0}")]
    Failed(#[source] io::Error),
}

/// A port that is taken and not yet served: callers wait.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// What is served.
#[derive(Debug)]
pub struct Site {
    /// The functions.
    pub gateway: Gateway,
    /// What stands in for AWS's own services.
    pub services: Services,
    /// The OpenAPI document, as JSON.
    pub openapi: String,
    /// What the page is told.
    pub info: Info,
}

/// What every request is answered from.
struct Shared {
    gateway: Gateway,
    services: Services,
    openapi: String,
    info: String,
    address: SocketAddr,
    /// How many functions are being called.
    under_way: watch::Sender<usize>,
}

/// Counts one call as under way for as long as it lives.
struct UnderWay<'a>(&'a watch::Sender<usize>);

impl<'a> UnderWay<'a> {
    fn count(calls: &'a watch::Sender<usize>) -> Self {
        calls.send_modify(|n| *n += 1);
        Self(calls)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

impl Server {
    /// Takes a port of the loopback address; 0 takes a free one.
    ///
    /// # Errors
    ///
    /// When the port is in use, or not to be had.
    pub async fn bind(port: u16) -> Result<Self, ServerError> {
        let no_port = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::PortInUse(port),
            _ => ServerError::NoPort { port, source },
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        Ok(Self { listener, address })
    }

    /// The base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `stop` is done, then lets requests under way end.
    ///
    /// # Errors
    ///
    /// When the port can no longer be served.
    pub async fn serve(
        self,
        site: Site,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let Site { gateway, services, openapi, info } = site;
        let info = serde_json::to_string(&info).map_err(|e| ServerError::Failed(e.into()))?;
        let (under_way, calls) = watch::channel(0);
        let shared = Arc::new(Shared { gateway, services, openapi, info, address: self.address, under_way });
        // Small answers must not wait for more to send. Where the option is refused, they merely wait.
        let listener = self.listener.tap_io(|stream: &mut TcpStream| drop(stream.set_nodelay(true)));
        let app = app(shared).into_make_service_with_connect_info::<SocketAddr>();

        let (stopping, stopped) = oneshot::channel::<()>();
        let served = axum::serve(listener, app).with_graceful_shutdown(async move {
            stop.await;
            drop(stopping);
        });
        tokio::select! {
            served = async { served.await } => served.map_err(ServerError::Failed),
            () = async { drop(stopped.await); drain(calls).await } => Ok(()),
        }
    }
}

/// Waits until no call is under way. Connections without one are not waited for: a browser keeps some open for
/// calls it may never make.
async fn drain(mut calls: watch::Receiver<usize>) {
    // Neither is an error: a closed channel has no calls, and calls that outlast the grace are given up.
    drop(tokio::time::timeout(GRACE, calls.wait_for(|n| *n == 0)).await);
    tokio::time::sleep(LAST_BYTES).await;
}

fn app(shared: Arc<Shared>) -> Router {
    let own = Router::new()
        .route("/", get(|| text("text/html; charset=utf-8", PAGE)))
        .route("/_local/style.css", get(|| text("text/css; charset=utf-8", STYLE)))
        .route("/_local/app.js", get(|| text("text/javascript; charset=utf-8", SCRIPT)))
        .route("/graphiql", get(|| text("text/html; charset=utf-8", QUERY_PAGE)))
        .route("/_local/graphiql.css", get(|| text("text/css; charset=utf-8", QUERY_STYLE)))
        .route("/_local/graphiql.js", get(|| text("text/javascript; charset=utf-8", QUERY_SCRIPT)))
        .route(
            "/_local/info",
            get(async |State(s): State<Arc<Shared>>| text("application/json", &s.info).await),
        )
        .route(
            "/openapi.json",
            get(async |State(s): State<Arc<Shared>>| text("application/json", &s.openapi).await),
        )
        .layer(middleware::from_fn(require_loopback_host));
    own.fallback(functions)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), aws_services))
        .with_state(shared)
}

/// Requests that are signed for one of AWS's own services never reach the functions.
async fn aws_services(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match shared.services.find(request.headers()) {
        Some(address) if has_loopback_host(request.headers()) => {
            let _under_way = UnderWay::count(&shared.under_way);
            shared.services.forward(request, address).await
        }
        _ => next.run(request).await,
    }
}

async fn functions(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let _under_way = UnderWay::count(&shared.under_way);
    shared.gateway.answer(request, shared.address, peer).await
}

/// Text that is never kept by a browser: the next start may serve another.
async fn text(kind: &'static str, text: &str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text.to_owned()).into_response()
}

/// The page holds a key. A web site that has its own name resolve to this machine (DNS rebinding) could read it
/// with its visitor's browser, but cannot make that browser say `Host: localhost`.
async fn require_loopback_host(request: Request, next: Next) -> Response {
    if !has_loopback_host(request.headers()) {
        let text = "This page answers to localhost and 127.0.0.1 only: open it under one of these names.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    next.run(request).await
}

fn has_loopback_host(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<http::uri::Authority>().ok());
    authority.is_some_and(|authority| matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
