//! The port of the stand-in: accepts connections, and routes requests to the API, OAuth, the controls and
//! the page.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State as Extract};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use http::{HeaderMap, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use crate::protocol::api::{self, Outcome};
use crate::protocol::call;
use crate::state::State;
use crate::storage::StorageError;
use crate::{StandIn, control, oauth, page, random, webhooks};

/// Largest body of a request: 8 MiB.
const MAX_BODY: usize = 8 << 20;
/// How long a client has to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// Wait after a connection cannot be accepted, because there are too many open files.
const ACCEPT_WAIT: Duration = Duration::from_millis(100);
/// Seconds in the header `Retry-After`, if it is switched on.
const RETRY_AFTER: &str = "60";

/// How the stand-in is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Port of 127.0.0.1; 0 chooses a free one.
    pub port: u16,
    /// Folder for the data. Without one, the data is lost on exit.
    pub data: Option<PathBuf>,
}

/// The reason why the stand-in does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port cannot be bound.
    #[error("cannot listen on port {port}: {source}; choose another port with --port N")]
    Bind {
        /// The port.
        port: u16,
        /// Error reported by the operating system.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A stand-in whose port is bound.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    stand_in: Arc<StandIn>,
}

/// Marks a response that is not sent: the connection closes instead.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection was dropped on order")]
struct Dropped;

impl Server {
    /// Binds the port and opens the data.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::Bind`] if the port is taken, and [`ServerError::Storage`] if the data folder
    /// cannot be used.
    pub async fn start(options: &Options) -> Result<Self, ServerError> {
        let bind = |source| ServerError::Bind { port: options.port, source };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let url = format!("http://{}", listener.local_addr().map_err(bind)?);
        let state = State::open(options.data.as_deref())?;
        Ok(Self { listener, stand_in: StandIn::new(url, state) })
    }

    /// Returns the stand-in.
    #[must_use]
    pub fn stand_in(&self) -> &Arc<StandIn> {
        &self.stand_in
    }

    /// Answers requests and delivers webhooks until `stop` completes. Open connections are then closed: every
    /// response that was sent is stored.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let router = router(&self.stand_in);
        let mut connections = tokio::task::JoinSet::new();
        let delivery = webhooks::deliver::run(Arc::clone(&self.stand_in));
        tokio::pin!(stop, delivery);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = &mut delivery => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        // Responses are small: each is sent when it is written.
                        if let Err(error) = stream.set_nodelay(true) {
                            tracing::debug!("cannot set TCP_NODELAY: {error}");
                        }
                        connections.spawn(connection(TokioIo::new(stream), router.clone()));
                    }
                    Err(error) => {
                        tracing::warn!("cannot accept a connection: {error}");
                        wait(ACCEPT_WAIT).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn connection(stream: TokioIo<tokio::net::TcpStream>, router: Router) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let service = service.clone();
        async move {
            let response: Result<Response, Infallible> = service.call(request.map(Body::new)).await;
            match response {
                // An error makes hyper close the connection without a response.
                Ok(response) if is_dropped(&response) => Err(Dropped),
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    if let Err(error) = builder.serve_connection(stream, service).await {
        tracing::debug!("connection closed: {error}");
    }
}

/// Returns the routes, for tests that call them in this process. A response for which [`is_dropped`] is true
/// is not sent by [`Server::run`].
pub fn router(stand_in: &Arc<StandIn>) -> Router {
    let people = Router::new()
        .route("/", get(page::show))
        .route("/stand-in/page/customer", post(page::edit_customer))
        .route("/stand-in/page/invoice", post(page::add_invoice))
        .route("/stand-in/page/payment", post(page::add_payment))
        .merge(control::routes())
        .route("/connect/oauth2", get(oauth::http::consent_page).post(oauth::http::consent))
        .layer(middleware::from_fn(require_loopback));
    Router::new()
        .route("/v3/company/{*rest}", any(api_call))
        .merge(oauth::http::routes())
        .merge(people)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(stand_in))
}

async fn api_call(Extract(stand_in): Extract<Arc<StandIn>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => body,
        Err(_) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    let request = call_request(&parts, &body);
    // A request is in flight until its response is sent, so that slow ones count.
    let (in_flight, _entered) = stand_in.enter();
    let answered = stand_in.run(move |stand_in| api::answer(stand_in, &request, in_flight)).await;
    let Ok(outcome) = answered else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if let Some(delay) = outcome.delay {
        wait(delay).await;
    }
    respond(outcome)
}

#[expect(clippy::disallowed_methods, reason = "delays that tests order, and the wait for a free file")]
pub(crate) async fn wait(delay: Duration) {
    tokio::time::sleep(delay).await;
}

fn call_request(parts: &http::request::Parts, body: &Bytes) -> call::Request {
    let text = |name: header::HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let query = parts.uri.query().unwrap_or_default();
    call::Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        parameters: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        authorization: text(header::AUTHORIZATION),
        accept: text(header::ACCEPT),
        content_type: text(header::CONTENT_TYPE),
        body: body.to_vec(),
    }
}

/// Returns a response that is not sent: the connection closes instead.
pub(crate) fn dropped() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Dropped);
    response
}

/// Returns whether a response is not sent: the connection closes instead.
#[must_use]
pub fn is_dropped(response: &Response) -> bool {
    response.extensions().get::<Dropped>().is_some()
}

fn respond(outcome: Outcome) -> Response {
    let Some(rendered) = outcome.response else { return dropped() };
    let status = StatusCode::from_u16(rendered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let tid = random::identifier();
    let headers = [
        (header::CONTENT_TYPE.as_str(), rendered.content_type.as_str()),
        (header::CACHE_CONTROL.as_str(), "max-age=0, no-cache, no-store, must-revalidate, private"),
        ("intuit_tid", tid.as_str()),
    ];
    let mut response = (status, headers, rendered.body).into_response();
    if outcome.has_retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, http::HeaderValue::from_static(RETRY_AFTER));
    }
    response
}

/// Rejects requests of other websites in a browser of this machine: those under another host name (DNS
/// rebinding), and those that another site's page sends.
async fn require_loopback(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = header_text(headers, header::HOST).and_then(|host| host.parse::<http::uri::Authority>().ok());
    let origin = header_text(headers, header::ORIGIN);
    let origin_host =
        origin.map(|origin| url::Url::parse(origin).ok().and_then(|url| Some(url.host_str()?.to_owned())));
    let is_local = host.is_some_and(|host| is_loopback(host.host()))
        && origin_host.is_none_or(|host| host.is_some_and(|host| is_loopback(&host)));
    if !is_local {
        let text =
            "The stand-in is available only at localhost and 127.0.0.1. Open it under one of these names.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    next.run(request).await
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
