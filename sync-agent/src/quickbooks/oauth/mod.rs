//! OAuth 2: the first connection by a person's consent, refreshing tokens, and ending the authorization.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use clientele_shared::Ambient;
use form_urlencoded::Serializer;
use http::{Request, Response, header};
use serde::Deserialize;

use super::secrets::Secrets;
use super::transport::{Transport, TransportError};

mod addresses;
mod callback;

pub use addresses::{Addresses, authorize_url};
pub use callback::{Callback, CallbackError, Consent};

/// Header that asks for the time after which a person must connect again in any case.
const HARD_EXPIRES_HEADER: &str = "x-include-refresh-token-hard-expires-in";
const FORM: &str = "application/x-www-form-urlencoded";
/// Longest error name that is shown.
const MAX_REASON: usize = 60;

/// The endpoints that give and end tokens. Each call is one attempt.
#[derive(Debug, Clone)]
pub struct OAuth {
    transport: Arc<dyn Transport>,
    addresses: Addresses,
    ambient: Ambient,
}

/// The reason why tokens were not given. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The code or the refresh token is not valid, or no longer.
    #[error("the authorization for QuickBooks has ended; connect again with `sync-agent connect`")]
    Ended,
    /// The client id or the client secret is wrong.
    #[error("QuickBooks rejects the client id or client secret; copy both from the app's page at Intuit")]
    Client,
    /// The endpoint cannot be reached.
    #[error("QuickBooks cannot be reached; check the network connection")]
    Unreachable,
    /// The endpoint fails, or its response is lost or malformed.
    #[error("QuickBooks gives no tokens ({reason}); try again later")]
    Unavailable {
        /// HTTP status, or `None` if the response was lost.
        status: Option<u16>,
        /// The HTTP status and the name of the error, as far as they are known.
        reason: String,
    },
}

/// A response of the token endpoint. Times are seconds from now.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    expires_in: i64,
    refresh_token: Option<String>,
    x_refresh_token_expires_in: Option<i64>,
    x_refresh_token_hard_expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
}

/// Returns a random text of 256 bits, for the parameter `state` of [`authorize_url`].
///
/// # Errors
///
/// Returns [`getrandom::Error`] if the operating system has no randomness.
#[expect(clippy::disallowed_methods, reason = "the state is a secret, for which Ambient is not suitable")]
pub fn random_state() -> Result<String, getrandom::Error> {
    let mut state = [0; 32];
    getrandom::fill(&mut state)?;
    Ok(URL_SAFE_NO_PAD.encode(state))
}

