//! Secrets in a folder that only its owner can read: one file for each name.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::NamedTempFile;

use super::{SecretStore, Secrets, SecretsError, from_json, to_json};

/// Characters of a name that its file's name escapes.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Secrets in the files of a folder.
#[derive(Debug, Clone)]
pub struct FileSecrets {
    folder: PathBuf,
}

impl FileSecrets {
    /// Returns the store in this folder, which is created with the first secret.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.json", utf8_percent_encode(name, ESCAPED)))
    }

    /// Runs work on files where it can block.
    async fn run<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, SecretsError> {
        let (folder, path) = (self.folder.clone(), self.path(name));
        let shown = path.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder, &path)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|source| SecretsError::File { path: shown, source })
    }
}

impl SecretStore for FileSecrets {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Secrets>, SecretsError>> {
        async move {
            let read = self.run(name, |_, path| match fs::read_to_string(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                read => read.map(Some),
            });
            let place = self.path(name).display().to_string();
            read.await?.map(|text| from_json(&text, &place)).transpose()
        }
        .boxed()
    }

    fn save<'a>(&'a self, name: &'a str, secrets: &'a Secrets) -> BoxFuture<'a, Result<(), SecretsError>> {
        async move {
            let text = to_json(secrets, name)?;
            self.run(name, move |folder, path| {
                create_private_folder(folder)?;
                replace(folder, path, text.as_bytes())
            })
            .await
        }
        .boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        self.run(name, |_, path| match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        })
        .boxed()
    }
}

/// Replaces a file that holds one secret and nothing else. Only its owner can read the new one.
///
/// # Errors
///
/// Returns the error of the operating system if the file cannot be replaced; it is then unchanged.
pub async fn replace_secret_file(path: &Path, secret: String) -> io::Result<()> {
    let path = path.to_owned();
    let replaced = tokio::task::spawn_blocking(move || {
        let path = fs::canonicalize(path)?;
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        replace(folder, &path, format!("{secret}\n").as_bytes())
    });
    replaced.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Writes a file next to the old one, which it replaces when it is complete on the disk. Only its owner can
/// read it.
fn replace(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The new name is on the disk once its folder is.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    const MODE: u32 = 0o700;
    fs::DirBuilder::new().recursive(true).mode(MODE).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(MODE))
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::example;
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn secrets_are_stored_replaced_and_deleted_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSecrets::new(folder.path().join("a/secrets"));
        let (name, other) = ("clientele/demo/live/quickbooks", "clientele/demo/../x");
        assert_eq!(store.load(name).await.unwrap(), None);
        store.delete(name).await.unwrap();
        store.save(name, &example()).await.unwrap();
        let newer = Secrets { refresh_token: "newer".into(), ..example() };
        store.save(name, &newer).await.unwrap();
        store.save(other, &example()).await.unwrap();
        assert_eq!(store.load(name).await.unwrap(), Some(newer));
        store.delete(name).await.unwrap();
        assert_eq!(store.load(name).await.unwrap(), None);
        assert_eq!(store.load(other).await.unwrap(), Some(example()));
        let files: Vec<_> =
            fs::read_dir(&store.folder).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["clientele%2Fdemo%2F%2E%2E%2Fx.json"]);
    }

    #[tokio::test]
    async fn only_the_owner_can_read_folder_and_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSecrets::new(folder.path().join("secrets"));
        store.save("a", &example()).await.unwrap();
        assert_eq!((mode(&store.folder), mode(&store.path("a"))), (0o700, 0o600));
        fs::set_permissions(&store.folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(store.path("a"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(store.load("a").await.unwrap(), Some(example()));
        store.save("a", &example()).await.unwrap();
        assert_eq!((mode(&store.folder), mode(&store.path("a"))), (0o700, 0o600));
    }

    #[tokio::test]
    async fn file_with_other_content_is_reported_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.json"), "{\"client_secret\": \"hush\"}").unwrap();
        let error = FileSecrets::new(folder.path()).load("a").await.unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains("a.json") && shown.contains("connect") && !shown.contains("hush"), "{shown}");
    }
}
