//! The connection to DynamoDB, made for a quick cold start.
//!
//! Four things that the SDK does by default are dear at a start and not needed in a Lambda: reading the
//! platform's root certificates, asking a chain of credential providers, evaluating the endpoint rules with
//! their table of partitions, and AWS-LC's jitter entropy. So the roots are pinned (or taken from one file),
//! credentials and region come from Lambda's own variables, the endpoint is one text, and TLS is ring's.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Region, SharedHttpClient, StalledStreamProtectionConfig,
};

use super::headers::WithoutTelemetry;
use super::http;
use crate::{Error, Result};

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The roots that Amazon's endpoints chain to: Amazon Root CA 1 to 4 and Starfield Services Root G2, as
/// published at <https://www.amazontrust.com/repository/>.
const AMAZON_TRUST_ROOTS: &[u8] = include_bytes!("amazon-trust-roots.pem");

/// Where DynamoDB is and how to reach it.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The region that requests are signed for.
    pub region: String,
    /// The credentials that requests are signed with.
    pub credentials: Credentials,
    /// An address other than the region's own: DynamoDB Local, the embedded engine.
    pub endpoint_url: Option<String>,
    /// Root certificates to trust instead of Amazon's, in PEM.
    pub ca_bundle: Option<Vec<u8>>,
}

impl Connection {
    /// A connection to a local engine, which takes any credentials.
    #[must_use]
    pub fn local(endpoint_url: impl Into<String>) -> Self {
        Self {
            region: "us-east-1".into(),
            credentials: Credentials::new("local", "local", None, None, "local"),
            endpoint_url: Some(endpoint_url.into()),
            ca_bundle: None,
        }
    }

    /// A connection to a region's DynamoDB with these keys.
    #[must_use]
    pub fn with_keys(
        region: String,
        access_key_id: String,
        secret: String,
        session_token: Option<String>,
    ) -> Self {
        let credentials = Credentials::new(access_key_id, secret, session_token, None, "environment");
        Self { region, credentials, endpoint_url: None, ca_bundle: None }
    }

    /// The same connection to another address, if one is given.
    #[must_use]
    pub fn at(self, endpoint_url: Option<String>) -> Self {
        Self { endpoint_url, ..self }
    }

    /// The same connection trusting other roots, if some are given.
    #[must_use]
    pub fn trusting(self, ca_bundle: Option<Vec<u8>>) -> Self {
        Self { ca_bundle, ..self }
    }

    /// The settings of a client for this connection.
    ///
    /// # Errors
    /// [`Error::Internal`] when the certificates cannot be used.
    pub fn config(self) -> Result<Builder> {
        let url = self.endpoint_url.unwrap_or_else(|| regional_url(&self.region));
        let roots = self.ca_bundle.as_deref().unwrap_or(AMAZON_TRUST_ROOTS);
        let plain = url.starts_with("http://");
        let http = if plain { http::plain(CONNECT_TIMEOUT) } else { http::client(roots, CONNECT_TIMEOUT) };
        Ok(patient_config(http.map_err(|e| Error::internal("setting up TLS", e))?)
            .region(Region::new(self.region))
            .credentials_provider(self.credentials)
            .endpoint_resolver(FixedEndpoint(Endpoint::builder().url(url).build())))
    }

    /// A client for this connection.
    ///
    /// # Errors
    /// [`Error::Internal`] when the certificates cannot be used.
    pub fn client(self) -> Result<Client> {
        Ok(Client::from_conf(self.config()?.build()))
    }
}

/// RetryPolicy and retries: attempts short enough that three of them fit the caller's deadline.
fn patient_config(http: SharedHttpClient) -> Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .interceptor(WithoutTelemetry)
        .retry_config(
            RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(50)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .disable_connect_timeout() // The client has its own.
                .operation_attempt_timeout(Duration::from_secs(3))
                .build(),
        )
        // Answers are small and bounded by the attempt's timeout; watching their throughput only costs.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

fn regional_url(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://dynamodb.{region}.{domain}")
}

/// One address, whatever is asked for.
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
    fn each_region_has_its_address() {
        assert_eq!(regional_url("eu-central-1"), "https://dynamodb.eu-central-1.amazonaws.com");
        assert_eq!(regional_url("cn-north-1"), "https://dynamodb.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn the_pinned_roots_make_a_client() {
        let mut connection = Connection::local("https://localhost:1");
        connection.ca_bundle = None;
        assert!(connection.client().is_ok());
        assert_eq!(
            AMAZON_TRUST_ROOTS.windows(27).filter(|w| *w == b"-----BEGIN CERTIFICATE-----").count(),
            5
        );
    }
}
