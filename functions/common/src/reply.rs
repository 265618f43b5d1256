//! The reply: a status, some headers and a body, most often JSON.

use std::future::ready;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lambda_http::{Body, IntoResponse, Response};
use serde::Serialize;

use clientele_shared::{Error, Result};

/// What a handler answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<B = String> {
    /// The HTTP status.
    pub status: StatusCode,
    headers: HeaderMap,
    body: B,
}

impl<B> Reply<B> {
    /// An answer with this body.
    #[must_use]
    pub fn of(status: StatusCode, content_type: &'static str, body: B) -> Self {
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers: HeaderMap::from_iter([content_type]), body }
    }

    /// The same answer with a header more. A value that cannot stand in a header is left out: the values are
    /// our own numbers, dates and tags.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        self.set(name, value.as_ref());
        self
    }

    /// Sets a header.
    pub fn set(&mut self, name: HeaderName, value: &str) {
        match HeaderValue::from_str(value) {
            Ok(value) => drop(self.headers.insert(name, value)),
            Err(_) => tracing::error!(header = name.as_str(), "a header's value cannot be sent"),
        }
    }

    /// The same answer with another body.
    #[must_use]
    pub fn map_body<C>(self, change: impl FnOnce(B) -> C) -> Reply<C> {
        Reply { status: self.status, headers: self.headers, body: change(self.body) }
    }

    /// This answer as HTTP has it.
    #[must_use]
    pub fn into_http(self) -> http::Response<B> {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

impl Reply {
    /// A JSON answer.
    ///
    /// # Errors
    /// [`Error::Internal`] when the body cannot be written as JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body =
            serde_json::to_string(body).map_err(|e| Error::internal("writing an answer as JSON", e))?;
        Ok(Self::json_text(status, body))
    }

    /// A JSON answer that is written already.
    #[must_use]
    pub fn json_text(status: StatusCode, body: String) -> Self {
        Self::of(status, "application/json; charset=utf-8", body)
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: String::new() }
    }

    /// The body's text.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// This answer as one text, to be kept for a repeated request.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let etag = self.headers.get(header::ETAG).and_then(|value| value.to_str().ok()).unwrap_or_default();
        format!("{} {etag}\n{}", self.status.as_u16(), self.body)
    }

    /// The answer in a kept text, marked as given before.
    ///
    /// # Errors
    /// [`Error::Internal`] when the text is not of [`Self::to_stored`]'s making.
    pub fn from_stored(kept: &str) -> Result<Self> {
        let parse = || {
            let (head, body) = kept.split_once('\n')?;
            let (status, etag) = head.split_once(' ')?;
            Some((StatusCode::from_bytes(status.as_bytes()).ok()?, etag, body))
        };
        let (status, etag, body) = parse().ok_or_else(|| Error::broken("a kept answer cannot be read"))?;
        let mut reply = Self::json_text(status, body.to_owned());
        if !etag.is_empty() {
            reply.set(header::ETAG, etag);
        }
        Ok(reply.with(HeaderName::from_static("idempotent-replayed"), "true"))
    }
}

/// By itself and not as a `Response<Body>`, which `lambda_http` would look through for its character set.
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
    fn a_kept_answer_comes_back_the_same_but_marked() {
        let reply = Reply::json(StatusCode::CREATED, &serde_json::json!({"a": "b\nc"})).unwrap();
        let reply = reply.with(header::ETAG, "\"1\"");
        let again = Reply::from_stored(&reply.to_stored()).unwrap();
        assert_eq!(again, reply.with(HeaderName::from_static("idempotent-replayed"), "true"));
        assert!(Reply::from_stored("nonsense").is_err());
    }
}
