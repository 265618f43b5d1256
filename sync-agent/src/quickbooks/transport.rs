//! The way of a request to the API and back: HTTP/1.1, with TLS unless the address is on this machine.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use clientele_shared::table::http::tls;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::RootCertStore;
use tokio::time::timeout;

use super::oauth::Addresses;

/// How long it can take to find the host, to connect and to set up TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call can take in all.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an unused connection is kept. A server closes it later than that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Largest response that is read: 64 MiB.
const MAX_RESPONSE: usize = 64 << 20;

/// A way to send requests.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and returns its complete response, whatever the status is.
    ///
    /// # Errors
    ///
    /// Returns [`TransportError::Unreachable`] if nothing was sent, and [`TransportError::Lost`] if the
    /// request might have been carried out.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>>;
}

/// The reason why a request has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent: the host cannot be reached.
    #[error("the host cannot be reached; check the network connection")]
    Unreachable,
    /// The request was sent, and its response was lost or late.
    #[error("the response was lost; run the command again")]
    Lost,
}

/// The reason why no transport can be created.
#[derive(Debug, thiserror::Error)]
pub enum TransportSetupError {
    /// The system has no root certificates, so that no host can be trusted.
    #[error("the system has no root certificates; install them (ca-certificates), or set SSL_CERT_FILE")]
    NoRoots,
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// An address would send secrets over the network without TLS.
    #[error("{0} is not encrypted; use https://, or http:// on 127.0.0.1")]
    Unencrypted(String),
}

/// A transport over the network, which keeps connections open between calls.
pub struct HttpTransport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}

impl HttpTransport {
    /// Creates a transport to these addresses. The root certificates of the system are read only if an
    /// address needs them.
    ///
    /// # Errors
    ///
    /// Returns [`TransportSetupError::Unencrypted`] if an address is neither `https://…` nor on this machine,
    /// [`TransportSetupError::NoRoots`] if the system has no root certificates, and
    /// [`TransportSetupError::Tls`] if TLS cannot be set up.
    pub fn new(addresses: &Addresses) -> Result<Self, TransportSetupError> {
        let all = addresses.all();
        if let Some(address) = all.into_iter().find(|address| !is_protected_text(address)) {
            return Err(TransportSetupError::Unencrypted(address.to_owned()));
        }
        let needs_tls = all.iter().any(|address| !address.starts_with("http:"));
        Self::with_roots(if needs_tls { system_roots()? } else { RootCertStore::empty() })
    }

    fn with_roots(roots: RootCertStore) -> Result<Self, TransportSetupError> {
        let tls = tls(roots)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT);
        Ok(Self { client: builder.build(https.wrap_connector(tcp)) })
    }

    async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if !is_protected(request.uri()) {
            return Err(TransportError::Unreachable);
        }
        let mut request = request.map(Full::new);
        let connection = capture_connection(&mut request);
        let response = tokio::select! {
            response = self.client.request(request) => response,
            () = unconnected(connection) => return Err(TransportError::Unreachable),
        };
        let response = response.map_err(|error| {
            if error.is_connect() { TransportError::Unreachable } else { TransportError::Lost }
        })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|_| TransportError::Lost)?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let call = timeout(CALL_TIMEOUT, self.call(request));
        call.map(|called| called.unwrap_or(Err(TransportError::Lost))).boxed()
    }
}

/// Completes if the request has no connection when the time to connect is over.
async fn unconnected(mut connection: CaptureConnection) {
    if timeout(CONNECT_TIMEOUT, connection.wait_for_connection_metadata()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

/// Returns whether no other machine can read what is sent to this address.
fn is_protected(uri: &Uri) -> bool {
    let is_loopback = || {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let address = host.parse::<std::net::IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    };
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => is_loopback(),
        _ => false,
    }
}

fn is_protected_text(address: &str) -> bool {
    address.parse::<Uri>().is_ok_and(|uri| is_protected(&uri))
}

fn system_roots() -> Result<RootCertStore, TransportSetupError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TransportSetupError::NoRoots) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use tokio::time::Instant;

    use super::*;

    #[test]
    fn plain_http_is_allowed_only_on_this_machine() {
        for address in ["https://example.com/a", "http://127.0.0.1:1", "http://localhost/", "http://[::1]:2/"]
        {
            assert!(is_protected_text(address), "{address}");
        }
        for address in ["http://example.com", "http://127.0.0.1.example.com/", "ftp://localhost", "", "/a"] {
            assert!(!is_protected_text(address), "{address}");
        }
        let error = HttpTransport::new(&Addresses::at("http://example.com")).unwrap_err();
        assert!(error.to_string().contains("is not encrypted"), "{error}");
    }

    #[tokio::test]
    async fn host_that_refuses_connections_is_unreachable() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let transport = HttpTransport::new(&Addresses::at(&url)).unwrap();
        let request = Request::get(url).body(Bytes::new()).unwrap();
        assert_eq!(transport.send(request).await.unwrap_err(), TransportError::Unreachable);
    }

    #[tokio::test(start_paused = true)]
    async fn host_that_does_not_complete_the_connection_is_unreachable() {
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("https://{}", silent.local_addr().unwrap());
        let transport = HttpTransport::with_roots(RootCertStore::empty()).unwrap();
        let start = Instant::now();
        let request = Request::get(url).body(Bytes::new()).unwrap();
        assert_eq!(transport.send(request).await.unwrap_err(), TransportError::Unreachable);
        assert_eq!(start.elapsed().as_secs(), CONNECT_TIMEOUT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn response_that_takes_longer_than_a_minute_is_lost() {
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let transport = HttpTransport::new(&Addresses::at(&url)).unwrap();
        let start = Instant::now();
        let request = Request::get(url).body(Bytes::new()).unwrap();
        assert_eq!(transport.send(request).await.unwrap_err(), TransportError::Lost);
        assert_eq!(start.elapsed().as_secs(), CALL_TIMEOUT.as_secs());
    }
}
