//! The access token: loaded from the store, refreshed before it ends, and never used before the refresh
//! token that came with it is stored.

use std::sync::Arc;

use clientele_shared::Ambient;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::backoff::{Backoff, Failure};
use super::error::QuickBooksError;
use super::limits::Pace;
use super::oauth::{OAuth, OAuthError};
use super::secrets::{SecretStore, Secrets};

/// How long before its end a token is refreshed, in seconds.
const REFRESH_BEFORE: i64 = 60;

/// The tokens of one company.
#[derive(Debug)]
pub(super) struct Access {
    oauth: OAuth,
    store: Arc<dyn SecretStore>,
    name: String,
    ambient: Ambient,
    pace: Pace,
    /// Locked while tokens are refreshed, so that one refresh runs at a time.
    held: Arc<Mutex<Option<Held>>>,
}

/// Secrets in memory.
#[derive(Debug, Clone)]
struct Held {
    secrets: Secrets,
    /// Whether the store has them. If it could not be written, they are kept here until it can.
    is_stored: bool,
}

impl Access {
    pub(super) fn new(
        oauth: OAuth,
        store: Arc<dyn SecretStore>,
        name: String,
        ambient: Ambient,
        pace: Pace,
    ) -> Self {
        Self { oauth, store, name, ambient, pace, held: Arc::default() }
    }

    /// Returns an access token that lives for another minute at least.
    pub(super) async fn token(self: &Arc<Self>) -> Result<String, QuickBooksError> {
        let held = Arc::clone(&self.held).lock_owned().await;
        match &*held {
            Some(held) if held.is_stored && self.is_fresh(&held.secrets) => {
                Ok(held.secrets.access_token.clone())
            }
            _ => self.finish(held, None).await,
        }
    }

    /// Returns another access token than this one, which the API has rejected.
    pub(super) async fn renew(self: &Arc<Self>, rejected: &str) -> Result<String, QuickBooksError> {
        let held = Arc::clone(&self.held).lock_owned().await;
        match &*held {
            // Another call has already renewed it.
            Some(held) if held.is_stored && held.secrets.access_token != rejected => {
                Ok(held.secrets.access_token.clone())
            }
            _ => self.finish(held, Some(rejected.to_owned())).await,
        }
    }

    /// Obtains a token in a task of its own, which a caller that is dropped does not interrupt: between a
    /// refresh and the storing of its result, the only valid token is in memory.
    async fn finish(
        self: &Arc<Self>,
        held: OwnedMutexGuard<Option<Held>>,
        rejected: Option<String>,
    ) -> Result<String, QuickBooksError> {
        let access = Arc::clone(self);
        let task = tokio::spawn(async move { access.obtain(held, rejected.as_deref()).await });
        task.await
            .unwrap_or_else(|_| Err(QuickBooksError::malformed("the refresh of the token was interrupted")))
    }

    async fn obtain(
        &self,
        mut held: OwnedMutexGuard<Option<Held>>,
        rejected: Option<&str>,
    ) -> Result<String, QuickBooksError> {
        let mut secrets = match held.take_if(|held| !held.is_stored) {
            Some(unstored) => self.keep(&mut held, unstored.secrets).await?,
            // Another process can have refreshed the tokens since they were loaded.
            None => self.store.load(&self.name).await?.ok_or(QuickBooksError::NotConnected)?,
        };
        let is_rejected = rejected == Some(secrets.access_token.as_str());
        if is_rejected || !self.is_fresh(&secrets) {
            let refreshed = self.refresh(&secrets).await?;
            secrets = self.keep(&mut held, refreshed).await?;
        }
        let token = secrets.access_token.clone();
        *held = Some(Held { secrets, is_stored: true });
        Ok(token)
    }

    /// Stores secrets. If that fails, they stay in memory for the next attempt.
    async fn keep(&self, held: &mut Option<Held>, secrets: Secrets) -> Result<Secrets, QuickBooksError> {
        *held = Some(Held { secrets: secrets.clone(), is_stored: false });
        self.store.save(&self.name, &secrets).await?;
        *held = Some(Held { secrets: secrets.clone(), is_stored: true });
        Ok(secrets)
    }

    async fn refresh(&self, secrets: &Secrets) -> Result<Secrets, QuickBooksError> {
        let mut backoff = Backoff::new(self.pace);
        let mut secrets = secrets.clone();
        loop {
            let (failure, error) = match self.oauth.refresh(&secrets).await {
                Ok(refreshed) => return Ok(refreshed),
                Err(OAuthError::Client) => return Err(QuickBooksError::InvalidClient),
                Err(OAuthError::Ended) => match self.store.load(&self.name).await? {
                    // Another process was faster: its refresh token is the valid one.
                    Some(stored) if stored.refresh_token != secrets.refresh_token => {
                        if self.is_fresh(&stored) && stored.access_token != secrets.access_token {
                            return Ok(stored);
                        }
                        secrets = stored;
                        continue;
                    }
                    _ => return Err(QuickBooksError::AuthorizationEnded),
                },
                Err(OAuthError::Unreachable) => (Failure::Unreachable, QuickBooksError::Offline),
                Err(OAuthError::Unavailable { status, reason }) => failure(status, reason)?,
            };
            if !backoff.wait(failure, &self.ambient).await {
                return Err(error);
            }
        }
    }

    fn is_fresh(&self, secrets: &Secrets) -> bool {
        secrets.access_expires_at > self.ambient.now().plus_seconds(REFRESH_BEFORE)
    }
}

/// Returns the failure of a refresh that is repeated, and the error if that does not help.
///
/// # Errors
///
/// Returns [`QuickBooksError::Malformed`] if repeating the refresh cannot help.
fn failure(status: Option<u16>, reason: String) -> Result<(Failure, QuickBooksError), QuickBooksError> {
    let unavailable = |status| {
        let fault = super::fault::Fault { message: reason.clone(), ..super::fault::Fault::of_status(status) };
        QuickBooksError::Unavailable(fault)
    };
    match status {
        None => Ok((Failure::Lost, QuickBooksError::Offline)),
        Some(429) => Ok((Failure::Throttled(None), QuickBooksError::Throttled)),
        Some(status @ 500..) => Ok((Failure::Transient, unavailable(status))),
        Some(_) => Err(QuickBooksError::Malformed(format!("QuickBooks refreshes no token: {reason}"))),
    }
}
