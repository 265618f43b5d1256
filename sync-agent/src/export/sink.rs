//! The sink of an export's bytes: a hidden file, or a multipart upload.

use std::path::PathBuf;

use super::folder::FolderSink;
use super::manifest::Names;
use super::s3::{Bucket, S3Error, S3Sink};
use super::{ExportDestination, ExportError};

/// An export in progress. It does not look finished before [`Sink::complete`].
pub(super) enum Sink {
    Folder { folder: PathBuf, sink: FolderSink },
    S3 { bucket: String, sink: S3Sink },
}

impl Sink {
    pub(super) async fn begin(to: &ExportDestination, names: Names) -> Result<Self, ExportError> {
        match to.clone() {
            ExportDestination::Folder(folder) => match FolderSink::begin(&folder, names).await {
                Ok(sink) => Ok(Self::Folder { folder, sink }),
                Err(source) => Err(ExportError::Folder { folder, source }),
            },
            ExportDestination::S3 { client, bucket, prefix } => {
                let target = Bucket { client, name: bucket.clone(), prefix };
                let sink = S3Sink::begin(target, names).await.map_err(|e| bucket_error(&bucket, e))?;
                Ok(Self::S3 { bucket, sink })
            }
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        match self {
            Self::Folder { folder, sink } => sink
                .write(bytes)
                .await
                .map_err(|source| ExportError::Folder { folder: folder.clone(), source }),
            Self::S3 { bucket, sink } => sink.write(bytes).await.map_err(|e| bucket_error(bucket, e)),
        }
    }

    /// Publishes the export, with its manifest next to it.
    pub(super) async fn complete(self, manifest: Vec<u8>) -> Result<(), ExportError> {
        match self {
            Self::Folder { folder, sink } => {
                sink.complete(&manifest).await.map_err(|source| ExportError::Folder { folder, source })
            }
            Self::S3 { bucket, mut sink } => match sink.complete().await {
                Ok(()) => match sink.put_manifest(manifest).await {
                    Ok(()) => Ok(()),
                    Err(error) => Err(remove(sink, bucket_error(&bucket, error)).await),
                },
                Err(error) => {
                    let error = bucket_error(&bucket, error);
                    Err(Self::S3 { bucket, sink }.abort(error).await)
                }
            },
        }
    }

    /// Deletes a failed export; returns the error to report.
    pub(super) async fn abort(self, error: ExportError) -> ExportError {
        match self {
            // Dropping the sink deletes the hidden file.
            Self::Folder { .. } => error,
            Self::S3 { sink, .. } => match sink.abort().await {
                Ok(()) => error,
                Err(source) => ExportError::AbortFailed { error: Box::new(error), source },
            },
        }
    }
}

/// Deletes an object whose manifest could not be stored, because the object would look finished; returns the
/// error to report.
async fn remove(sink: S3Sink, error: ExportError) -> ExportError {
    match sink.remove().await {
        Ok(()) => error,
        Err(source) => ExportError::RemoveFailed { error: Box::new(error), source },
    }
}

fn bucket_error(bucket: &str, source: S3Error) -> ExportError {
    ExportError::S3 { bucket: bucket.to_owned(), source }
}
