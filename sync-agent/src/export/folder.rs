//! An export into a folder: written under a hidden name that goes away by itself, and named when it is complete.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::manifest::Names;

/// A file in the making. Dropping it removes it.
pub(super) struct FolderSink {
    folder: PathBuf,
    names: Names,
    file: File,
    path: TempPath,
}

impl FolderSink {
    /// Begins a file; makes the folder if it is not there.
    pub(super) async fn begin(folder: &Path, names: Names) -> io::Result<Self> {
        tokio::fs::create_dir_all(folder).await?;
        let (file, path) = hidden(folder)?;
        Ok(Self { folder: folder.to_owned(), names, file, path })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Names the file and then the manifest; both are on disk by then.
    pub(super) async fn complete(mut self, manifest: &[u8]) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let (mut manifest_file, manifest_path) = hidden(&self.folder)?;
        manifest_file.write_all(manifest).await?;
        manifest_file.flush().await?;
        manifest_file.sync_all().await?;
        self.path.persist_noclobber(self.folder.join(&self.names.file)).map_err(|e| e.error)?;
        manifest_path.persist_noclobber(self.folder.join(&self.names.manifest)).map_err(|e| e.error)?;
        sync_folder(&self.folder).await
    }
}

/// A new file that only its owner can read.
fn hidden(folder: &Path) -> io::Result<(File, TempPath)> {
    let made = tempfile::Builder::new().prefix(".customers-").suffix(".partial").tempfile_in(folder)?;
    let (file, path) = made.into_parts();
    Ok((File::from_std(file), path))
}

/// The names of a folder's files are on disk after this.
#[cfg(unix)]
async fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}

/// Elsewhere a folder cannot be opened.
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
    async fn a_file_has_its_name_when_it_is_complete() {
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
    async fn a_broken_export_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = FolderSink::begin(folder.path(), Names::at(Timestamp::from_millis(0))).await.unwrap();
        sink.write(b"a\r\n").await.unwrap();
        drop(sink);
        assert_eq!(files(folder.path()), Vec::<String>::new());
    }

    #[tokio::test]
    async fn an_export_of_the_same_moment_is_left_alone() {
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
