//! Where the local stack keeps what it stores: a temporary folder that goes when it stops, or a folder that
//! stays and that one instance at a time may use.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The file whose lock says that an instance is using the folder. It holds that instance's process id.
const LOCK: &str = "clientele.lock";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// There is something of that name, and it is no folder.
    #[error("--data {} is not a folder: name a folder, or one that does not exist yet", .0.display())]
    NotAFolder(PathBuf),
    /// The folder cannot be made or written to.
    #[error("cannot keep data in {}: {source}. Name a folder you may write to with --data DIR", .path.display())]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another instance has the folder.
    #[error(
        "another instance{} is running on the data in {}: stop it, or give this one a folder of its own with \
         --data DIR",
        .process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default(),
        .path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other instance's process id, when it could be read.
        process: Option<u32>,
    },
    /// The embedded engine takes paths in UTF-8 only.
    #[error("the name of the folder {} is not UTF-8: name another with --data DIR", .0.display())]
    NotUtf8(PathBuf),
    /// No temporary folder could be made.
    #[error(
        "cannot make a folder for temporary files: {0}. Free some space, or set TMPDIR to another folder"
    )]
    NoTemporary(#[source] io::Error),
}

/// Where the data is.
#[derive(Debug)]
pub enum Data {
    /// In a folder that goes with this.
    Temporary {
        /// The folder.
        folder: TempDir,
    },
    /// In a folder that stays.
    Kept {
        /// The folder, absolute.
        folder: PathBuf,
        /// Held as long as this lives.
        lock: File,
    },
}

impl Data {
    /// Data that is gone when this is dropped.
    ///
    /// # Errors
    ///
    /// When no temporary folder can be made.
    pub fn temporary() -> Result<Self, DataError> {
        let folder =
            tempfile::Builder::new().prefix("clientele-").tempdir().map_err(DataError::NoTemporary)?;
        Ok(Self::Temporary { folder })
    }

    /// Data kept in that folder, which is made if need be.
    ///
    /// # Errors
    ///
    /// When it is no folder, cannot be written to, or is in use by another instance.
    pub fn kept_in(folder: &Path) -> Result<Self, DataError> {
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
        Ok(Self::Kept { folder, lock })
    }

    /// The folder for files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self {
            Self::Temporary { folder } => folder.path(),
            Self::Kept { folder, .. } => folder,
        }
    }

    /// Whether the data outlives this process.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Kept { .. })
    }
}

/// Takes the folder for this process. The system lets go of it when the process ends, however it ends.
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

/// The process that holds the lock. Where the system does not let a locked file be read, nobody knows.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_and_can_be_taken_again_later() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let data = Data::kept_in(&folder).unwrap();
        assert!(data.is_kept() && data.folder().is_absolute());
        drop(data);
        Data::kept_in(&folder).unwrap();
    }

    #[test]
    fn a_second_instance_is_told_who_has_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Data::kept_in(folder.path()).unwrap();
        let error = Data::kept_in(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        assert!(error.contains(&folder.path().canonicalize().unwrap().display().to_string()), "{error}");
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Data::kept_in(file.path()), Err(DataError::NotAFolder(_))));
        assert!(matches!(Data::kept_in(&file.path().join("x")), Err(DataError::NotWritable { .. })));
    }

    #[test]
    fn a_temporary_folder_goes_with_the_instance() {
        let data = Data::temporary().unwrap();
        let folder = data.folder().to_owned();
        assert!(folder.is_dir() && !data.is_kept());
        drop(data);
        assert!(!folder.exists());
    }
}
