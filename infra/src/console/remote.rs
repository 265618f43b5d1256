//! The console for a deployed API: serves the pages, and passes all other requests of the pages to that API. Browsers
//! would refuse to call it directly, because it does not allow other origins.

use std::future::Future;
use std::str::FromStr as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use http::header::{self, HeaderMap, HeaderName};
use http::{StatusCode, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use super::api::Console;
use super::guard;
use super::pages::pages;
use crate::local::server::{Server, ServerError};

/// Headers that concern one connection or this server only.
const OWN_HEADERS: [HeaderName; 8] = [
    header::HOST,
    header::ORIGIN,
    header::REFERER,
    header::COOKIE,
    header::CONNECTION,
    header::ACCEPT_ENCODING,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why the deployed API cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The address would send the API key over the network unencrypted.
    #[error("{0} would send the API key unencrypted; pass --url https://…")]
    Address(String),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// A deployed API.
#[derive(Debug, Clone)]
pub struct Remote {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    base: String,
}

impl Remote {
    /// Returns the API at this address, which includes the stage.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteError::Address`] if the address is neither `https` nor on this machine, and [`RemoteError::Tls`]
    /// if TLS cannot be set up.
    pub fn new(url: &str) -> Result<Self, RemoteError> {
        if !Uri::from_str(url).is_ok_and(|uri| is_protected(&uri)) {
            return Err(RemoteError::Address(url.to_owned()));
        }
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls()?);
        let connector = connector.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, base: url.trim_end_matches('/').to_owned() })
    }

    async fn forward(&self, request: Request) -> Result<Response, String> {
        let (mut parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        parts.uri = Uri::from_str(&format!("{}{target}", self.base)).map_err(|error| error.to_string())?;
        remove(&mut parts.headers);
        let response = self.client.request(Request::from_parts(parts, body)).await;
        let mut response = response.map_err(|error| clientele_shared::error::chain(&error))?;
        remove(response.headers_mut());
        Ok(response.map(Body::new))
    }
}

fn remove(headers: &mut HeaderMap) {
    for name in &OWN_HEADERS {
        headers.remove(name);
    }
}

fn is_protected(uri: &Uri) -> bool {
    let is_here = uri.host().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_here)
}

/// Returns the settings of TLS, with the certificates that this machine trusts.
fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

async fn forward(State(remote): State<Remote>, request: Request) -> Response {
    remote.forward(request).await.unwrap_or_else(|error| {
        let message = format!("{} cannot be reached: {error}", remote.base);
        (StatusCode::BAD_GATEWAY, axum::Json(json!({ "error": message }))).into_response()
    })
}

/// Serves the pages, and the API behind them, until `stop` resolves.
///
/// # Errors
///
/// Returns [`ServerError`] if the pages cannot be served.
pub async fn serve(
    server: Server,
    console: &Console,
    remote: Remote,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let api = Router::new().fallback(forward).with_state(remote);
    let app = api.layer(middleware::from_fn(guard::only_own_pages)).merge(pages(console)?);
    server.serve_app(app, stop, std::future::ready(())).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_protected_addresses_are_called() {
        for url in ["https://a.example/prod", "http://127.0.0.1:4747", "http://localhost:4747/prod"] {
            assert!(Remote::new(url).is_ok(), "{url}");
        }
        for url in ["http://a.example", "http://127.0.0.1.a.example", "ftp://localhost", "x"] {
            assert!(matches!(Remote::new(url), Err(RemoteError::Address(_))), "{url}");
        }
    }
}
