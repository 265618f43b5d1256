//! The spool: finished exports that wait in a folder for a bucket that could not be reached.

use std::io;
use std::path::{Path, PathBuf};

use clientele_shared::model::ExportKind;
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt as _;

use super::destination::ExportDestination;
use super::error::ExportError;
use super::manifest::{Manifest, Paths, latest_path};
use super::s3::Bucket;
use crate::cancellation::CancellationToken;

/// Size in bytes of the pieces in which a file is read.
const PIECE: usize = 1024 * 1024;

/// The exports that wait for one bucket and prefix, in the layout that they will have there.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
}

/// A finished export in the spool.
struct Waiting {
    manifest: Manifest,
    json: Vec<u8>,
    file: PathBuf,
    manifest_path: PathBuf,
    paths: Paths,
}

impl Spool {
    /// Returns the spool of a bucket and prefix below a folder. Nothing is created.
    #[must_use]
    pub fn new(folder: &Path, bucket: &Bucket) -> Self {
        Self { folder: folder.join(&bucket.name).join(&bucket.prefix) }
    }

    /// Returns the folder that exports are written to while S3 cannot be reached.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sends all exports that wait, the oldest of each kind first, and deletes them here. Returns their names. An export
    /// that was sent in part is sent again.
    ///
    /// # Errors
    /// Returns [`ExportError::S3`] if the bucket cannot be written to, [`ExportError::Folder`] if the spool cannot be read,
    /// and [`ExportError::Interrupted`] if sending is cancelled. Exports that were not sent stay in the spool.
    pub async fn send(
        &self,
        bucket: &Bucket,
        cancellation: &CancellationToken,
    ) -> Result<Vec<String>, ExportError> {
        let mut sent = Vec::new();
        for kind in ExportKind::ALL {
            for waiting in self.waiting(kind).await.map_err(|e| ExportError::folder(&self.folder, e))? {
                self.send_one(bucket, &waiting, cancellation).await?;
                sent.push(waiting.manifest.file);
            }
        }
        Ok(sent)
    }

    /// Returns the exports of a kind that wait, the oldest first.
    async fn waiting(&self, kind: ExportKind) -> io::Result<Vec<Waiting>> {
        let mut manifests = Vec::new();
        let mut folders = vec![self.folder.join(kind.as_str())];
        while let Some(folder) = folders.pop() {
            let mut entries = match fs::read_dir(&folder).await {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            while let Some(entry) = entries.next_entry().await? {
                let path = entry.path();
                if entry.file_type().await?.is_dir() {
                    folders.push(path);
                } else if path.to_string_lossy().ends_with(".manifest.json") {
                    manifests.push(path);
                }
            }
        }
        // The folders and names are those of the days and times.
        manifests.sort();
        let mut waiting = Vec::new();
        for path in manifests {
            waiting.push(Waiting::read(path).await?);
        }
        Ok(waiting)
    }

    async fn send_one(
        &self,
        bucket: &Bucket,
        waiting: &Waiting,
        cancellation: &CancellationToken,
    ) -> Result<(), ExportError> {
        let to = ExportDestination::S3(bucket.clone());
        let mut sink = to.begin(&waiting.paths).await?;
        if let Err(error) = upload(&mut sink, waiting, cancellation, &self.folder).await {
            return Err(sink.abort(error).await);
        }
        sink.complete(&waiting.json).await?;
        let latest = serde_json::to_vec_pretty(&waiting.paths.latest()).map_err(ExportError::Manifest)?;
        to.put(&latest_path(waiting.manifest.kind), &latest).await?;
        for path in [&waiting.manifest_path, &waiting.file] {
            fs::remove_file(path).await.map_err(|e| ExportError::folder(&self.folder, e))?;
        }
        Ok(())
    }
}

async fn upload(
    sink: &mut super::destination::Sink,
    waiting: &Waiting,
    cancellation: &CancellationToken,
    folder: &Path,
) -> Result<(), ExportError> {
    let failed = |error| ExportError::folder(folder, error);
    let mut file = File::open(&waiting.file).await.map_err(failed)?;
    let mut piece = vec![0; PIECE];
    loop {
        if cancellation.is_requested() {
            return Err(ExportError::Interrupted);
        }
        match file.read(&mut piece).await.map_err(failed)? {
            0 => return Ok(()),
            length => sink.write(&piece[..length]).await?,
        }
    }
}

impl Waiting {
    async fn read(manifest_path: PathBuf) -> io::Result<Self> {
        let json = fs::read(&manifest_path).await?;
        let manifest: Manifest = serde_json::from_slice(&json).map_err(|e| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {e}", manifest_path.display()))
        })?;
        let file = manifest_path.with_file_name(&manifest.file);
        let paths = Paths::of(&manifest).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{}: taken_at is not a time", manifest_path.display()),
            )
        })?;
        Ok(Self { manifest, json, file, manifest_path, paths })
    }
}
