//! Exports to a folder: a hidden temporary file, which is renamed on completion and deleted on failure.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempPath;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

use super::manifest::Paths;

/// The start and the end of the names of hidden files.
const HIDDEN: (&str, &str) = (".export-", ".partial");

/// The age after which a hidden file belongs to an export that was killed.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// An unfinished export file. Dropping it deletes the file.
pub(super) struct FolderSink {
    pub(super) folder: PathBuf,
    paths: Paths,
    file: File,
    path: TempPath,
}

impl FolderSink {
    /// Creates the hidden file, and the folder if it does not exist. Deletes hidden files that killed exports have left.
    pub(super) async fn begin(folder: &Path, paths: Paths) -> io::Result<Self> {
        fs::create_dir_all(folder).await?;
        delete_stale(folder).await?;
        let (file, path) = hidden(folder)?;
        Ok(Self { folder: folder.to_owned(), paths, file, path })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Syncs the file and the manifest to disk, then gives them their final names, the file first.
    pub(super) async fn complete(mut self, manifest: &[u8]) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let path = self.folder.join(self.paths.file());
        let day = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(day).await?;
        let manifest_path = write_hidden(&self.folder, manifest).await?;
        self.path.persist_noclobber(&path).map_err(|e| e.error)?;
        if let Err(failure) = manifest_path.persist_noclobber(self.folder.join(self.paths.manifest())) {
            // A file without its manifest would look like a finished export.
            fs::remove_file(&path).await?;
            return Err(failure.error);
        }
        sync_folder(day).await
    }
}

/// Reads a file; returns `None` if there is none.
pub(super) async fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path).await {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file, all or nothing, over one that is there.
pub(super) async fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).await?;
    write_hidden(folder, content).await?.persist(path).map_err(|e| e.error)?;
    sync_folder(folder).await
}

/// Writes a hidden file and syncs it to disk.
async fn write_hidden(folder: &Path, content: &[u8]) -> io::Result<TempPath> {
    let (mut file, path) = hidden(folder)?;
    file.write_all(content).await?;
    file.flush().await?;
    file.sync_all().await?;
    Ok(path)
}

/// Creates a hidden temporary file that only its owner can read.
fn hidden(folder: &Path) -> io::Result<(File, TempPath)> {
    let (prefix, suffix) = HIDDEN;
    let temporary = tempfile::Builder::new().prefix(prefix).suffix(suffix).tempfile_in(folder)?;
    let (file, path) = temporary.into_parts();
    Ok((File::from_std(file), path))
}

/// Deletes the hidden files of exports that were killed.
async fn delete_stale(folder: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(HIDDEN.0) && name.ends_with(HIDDEN.1) {
            let modified = entry.metadata().await?.modified()?;
            if SystemTime::now().duration_since(modified).is_ok_and(|age| age > STALE) {
                fs::remove_file(entry.path()).await?;
            }
        }
    }
    Ok(())
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
    use clientele_shared::model::{ExportFormat, ExportKind, Timestamp};

    use super::*;

    fn paths() -> Paths {
        Paths::new(ExportKind::Customers, ExportFormat::Csv, Timestamp::from_millis(0))
    }

    /// The paths of all files under the folder, hidden ones too.
    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push(path.strip_prefix(folder).unwrap().display().to_string()),
                }
            }
        }
        found.sort();
        found
    }

    #[tokio::test]
    async fn file_gets_its_final_name_only_when_complete() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        let mut sink = FolderSink::begin(&folder, paths()).await.unwrap();
        sink.write(b"a\r\n").await.unwrap();
        assert!(files(&folder).iter().all(|name| name.starts_with('.')));
        sink.write(b"b\r\n").await.unwrap();
        sink.complete(b"{}").await.unwrap();
        assert_eq!(files(&folder), [paths().file(), paths().manifest()]);
        assert_eq!(std::fs::read(folder.join(paths().file())).unwrap(), b"a\r\nb\r\n");
    }

    #[tokio::test]
    async fn dropped_export_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = FolderSink::begin(folder.path(), paths()).await.unwrap();
        sink.write(b"a\r\n").await.unwrap();
        drop(sink);
        assert_eq!(files(folder.path()), Vec::<String>::new());
    }

    #[tokio::test]
    async fn export_whose_manifest_cannot_be_renamed_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(paths().manifest())).unwrap();
        let sink = FolderSink::begin(folder.path(), paths()).await.unwrap();
        assert!(sink.complete(b"{}").await.is_err());
        assert_eq!(files(folder.path()), Vec::<String>::new());
    }

    #[tokio::test]
    async fn export_does_not_overwrite_one_taken_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["first", "second"] {
            let mut sink = FolderSink::begin(folder.path(), paths()).await.unwrap();
            sink.write(content.as_bytes()).await.unwrap();
            assert_eq!(sink.complete(b"{}").await.is_ok(), content == "first");
        }
        assert_eq!(std::fs::read(folder.path().join(paths().file())).unwrap(), b"first");
        assert_eq!(files(folder.path()).len(), 2);
    }

    #[tokio::test]
    async fn hidden_files_of_killed_exports_are_deleted_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        for (name, hours) in [(".export-old.partial", 25), (".export-new.partial", 23), ("kept", 25)] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            let modified = SystemTime::now() - Duration::from_secs(hours * 3600);
            file.set_modified(modified).unwrap();
        }
        drop(FolderSink::begin(folder.path(), paths()).await.unwrap());
        assert_eq!(files(folder.path()), [".export-new.partial", "kept"]);
    }

    #[tokio::test]
    async fn small_files_are_replaced_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers/latest.json");
        assert_eq!(read(&path).await.unwrap(), None);
        for content in ["first", "second"] {
            put(&path, content.as_bytes()).await.unwrap();
            assert_eq!(read(&path).await.unwrap().unwrap(), content.as_bytes());
        }
        assert_eq!(files(folder.path()), ["customers/latest.json"]);
    }
}
