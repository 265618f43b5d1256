//! The connection to DynamoDB, optimised for fast cold starts.
//!
//! By default the SDK does four things that are expensive at start-up and not needed in a Lambda: it reads
//! the platform's root certificates, queries a chain of credential providers, evaluates the endpoint rules
//! with their table of partitions, and collects AWS-LC's jitter entropy. Here the roots are pinned (or read
//! from one file), credentials and region come from Lambda's own variables, the endpoint is one fixed URL,
//! and TLS is ring's.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};

use super::headers::WithoutTelemetry;
use super::http;
use crate::{Error, Result};

/// Maximum time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The root certificates to which Amazon's endpoints chain: Amazon Root CA 1 to 4 and Starfield Services Root
/// G2, as published at <https://www.amazontrust.com/repository/>.
const AMAZON_TRUST_ROOTS: &[u8] = include_bytes!("amazon-trust-roots.pem");

/// The location of DynamoDB and how to reach it.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The region for which requests are signed.
    pub region: String,
    /// The credentials with which requests are signed.
    pub credentials: Credentials,
    /// The URL of DynamoDB: the region's own, DynamoDB Local or the embedded engine.
    pub endpoint_url: String,
    /// Root certificates to trust instead of Amazon's, in PEM.
    pub ca_bundle: Option<Vec<u8>>,
}

impl Connection {
    /// Creates a connection to a local engine, which accepts any credentials.
    #[must_use]
    pub fn local(endpoint_url: impl Into<String>) -> Self {
        Self {
            region: "us-east-1".into(),
            credentials: Credentials::new("local", "local", None, None, "local"),
            endpoint_url: endpoint_url.into(),
            ca_bundle: None,
        }
    }

    /// Creates a connection to a region's DynamoDB at this URL, with these access keys.
    #[must_use]
    pub fn with_keys(
        endpoint_url: String,
        region: String,
        access_key_id: String,
        secret: String,
        session_token: Option<String>,
    ) -> Self {
        let credentials = Credentials::new(access_key_id, secret, session_token, None, "environment");
        Self { region, credentials, endpoint_url, ca_bundle: None }
    }

    /// Returns the connection with these root certificates, or with Amazon's if `None`.
    #[must_use]
    pub fn trusting(self, ca_bundle: Option<Vec<u8>>) -> Self {
        Self { ca_bundle, ..self }
    }

    /// Returns the client configuration for this connection.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the root certificates are unusable or TLS cannot be set up.
    pub fn config(self) -> Result<Builder> {
        let url = self.endpoint_url;
        let roots = self.ca_bundle.as_deref().unwrap_or(AMAZON_TRUST_ROOTS);
        let plain = url.starts_with("http://");
        let http = if plain { http::plain(CONNECT_TIMEOUT) } else { http::client(roots, CONNECT_TIMEOUT) };
        let http = http.map_err(|e| Error::internal("setting up TLS", e))?;
        Ok(with_retries(aws_sdk_dynamodb::Config::builder())
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .region(Region::new(self.region))
            .credentials_provider(self.credentials)
            .endpoint_resolver(FixedEndpoint(Endpoint::builder().url(url).build())))
    }

    /// Returns a client for this connection.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the root certificates are unusable or TLS cannot be set up.
    pub fn client(self) -> Result<Client> {
        Ok(Client::from_conf(self.config()?.build()))
    }
}

/// Returns the configuration with the timeouts and retries of every connection. Attempts are short enough for
/// three of them to fit the caller's deadline.
pub(super) fn with_retries(config: Builder) -> Builder {
    config
        .interceptor(WithoutTelemetry)
        .retry_config(
            RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(50)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .disable_connect_timeout() // The HTTP client has its own.
                .operation_attempt_timeout(Duration::from_secs(3))
                .build(),
        )
        // Responses are small and limited by the attempt timeout, so that monitoring their throughput would
        // only add cost.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// An endpoint resolver that returns the same endpoint for every request.
#[derive(Debug)]
struct FixedEndpoint(Endpoint);

impl ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(&'a self, _params: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_accepts_the_pinned_roots() {
        let mut connection = Connection::local("https://localhost:1");
        connection.ca_bundle = None;
        assert!(connection.client().is_ok());
        assert_eq!(
            AMAZON_TRUST_ROOTS.windows(27).filter(|w| *w == b"-----BEGIN CERTIFICATE-----").count(),
            5
        );
    }
}
