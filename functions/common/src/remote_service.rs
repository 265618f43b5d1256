//! The address of a service outside this deployment that a function calls, and the secret with which it calls it.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderValue, Uri};

/// How long a call waits for its response, unless the request is due earlier.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A service that is called over HTTP. Its `Debug` text does not show the token.
#[derive(Debug, Clone)]
pub struct RemoteService {
    /// The URL of the service: `https`, or `http` on this machine.
    pub url: Uri,
    /// The value of the header `Authorization`, if the service requires a token.
    pub authorization: Option<HeaderValue>,
    /// Root certificates to trust instead of those of the system, in PEM.
    pub ca_bundle: Option<Vec<u8>>,
    /// How long a call waits for its response.
    pub time_limit: Duration,
}

/// The reason why a service cannot be called. It does not show the URL or the token, either of which can be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoteServiceError {
    /// The URL is malformed, names a user, or is neither `https` nor on this machine.
    #[error(
        "the URL must be https://<host>/<path>, without a user; http:// is allowed for a loopback address only"
    )]
    Url,
    /// The token has characters that a header cannot have.
    #[error("the token must be printable ASCII")]
    Token,
}

impl RemoteService {
    /// Returns the service at this URL, which is called with this bearer token.
    ///
    /// # Errors
    /// Returns the reason if the URL or the token cannot be used.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, RemoteServiceError> {
        let uri: Uri = url.parse().map_err(|_| RemoteServiceError::Url)?;
        if !is_safe(&uri) {
            return Err(RemoteServiceError::Url);
        }
        let authorization = token.map(bearer).transpose()?;
        Ok(Self { url: uri, authorization, ca_bundle: None, time_limit: TIME_LIMIT })
    }

    /// Returns the service with root certificates to trust instead of those of the system, in PEM.
    #[must_use]
    pub fn trusting(self, ca_bundle: Option<Vec<u8>>) -> Self {
        Self { ca_bundle, ..self }
    }

    /// Returns the service with another limit on how long a call waits for its response.
    #[must_use]
    pub fn within(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Returns whether calls are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme_str() == Some("https")
    }
}

fn is_safe(url: &Uri) -> bool {
    let is_anonymous = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let is_loopback = || {
        let address = url.host().unwrap_or_default().trim_matches(['[', ']']).parse::<IpAddr>();
        address.is_ok_and(|address| address.is_loopback())
    };
    match url.scheme_str() {
        Some("https") => is_anonymous,
        Some("http") => is_anonymous && is_loopback(),
        _ => false,
    }
}

fn bearer(token: &str) -> Result<HeaderValue, RemoteServiceError> {
    let is_printable = token.bytes().all(|byte| byte.is_ascii_graphic());
    let value = is_printable.then(|| HeaderValue::from_str(&format!("Bearer {token}")).ok()).flatten();
    let mut value = value.ok_or(RemoteServiceError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine_is_called() {
        for url in [
            "https://credit.example.com",
            "https://credit.example.com:8443/v1/scores?region=eu",
            "http://127.0.0.1:8080/score",
            "http://[::1]:8080/score",
        ] {
            assert!(RemoteService::new(url, None).is_ok(), "{url}");
        }
        for url in [
            "",
            "/v1/scores",
            "credit.example.com",
            "ftp://credit.example.com/",
            "http://credit.example.com/",
            "http://localhost/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
            "https://user:secret@credit.example.com/",
            "https:///v1/scores",
            "https://credit.example.com/a b",
        ] {
            assert_eq!(RemoteService::new(url, None).unwrap_err(), RemoteServiceError::Url, "{url}");
        }
    }

    #[test]
    fn token_is_sent_as_a_bearer_and_not_shown() {
        let service = RemoteService::new("https://credit.example.com/", Some("s3cret")).unwrap();
        assert_eq!(service.authorization.as_ref().unwrap(), "Bearer s3cret");
        assert!(!format!("{service:?}").contains("s3cret"), "{service:?}");
        for token in ["a\nb", "a b", "pässword"] {
            let error = RemoteService::new("https://credit.example.com/", Some(token)).unwrap_err();
            assert_eq!(error, RemoteServiceError::Token, "{token}");
        }
    }
}
