//! The listener to which QuickBooks sends the browser after a person has consented or refused.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const PATH: &str = "/callback";
/// How long a browser has to send a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Most connections at the same time. A browser opens a few in advance.
const MAX_CONNECTIONS: usize = 32;
/// Longest code and longest company id, in bytes.
const MAX_CODE: usize = 2048;
const MAX_REALM: usize = 64;

/// A listener for the redirect of one consent.
#[derive(Debug)]
pub struct Callback {
    listener: TcpListener,
    port: u16,
}

/// A person's consent: what [`super::OAuth::exchange_code`] needs, and the company.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// The authorization code. It is a secret, works once, and only for minutes.
    pub code: String,
    /// The company that the person chose.
    pub realm_id: String,
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consent").field("realm_id", &self.realm_id).finish_non_exhaustive()
    }
}

/// The reason why there is no consent.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// The port cannot be bound.
    #[error("cannot listen on port {port} of 127.0.0.1: {source}; choose another port")]
    Bind {
        /// The port.
        port: u16,
        /// Error reported by the operating system.
        source: std::io::Error,
    },
    /// The person refused, or QuickBooks could not ask.
    #[error("QuickBooks was not connected ({0}); start again and choose Connect")]
    Refused(String),
    /// There was no redirect in time.
    #[error("no consent within {} seconds; start again", .0.as_secs())]
    Timeout(Duration),
}

/// The result of the redirect.
type Outcome = Result<Consent, CallbackError>;

impl Callback {
    /// Listens on this port of 127.0.0.1, or on a free one.
    ///
    /// # Errors
    ///
    /// Returns [`CallbackError::Bind`] if the port cannot be bound.
    pub async fn bind(port: Option<u16>) -> Result<Self, CallbackError> {
        let port = port.unwrap_or_default();
        let failure = |source| CallbackError::Bind { port, source };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.map_err(failure)?;
        let port = listener.local_addr().map_err(failure)?.port();
        Ok(Self { listener, port })
    }

    /// Returns the address to which QuickBooks must send the browser. The app at Intuit must list it.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits until the browser comes back with `state`, and shows a page that says that its window can be
    /// closed. Other requests get 404, and those with another state 400. To cancel the wait, drop the future.
    ///
    /// # Errors
    ///
    /// Returns [`CallbackError::Refused`] if the person refused, and [`CallbackError::Timeout`] if nothing
    /// came within `limit`.
    pub async fn wait(self, state: &str, limit: Duration) -> Result<Consent, CallbackError> {
        let waited = tokio::time::timeout(limit, self.serve(state));
        waited.await.unwrap_or(Err(CallbackError::Timeout(limit)))
    }

    async fn serve(self, state: &str) -> Outcome {
        let state: Arc<str> = state.into();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection(stream, Arc::clone(&state)));
                    }
                }
                Some(ended) = connections.join_next() => {
                    if let Ok(Some(outcome)) = ended {
                        return outcome;
                    }
                }
            }
        }
    }
}

/// Answers one request. The outcome is returned when the browser has the page.
async fn connection(stream: TcpStream, state: Arc<str>) -> Option<Outcome> {
    let outcome = Mutex::new(None);
    let service = service_fn(async |request: Request<Incoming>| {
        let (response, found) = answer(&request, &state);
        *outcome.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok::<_, Infallible>(response)
    });
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false);
    // A browser that closes the connection early has sent its request all the same.
    drop(server.serve_connection(TokioIo::new(stream), service).await);
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn answer<B>(request: &Request<B>, state: &str) -> (Response<Full<Bytes>>, Option<Outcome>) {
    if request.method() != Method::GET || request.uri().path() != PATH {
        return (page(StatusCode::NOT_FOUND, "There is nothing at this address."), None);
    }
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let value = |name: &str| {
        form_urlencoded::parse(query).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let is_ours: bool = value("state").unwrap_or_default().as_bytes().ct_eq(state.as_bytes()).into();
    if !is_ours {
        let text = "This page belongs to another attempt to connect. Start again in the terminal.";
        return (page(StatusCode::BAD_REQUEST, text), None);
    }
    if let Some(error) = value("error") {
        let text = "QuickBooks was not connected. You can close this window.";
        let name: String =
            error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
        return (page(StatusCode::OK, text), Some(Err(CallbackError::Refused(name))));
    }
    let code = value("code").filter(|code| (1..=MAX_CODE).contains(&code.len()));
    let realm = value("realmId").filter(|realm| {
        (1..=MAX_REALM).contains(&realm.len()) && realm.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    match (code, realm) {
        (Some(code), Some(realm_id)) => {
            let text =
                "QuickBooks has sent its consent. You can close this window and return to the terminal.";
            (page(StatusCode::OK, text), Some(Ok(Consent { code, realm_id })))
        }
        _ => (page(StatusCode::BAD_REQUEST, "QuickBooks sent no code or no company. Start again."), None),
    }
}

/// Returns a page with one sentence. Its address holds the code, so that it must not be stored or passed on.
fn page(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Clientele</title>\
         <body style=\"font: 18px sans-serif; margin: 3em\"><p>{text}</p></body></html>"
    );
    let mut response = Response::new(Full::from(html));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}
