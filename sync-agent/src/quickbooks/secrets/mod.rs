//! The secrets of a connection: the app's credentials and the tokens of one company.

use std::fmt;
use std::path::PathBuf;

use clientele_shared::model::Timestamp;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

mod aws;
mod file;

pub use aws::AwsSecrets;
pub use file::{FileSecrets, replace_secret_file};

/// The secrets of one connected company. [`fmt::Debug`] shows none of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Public identifier of the app.
    pub client_id: String,
    /// Secret of the app.
    pub client_secret: String,
    /// Key of the webhooks' signatures.
    #[serde(default)]
    pub verifier_token: Option<String>,
    /// Token of the calls, which lives an hour.
    pub access_token: String,
    /// When the access token ends.
    pub access_expires_at: Timestamp,
    /// Token that gives new access tokens. A refresh can replace it, after which the old one is useless.
    pub refresh_token: String,
    /// When the refresh token ends unless it is used before.
    #[serde(default)]
    pub refresh_expires_at: Option<Timestamp>,
    /// When a person must connect the company again in any case.
    #[serde(default)]
    pub hard_expires_at: Option<Timestamp>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("access_expires_at", &self.access_expires_at)
            .field("refresh_expires_at", &self.refresh_expires_at)
            .field("hard_expires_at", &self.hard_expires_at)
            .finish_non_exhaustive()
    }
}

/// A place that stores secrets by name. A name is a text such as `clientele/demo/live/quickbooks`.
pub trait SecretStore: Send + Sync + fmt::Debug {
    /// Returns the secrets under a name, or `None` if there are none.
    ///
    /// # Errors
    ///
    /// Returns a [`SecretsError`] if the store cannot be read, or holds something else under the name.
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Secrets>, SecretsError>>;

    /// Stores secrets under a name. Once this completes, they survive a crash of the machine.
    ///
    /// # Errors
    ///
    /// Returns a [`SecretsError`] if the store cannot be written. The earlier secrets are then unchanged.
    fn save<'a>(&'a self, name: &'a str, secrets: &'a Secrets) -> BoxFuture<'a, Result<(), SecretsError>>;

    /// Deletes the secrets under a name, if there are any.
    ///
    /// # Errors
    ///
    /// Returns a [`SecretsError`] if the store cannot be written.
    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), SecretsError>>;
}

/// The reason why secrets cannot be loaded, saved or deleted.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read, written or deleted.
    #[error("cannot use the secrets in {path}: {source}; check the permissions of the folder")]
    File {
        /// Path of the file or of its folder.
        path: PathBuf,
        /// Error reported by the operating system.
        source: std::io::Error,
    },
    /// The stored text is not what this program stores.
    #[error("the secrets in {0} cannot be read; delete them and connect QuickBooks again")]
    Malformed(String),
    /// AWS Secrets Manager refuses a call or cannot be reached.
    #[error("AWS Secrets Manager fails for {name}: {message}; check the permissions of the role")]
    Aws {
        /// Name of the secret.
        name: String,
        /// Error reported by the SDK.
        message: String,
    },
}

/// Returns the secrets as text.
///
/// # Errors
///
/// Returns [`SecretsError::Malformed`] with `place` if they have no JSON form.
fn to_json(secrets: &Secrets, place: &str) -> Result<String, SecretsError> {
    serde_json::to_string(secrets).map_err(|_| SecretsError::Malformed(place.to_owned()))
}

/// Reads the secrets in a text. The error names `place` and nothing of the text.
///
/// # Errors
///
/// Returns [`SecretsError::Malformed`] if the text is something else.
fn from_json(text: &str, place: &str) -> Result<Secrets, SecretsError> {
    serde_json::from_str(text).map_err(|_| SecretsError::Malformed(place.to_owned()))
}

#[cfg(test)]
pub(super) fn example() -> Secrets {
    Secrets {
        client_id: "id".into(),
        client_secret: "hush-client".into(),
        verifier_token: Some("hush-verifier".into()),
        access_token: "hush-access".into(),
        access_expires_at: Timestamp::from_millis(1_800_000_000_000),
        refresh_token: "hush-refresh".into(),
        refresh_expires_at: None,
        hard_expires_at: Some(Timestamp::from_millis(1_900_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_contains_no_secret() {
        let shown = format!("{:?} {:#?}", example(), Some(example()));
        assert!(shown.contains("access_expires_at") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn error_for_malformed_secrets_shows_nothing_of_them() {
        let error = from_json("{\"refresh_token\": \"hush\"", "here").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"));
    }
}
