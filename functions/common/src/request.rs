//! The request as handlers read it: parameters, conditions and body. Errors name the invalid one.

use std::collections::BTreeMap;
use std::time::SystemTime;

use http::{HeaderMap, Method};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt as _};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use clientele_shared::store::{IdempotencyKey, IdempotentRequest, RenderReply, Write, WriteAuthorization};
use clientele_shared::{Error, Result};

/// One HTTP request.
#[derive(Debug)]
pub struct Request {
    inner: lambda_http::Request,
    id: String,
    client_id: Option<String>,
}

/// The largest number in a query: that of OpenAPI's format `int64`.
pub const MAX_NUMBER: u64 = i64::MAX.unsigned_abs();

/// Maximum length of an `X-Request-Id` that is accepted from the client, in bytes.
const MAX_ID: usize = 128;

/// Deadlines up to this one are none, in milliseconds since 1970. Without a Lambda context, the deadline is 0;
/// `cargo lambda watch` states the length of ten minutes in place of a moment.
const NO_DEADLINE_MILLIS: u64 = 600_000;

/// Maximum length of an `Idempotency-Key`, in bytes.
const MAX_KEY: usize = 255;

impl Request {
    /// Wraps a request from `lambda_http`.
    #[must_use]
    pub fn new(inner: lambda_http::Request) -> Self {
        let (id, client_id) = (platform_request_id(&inner), client_request_id(inner.headers()));
        Self { inner, id, client_id }
    }

    /// Returns the id that the platform assigned to this request. It is unique, and the logs of the platform
    /// contain it as well.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the client's `X-Request-Id`, if it has at most 128 letters, digits or `-_.:`. Clients can send
    /// an id twice, or one of another request.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Returns the id that the response shows: the client's, or else the platform's.
    #[must_use]
    pub fn id_to_show(&self) -> &str {
        self.client_id().unwrap_or_else(|| self.id())
    }

    /// Returns the request's method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.inner.method()
    }

    /// Returns the request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Returns when the invocation must have ended, if the platform sets a deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        let context =
            self.inner.lambda_context_ref().filter(|context| context.deadline > NO_DEADLINE_MILLIS)?;
        Some(context.deadline())
    }

    /// Returns the path of the requested URL, percent-encoded. Unlike the path of the route, it includes the
    /// stage or the base path of a custom domain, if the URL does.
    #[must_use]
    pub fn url_path(&self) -> &str {
        let path = match self.inner.request_context_ref() {
            Some(RequestContext::ApiGatewayV1(context)) => context.path.as_deref(),
            Some(RequestContext::ApiGatewayV2(context)) => context.http.path.as_deref(),
            _ => None,
        };
        path.unwrap_or_else(|| self.inner.raw_http_path())
    }

    /// Returns a path parameter, `{name}` in the route.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<&str> {
        self.inner.path_parameters_ref().and_then(|all| all.first(name))
    }

    /// Returns all path parameters, in the order of their names.
    fn path_parameters(&self) -> BTreeMap<&str, &str> {
        self.inner.path_parameters_ref().into_iter().flat_map(QueryMap::iter).collect()
    }

    /// Returns a query parameter without surrounding white space, or `None` if it is missing or blank.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let value = self.inner.query_string_parameters_ref().and_then(|all| all.first(name))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns a query parameter that is a whole number from 1 to [`MAX_NUMBER`].
    ///
    /// # Errors
    /// Returns [`Error::Invalid`], naming the parameter, if it is anything else.
    pub fn query_number(&self, name: &str) -> Result<Option<u64>> {
        let Some(text) = self.query(name) else { return Ok(None) };
        let number = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        match number.and_then(|text| text.parse().ok()) {
            Some(number @ 1..=MAX_NUMBER) => Ok(Some(number)),
            _ => Err(Error::invalid(name, format!("must be a whole number from 1 to {MAX_NUMBER}"))),
        }
    }

    /// Returns a query parameter that is `true` or `false` (or 1 or 0).
    ///
    /// # Errors
    /// Returns [`Error::Invalid`], naming the parameter, if it is anything else.
    pub fn query_flag(&self, name: &str) -> Result<Option<bool>> {
        match self.query(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Error::invalid(name, "must be true or false")),
        }
    }

    /// Parses the body as a JSON object, whatever its declared content type.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`], naming the body, if it is not a JSON object in UTF-8, and naming a member whose value is
    /// nested too deeply or has a number that is too large.
    pub fn json_object(&self) -> Result<Map<String, Value>> {
        values_of(self.json_members()?)
    }

    /// Parses the body as a JSON object, whose members stay as the client wrote them.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`], naming the body, if it is not a JSON object in UTF-8.
    pub fn json_members(&self) -> Result<BTreeMap<String, Box<RawValue>>> {
        let text = std::str::from_utf8(self.body()).map_err(|e| {
            let at = e.valid_up_to();
            Error::invalid("body", format!("must be a JSON object; byte {at} is not valid UTF-8"))
        })?;
        serde_json::from_str(text).map_err(|e| {
            if e.is_data() {
                return Error::invalid("body", "must be a JSON object");
            }
            let position = format!("line {}, column {}", e.line(), e.column());
            Error::invalid("body", format!("must be a JSON object; the JSON is invalid at {position}"))
        })
    }

    /// Returns the version that `If-Match` requires, or `None` if the header is absent or `*`.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the header is not a single ETag.
    pub fn expected_version(&self) -> Result<Option<u64>> {
        let Some(value) = self.headers().get(http::header::IF_MATCH) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        let bare = text.strip_prefix("W/").unwrap_or(text);
        let tag = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match tag {
            // An ETag that this API never issued matches no version.
            Some(tag) if !tag.contains('"') => Ok(Some(tag.parse().unwrap_or(u64::MAX))),
            _ => Err(Error::invalid("If-Match", "must be * or one ETag from a response, in double quotes")),
        }
    }

    /// Returns whether the client already has this version (`If-None-Match`).
    #[must_use]
    pub fn has_version(&self, etag: &str) -> bool {
        let Some(value) = self.headers().get(http::header::IF_NONE_MATCH) else { return false };
        let text = value.to_str().unwrap_or_default();
        text.trim() == "*" || text.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
    }

    /// Returns the write that this request calls for: conditional on the version in `If-Match`, and
    /// idempotent if the client sent an `Idempotency-Key`.
    ///
    /// `operation` separates the keys of different operations; `render_reply` renders the reply that is
    /// stored for duplicates. Requests are duplicates if their path parameters and bodies are equal, whether
    /// or not their URLs include the stage.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if one of the two headers is malformed.
    pub(crate) fn write<'a>(
        &self,
        operation: &str,
        render_reply: &'a RenderReply<'a>,
        authorization: WriteAuthorization<'a>,
    ) -> Result<Write<'a>> {
        let idempotency = self.idempotency_key()?.map(|key| {
            let body = String::from_utf8_lossy(self.body());
            let mut request: Vec<&str> = self.path_parameters().into_values().collect();
            request.push(&body);
            IdempotentRequest::new(IdempotencyKey::new(key, operation, &request), render_reply)
        });
        Ok(Write { expected_version: self.expected_version()?, idempotency, authorization })
    }

    /// Returns the `Idempotency-Key`, if the client sent one.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the key is blank, longer than 255 bytes, or not printable ASCII.
    pub fn idempotency_key(&self) -> Result<Option<&str>> {
        let Some(value) = self.headers().get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().unwrap_or_default().trim();
        // `to_str` accepts tabs.
        if !(1..=MAX_KEY).contains(&key.len()) || key.contains('\t') {
            return Err(Error::invalid("Idempotency-Key", "must be 1 to 255 printable characters"));
        }
        Ok(Some(key))
    }

    /// Returns the body as it was sent.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self.inner.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        }
    }
}

