//! The connection of a program that a person or a schedule runs, with the credentials and region that the AWS command
//! line would use. Requires the feature `environment`, so that no Lambda that answers requests links this code.

use std::path::PathBuf;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::connect::{Connection, with_retries};
use crate::error::chain;
use crate::store::Store;
use crate::{Ambient, Error};

/// The reason why no connection could be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No AWS region is set.
    #[error(
        "no AWS region; set AWS_REGION, set AWS_PROFILE to a profile with a region, or use a local engine \
         with --dynamodb URL"
    )]
    NoRegion,
    /// No AWS credentials were found.
    #[error(
        "no AWS credentials ({}); sign in, set AWS_PROFILE, or use a local engine, which needs none, with \
         --dynamodb URL",
        missing(.0.as_ref())
    )]
    NoCredentials(#[source] Option<CredentialsError>),
    /// A Lambda function does not know its table.
    #[error("the environment variable TABLE_NAME is not set; set it to the name of the table")]
    NoTable,
    /// The file of root certificates cannot be read.
    #[error("cannot read the root certificates in {path}, the file set in AWS_CA_BUNDLE: {source}")]
    NoCertificates {
        /// The path of the file.
        path: String,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    NoTls(String),
    /// The client cannot be created.
    #[error("cannot set up the connection: {}", .0.chain())]
    Unusable(#[from] Error),
}

/// Returns why there are no credentials. The chain of providers says nothing useful if none of them is set up.
fn missing(cause: Option<&CredentialsError>) -> String {
    match cause {
        None | Some(CredentialsError::CredentialsNotLoaded(_)) => {
            "none in the environment, the profile or the host's role".to_owned()
        }
        Some(cause) => chain(cause),
    }
}

/// Opens the store in a table, either in a local engine, which accepts any credentials, or in AWS.
///
/// # Errors
/// Returns a [`ConnectError`] as [`client`] does.
pub async fn store(table: &str, dynamodb: Option<&str>) -> Result<Store, ConnectError> {
    Ok(Store::new(client(dynamodb).await?, table, Ambient::system()))
}

/// Creates a DynamoDB client: for a local engine at `http://…`, which accepts any credentials; for an AWS
/// endpoint at `https://…`; or for the region's own endpoint.
///
/// In AWS, `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_CA_BUNDLE` and `HTTPS_PROXY` apply, as in other AWS tools.
///
/// # Errors
/// Returns a [`ConnectError`] that names the missing region or credentials, the unreadable root certificates,
/// or the fault in setting up the connection.
pub async fn client(dynamodb: Option<&str>) -> Result<Client, ConnectError> {
    let config = match dynamodb {
        Some(url) if url.starts_with("http://") => Connection::local(url).config()?,
        url => aws_config(&aws().await?, url).await?,
    };
    Ok(Client::from_conf(config.build()))
}

/// Loads the AWS configuration from the environment, the profiles or the host's metadata service.
///
/// # Errors
/// Returns [`ConnectError::NoCertificates`] if the root certificates cannot be read, and
/// [`ConnectError::NoTls`] if TLS cannot be set up.
pub async fn aws() -> Result<SdkConfig, ConnectError> {
    let roots = match ca_bundle()? {
        Some(bundle) => TrustStore::default().with_pem_certificate(bundle),
        None => TrustStore::default(),
    };
    let http = https(roots)?;
    Ok(aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load().await)
}

/// Returns an HTTP client that trusts these root certificates and uses the proxy of the environment.
fn https(roots: TrustStore) -> Result<SharedHttpClient, ConnectError> {
    let context = TlsContext::builder().with_trust_store(roots).build();
    let context = context.map_err(|e| ConnectError::NoTls(e.to_string()))?;
    Ok(aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context.clone()).build()
    }))
}

async fn aws_config(aws: &SdkConfig, url: Option<&str>) -> Result<Builder, ConnectError> {
    if aws.region().is_none() {
        return Err(ConnectError::NoRegion);
    }
    credentials(aws).await?;
    let config = with_retries(Builder::from(aws));
    Ok(match url {
        Some(url) => config.endpoint_url(url),
        None => config,
    })
}

/// Returns the credentials provider, after checking that it has credentials.
///
/// # Errors
/// Returns [`ConnectError::NoCredentials`] if it has none.
pub async fn credentials(
    aws: &SdkConfig,
) -> Result<aws_credential_types::provider::SharedCredentialsProvider, ConnectError> {
    let provider = aws.credentials_provider().ok_or(ConnectError::NoCredentials(None))?;
    provider.provide_credentials().await.map_err(|e| ConnectError::NoCredentials(Some(e)))?;
    Ok(provider)
}

/// Returns the table of a Lambda function, whose name is in `TABLE_NAME`.
///
/// # Errors
/// Returns [`ConnectError::NoTable`] if the variable is not set, or empty.
#[expect(clippy::disallowed_methods, reason = "one of the two places that read the environment")]
pub fn table() -> Result<String, ConnectError> {
    std::env::var("TABLE_NAME").ok().filter(|name| !name.is_empty()).ok_or(ConnectError::NoTable)
}

/// Returns the home folder of the person who runs the program, which is in `HOME` on Unix, or `None` if there is none.
#[must_use]
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

#[expect(clippy::disallowed_methods, reason = "one of the two places that read the environment")]
fn ca_bundle() -> Result<Option<Vec<u8>>, ConnectError> {
    match std::env::var("AWS_CA_BUNDLE") {
        Ok(path) if !path.is_empty() => {
            std::fs::read(&path).map(Some).map_err(|source| ConnectError::NoCertificates { path, source })
        }
        _ => Ok(None),
    }
}
