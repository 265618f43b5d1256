//! The spool: finished exports that wait in a folder for a bucket that could not be reached.

use std::io;
use std::path::{Path, PathBuf};

use clientele_shared::model::{ExportKind, RealmOwner, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt as _;

use super::destination::ExportDestination;
use super::error::ExportError;
use super::manifest::{Latest, Manifest, Paths, latest_path};
use super::s3::Bucket;
use crate::cancellation::CancellationToken;

/// Size in bytes of the pieces in which a file is read.
const PIECE: usize = 1024 * 1024;

/// The characters that are replaced in the name of a folder. A separator would make it several folders.
const REPLACED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The endpoint's folder for exports to AWS.
const AWS: &str = "aws";

/// The exports of one set of records that wait for one bucket and prefix, in the layout that they will have there.
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
    /// Returns the spool of a set of records for a bucket and prefix, below a folder: `None` as the endpoint is AWS. Nothing
    /// is created.
    #[must_use]
    pub fn new(folder: &Path, endpoint: Option<&str>, owner: &RealmOwner, bucket: &Bucket) -> Self {
        let prefix = match bucket.prefix.trim_end_matches('/') {
            // No other prefix is a single slash.
            "" => "/",
            prefix => prefix,
        };
        let owner = format!("{}-{}", owner.tenant, owner.mode);
        let names = [endpoint.unwrap_or(AWS), &owner, &bucket.name, prefix];
        Self { folder: folder.join(names.map(folder_name).iter().collect::<PathBuf>()) }
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
    /// Returns [`ExportError::S3`] if the bucket cannot be written to, [`ExportError::Folder`],
    /// [`ExportError::SpooledManifest`] or [`ExportError::SpooledFile`] if the spool cannot be read, and
    /// [`ExportError::Interrupted`] if sending is cancelled. Exports that were not sent stay in the spool.
    pub async fn send(
        &self,
        bucket: &Bucket,
        cancellation: &CancellationToken,
    ) -> Result<Vec<String>, ExportError> {
        let mut sent = Vec::new();
        for kind in ExportKind::ALL {
            for waiting in self.waiting(kind).await? {
                self.send_one(bucket, &waiting, cancellation).await?;
                sent.push(waiting.manifest.file);
            }
        }
        Ok(sent)
    }

    /// Returns the exports of a kind that wait, the oldest first.
    async fn waiting(&self, kind: ExportKind) -> Result<Vec<Waiting>, ExportError> {
        let manifests = self.manifests(kind).await.map_err(|e| ExportError::folder(&self.folder, e))?;
        let mut waiting = Vec::new();
        for path in manifests {
            waiting.push(Waiting::read(path).await?);
        }
        Ok(waiting)
    }

    /// Returns the manifests of the exports of a kind, the oldest first.
    async fn manifests(&self, kind: ExportKind) -> io::Result<Vec<PathBuf>> {
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
        Ok(manifests)
    }

    async fn send_one(
        &self,
        bucket: &Bucket,
        waiting: &Waiting,
        cancellation: &CancellationToken,
    ) -> Result<(), ExportError> {
        let to = ExportDestination::S3(bucket.clone());
        let file = waiting.open().await?;
        let mut sink = to.begin(&waiting.paths).await?;
        if let Err(error) = upload(&mut sink, file, cancellation, &self.folder).await {
            return Err(sink.abort(error).await);
        }
        sink.complete(&waiting.json).await?;
        // An export that did not have to wait can be there already.
        if !has_newer(&to, waiting).await? {
            let latest = serde_json::to_vec_pretty(&waiting.paths.latest()).map_err(ExportError::Manifest)?;
            to.put(&latest_path(waiting.manifest.kind), &latest).await?;
        }
        for path in [&waiting.manifest_path, &waiting.file] {
            fs::remove_file(path).await.map_err(|e| ExportError::folder(&self.folder, e))?;
        }
        Ok(())
    }
}

/// Returns a text as the name of one folder.
fn folder_name(text: &str) -> String {
    let name = utf8_percent_encode(text, REPLACED).to_string();
    // `.` and `..` are other folders, and names that start with a dot are hidden.
    match name.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => name,
    }
}

/// Returns whether `latest.json` at the destination names an export that was taken after this one.
async fn has_newer(to: &ExportDestination, waiting: &Waiting) -> Result<bool, ExportError> {
    let kind = waiting.manifest.kind;
    let Some(latest) = to.read(&latest_path(kind)).await? else { return Ok(false) };
    let Ok(Latest { manifest }) = serde_json::from_slice(&latest) else { return Ok(false) };
    let Some(last) = to.read(&format!("{kind}/{manifest}")).await? else { return Ok(false) };
    let Ok(last) = serde_json::from_slice::<Manifest>(&last) else { return Ok(false) };
    let taken_at = |manifest: &Manifest| Timestamp::from_rfc3339(&manifest.taken_at);
    Ok(taken_at(&last) > taken_at(&waiting.manifest))
}

async fn upload(
    sink: &mut super::destination::Sink,
    mut file: File,
    cancellation: &CancellationToken,
    folder: &Path,
) -> Result<(), ExportError> {
    let failed = |error| ExportError::folder(folder, error);
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
    async fn read(manifest_path: PathBuf) -> Result<Self, ExportError> {
        let unreadable =
            |reason: String| ExportError::SpooledManifest { manifest: manifest_path.clone(), reason };
        let json = fs::read(&manifest_path).await.map_err(|e| unreadable(e.to_string()))?;
        let manifest: Manifest = serde_json::from_slice(&json).map_err(|e| unreadable(e.to_string()))?;
        let paths = Paths::of(&manifest).ok_or_else(|| unreadable("taken_at is not a time".to_owned()))?;
        let file = manifest_path.with_file_name(&paths.file_name);
        Ok(Self { manifest, json, file, manifest_path, paths })
    }

    async fn open(&self) -> Result<File, ExportError> {
        File::open(&self.file).await.map_err(|source| ExportError::SpooledFile {
            file: self.file.clone(),
            manifest: self.manifest_path.clone(),
            source,
        })
    }
}

#[cfg(test)]
#[path = "spool_tests.rs"]
mod tests;
