//! The destination of an export: a folder or a bucket, in which paths mean the same.

use std::path::PathBuf;

use super::error::ExportError;
use super::folder::{self, FolderSink};
use super::manifest::Paths;
use super::s3::{Bucket, S3Sink};

/// The destination of an export.
#[derive(Debug, Clone)]
pub enum ExportDestination {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    S3(Bucket),
}

/// A file of an export while it is written. It does not look finished before [`Sink::complete`].
pub(super) enum Sink {
    Folder(FolderSink),
    S3(S3Sink),
}

impl ExportDestination {
    /// Returns the path or `s3://` address of a file.
    pub(super) fn place(&self, path: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(path).display().to_string(),
            Self::S3(bucket) => format!("s3://{}/{}{path}", bucket.name, bucket.prefix),
        }
    }

    /// Reads a small file; returns `None` if there is none.
    pub(super) async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ExportError> {
        match self {
            Self::Folder(folder) => {
                folder::read(&folder.join(path)).await.map_err(|e| ExportError::folder(folder, e))
            }
            Self::S3(bucket) => bucket.get(path).await.map_err(|e| ExportError::s3(bucket, e)),
        }
    }

    /// Writes a small file, all or nothing.
    pub(super) async fn put(&self, path: &str, content: &[u8]) -> Result<(), ExportError> {
        match self {
            Self::Folder(folder) => {
                folder::put(&folder.join(path), content).await.map_err(|e| ExportError::folder(folder, e))
            }
            Self::S3(bucket) => {
                bucket.put(path, content.to_vec()).await.map_err(|e| ExportError::s3(bucket, e))
            }
        }
    }

    /// Starts a file.
    pub(super) async fn begin(&self, paths: &Paths) -> Result<Sink, ExportError> {
        match self {
            Self::Folder(folder) => match FolderSink::begin(folder, paths.clone()).await {
                Ok(sink) => Ok(Sink::Folder(sink)),
                Err(error) => Err(ExportError::folder(folder, error)),
            },
            Self::S3(bucket) => match S3Sink::begin(bucket.clone(), paths.clone()).await {
                Ok(sink) => Ok(Sink::S3(sink)),
                Err(error) => Err(ExportError::s3(bucket, error)),
            },
        }
    }
}

impl Sink {
    /// Adds bytes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        match self {
            Self::Folder(sink) => sink.write(bytes).await.map_err(|e| ExportError::folder(&sink.folder, e)),
            Self::S3(sink) => sink.write(bytes).await.map_err(|e| ExportError::s3(&sink.bucket, e)),
        }
    }

    /// Publishes the file, then its manifest.
    pub(super) async fn complete(self, manifest: &[u8]) -> Result<(), ExportError> {
        match self {
            Self::Folder(sink) => {
                let folder = sink.folder.clone();
                sink.complete(manifest).await.map_err(|e| ExportError::folder(&folder, e))
            }
            Self::S3(mut sink) => match sink.complete().await {
                Ok(()) => match sink.put_manifest(manifest.to_vec()).await {
                    Ok(()) => Ok(()),
                    Err(error) => Err(remove(&sink, error).await),
                },
                Err(error) => {
                    let error = ExportError::s3(&sink.bucket, error);
                    Err(Self::S3(sink).abort(error).await)
                }
            },
        }
    }

    /// Deletes a file that is not complete; returns the error to report.
    pub(super) async fn abort(self, error: ExportError) -> ExportError {
        match self {
            // Dropping the sink deletes the hidden file.
            Self::Folder(_) => error,
            Self::S3(sink) => match sink.abort().await {
                Ok(()) => error,
                Err(source) => ExportError::AbortFailed { error: Box::new(error), source },
            },
        }
    }
}

/// Deletes an object whose manifest could not be stored, because the object would look finished; returns the error to
/// report.
async fn remove(sink: &S3Sink, error: super::s3::S3Error) -> ExportError {
    let error = ExportError::s3(&sink.bucket, error);
    match sink.remove().await {
        Ok(()) => error,
        Err(source) => ExportError::RemoveFailed { error: Box::new(error), source },
    }
}
