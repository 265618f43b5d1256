//! Exports to a bucket: a multipart upload, which becomes an object only when it is complete.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::upload_part::UploadPartOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::{Bytes, BytesMut};

use super::manifest::Paths;

/// Size of a part in bytes. S3 accepts up to 10,000 parts, and at least 5 MiB in each but the last.
const PART_SIZE: usize = 8 * 1024 * 1024;

/// How the HTTP client refuses an address: as a failed connection, although the same request cannot succeed later.
const INVALID_URL: &str = "invalid URL";

/// A failed S3 operation.
#[derive(Debug, thiserror::Error)]
#[error("{context} failed: {message}")]
pub struct S3Error {
    context: &'static str,
    message: String,
    is_away: bool,
}

impl S3Error {
    fn new<E: ProvideErrorMetadata + std::error::Error + 'static>(
        context: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self {
        let status = error.raw_response().map(|response| response.status().as_u16());
        // S3 answers 429 and 5xx when it is busy or out of order.
        let is_away = status.is_none_or(|status| status >= 500 || status == 429);
        let is_built = !matches!(error, SdkError::ConstructionFailure(_));
        let is_away = is_away && is_built && !root(error).contains(INVALID_URL);
        Self { context, message: message(error, status), is_away }
    }

    fn broken(context: &'static str, message: &str) -> Self {
        Self { context, message: message.to_owned(), is_away: false }
    }

    /// Returns whether S3 did not answer, or answered that it is not available.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.is_away
    }
}

/// Returns what S3 answered, or why it did not answer, in one line.
fn message<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: &SdkError<E, HttpResponse>,
    status: Option<u16>,
) -> String {
    match (error.code(), status) {
        (Some("NoSuchBucket"), _) => "the bucket does not exist; check its name and region".into(),
        (Some("AccessDenied"), _) => {
            "access denied to the credentials in AWS_PROFILE or AWS_ACCESS_KEY_ID; allow s3:GetObject, s3:PutObject, \
             s3:DeleteObject and s3:AbortMultipartUpload on the bucket's objects and s3:ListBucket on the bucket"
                .into()
        }
        (Some("InvalidAccessKeyId"), _) => {
            "S3 does not know the access key; check AWS_ACCESS_KEY_ID, or the profile in AWS_PROFILE".into()
        }
        (Some("SignatureDoesNotMatch"), _) => {
            "the secret does not belong to the access key; check AWS_SECRET_ACCESS_KEY, or the profile in AWS_PROFILE"
                .into()
        }
        (Some("ExpiredToken"), _) => "the credentials have expired; sign in again".into(),
        (Some(code), _) => error.message().map_or_else(|| code.to_owned(), |text| format!("{code}: {text}")),
        (None, Some(status)) => format!("S3 answered with status {status}"),
        (None, None) => match root(error) {
            cause if cause.contains(INVALID_URL) => {
                format!("the address of S3 is not valid: {cause}; check --s3-endpoint and AWS_ENDPOINT_URL_S3")
            }
            cause => format!("S3 cannot be reached: {cause}"),
        },
    }
}

/// Returns the last cause of an error.
fn root(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// A bucket and the key prefix of an export.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The client.
    pub client: Client,
    /// The bucket's name.
    pub name: String,
    /// Prefix of the keys: empty, or a text that ends with `/`.
    pub prefix: String,
}

impl Bucket {
    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Reads a small object; returns `None` if there is none.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, S3Error> {
        let context = "reading the last export";
        let found = self.client.get_object().bucket(&self.name).key(self.key(path)).send().await;
        let object = match found {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(S3Error::new(context, &error)),
        };
        let content = object.body.collect().await;
        let away = |error| S3Error { context, message: format!("{error}"), is_away: true };
        Ok(Some(content.map_err(away)?.to_vec()))
    }

    /// Writes a small object.
    pub(super) async fn put(&self, path: &str, content: Vec<u8>) -> Result<(), S3Error> {
        self.put_as("storing the manifest", path, content).await
    }

