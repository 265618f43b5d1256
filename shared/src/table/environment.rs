//! The connection of a program that a person runs: with whatever credentials and region the AWS command line
//! would find. Only with the feature `environment`: a Lambda links none of it.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::connect::Connection;
use crate::store::Store;
use crate::{Ambient, Error};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No region.
    #[error(
        "no AWS region: set AWS_REGION, or AWS_PROFILE to a profile with one; --dynamodb URL names a local engine"
    )]
    NoRegion,
    /// No credentials.
    #[error(
        "no AWS credentials: sign in or set AWS_PROFILE; --dynamodb URL names a local engine, which needs none"
    )]
    NoCredentials(#[source] Option<CredentialsError>),
    /// The file of root certificates cannot be read.
    #[error("cannot read the root certificates that AWS_CA_BUNDLE names, {path}: {source}")]
    NoCertificates {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    NoTls(String),
    /// The client cannot be made.
    #[error("cannot set up the connection: {}", .0.chain())]
    Unusable(#[from] Error),
}

/// The store in a table: at a local engine's address, which takes any credentials, or in AWS.
///
/// # Errors
/// [`ConnectError`] says what is missing.
pub async fn store(table: &str, dynamodb: Option<&str>) -> Result<Store, ConnectError> {
    Ok(Store::new(client(dynamodb).await?, table, Ambient::system()))
}

/// A client of DynamoDB: of a local engine at `http://…`, which takes any credentials; of the AWS endpoint at
/// `https://…`; or of the region's own.
///
/// In AWS, `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_CA_BUNDLE` are heeded, as everywhere.
///
/// # Errors
/// [`ConnectError`] says what is missing.
pub async fn client(dynamodb: Option<&str>) -> Result<Client, ConnectError> {
    let config = match dynamodb {
        Some(url) if url.starts_with("http://") => Connection::local(url).config()?,
        url => aws_connection(&aws().await?, url).await?,
    };
    Ok(Client::from_conf(config.build()))
}

/// What is found in the environment, the profiles, or where this runs.
///
/// # Errors
/// [`ConnectError`] when the root certificates cannot be read.
pub async fn aws() -> Result<SdkConfig, ConnectError> {
    let roots = match ca_bundle()? {
        Some(bundle) => TrustStore::default().with_pem_certificate(bundle),
        None => TrustStore::default(),
    };
    let http = https(roots)?;
    Ok(aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load().await)
}

fn https(roots: TrustStore) -> Result<SharedHttpClient, ConnectError> {
    let context = TlsContext::builder().with_trust_store(roots).build();
    let context = context.map_err(|e| ConnectError::NoTls(e.to_string()))?;
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    Ok(builder.tls_context(context).build_https())
}

async fn aws_connection(
    aws: &SdkConfig,
    url: Option<&str>,
) -> Result<aws_sdk_dynamodb::config::Builder, ConnectError> {
    let region = aws.region().ok_or(ConnectError::NoRegion)?.to_string();
    let provider = credentials(aws).await?;
    let connection = Connection {
        region,
        credentials: provider
            .provide_credentials()
            .await
            .map_err(|e| ConnectError::NoCredentials(Some(e)))?,
        endpoint_url: url.map(str::to_owned).or_else(endpoint_url),
        ca_bundle: ca_bundle()?,
    };
    // The provider, not what it gave just now: an import may outlast a session.
    Ok(connection.config()?.credentials_provider(provider))
}

/// The provider of credentials, which has some.
///
/// # Errors
/// [`ConnectError::NoCredentials`] when it has none.
pub async fn credentials(
    aws: &SdkConfig,
) -> Result<aws_credential_types::provider::SharedCredentialsProvider, ConnectError> {
    let provider = aws.credentials_provider().ok_or(ConnectError::NoCredentials(None))?;
    provider.provide_credentials().await.map_err(|e| ConnectError::NoCredentials(Some(e)))?;
    Ok(provider)
}

fn endpoint_url() -> Option<String> {
    std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok().filter(|url| !url.is_empty())
}

fn ca_bundle() -> Result<Option<Vec<u8>>, ConnectError> {
    match std::env::var("AWS_CA_BUNDLE") {
        Ok(path) if !path.is_empty() => {
            std::fs::read(&path).map(Some).map_err(|source| ConnectError::NoCertificates { path, source })
        }
        _ => Ok(None),
    }
}
