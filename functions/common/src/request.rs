//! The request as handlers read it: parameters, conditions, body, each wrong one named.

use std::time::SystemTime;

use http::{HeaderMap, Method};
use lambda_http::{Body, RequestExt as _};
use serde_json::{Map, Value};

use clientele_shared::store::{IdempotentRequest, RenderReply, Write, WriteAuthorization};
use clientele_shared::{Error, Result};

/// One HTTP request.
#[derive(Debug)]
pub struct Request {
    inner: lambda_http::Request,
    id: String,
}

/// The longest `X-Request-Id` that is taken over from the caller.
const MAX_ID: usize = 128;

/// The longest `Idempotency-Key`.
const MAX_KEY: usize = 255;

impl Request {
    /// Wraps what Lambda hands over.
    #[must_use]
    pub fn new(inner: lambda_http::Request) -> Self {
        let id = caller_id(inner.headers()).unwrap_or_else(|| own_id(&inner));
        Self { inner, id }
    }

    /// What this request is called in logs and in its answer: the caller's `X-Request-Id` when it is a short
    /// plain word, else the platform's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.inner.method()
    }

    /// The request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// When the invocation must have ended, where the platform says so.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        let context = self.inner.lambda_context_ref().filter(|context| context.deadline > 0)?;
        Some(context.deadline())
    }

    /// A parameter of the path, `{name}` in the route.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<&str> {
        self.inner.path_parameters_ref().and_then(|all| all.first(name))
    }

    /// A parameter of the query that is not blank, without outer white space.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let value = self.inner.query_string_parameters_ref().and_then(|all| all.first(name))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A query parameter that is a whole number, 1 or more.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming it.
    pub fn query_number(&self, name: &str) -> Result<Option<u64>> {
        let number =
            |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().unwrap_or(u64::MAX));
        match self.query(name).map(number) {
            None => Ok(None),
            Some(Some(number)) if number > 0 => Ok(Some(number)),
            Some(_) => Err(Error::invalid(name, "must be a whole number, 1 or more")),
        }
    }

    /// A query parameter that is `true` or `false` (or 1 or 0).
    ///
    /// # Errors
    /// [`Error::Invalid`] naming it.
    pub fn query_flag(&self, name: &str) -> Result<Option<bool>> {
        match self.query(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Error::invalid(name, "must be true or false")),
        }
    }

    /// The body as a JSON object, whatever content type it is said to have.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the body.
    pub fn json_object(&self) -> Result<Map<String, Value>> {
        let parsed = serde_json::from_slice(self.body()).map_err(|e| {
            let place = format!("line {}, column {}", e.line(), e.column());
            Error::invalid("body", format!("must be a JSON object; it breaks off or goes wrong at {place}"))
        })?;
        match parsed {
            Value::Object(members) => Ok(members),
            _ => Err(Error::invalid("body", "must be a JSON object")),
        }
    }

    /// The version that `If-Match` insists on; `None` when it is absent or takes any version.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the header is not one ETag.
    pub fn expected_version(&self) -> Result<Option<u64>> {
        let Some(value) = self.headers().get(http::header::IF_MATCH) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        let bare = text.strip_prefix("W/").unwrap_or(text);
        let tag = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match tag {
            // An ETag that we never gave belongs to no version there is.
            Some(tag) if !tag.contains('"') => Ok(Some(tag.parse().unwrap_or(u64::MAX))),
            _ => Err(Error::invalid("If-Match", "must be one ETag as it was given, in double quotes, or *")),
        }
    }

    /// Whether the caller has this version already (`If-None-Match`).
    #[must_use]
    pub fn has_version(&self, etag: &str) -> bool {
        let Some(value) = self.headers().get(http::header::IF_NONE_MATCH) else { return false };
        let text = value.to_str().unwrap_or_default();
        text.trim() == "*" || text.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
    }

    /// How a write asked for by this request is made: at the version that `If-Match` insists on, and once if
    /// its sender gave an `Idempotency-Key`.
    ///
    /// `operation` keeps the keys of different operations apart; `kept` renders the answer that a repeated
    /// request gets.
    ///
    /// # Errors
    /// [`Error::Invalid`] when one of the two headers is malformed.
    pub(crate) fn write<'a>(
        &self,
        operation: &str,
        kept: &'a RenderReply<'a>,
        authorization: WriteAuthorization<'a>,
    ) -> Result<Write<'a>> {
        let idempotency = self.idempotency_key()?.map(|key| {
            let body = String::from_utf8_lossy(self.body());
            IdempotentRequest::new(
                key,
                operation,
                &[self.inner.method().as_str(), self.inner.uri().path(), &body],
                kept,
            )
        });
        Ok(Write { expected_version: self.expected_version()?, idempotency, authorization })
    }

    /// The `Idempotency-Key`, if the sender gave one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is blank or too long.
    pub fn idempotency_key(&self) -> Result<Option<&str>> {
        let Some(value) = self.headers().get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > MAX_KEY {
            return Err(Error::invalid("Idempotency-Key", "must be 1 to 255 printable characters"));
        }
        Ok(Some(key))
    }

    /// The body as it was sent.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self.inner.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        }
    }
}

fn caller_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-request-id")?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    let right = !text.is_empty() && text.len() <= MAX_ID && text.bytes().all(plain);
    right.then(|| text.to_owned())
}

fn own_id(request: &lambda_http::Request) -> String {
    let gateway = match request.request_context_ref() {
        Some(lambda_http::request::RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        Some(lambda_http::request::RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    gateway
        .or_else(|| request.lambda_context_ref().map(|context| context.request_id.clone()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)], body: &'static str) -> Request {
        let mut inner = lambda_http::Request::new(Body::from(body));
        for (name, value) in headers {
            inner.headers_mut().insert(*name, http::HeaderValue::from_static(value));
        }
        Request::new(inner)
    }

    #[track_caller]
    fn if_match(value: &'static str) -> Option<Option<u64>> {
        request(&[("if-match", value)], "").expected_version().ok()
    }

    #[test]
    fn if_match_takes_one_etag_or_any() {
        assert_eq!(if_match("\"3\""), Some(Some(3)));
        assert_eq!(if_match("W/\"3\""), Some(Some(3)));
        assert_eq!(if_match("*"), Some(None));
        assert_eq!(if_match("\"abc\""), Some(Some(u64::MAX)));
        assert_eq!(if_match("3"), None);
        assert_eq!(if_match("\"1\", \"2\""), None);
    }

    #[test]
    fn a_request_id_is_taken_over_when_it_is_plain() {
        assert_eq!(request(&[("x-request-id", "abc-1")], "").id(), "abc-1");
        assert_eq!(request(&[("x-request-id", "a b")], "").id(), "");
    }

    #[test]
    fn only_an_object_is_a_body() {
        for wrong in ["", "[]", "1", "{\"a\":", "{\"a\":1}x"] {
            assert!(matches!(request(&[], wrong).json_object(), Err(Error::Invalid(_))), "{wrong}");
        }
        assert!(request(&[], "{}").json_object().is_ok());
    }
}