/// Parses the members of a JSON object.
///
/// # Errors
/// Returns [`Error::Invalid`] naming a member whose value is nested too deeply or has a number that is too large.
pub fn values_of(members: BTreeMap<String, Box<RawValue>>) -> Result<Map<String, Value>> {
    let parse = |(name, raw): (String, Box<RawValue>)| match serde_json::from_str(raw.get()) {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(Error::invalid(name, "has a number that is too large, or is nested too deeply")),
    };
    members.into_iter().map(parse).collect()
}

fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-request-id")?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    let is_valid = !text.is_empty() && text.len() <= MAX_ID && text.bytes().all(plain);
    is_valid.then(|| text.to_owned())
}

fn platform_request_id(request: &lambda_http::Request) -> String {
    let gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
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
    fn if_match_accepts_one_etag_or_an_asterisk() {
        assert_eq!(if_match("\"3\""), Some(Some(3)));
        assert_eq!(if_match("W/\"3\""), Some(Some(3)));
        assert_eq!(if_match("*"), Some(None));
        assert_eq!(if_match("\"abc\""), Some(Some(u64::MAX)));
        assert_eq!(if_match("3"), None);
        assert_eq!(if_match("\"1\", \"2\""), None);
    }

    #[test]
    fn only_valid_request_ids_are_accepted() {
        assert_eq!(request(&[("x-request-id", "abc-1")], "").client_id(), Some("abc-1"));
        assert_eq!(request(&[("x-request-id", "a b")], "").client_id(), None);
    }

    #[test]
    fn deadline_of_cargo_lambda_watch_is_none() {
        let deadline = |millis| {
            let mut context = lambda_http::Context::default();
            context.deadline = millis;
            Request::new(lambda_http::Request::new(Body::Empty).with_lambda_context(context)).deadline()
        };
        assert_eq!(deadline(600_000), None);
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_800_000_000_000);
        assert_eq!(deadline(1_800_000_000_000), Some(at));
    }

    #[test]
    fn body_must_be_a_json_object() {
        for invalid in ["", "[]", "1", "{\"a\":", "{\"a\":1}x"] {
            assert!(matches!(request(&[], invalid).json_object(), Err(Error::Invalid(_))), "{invalid}");
        }
        assert!(request(&[], "{}").json_object().is_ok());
    }
}
