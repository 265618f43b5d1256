//! The connection to S3 of a program that a person runs.

use aws_config::Region;
use clientele_shared::table::environment::{self, ConnectError};

/// A client of S3, or of what speaks like it at that address, with the region and credentials that the AWS
/// command line would find.
///
/// # Errors
/// [`ConnectError`] says what is missing.
pub async fn s3(endpoint: Option<&str>) -> Result<aws_sdk_s3::Client, ConnectError> {
    let aws = environment::aws().await?;
    environment::credentials(&aws).await?;
    let mut config = aws_sdk_s3::config::Builder::from(&aws);
    match endpoint {
        // Whatever stands in for S3 has no regions and seldom a host name for each bucket.
        Some(url) => {
            let region = aws.region().cloned().unwrap_or_else(|| Region::new("us-east-1"));
            config = config.endpoint_url(url).force_path_style(true).region(region);
        }
        None if aws.region().is_none() => return Err(ConnectError::NoRegion),
        None => {}
    }
    Ok(aws_sdk_s3::Client::from_conf(config.build()))
}
