//! An HTTP request as the event API Gateway's REST API hands to a Lambda (proxy integration, payload 1.0).
//!
//! As on AWS: the path and its parameters stay percent-encoded, query parameters are decoded, the last of several
//! values stands in the plain map and all of them in the `multiValue` one. A body that is not UTF-8 comes in
//! base64, as `BinaryMediaTypes` arranges it there.

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

/// The stage every event names. Under this name `lambda_http` leaves the path alone, so that functions see
/// `/api/v1/...` here as they do on AWS (`AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH` in the template).
const STAGE: &str = "$default";
/// The account every event names.
const ACCOUNT: &str = "000000000000";
/// The API every event names.
const API: &str = "local00000";

/// What may not stand in a path as it is. A `%` may: it begins an escape already made.
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

/// Headers that concern one connection and go no further, and those the gateway writes itself.
const NOT_PASSED_ON: [HeaderName; 8] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The longest URL the `http` crate, and so `lambda_http`, takes.
const MAX_URL: usize = u16::MAX as usize - 1;

/// Why there is no event for a request.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// `Host`, path and query do not make a URL.
    #[error("host, path and query make no URL")]
    NotAUrl,
    /// The event could not be written.
    #[error("cannot write the event: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// The ids a request gets at the gateway; both go back to the caller as well.
#[derive(Debug, Clone)]
pub struct RequestId {
    /// `requestContext.requestId`, `x-amzn-requestid`.
    pub id: String,
    /// `requestContext.extendedRequestId`, `x-amz-apigw-id`.
    pub extended: String,
}

impl RequestId {
    /// New ids.
    #[must_use]
    pub fn generate() -> Self {
        let id = Uuid::new_v4();
        Self { id: id.to_string(), extended: BASE64.encode(&Uuid::new_v4().as_bytes()[..11]) }
    }
}

/// The event of a request.
///
/// # Errors
///
/// When `Host`, path and query do not make a URL. No function is called then: `lambda_http` would panic.
pub fn event(
    parts: &Parts,
    body: &[u8],
    matched: &Match<'_>,
    request: &RequestId,
    local: SocketAddr,
    peer: SocketAddr,
) -> Result<String, EventError> {
    let path = utf8_percent_encode(parts.uri.path(), NOT_IN_PATH).to_string();
    let host = host(&parts.headers, local).ok_or(EventError::NotAUrl)?;
    check_url(&host, &path, parts.uri.query()).ok_or(EventError::NotAUrl)?;
    let headers = headers(&parts.headers, &host, local, peer).ok_or(EventError::NotAUrl)?;
    let (body, is_base64_encoded) = text(body);
    let context = context(parts, &path, &host, matched, request, peer);
    let event = Event {
        resource: matched.resource,
        path: &path,
        http_method: parts.method.as_str(),
        headers: headers.iter().map(|(name, value)| (name.as_str(), latin(value))).collect(),
        multi_value_headers: grouped(headers.iter().map(|(name, value)| (name.as_str(), latin(value)))),
        query: Query::of(parts.uri.query()),
        path_parameters: (!matched.parameters.is_empty()).then_some(&matched.parameters),
        stage_variables: None,
        request_context: context,
        body,
        is_base64_encoded,
    };
    Ok(serde_json::to_string(&event)?)
}

/// The host the caller named, or this server for a caller of HTTP/1.0 that named none.
fn host(headers: &HeaderMap, local: SocketAddr) -> Option<Authority> {
    let host: Authority = match headers.get(header::HOST) {
        None => local.to_string().parse().ok()?,
        Some(host) => host.to_str().ok()?.parse().ok()?,
    };
    (!host.as_str().contains('@') && !host.host().is_empty()).then_some(host)
}

/// Builds the URL that `lambda_http` will build out of the event, in its two steps, and turns away what
/// would make either panic. It encodes the query anew, which makes it three times as long at most.
fn check_url(host: &Authority, path: &str, query: Option<&str>) -> Option<()> {
    let url = Url::parse(&format!("http://{host}{path}")).ok()?;
    url.as_str().parse::<http::Uri>().ok()?;
    (url.as_str().len() + 3 * query.map_or(0, str::len) < MAX_URL).then_some(())
}

/// The caller's headers and the gateway's own.
fn headers(
    of_caller: &HeaderMap,
    host: &Authority,
    local: SocketAddr,
    peer: SocketAddr,
) -> Option<HeaderMap> {
    let mut headers = of_caller.clone();
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
    let chain = match of_caller.get("x-forwarded-for").map(latin) {
        Some(before) => format!("{before}, {}", peer.ip()),
        None => peer.ip().to_string(),
    };
    let unique = Uuid::new_v4().simple().to_string();
    let trace = format!("Root=1-{:08x}-{}", Timestamp::now().as_second(), &unique[..24]);
    for (name, value) in [
        ("host", host.to_string()),
        ("x-amzn-trace-id", trace),
        ("x-forwarded-for", chain),
        ("x-forwarded-port", local.port().to_string()),
        ("x-forwarded-proto", "http".to_owned()),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(headers)
}

/// A header's value as text: UTF-8 where it is, else each byte the character of the same number.
fn latin(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// A body as text, and whether that text is base64.
fn text(body: &[u8]) -> (Option<String>, bool) {
    match std::str::from_utf8(body) {
        Ok("") => (None, false),
        Ok(text) => (Some(text.to_owned()), false),
        Err(_) => (Some(BASE64.encode(body)), true),
    }
}

fn grouped<K: Ord>(pairs: impl Iterator<Item = (K, String)>) -> BTreeMap<K, Vec<String>> {
    let mut groups = BTreeMap::<K, Vec<String>>::new();
    for (name, value) in pairs {
        groups.entry(name).or_default().push(value);
    }
    groups
}

fn context<'a>(
    parts: &'a Parts,
    path: &'a str,
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
        stage: STAGE,
        protocol: format!("{:?}", parts.version),
        request_id: &request.id,
        extended_request_id: &request.extended,
        request_time: now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        request_time_epoch: now.as_millisecond(),
        domain_name,
        domain_prefix: domain_name.split('.').next().unwrap_or(domain_name),
        identity: Identity {
            source_ip: peer.ip().to_string(),
            user_agent: parts.headers.get(header::USER_AGENT).map(latin),
            ..Identity::default()
        },
    }
}

/// API Gateway's event.
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

/// Both maps of query parameters, decoded; both null when there are none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
}

impl Query {
    fn of(query: Option<&str>) -> Self {
        let query = query.filter(|query| !query.is_empty()).map(|query| {
            form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned()))
        });
        Self {
            query_string_parameters: query.clone().map(Iterator::collect),
            multi_value_query_string_parameters: query.map(grouped),
        }
    }
}

/// `requestContext`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'static str,
    api_id: &'static str,
    resource_id: &'static str,
    resource_path: &'a str,
    http_method: &'a str,
    path: &'a str,
    stage: &'static str,
    protocol: String,
    request_id: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    request_time_epoch: i64,
    domain_name: &'a str,
    domain_prefix: &'a str,
    identity: Identity,
}

/// `requestContext.identity`. Only what is known of a caller without IAM or Cognito is ever there.
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
