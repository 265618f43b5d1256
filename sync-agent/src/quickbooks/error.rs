//! The reasons why a call of the API fails.

use super::fault::Fault;
use super::secrets::SecretsError;

/// The reason why a call fails, after all retries that can help.
#[derive(Debug, thiserror::Error)]
pub enum QuickBooksError {
    /// QuickBooks cannot be reached, or its responses are lost.
    #[error("QuickBooks cannot be reached; nothing is lost, run the command again when you are online")]
    Offline,
    /// There are no secrets for the company.
    #[error("QuickBooks is not connected; connect it with `sync-agent connect`")]
    NotConnected,
    /// The authorization has ended or was revoked.
    #[error("the authorization for QuickBooks has ended; connect again with `sync-agent connect`")]
    AuthorizationEnded,
    /// QuickBooks does not know the app, or its client secret is wrong.
    #[error("QuickBooks rejects the client id or client secret; connect again with those of your app")]
    InvalidClient,
    /// The token does not belong to this company, or to this environment.
    #[error(
        "the authorization does not belong to this company; check the company, and whether it is in the sandbox"
    )]
    WrongCompany,
    /// The person who connected the company has lost access to it.
    #[error(
        "the person who connected QuickBooks has lost access to the company; let an administrator connect again"
    )]
    AccessLost,
    /// QuickBooks refuses the whole call, and repeating it cannot help.
    #[error("QuickBooks refuses the call: {0}")]
    Refused(Fault),
    /// The limits on requests still apply after all retries.
    #[error("QuickBooks limits the number of requests; wait a minute, then run the command again")]
    Throttled,
    /// QuickBooks fails after all retries.
    #[error("QuickBooks is not available ({0}); run the command again later")]
    Unavailable(Fault),
    /// The app has used up its metered calls of this month.
    #[error(
        "the app has used up its QuickBooks reads of this month; wait for the next one, or raise Intuit's tier"
    )]
    ReadsExhausted,
    /// The subscription of the company has ended.
    #[error("the QuickBooks subscription of the company has ended; renew it in QuickBooks ({0})")]
    SubscriptionLapsed(Fault),
    /// The secrets cannot be loaded or saved.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A response is not what the API documents, or a request cannot be built.
    #[error("{0}; if this persists, report it")]
    Malformed(String),
}

impl QuickBooksError {
    /// Returns whether a later run can succeed without any change of the settings.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Offline | Self::Throttled | Self::Unavailable(_))
    }

    pub(super) fn malformed(text: impl Into<String>) -> Self {
        Self::Malformed(text.into())
    }
}
