//! Conversion of an HTTP request into the event that an API Gateway REST API passes to a Lambda (proxy
//! integration, payload 1.0).
//!
//! As on AWS, the path and its parameters stay percent-encoded and query parameters are decoded. If a name
//! has several values, the plain map contains the last one and the `multiValue` map contains all of them. If
//! the API's `BinaryMediaTypes` include every type, bodies are base64-encoded. Otherwise they are text, and
//! invalid UTF-8 is replaced by U+FFFD.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use url::Url;
use uuid::Uuid;

use super::routes::Match;

/// Account id in every event.
const ACCOUNT: &str = "000000000000";
/// API id in every event.
const API: &str = "local00000";

/// Characters to percent-encode in a path. `%` is not among them, because it starts an existing escape.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\')
    .add(b'^')
    .add(b'|');

/// Request headers that the gateway does not forward: hop-by-hop headers and `Expect`.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Maximum length of a URL in the `http` crate, and therefore in `lambda_http`, in bytes.
const MAX_URL: usize = u16::MAX as usize - 1;

/// The reason why a request could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// `Host`, path and query do not form a valid URL.
    #[error("host, path and query do not form a valid URL")]
    InvalidUrl,
    /// The event cannot be serialized.
    #[error("cannot serialize the event: {0}")]
    Serialize(#[from] serde_json::Error),
}

/// The stage of the API. On AWS, the first part of the path names it, unless a custom domain is mapped to it.
#[derive(Debug, Clone, Default)]
pub struct Stage(Option<String>);

impl Stage {
    /// Creates a stage that is the first part of every path.
    #[must_use]
    pub fn in_path(name: impl Into<String>) -> Self {
        Self(Some(name.into()))
    }

    /// Returns the path below the stage, or `None` if the path is not in the stage.
    #[must_use]
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some(name) = &self.0 else { return Some(path) };
        match path.strip_prefix('/')?.strip_prefix(name.as_str())? {
            "" => Some("/"),
            below => below.starts_with('/').then_some(below),
        }
    }

    /// Returns the start of every path: `/prod`, or nothing if a custom domain is mapped to the stage.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.0.as_ref().map(|name| format!("/{name}")).unwrap_or_default()
    }

    /// The stage's name in events. Under a custom domain, the events here have the name with which
    /// `lambda_http` leaves the path as it is.
    fn name(&self) -> &str {
        self.0.as_deref().unwrap_or("$default")
    }
}

/// The settings of the API that its events depend on.
#[derive(Debug, Clone, Default)]
pub struct Api {
    /// The stage.
    pub stage: Stage,
    /// Whether all bodies are base64-encoded.
    pub has_binary_bodies: bool,
}

/// The ids that the gateway assigns to a request. Both are also returned to the client.
#[derive(Debug, Clone)]
pub struct RequestId {
    /// `requestContext.requestId` in the event, `x-amzn-requestid` in the response.
    pub id: String,
    /// `requestContext.extendedRequestId` in the event, `x-amz-apigw-id` in the response.
    pub extended: String,
}

impl RequestId {
    /// Generates random ids.
    #[must_use]
    pub fn generate() -> Self {
        let id = Uuid::new_v4();
        Self { id: id.to_string(), extended: BASE64.encode(&Uuid::new_v4().as_bytes()[..11]) }
    }
}

/// Converts a request to a path below the stage of `api` into an event, as JSON. `local` is the address of
/// this server, `peer` that of the client.
///
/// # Errors
///
/// Returns [`EventError::InvalidUrl`] if `Host`, path and query do not form a valid URL (`lambda_http` would
/// panic on such an event), and [`EventError::Serialize`] if the event cannot be serialized.
pub fn event(
    parts: &Parts,
    body: &[u8],
    matched: &Match<'_>,
    api: &Api,
    request: &RequestId,
    local: SocketAddr,
    peer: SocketAddr,
) -> Result<String, EventError> {
    let url_path = utf8_percent_encode(parts.uri.path(), NOT_IN_PATH).to_string();
    let path = api.stage.strip(&url_path).ok_or(EventError::InvalidUrl)?;
    let host = host(&parts.headers, local).ok_or(EventError::InvalidUrl)?;
    check_url(&host, &url_path, parts.uri.query()).ok_or(EventError::InvalidUrl)?;
    let headers = headers(&parts.headers, &host, local, peer).ok_or(EventError::InvalidUrl)?;
    let (body, is_base64_encoded) = body_text(body, api.has_binary_bodies);
    let context = context(parts, &url_path, &api.stage, &host, matched, request, peer);
    let event = Event {
        resource: matched.resource,
        path,
        http_method: parts.method.as_str(),
        headers: headers.iter().map(|(name, value)| (name.as_str(), header_text(value))).collect(),
        multi_value_headers: grouped(headers.iter().map(|(name, value)| (name.as_str(), header_text(value)))),
        query: Query::parse(parts.uri.query()),
        path_parameters: (!matched.parameters.is_empty()).then_some(&matched.parameters),
        stage_variables: None,
        request_context: context,
        body,
        is_base64_encoded,
    };
    Ok(serde_json::to_string(&event)?)
}

