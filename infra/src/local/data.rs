//! The data folder of the local stack: temporary and deleted on exit, or persistent and locked so that only
//! one instance at a time uses it. Only its owner can read the files in it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Lock file of the instance that is using the folder. It contains that instance's process id.
const LOCK: &str = "clientele.lock";

/// The reason why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The path exists and is not a folder.
    #[error("--data {} is not a folder; choose a folder, or a path that does not exist yet", .0.display())]
    NotAFolder(PathBuf),
    /// The folder cannot be created or written to.
    #[error("cannot store data in {}: {source}; choose a writable folder with --data DIR", .path.display())]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// Error reported by the operating system.
        source: io::Error,
    },
    /// Another instance is using the folder.
    #[error(
        "another instance{} is already using {}; stop it, or choose another folder with --data DIR",
        .process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default(),
        .path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Process id of the other instance, if it could be read.
        process: Option<u32>,
    },
    /// The path is not UTF-8, which the embedded engine requires.
    #[error("the path {} is not UTF-8; choose another folder with --data DIR", .0.display())]
    NotUtf8(PathBuf),
    /// No temporary folder can be created.
    #[error("cannot create a temporary folder: {0}; free some disk space, or set TMPDIR to another folder")]
    NoTemporaryFolder(#[source] io::Error),
}

/// The data folder.
#[derive(Debug)]
pub enum Data {
    /// A folder that is deleted when this value is dropped.
    Temporary {
        /// The folder.
        folder: TempDir,
    },
    /// A folder that is kept and locked.
    Persistent {
        /// The absolute path of the folder.
        folder: PathBuf,
        /// The lock file. Closing it releases the lock.
        lock: File,
    },
}

impl Data {
    /// Creates a temporary folder.
    ///
    /// # Errors
    ///
    /// Returns [`DataError::NoTemporaryFolder`] if the folder cannot be created.
    pub fn temporary() -> Result<Self, DataError> {
        let folder =
            tempfile::Builder::new().prefix("clientele-").tempdir().map_err(DataError::NoTemporaryFolder)?;
        Ok(Self::Temporary { folder })
    }

    /// Locks `folder`, after creating it if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`DataError::NotAFolder`] if the path is not a folder, [`DataError::NotWritable`] if the
    /// folder cannot be created or written to, [`DataError::NotUtf8`] if its path is not UTF-8, and
    /// [`DataError::InUse`] if another instance is using it.
    pub fn persistent(folder: &Path) -> Result<Self, DataError> {
        let not_writable = |source| DataError::NotWritable { path: folder.to_owned(), source };
        if folder.exists() && !folder.is_dir() {
            return Err(DataError::NotAFolder(folder.to_owned()));
        }
        std::fs::create_dir_all(folder).map_err(not_writable)?;
        let folder = folder.canonicalize().map_err(not_writable)?;
        if folder.to_str().is_none() {
            return Err(DataError::NotUtf8(folder));
        }
        let lock = lock(&folder)?;
        Ok(Self::Persistent { folder, lock })
    }

    /// Returns the path of the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self {
            Self::Temporary { folder } => folder.path(),
            Self::Persistent { folder, .. } => folder,
        }
    }

    /// Returns whether the data outlives this process.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        matches!(self, Self::Persistent { .. })
    }
}

/// Makes every file and folder that this process creates from now on readable and writable for its owner only:
/// 0600 for a file, 0700 for a folder. The engines that create the files have no such setting.
pub fn keep_files_private() {
    #[cfg(unix)]
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
}

/// Locks the folder. The operating system releases the lock when the process ends for any reason.
fn lock(folder: &Path) -> Result<File, DataError> {
    let not_writable = |source| DataError::NotWritable { path: folder.to_owned(), source };
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(not_writable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(DataError::InUse { path: folder.to_owned(), process: holder(&mut file) });
        }
        Err(TryLockError::Error(source)) => return Err(not_writable(source)),
    }
    file.set_len(0).map_err(not_writable)?;
    write!(file, "{}", std::process::id()).map_err(not_writable)?;
    Ok(file)
}

/// Returns the process id of the lock's holder, or `None` on systems where a locked file cannot be read.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_created_and_can_be_reused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let data = Data::persistent(&folder).unwrap();
        assert!(data.is_persistent() && data.folder().is_absolute());
        drop(data);
        Data::persistent(&folder).unwrap();
    }

    #[test]
    fn second_instance_gets_the_process_id_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Data::persistent(folder.path()).unwrap();
        let error = Data::persistent(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        assert!(error.contains(&folder.path().canonicalize().unwrap().display().to_string()), "{error}");
    }

    #[test]
    fn files_are_rejected_as_data_folders() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Data::persistent(file.path()), Err(DataError::NotAFolder(_))));
        assert!(matches!(Data::persistent(&file.path().join("x")), Err(DataError::NotWritable { .. })));
    }

    #[test]
    fn temporary_folder_is_deleted_on_drop() {
        let data = Data::temporary().unwrap();
        let folder = data.folder().to_owned();
        assert!(folder.is_dir() && !data.is_persistent());
        drop(data);
        assert!(!folder.exists());
    }
}
