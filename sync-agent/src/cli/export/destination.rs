//! The destination of an export command, and the spool for a bucket.

use clientele_shared::table::environment::{self, ConnectError};

use super::args::ExportArgs;
use crate::connect;
use crate::export::{Bucket, ExportDestination, ExportTarget, Spool};

/// The folder below the home folder in which exports wait for S3.
const SPOOL: &str = ".clientele/spool";

/// Where a command exports to.
pub(super) struct To {
    pub(super) destination: ExportDestination,
    /// Where exports to a bucket wait while S3 cannot be reached.
    pub(super) spool: Option<Spool>,
}

impl To {
    pub(super) async fn new(args: &ExportArgs) -> Result<Self, String> {
        match &args.to {
            ExportTarget::Folder(folder) => {
                Ok(Self { destination: ExportDestination::Folder(folder.clone()), spool: None })
            }
            ExportTarget::S3 { bucket, prefix } => {
                let client = connect::s3(args.s3_endpoint.as_deref()).await.map_err(connect_message)?;
                let bucket = Bucket { client, name: bucket.clone(), prefix: prefix.clone() };
                let spool = match &args.spool {
                    Some(folder) => folder.clone(),
                    None => environment::home()
                        .ok_or("there is no home folder for exports that wait for S3; add --spool DIR")?
                        .join(SPOOL),
                };
                let spool = Spool::new(&spool, args.s3_endpoint.as_deref(), &args.target.owner(), &bucket);
                Ok(Self { destination: ExportDestination::S3(bucket), spool: Some(spool) })
            }
        }
    }
}

/// Returns why there is no connection to S3. The remedies for a missing table do not apply to it.
fn connect_message(error: ConnectError) -> String {
    match error {
        ConnectError::NoCredentials(_) => {
            "no AWS credentials for S3; sign in, set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                .into()
        }
        ConnectError::NoRegion => {
            "no AWS region for S3; set AWS_REGION, or name an S3-compatible server with --s3-endpoint URL".into()
        }
        error => error.to_string(),
    }
}
