//! Exports to a bucket: a multipart upload, which becomes an object only when it is complete.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::operation::upload_part::UploadPartOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};

use super::manifest::Names;

/// Size of a part in bytes. S3 accepts up to 10,000 parts, and at least 5 MiB in each but the last.
const PART_SIZE: usize = 8 * 1024 * 1024;

/// A failed S3 operation.
#[derive(Debug, thiserror::Error)]
#[error("{context} failed: {message}")]
pub struct S3Error {
    context: &'static str,
    message: String,
}

impl S3Error {
    fn new<E: std::error::Error + 'static, R: std::fmt::Debug + 'static>(
        context: &'static str,
        error: SdkError<E, R>,
    ) -> Self {
        Self { context, message: DisplayErrorContext(error).to_string() }
    }
}

/// The bucket and key prefix of an export.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    /// Prefix of the keys: empty, or a text that ends with `/`.
    pub(super) prefix: String,
}

/// A multipart upload in progress.
pub(super) struct S3Sink {
    bucket: Bucket,
    key: String,
    manifest_key: String,
    upload_id: String,
    parts: Vec<CompletedPart>,
    buffer: BytesMut,
    part_size: usize,
}

impl S3Sink {
    /// Starts an upload.
    pub(super) async fn begin(bucket: Bucket, names: Names) -> Result<Self, S3Error> {
        Self::begin_with_part_size(bucket, names, PART_SIZE).await
    }

    async fn begin_with_part_size(bucket: Bucket, names: Names, part_size: usize) -> Result<Self, S3Error> {
        let context = "starting the upload";
        let key = format!("{}{}", bucket.prefix, names.file);
        let upload = bucket
            .client
            .create_multipart_upload()
            .bucket(&bucket.name)
            .key(&key)
            .content_type("text/csv; charset=utf-8")
            .send()
            .await
            .map_err(|e| S3Error::new(context, e))?;
        let upload_id =
            upload.upload_id.ok_or(S3Error { context, message: "S3 returned no upload id".into() })?;
        let manifest_key = format!("{}{}", bucket.prefix, names.manifest);
        Ok(Self {
            bucket,
            key,
            manifest_key,
            upload_id,
            parts: Vec::new(),
            buffer: BytesMut::new(),
            part_size,
        })
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
            .map_err(|e| S3Error::new("completing the upload", e))?;
        Ok(())
    }

    /// Stores the manifest next to the object.
    pub(super) async fn put_manifest(&self, manifest: Vec<u8>) -> Result<(), S3Error> {
        self.bucket
            .client
            .put_object()
            .bucket(&self.bucket.name)
            .key(&self.manifest_key)
            .content_type("application/json")
            .body(ByteStream::from(manifest))
            .send()
            .await
            .map_err(|e| S3Error::new("uploading the manifest", e))?;
        Ok(())
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
            .map_err(|e| S3Error::new("aborting the upload", e))?;
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
            .map_err(|e| S3Error::new("deleting the object", e))?;
        Ok(())
    }

    async fn upload(&mut self, part: Bytes) -> Result<(), S3Error> {
        let context = "uploading a part";
        let number = i32::try_from(self.parts.len() + 1)
            .map_err(|_| S3Error { context, message: "the export has too many parts".into() })?;
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
            .map_err(|e| S3Error::new(context, e))?;
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
