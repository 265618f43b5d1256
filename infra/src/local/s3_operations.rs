//! The operations of S3 that the local stack has, and the keys that it can store as files.
//!
//! s3s-fs panics at a key that names the bucket's own folder, at some delimiters and at some ranges, and a panic ends
//! the whole stack. Operations with keys elsewhere than in the path, such as `CopyObject` and `DeleteObjects`, are left out.

use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{GetObjectInput, ListObjectsInput, ListObjectsV2Input, Range};
use s3s::path::S3Path;
use s3s::{S3Request, S3Result, s3_error};

use super::s3::BUCKET;

/// Every operation that is allowed. The keys of all of them are in the path, where [`Operations::check`] sees them.
const ALLOWED: [&str; 13] = [
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CreateMultipartUpload",
    "DeleteObject",
    "GetBucketLocation",
    "GetObject",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListObjects",
    "ListObjectsV2",
    "PutObject",
    "UploadPart",
];

/// Refuses every request that is not signed, or that s3s-fs cannot handle.
pub(super) struct Operations;

#[async_trait::async_trait]
impl S3Access for Operations {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Signature is required"));
        }
        if !ALLOWED.contains(&context.s3_op().name()) {
            return Err(s3_error!(NotImplemented, "The local stack does not have this operation"));
        }
        let (bucket, key) = match context.s3_path() {
            S3Path::Root => return Ok(()),
            S3Path::Bucket { bucket } => (bucket, None),
            S3Path::Object { bucket, key } => (bucket, Some(key)),
        };
        if **bucket != *BUCKET {
            return Err(s3_error!(NoSuchBucket, "The local stack has only the bucket {BUCKET}"));
        }
        match key {
            Some(key) if !is_storable(key) => Err(s3_error!(
                InvalidArgument,
                "The local stack stores objects as files: a key must not start with a slash or have `.` or `..` \
                 between slashes"
            )),
            _ => Ok(()),
        }
    }

    async fn get_object(&self, request: &mut S3Request<GetObjectInput>) -> S3Result<()> {
        match request.input.range {
            Some(Range::Suffix { length }) if i64::try_from(length).is_err() => {
                Err(s3_error!(InvalidRange, "The range is too long"))
            }
            _ => Ok(()),
        }
    }

    async fn list_objects(&self, request: &mut S3Request<ListObjectsInput>) -> S3Result<()> {
        check_delimiter(request.input.delimiter.as_deref())
    }

    async fn list_objects_v2(&self, request: &mut S3Request<ListObjectsV2Input>) -> S3Result<()> {
        check_delimiter(request.input.delimiter.as_deref())
    }
}

fn check_delimiter(delimiter: Option<&str>) -> S3Result<()> {
    match delimiter {
        None | Some("/") => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "The local stack has only the delimiter /")),
    }
}

/// Returns whether a key names a file below its bucket.
fn is_storable(key: &str) -> bool {
    !key.starts_with('/') && !key.split(['/', '\\']).any(|part| matches!(part, "." | ".."))
}
