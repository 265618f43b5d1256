//! The reasons why an export fails.

use std::io;
use std::path::{Path, PathBuf};

use clientele_shared::Error as StoreError;
use clientele_shared::model::TenantId;

use super::s3::{Bucket, S3Error};

/// Why an export failed. Nothing that looks finished is left behind, unless cleaning up fails as well, as in
/// [`Self::RemoveFailed`].
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The tenant does not exist.
    #[error(
        "tenant `{0}` does not exist; create it with `clientele tenant create {0}`, or pass another --tenant \
         NAME"
    )]
    NoTenant(TenantId),
    /// The table cannot be read.
    #[error("{}", .0.chain())]
    Store(#[from] StoreError),
    /// The folder cannot be written to.
    #[error(
        "cannot write to folder {}: {source}; check its permissions and free space, or choose another folder",
        .folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The manifest of an export in the spool cannot be read.
    #[error(
        "cannot read {}, the manifest of an export that waits for S3: {reason}; delete it to give that export up, then \
         run the same command again",
        .manifest.display()
    )]
    SpooledManifest {
        /// The manifest.
        manifest: PathBuf,
        /// The operating system's error, or what is wrong with the content.
        reason: String,
    },
    /// The file of an export in the spool cannot be read.
    #[error(
        "cannot read {}, an export that waits for S3: {source}; restore the file, or delete its manifest {} to give that \
         export up, then run the same command again",
        .file.display(),
        .manifest.display()
    )]
    SpooledFile {
        /// The file.
        file: PathBuf,
        /// The manifest, which is there.
        manifest: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The bucket cannot be written to.
    #[error("bucket {bucket}: {source}")]
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The operation that failed.
        source: S3Error,
    },
    /// The records cannot be written in the format.
    #[error("cannot write the records in this format: {0}")]
    Format(io::Error),
    /// The manifest cannot be serialized.
    #[error("cannot convert the manifest to JSON: {0}")]
    Manifest(serde_json::Error),
    /// The export was stopped by its cancellation token.
    #[error("stopped before the end, so nothing was exported; run the same command again")]
    Interrupted,
    /// The time of the caller is over.
    #[error(
        "the time was over before the end, so nothing was exported; raise the function's timeout or memory"
    )]
    TimeUp,
    /// The export is complete, but `latest.json` still names the one before.
    #[error(
        "the export {file} is complete, but latest.json still names the one before: {source}; run the same command again"
    )]
    NotLatest {
        /// Path or address of the file.
        file: String,
        /// Why `latest.json` could not be written.
        source: Box<ExportError>,
    },
    /// The export failed, and its incomplete upload could not be aborted.
    #[error(
        "{error}; {source}; no object was created, but the uploaded parts cost storage until the bucket's \
         lifecycle rule for incomplete uploads deletes them"
    )]
    AbortFailed {
        /// Why the export failed.
        error: Box<ExportError>,
        /// Why the upload could not be aborted.
        source: S3Error,
    },
    /// The manifest could not be stored, and the object without a manifest could not be deleted.
    #[error("{error}; {source}; delete the object yourself, because it has no manifest")]
    RemoveFailed {
        /// Why the export failed.
        error: Box<ExportError>,
        /// Why the object could not be deleted.
        source: S3Error,
    },
}

impl ExportError {
    pub(super) fn folder(folder: &Path, source: io::Error) -> Self {
        Self::Folder { folder: folder.to_owned(), source }
    }

    pub(super) fn s3(bucket: &Bucket, source: S3Error) -> Self {
        Self::S3 { bucket: bucket.name.clone(), source }
    }

    /// Returns whether S3 did not answer or answered that it is not available, so that the same export can succeed later.
    #[must_use]
    pub fn is_s3_away(&self) -> bool {
        match self {
            Self::S3 { source, .. } => source.is_away(),
            Self::AbortFailed { error, .. } | Self::RemoveFailed { error, .. } => error.is_s3_away(),
            _ => false,
        }
    }
}