impl OAuth {
    /// Returns the endpoints at these addresses.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, addresses: Addresses, ambient: Ambient) -> Self {
        Self { transport, addresses, ambient }
    }

    /// Exchanges the code that a consent gave for tokens. `redirect_uri` is that of the consent. A code works
    /// once.
    ///
    /// # Errors
    ///
    /// Returns [`OAuthError::Ended`] if the code is not valid, [`OAuthError::Client`] if the credentials of the
    /// app are wrong, and [`OAuthError::Unreachable`] or [`OAuthError::Unavailable`] if the endpoint fails.
    pub async fn exchange_code(
        &self,
        client_id: &str,
        client_secret: &str,
        code: &str,
        redirect_uri: &str,
    ) -> Result<Secrets, OAuthError> {
        let app = Secrets {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            verifier_token: None,
            access_token: String::new(),
            access_expires_at: self.ambient.now(),
            refresh_token: String::new(),
            refresh_expires_at: None,
            hard_expires_at: None,
        };
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        let secrets = self.tokens(&app, &form).await?;
        if secrets.refresh_token.is_empty() { Err(malformed(200)) } else { Ok(secrets) }
    }

    /// Returns secrets with a new access token. The refresh token is the new one, or the old one if the
    /// response has none; store the result before using the access token.
    ///
    /// # Errors
    ///
    /// Returns [`OAuthError::Ended`] if the refresh token is not valid, [`OAuthError::Client`] if the
    /// credentials of the app are wrong, and [`OAuthError::Unreachable`] or [`OAuthError::Unavailable`] if the
    /// endpoint fails.
    pub async fn refresh(&self, secrets: &Secrets) -> Result<Secrets, OAuthError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", secrets.refresh_token.as_str())];
        self.tokens(secrets, &form).await
    }

    /// Ends the authorization, so that none of its tokens works. An authorization that has already ended is
    /// no error.
    ///
    /// # Errors
    ///
    /// Returns [`OAuthError::Client`] if the credentials of the app are wrong, and [`OAuthError::Unreachable`]
    /// or [`OAuthError::Unavailable`] if the endpoint fails.
    pub async fn revoke(&self, secrets: &Secrets) -> Result<(), OAuthError> {
        let body = serde_json::json!({ "token": secrets.refresh_token }).to_string();
        let response = self.post(&self.addresses.revoke, secrets, "application/json", body).await?;
        match failure(&response) {
            None => Ok(()),
            Some(OAuthError::Ended | OAuthError::Unavailable { status: Some(400), .. }) => Ok(()),
            Some(error) => Err(error),
        }
    }

    async fn tokens(&self, secrets: &Secrets, form: &[(&str, &str)]) -> Result<Secrets, OAuthError> {
        // Times count from before the request, so that no token is used for longer than it lives.
        let now = self.ambient.now();
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let response = self.post(&self.addresses.token, secrets, FORM, body).await?;
        if let Some(error) = failure(&response) {
            return Err(error);
        }
        let status = response.status().as_u16();
        let tokens: TokenResponse = serde_json::from_slice(response.body()).map_err(|_| malformed(status))?;
        let at = |seconds: i64| now.plus_seconds(seconds);
        Ok(Secrets {
            access_token: tokens.access_token,
            access_expires_at: at(tokens.expires_in),
            refresh_token: tokens.refresh_token.unwrap_or_else(|| secrets.refresh_token.clone()),
            refresh_expires_at: tokens.x_refresh_token_expires_in.map(at).or(secrets.refresh_expires_at),
            hard_expires_at: tokens.x_refresh_token_hard_expires_in.map(at).or(secrets.hard_expires_at),
            ..secrets.clone()
        })
    }

    async fn post(
        &self,
        url: &str,
        secrets: &Secrets,
        content_type: &str,
        body: String,
    ) -> Result<Response<Bytes>, OAuthError> {
        let basic = STANDARD.encode(format!("{}:{}", secrets.client_id, secrets.client_secret));
        let request = Request::post(url)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, content_type)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "clientele")
            .header(HARD_EXPIRES_HEADER, "true")
            .body(Bytes::from(body));
        let request = request
            .map_err(|_| OAuthError::Unavailable { status: None, reason: "invalid address".to_owned() })?;
        self.transport.send(request).await.map_err(|error| match error {
            TransportError::Unreachable => OAuthError::Unreachable,
            TransportError::Lost => {
                OAuthError::Unavailable { status: None, reason: "the response was lost".to_owned() }
            }
        })
    }
}

/// Returns the error that a response reports.
fn failure(response: &Response<Bytes>) -> Option<OAuthError> {
    if response.status().is_success() {
        return None;
    }
    let status = response.status().as_u16();
    let error = serde_json::from_slice::<ErrorResponse>(response.body()).ok().map(|body| body.error);
    Some(match error.as_deref() {
        Some("invalid_grant") => OAuthError::Ended,
        Some("invalid_client") => OAuthError::Client,
        // Only names of errors are shown: a longer text could repeat a secret.
        Some(name)
            if name.len() <= MAX_REASON && name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()) =>
        {
            OAuthError::Unavailable { status: Some(status), reason: format!("HTTP {status}, {name}") }
        }
        _ => OAuthError::Unavailable { status: Some(status), reason: format!("HTTP {status}") },
    })
}

fn malformed(status: u16) -> OAuthError {
    OAuthError::Unavailable { status: Some(status), reason: "the response is malformed".to_owned() }
}
