//! The app's credentials for `sync-agent connect`: from files, or those of the connection that is replaced.

use std::path::{Path, PathBuf};

use clap::Args;
use clientele_shared::model::Timestamp;

use super::failure::Failure;
use crate::quickbooks::secrets::Secrets;

/// The options that name the app. Secrets are in files, because other users can see a command line.
#[derive(Debug, Args)]
pub(super) struct CredentialArgs {
    /// Client id of your app at Intuit [default: that of the earlier connection]
    #[arg(long, env = "QUICKBOOKS_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
    /// File with the app's client secret [default: that of the earlier connection]
    #[arg(long, env = "QUICKBOOKS_CLIENT_SECRET_FILE", value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// File with the app's verifier token, with which webhooks are signed
    #[arg(long, env = "QUICKBOOKS_VERIFIER_TOKEN_FILE", value_name = "FILE")]
    verifier_token_file: Option<PathBuf>,
}

/// The credentials of an app. They have no `Debug`, so that they cannot be shown by mistake.
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) verifier_token: Option<String>,
}

impl CredentialArgs {
    /// Returns the credentials in the files, or those of an earlier connection.
    pub(super) fn app(&self, earlier: Option<Secrets>) -> Result<App, Failure> {
        let verifier_token = self.verifier_token_file.as_deref().map(read).transpose()?;
        match (&self.client_id, &self.client_secret_file, earlier) {
            (Some(id), Some(file), earlier) => {
                let earlier = earlier.filter(|earlier| earlier.client_id == *id);
                let verifier_token = verifier_token.or(earlier.and_then(|earlier| earlier.verifier_token));
                Ok(App { client_id: id.clone(), client_secret: read(file)?, verifier_token })
            }
            (None, None, Some(earlier)) => Ok(App {
                client_id: earlier.client_id,
                client_secret: earlier.client_secret,
                verifier_token: verifier_token.or(earlier.verifier_token),
            }),
            _ => Err(Failure::usage(
                "connecting needs --client-id ID and --client-secret-file FILE with the values from your app's page \
                 at Intuit",
            )),
        }
    }
}

impl App {
    /// Returns the secrets of a connection that has a refresh token and no access token yet.
    pub(super) fn with_refresh_token(self, refresh_token: String, now: Timestamp) -> Secrets {
        Secrets {
            client_id: self.client_id,
            client_secret: self.client_secret,
            verifier_token: self.verifier_token,
            access_token: String::new(),
            access_expires_at: now,
            refresh_token,
            refresh_expires_at: None,
            hard_expires_at: None,
        }
    }
}

/// Returns the text of a file without the white space around it.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::failed(format!("cannot read {shown}: {error}; check the path")))?;
    match text.trim() {
        "" => Err(Failure::failed(format!("{shown} is empty; it must hold the secret and nothing else"))),
        text => Ok(text.to_owned()),
    }
}
