//! Where an export's bytes go: a file in the making, or an upload under way.

use std::path::PathBuf;

use super::folder::FolderSink;
use super::manifest::Names;
use super::s3::{Bucket, S3Error, S3Sink};
use super::{ExportDestination, ExportError};

/// An export in the making. Nothing of it looks finished until [`Sink::complete`].
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
                let place = Bucket { client, name: bucket.clone(), prefix };
                let sink = S3Sink::begin(place, names).await.map_err(|e| unwritable(&bucket, e))?;
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
            Self::S3 { bucket, sink } => sink.write(bytes).await.map_err(|e| unwritable(bucket, e)),
        }
    }

    /// Makes the export appear, and its manifest beside it.
    pub(super) async fn complete(self, manifest: Vec<u8>) -> Result<(), ExportError> {
        match self {
            Self::Folder { folder, sink } => {
                sink.complete(&manifest).await.map_err(|source| ExportError::Folder { folder, source })
            }
            Self::S3 { bucket, mut sink } => match sink.complete().await {
                Ok(()) => sink.put_manifest(manifest).await.map_err(|e| unwritable(&bucket, e)),
                Err(error) => {
                    let error = unwritable(&bucket, error);
                    Err(Self::S3 { bucket, sink }.abort(error).await)
                }
            },
        }
    }

    /// Leaves nothing of a failed export; returns why it failed.
    pub(super) async fn abort(self, error: ExportError) -> ExportError {
        match self {
            // The hidden file goes away with this.
            Self::Folder { .. } => error,
            Self::S3 { sink, .. } => match sink.abort().await {
                Ok(()) => error,
                Err(source) => ExportError::AbortFailed { error: Box::new(error), source },
            },
        }
    }
}

fn unwritable(bucket: &str, source: S3Error) -> ExportError {
    ExportError::S3 { bucket: bucket.to_owned(), source }
}
