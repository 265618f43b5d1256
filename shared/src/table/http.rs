//! The HTTP client under the SDK, reduced to what a Lambda needs: HTTP/1.1, the only version that DynamoDB
//! speaks.
//!
//! The SDK's own client includes HTTP/2, which adds half a megabyte of unused code to every function. This
//! client uses the same libraries (`hyper-util`'s pooled client, with `hyper-rustls`) without it.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector as Tcp, capture_connection};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Returns a client that trusts the root certificates in this PEM text and takes at most `connect_timeout` to
/// connect.
///
/// # Errors
/// Returns an error if the text contains an invalid certificate or no certificate.
pub(super) fn client(roots: &[u8], connect_timeout: Duration) -> Result<SharedHttpClient, rustls::Error> {
    Ok(over_tcp(tls(root_store(roots)?)?, connect_timeout))
}

/// Returns a client for a local engine at `http://…`. It refuses `https://…`, because it trusts no root
/// certificate.
///
/// # Errors
/// Returns an error if TLS cannot be set up.
pub(super) fn plain(connect_timeout: Duration) -> Result<SharedHttpClient, rustls::Error> {
    Ok(over_tcp(tls(RootCertStore::empty())?, connect_timeout))
}

/// Returns the root certificates in this PEM text.
///
/// # Errors
/// Returns an error if the text contains an invalid certificate or no certificate.
pub fn root_store(roots: &[u8]) -> Result<RootCertStore, rustls::Error> {
    let unparsable = |e| rustls::Error::General(format!("cannot parse the root certificates: {e}"));
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(roots) {
        store.add(certificate.map_err(unparsable)?)?;
    }
    if store.is_empty() {
        return Err(rustls::Error::General("the PEM text contains no root certificate".into()));
    }
    Ok(store)
}

/// Returns the configuration of TLS connections that trust these root certificates.
///
/// # Errors
/// Returns an error if TLS cannot be set up.
pub fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

fn over_tcp(tls: ClientConfig, connect_timeout: Duration) -> SharedHttpClient {
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect_timeout));
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    let client = Client::builder(TokioExecutor::new()).build(https.wrap_connector(tcp));
    SharedHttpClient::new(Fixed(SharedHttpConnector::new(Pooled(client))))
}

/// A client with one connector for all calls, whatever their settings. The connect timeout is set when it is
/// created, and the SDK itself ends an attempt that takes too long.
#[derive(Debug)]
struct Fixed(SharedHttpConnector);

impl HttpClient for Fixed {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}

/// Connections that are pooled and reused.
#[derive(Debug)]
struct Pooled(Client<HttpsConnector<Tcp>, SdkBody>);

impl HttpConnector for Pooled {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let response = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let response = response.await.map_err(connector_error)?.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Returns the metadata through which the SDK discards a faulty connection, so that the next attempt opens
/// another.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let proxied = connection.connection_metadata().as_ref()?.is_proxied();
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(proxied).poison_fn(poison).build())
}

/// Converts a transport error. All of them are worth another attempt, except those that the request itself
/// causes.
fn connector_error(error: Error) -> ConnectorError {
    if causes(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_user)) {
        return ConnectorError::user(error.into());
    }
    let timed_out = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::TimedOut;
    if causes(&error).any(|cause| cause.downcast_ref().is_some_and(timed_out)) {
        return ConnectorError::timeout(error.into());
    }
    ConnectorError::io(error.into())
}

fn causes(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn StdError + 'static)| (*cause).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_certificates_must_be_present_and_valid() {
        let message = |roots: &[u8]| root_store(roots).unwrap_err().to_string();
        assert!(message(b"").contains("the PEM text contains no root certificate"));
        let invalid = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(root_store(invalid).is_err());
    }
}
