//! The connection to S3 for programs that run from the command line.

use aws_config::Region;
use clientele_shared::table::environment::{self, ConnectError};

/// Returns a client for S3, or for an S3-compatible server at `endpoint`, with the region and credentials
/// that the AWS command line would use.
///
/// # Errors
/// Returns [`ConnectError::NoCredentials`] if there are no credentials, [`ConnectError::NoRegion`] if neither
/// a region nor an endpoint is set, and [`ConnectError::NoCertificates`] or [`ConnectError::NoTls`] if TLS
/// cannot be set up.
pub async fn s3(endpoint: Option<&str>) -> Result<aws_sdk_s3::Client, ConnectError> {
    let aws = environment::aws().await?;
    environment::credentials(&aws).await?;
    let mut config = aws_sdk_s3::config::Builder::from(&aws);
    match endpoint {
        // S3-compatible servers have no regions, and rarely a host name for each bucket.
        Some(url) => {
            let region = aws.region().cloned().unwrap_or_else(|| Region::new("us-east-1"));
            config = config.endpoint_url(url).force_path_style(true).region(region);
        }
        None if aws.region().is_none() => return Err(ConnectError::NoRegion),
        None => {}
    }
    Ok(aws_sdk_s3::Client::from_conf(config.build()))
}
