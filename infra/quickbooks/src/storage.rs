//! Storage that survives a crash: every change of a request is committed in one SQLite transaction before the
//! response is sent.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

/// File in the data folder.
const FILE: &str = "quickbooks.sqlite";

/// The reason why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The folder cannot be created.
    #[error("cannot create {}: {source}; choose a writable folder with --data DIR", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Error reported by the operating system.
        source: std::io::Error,
    },
    /// Another stand-in uses the file.
    #[error("another stand-in is using {}; stop it, or choose another folder with --data DIR", .0.display())]
    InUse(PathBuf),
    /// SQLite reports an error.
    #[error("cannot use {}: {source}", .path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Error reported by SQLite.
        source: rusqlite::Error,
    },
    /// An entry has a form that this version does not write.
    #[error("cannot read {key} in the data folder: {reason}; delete the folder to start over")]
    Entry {
        /// Key of the entry.
        key: String,
        /// The reason.
        reason: String,
    },
}

/// A change of one entry: its new value, or its removal.
pub type Change = (String, Option<String>);

/// Where the entries are stored.
#[derive(Debug)]
pub enum Storage {
    /// Nowhere: they are lost on exit.
    Memory,
    /// In an SQLite file, which no other process can open.
    File {
        /// The open file.
        connection: Connection,
        /// Its path.
        path: PathBuf,
    },
}

impl Storage {
    /// Opens the file in `folder`, after creating both if they do not exist.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError::Folder`] if the folder cannot be created, [`StorageError::InUse`] if another
    /// process has the file open, and [`StorageError::Sqlite`] if SQLite reports another error.
    pub fn open(folder: &Path) -> Result<Self, StorageError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StorageError::Folder { path: folder.to_owned(), source })?;
        let path = folder.join(FILE);
        let error = |source: rusqlite::Error| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy) => StorageError::InUse(path.clone()),
            _ => StorageError::Sqlite { path: path.clone(), source },
        };
        let connection = Connection::open(&path).map_err(error)?;
        // A lock of another process lasts until that process ends: waiting for it is useless.
        connection.busy_timeout(std::time::Duration::ZERO).map_err(error)?;
        // The lock is taken by the first write and kept until the process ends. The log is flushed on every
        // commit, so that not even a power failure loses a response that was sent.
        connection
            .execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID; \
                 BEGIN IMMEDIATE; COMMIT;",
            )
            .map_err(error)?;
        Ok(Self::File { connection, path })
    }

    /// Returns whether entries outlive the process.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Returns all entries in order of their keys.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError::Sqlite`] if SQLite reports an error.
    pub fn load(&self) -> Result<Vec<(String, String)>, StorageError> {
        let Self::File { connection, path } = self else { return Ok(Vec::new()) };
        let read = || {
            let mut statement = connection.prepare("SELECT key, value FROM entry ORDER BY key")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<Vec<(String, String)>, rusqlite::Error>>()
        };
        read().map_err(|source| StorageError::Sqlite { path: path.clone(), source })
    }

    /// Writes all changes, or none.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError::Sqlite`] if SQLite reports an error; nothing is written then.
    pub fn commit(&mut self, changes: &[Change]) -> Result<(), StorageError> {
        let Self::File { connection, path } = self else { return Ok(()) };
        let mut write = || {
            let transaction = connection.transaction()?;
            for (key, value) in changes {
                match value {
                    Some(value) => transaction
                        .prepare_cached("INSERT OR REPLACE INTO entry (key, value) VALUES (?1, ?2)")?
                        .execute(params![key, value])?,
                    None => transaction.prepare_cached("DELETE FROM entry WHERE key = ?1")?.execute([key])?,
                };
            }
            transaction.commit()
        };
        write().map_err(|source| StorageError::Sqlite { path: path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_reopening_and_the_file_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let mut storage = Storage::open(folder.path()).unwrap();
        let change = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
        storage.commit(&[change("a", Some("1")), change("b", Some("2"))]).unwrap();
        storage.commit(&[change("a", None), change("b", Some("3"))]).unwrap();
        assert!(matches!(Storage::open(folder.path()), Err(StorageError::InUse(_))));
        drop(storage);
        let storage = Storage::open(folder.path()).unwrap();
        assert_eq!(storage.load().unwrap(), [("b".to_owned(), "3".to_owned())]);
    }
}