    async fn put_as(&self, context: &'static str, path: &str, content: Vec<u8>) -> Result<(), S3Error> {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(self.key(path))
            .content_type("application/json")
            .body(ByteStream::from(content))
            .send()
            .await
            .map_err(|e| S3Error::new(context, &e))?;
        Ok(())
    }
}

/// A multipart upload in progress.
pub(super) struct S3Sink {
    pub(super) bucket: Bucket,
    paths: Paths,
    key: String,
    upload_id: String,
    parts: Vec<CompletedPart>,
    buffer: BytesMut,
    part_size: usize,
}

impl S3Sink {
    /// Starts an upload.
    pub(super) async fn begin(bucket: Bucket, paths: Paths) -> Result<Self, S3Error> {
        Self::begin_with_part_size(bucket, paths, PART_SIZE).await
    }

    async fn begin_with_part_size(bucket: Bucket, paths: Paths, part_size: usize) -> Result<Self, S3Error> {
        let context = "starting the upload";
        let key = bucket.key(&paths.file());
        let upload = bucket
            .client
            .create_multipart_upload()
            .bucket(&bucket.name)
            .key(&key)
            .content_type(paths.format.media_type())
            .send()
            .await
            .map_err(|e| S3Error::new(context, &e))?;
        let upload_id =
            upload.upload_id.ok_or_else(|| S3Error::broken(context, "S3 returned no upload id"))?;
        Ok(Self { bucket, paths, key, upload_id, parts: Vec::new(), buffer: BytesMut::new(), part_size })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), S3Error> {
        self.buffer.extend_from_slice(bytes);
        while self.buffer.len() >= self.part_size {
            let part = self.buffer.split_to(self.part_size).freeze();
            self.upload(part).await?;
        }
        Ok(())
    }

    /// Uploads the last part and completes the upload, which creates the object.
    pub(super) async fn complete(&mut self) -> Result<(), S3Error> {
        let last = self.buffer.split().freeze();
        self.upload(last).await?;
        let parts = std::mem::take(&mut self.parts);
        self.bucket
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(&self.upload_id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send()
            .await
            .map_err(|e| S3Error::new("completing the upload", &e))?;
        Ok(())
    }

    /// Stores the manifest next to the object.
    pub(super) async fn put_manifest(&self, manifest: Vec<u8>) -> Result<(), S3Error> {
        self.bucket.put_as("uploading the manifest", &self.paths.manifest(), manifest).await
    }

    /// Aborts the upload, which deletes its parts.
    pub(super) async fn abort(self) -> Result<(), S3Error> {
        self.bucket
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(&self.upload_id)
            .send()
            .await
            .map_err(|e| S3Error::new("aborting the upload", &e))?;
        Ok(())
    }

    /// Deletes the completed object.
    pub(super) async fn remove(&self) -> Result<(), S3Error> {
        self.bucket
            .client
            .delete_object()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .send()
            .await
            .map_err(|e| S3Error::new("deleting the object", &e))?;
        Ok(())
    }

    async fn upload(&mut self, part: Bytes) -> Result<(), S3Error> {
        let context = "uploading a part";
        let number = i32::try_from(self.parts.len() + 1)
            .map_err(|_| S3Error::broken(context, "the export has too many parts"))?;
        let uploaded = self
            .bucket
            .client
            .upload_part()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(&self.upload_id)
            .part_number(number)
            .body(ByteStream::from(part))
            .send()
            .await
            .map_err(|e| S3Error::new(context, &e))?;
        self.parts.push(completed(uploaded, number));
        Ok(())
    }
}

/// Returns the part as the completion request lists it, with the checksums that S3 confirmed.
fn completed(uploaded: UploadPartOutput, number: i32) -> CompletedPart {
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(uploaded.e_tag)
        .set_checksum_crc32(uploaded.checksum_crc32)
        .set_checksum_crc32_c(uploaded.checksum_crc32_c)
        .set_checksum_crc64_nvme(uploaded.checksum_crc64_nvme)
        .set_checksum_sha1(uploaded.checksum_sha1)
        .set_checksum_sha256(uploaded.checksum_sha256)
        .build()
}

#[cfg(test)]
#[path = "s3_tests.rs"]
mod tests;
