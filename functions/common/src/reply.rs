//! Replies: a status, headers and a body, usually JSON.

use std::future::ready;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lambda_http::{Body, IntoResponse, Response};
use serde::Serialize;

use clientele_shared::{Error, Result};

/// The room for a JSON body in bytes: that of a page of 25 customers, which would otherwise be copied each time the text
/// outgrows its room.
const JSON_CAPACITY: usize = 32 * 1024;

/// The reply that a handler returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<B = String> {
    /// The HTTP status.
    pub status: StatusCode,
    headers: HeaderMap,
    body: B,
}

impl<B> Reply<B> {
    /// Creates a reply with this body.
    #[must_use]
    pub fn of(status: StatusCode, content_type: &'static str, body: B) -> Self {
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers: HeaderMap::from_iter([content_type]), body }
    }

    /// Returns the reply with another header. A value that a header cannot contain is logged and left out;
    /// this does not happen, because all values are our own numbers, dates and ETags.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        self.set(name, value.as_ref());
        self
    }

    /// Sets a header.
    pub fn set(&mut self, name: HeaderName, value: &str) {
        match HeaderValue::from_str(value) {
            Ok(value) => drop(self.headers.insert(name, value)),
            Err(_) => tracing::error!(header = name.as_str(), "left out a header whose value is invalid"),
        }
    }

    /// Returns the reply with a transformed body.
    #[must_use]
    pub fn map_body<C>(self, change: impl FnOnce(B) -> C) -> Reply<C> {
        Reply { status: self.status, headers: self.headers, body: change(self.body) }
    }

    /// Converts the reply to an HTTP response.
    #[must_use]
    pub fn into_http(self) -> http::Response<B> {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

impl Reply {
    /// Creates a JSON reply.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the body cannot be written as JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let mut json = Vec::with_capacity(JSON_CAPACITY);
        serde_json::to_writer(&mut json, body).map_err(|e| Error::internal("writing a reply as JSON", e))?;
        let json = String::from_utf8(json).map_err(|e| Error::internal("writing a reply as JSON", e))?;
        Ok(Self::json_text(status, json))
    }

    /// Creates a JSON reply from a body that is already JSON.
    #[must_use]
    pub fn json_text(status: StatusCode, body: String) -> Self {
        Self::of(status, "application/json; charset=utf-8", body)
    }

    /// Creates a reply without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: String::new() }
    }

    /// Returns the text of the body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Converts the reply to one text, to be stored for duplicate requests: the status, the `ETag` and the body.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let etag = self.headers.get(header::ETAG).and_then(|value| value.to_str().ok()).unwrap_or_default();
        format!("{} {etag}\n{}", self.status.as_u16(), self.body)
    }

    /// Restores a reply from a stored text and marks it as replayed.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the text does not come from [`Self::to_stored`].
    pub fn from_stored(stored: &str) -> Result<Self> {
        let parse = || {
            let (head, body) = stored.split_once('\n')?;
            let (status, etag) = head.split_once(' ')?;
            Some((StatusCode::from_bytes(status.as_bytes()).ok()?, etag, body))
        };
        let (status, etag, body) = parse().ok_or_else(|| Error::broken("a stored reply cannot be parsed"))?;
        let mut reply = Self::json_text(status, body.to_owned());
        if !etag.is_empty() {
            reply.set(header::ETAG, etag);
        }
        Ok(reply.with(HeaderName::from_static("idempotent-replayed"), "true"))
    }
}

/// Implemented for the reply itself, because `lambda_http` would inspect a `Response<Body>` for its character
/// set.
impl IntoResponse for Reply {
    fn into_response(self) -> BoxFuture<'static, Response<Body>> {
        let body = |text: String| if text.is_empty() { Body::Empty } else { Body::Text(text) };
        ready(self.map_body(body).into_http()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_reply_is_restored_and_marked_as_replayed() {
        let reply = Reply::json(StatusCode::CREATED, &serde_json::json!({"a": "b\nc"})).unwrap();
        let reply = reply.with(header::ETAG, "\"1\"");
        let restored = Reply::from_stored(&reply.to_stored()).unwrap();
        assert_eq!(restored, reply.with(HeaderName::from_static("idempotent-replayed"), "true"));
        assert!(Reply::from_stored("nonsense").is_err());
    }
}
