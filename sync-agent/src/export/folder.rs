//! Exports to a folder: a hidden temporary file, which is renamed on completion and deleted on failure.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::manifest::Names;

/// An unfinished export file. Dropping it deletes the file.
pub(super) struct FolderSink {
    folder: PathBuf,
    names: Names,
    file: File,
    path: TempPath,
}

impl FolderSink {
    /// Creates the hidden file, and the folder if it does not exist.
    pub(super) async fn begin(folder: &Path, names: Names) -> io::Result<Self> {
        tokio::fs::create_dir_all(folder).await?;
        let (file, path) = hidden(folder)?;
        Ok(Self { folder: folder.to_owned(), names, file, path })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Syncs the file and the manifest to disk, then gives them their final names, the file first.
    pub(super) async fn complete(mut self, manifest: &[u8]) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let (mut manifest_file, manifest_path) = hidden(&self.folder)?;
        manifest_file.write_all(manifest).await?;
        manifest_file.flush().await?;
        manifest_file.sync_all().await?;
        let path = self.folder.join(&self.names.file);
        self.path.persist_noclobber(&path).map_err(|e| e.error)?;
        if let Err(failure) = manifest_path.persist_noclobber(self.folder.join(&self.names.manifest)) {
            // A file without its manifest would look like a finished export.
            tokio::fs::remove_file(&path).await?;
            return Err(failure.error);
        }
        sync_folder(&self.folder).await
    }
}

/// Creates a hidden temporary file that only its owner can read.
fn hidden(folder: &Path) -> io::Result<(File, TempPath)> {
    let temporary = tempfile::Builder::new().prefix(".customers-").suffix(".partial").tempfile_in(folder)?;
    let (file, path) = temporary.into_parts();
    Ok((File::from_std(file), path))
}

/// Syncs the names of the folder's files to disk.
#[cfg(unix)]
async fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}

/// Does nothing: only Unix can open a folder to sync it.
#[cfg(not(unix))]
async fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::Timestamp;

    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn file_gets_its_final_name_only_when_complete() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        let names = Names::at(Timestamp::from_millis(0));
        let mut sink = FolderSink::begin(&folder, names.clone()).await.unwrap();
        sink.write(b"a\r\n").await.unwrap();
        assert!(files(&folder).iter().all(|name| name.starts_with('.')));
        sink.write(b"b\r\n").await.unwrap();
        sink.complete(b"{}").await.unwrap();
        assert_eq!(files(&folder), [names.file.clone(), names.manifest]);
        assert_eq!(std::fs::read(folder.join(names.file)).unwrap(), b"a\r\nb\r\n");
    }

    #[tokio::test]
    async fn dropped_export_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = FolderSink::begin(folder.path(), Names::at(Timestamp::from_millis(0))).await.unwrap();
        sink.write(b"a\r\n").await.unwrap();
        drop(sink);
        assert_eq!(files(folder.path()), Vec::<String>::new());
    }

    #[tokio::test]
    async fn export_whose_manifest_cannot_be_renamed_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::at(Timestamp::from_millis(0));
        std::fs::create_dir(folder.path().join(&names.manifest)).unwrap();
        let sink = FolderSink::begin(folder.path(), names.clone()).await.unwrap();
        assert!(sink.complete(b"{}").await.is_err());
        assert_eq!(files(folder.path()), [names.manifest]);
    }

    #[tokio::test]
    async fn export_does_not_overwrite_one_taken_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::at(Timestamp::from_millis(0));
        for content in ["first", "second"] {
            let mut sink = FolderSink::begin(folder.path(), names.clone()).await.unwrap();
            sink.write(content.as_bytes()).await.unwrap();
            assert_eq!(sink.complete(b"{}").await.is_ok(), content == "first");
        }
        assert_eq!(std::fs::read(folder.path().join(&names.file)).unwrap(), b"first");
        assert_eq!(files(folder.path()).len(), 2);
    }
}