/// Returns the requested host, or the address of this server if an HTTP/1.0 client sends no `Host`.
fn host(headers: &HeaderMap, local: SocketAddr) -> Option<Authority> {
    let host: Authority = match headers.get(header::HOST) {
        None => local.to_string().parse().ok()?,
        Some(host) => host.to_str().ok()?.parse().ok()?,
    };
    (!host.as_str().contains('@') && !host.host().is_empty()).then_some(host)
}

/// Returns `None` if `lambda_http` would panic on this URL.
///
/// Builds the URL in the same two steps as `lambda_http`. That crate also re-encodes the query, which can
/// make it up to three times as long.
fn check_url(host: &Authority, path: &str, query: Option<&str>) -> Option<()> {
    let url = Url::parse(&format!("http://{host}{path}")).ok()?;
    url.as_str().parse::<http::Uri>().ok()?;
    (url.as_str().len() + 3 * query.map_or(0, str::len) < MAX_URL).then_some(())
}

/// Returns the client's headers together with those that the gateway sets.
#[expect(clippy::disallowed_methods, reason = "API Gateway's own clock")]
fn headers(received: &HeaderMap, host: &Authority, local: SocketAddr, peer: SocketAddr) -> Option<HeaderMap> {
    let mut headers = received.clone();
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    let forwarded_for = match received.get("x-forwarded-for").map(header_text) {
        Some(proxies) => format!("{proxies}, {}", peer.ip()),
        None => peer.ip().to_string(),
    };
    let unique = Uuid::new_v4().simple().to_string();
    let trace = format!("Root=1-{:08x}-{}", Timestamp::now().as_second(), &unique[..24]);
    for (name, value) in [
        ("host", host.to_string()),
        ("x-amzn-trace-id", trace),
        ("x-forwarded-for", forwarded_for),
        ("x-forwarded-port", local.port().to_string()),
        ("x-forwarded-proto", "http".to_owned()),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(headers)
}

/// Decodes a header value as UTF-8, or as Latin-1 if it is not valid UTF-8.
fn header_text(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Returns a body as text, and whether that text is base64.
fn body_text(body: &[u8], is_binary: bool) -> (Option<String>, bool) {
    if body.is_empty() {
        (None, false)
    } else if is_binary {
        (Some(BASE64.encode(body)), true)
    } else {
        (Some(String::from_utf8_lossy(body).into_owned()), false)
    }
}

fn grouped<K: Ord>(pairs: impl Iterator<Item = (K, String)>) -> BTreeMap<K, Vec<String>> {
    let mut groups = BTreeMap::<K, Vec<String>>::new();
    for (name, value) in pairs {
        groups.entry(name).or_default().push(value);
    }
    groups
}

#[expect(clippy::disallowed_methods, reason = "API Gateway's own clock")]
fn context<'a>(
    parts: &'a Parts,
    path: &'a str,
    stage: &'a Stage,
    host: &'a Authority,
    matched: &'a Match<'a>,
    request: &'a RequestId,
    peer: SocketAddr,
) -> Context<'a> {
    let now = Timestamp::now();
    let domain_name = host.host();
    Context {
        account_id: ACCOUNT,
        api_id: API,
        resource_id: "local0",
        resource_path: matched.resource,
        http_method: parts.method.as_str(),
        path,
        stage: stage.name(),
        protocol: format!("{:?}", parts.version),
        request_id: &request.id,
        extended_request_id: &request.extended,
        request_time: now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        request_time_epoch: now.as_millisecond(),
        domain_name,
        domain_prefix: domain_name.split('.').next().unwrap_or(domain_name),
        identity: Identity {
            source_ip: peer.ip().to_string(),
            user_agent: parts.headers.get(header::USER_AGENT).map(header_text),
            ..Identity::default()
        },
    }
}

/// API Gateway's event for a proxy integration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: BTreeMap<&'a str, String>,
    multi_value_headers: BTreeMap<&'a str, Vec<String>>,
    #[serde(flatten)]
    query: Query,
    path_parameters: Option<&'a BTreeMap<&'a str, String>>,
    stage_variables: Option<BTreeMap<String, String>>,
    request_context: Context<'a>,
    body: Option<String>,
    is_base64_encoded: bool,
}

/// The two maps of decoded query parameters. Both are null if the URL has no query.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
}

impl Query {
    fn parse(query: Option<&str>) -> Self {
        let query = query.filter(|query| !query.is_empty()).map(|query| {
            form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned()))
        });
        Self {
            query_string_parameters: query.clone().map(Iterator::collect),
            multi_value_query_string_parameters: query.map(grouped),
        }
    }
}

/// `requestContext` of the event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'static str,
    api_id: &'static str,
    resource_id: &'static str,
    resource_path: &'a str,
    http_method: &'a str,
    path: &'a str,
    stage: &'a str,
    protocol: String,
    request_id: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    request_time_epoch: i64,
    domain_name: &'a str,
    domain_prefix: &'a str,
    identity: Identity,
}

/// `requestContext.identity` of the event. IAM and Cognito are not used, so their fields are always null.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    access_key: Option<String>,
    account_id: Option<String>,
    caller: Option<String>,
    cognito_authentication_provider: Option<String>,
    cognito_authentication_type: Option<String>,
    cognito_identity_id: Option<String>,
    cognito_identity_pool_id: Option<String>,
    principal_org_id: Option<String>,
    source_ip: String,
    user: Option<String>,
    user_agent: Option<String>,
    user_arn: Option<String>,
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
