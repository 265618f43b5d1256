//! Conversion of a function's proxy response into an HTTP response, as API Gateway does it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clientele_functions_common::invoke::StreamedResponse;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::event::RequestId;

/// Response headers of a function that the gateway renames, because it sets its own.
const REMAPPED: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::DATE,
    header::HOST,
    header::SERVER,
    header::USER_AGENT,
    header::WWW_AUTHENTICATE,
];

/// Response headers of a function that the gateway drops.
const DROPPED: [HeaderName; 4] = [header::TE, header::TRAILER, header::TRANSFER_ENCODING, header::UPGRADE];

/// The reason why API Gateway rejects a function's response ("Malformed Lambda proxy response").
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// The response is not JSON, or does not have the fields of a proxy response.
    #[error("the response is not a proxy response: {0}")]
    Json(#[from] serde_json::Error),
    /// The status code is invalid.
    #[error("{0} is not a valid status code")]
    Status(u16),
    /// A header is invalid.
    #[error("header {0} has an invalid name or value")]
    Header(String),
    /// `isBase64Encoded` is set, but the body is not base64.
    #[error("the body is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
}

/// The response of a function. Unknown fields are an error, as on AWS.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProxyResponse {
    status_code: u16,
    headers: Option<BTreeMap<String, String>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// Converts a buffered response of a function into an HTTP response.
///
/// # Errors
///
/// Returns [`Malformed`] if API Gateway would reject the response. The client then receives
/// [`GatewayResponseType::Failed`](super::gateway_response::GatewayResponseType::Failed).
pub fn response(json: &str, request: &RequestId) -> Result<Response, Malformed> {
    let proxy: ProxyResponse = serde_json::from_str(json)?;
    let status = status(proxy.status_code)?;
    let body = proxy.body.unwrap_or_default();
    let body = if proxy.is_base64_encoded == Some(true) { BASE64.decode(body)? } else { body.into_bytes() };

    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let multi = proxy.multi_value_headers.unwrap_or_default();
    let single = proxy.headers.unwrap_or_default().into_iter().map(|(name, value)| (name, vec![value]));
    // If both maps contain a header, the multi-value one wins.
    let single = single.filter(|(name, _)| !multi.keys().any(|other| other.eq_ignore_ascii_case(name)));
    for (name, values) in single.collect::<Vec<_>>().into_iter().chain(multi) {
        append(response.headers_mut(), &name, &values)?;
    }
    response
        .headers_mut()
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/json"));
    add_request_ids(response.headers_mut(), request);
    Ok(response)
}

/// The status and headers that precede the body of a streamed response. Unknown fields are an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Prelude {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
}

/// Converts a streamed response of a function into an HTTP response. If the body fails partway or exceeds
/// `time_limit`, the connection closes before the body is complete.
///
/// # Errors
///
/// Returns [`Malformed`] if API Gateway would reject the prelude.
pub fn streamed(
    streamed: StreamedResponse,
    request: &RequestId,
    time_limit: Duration,
) -> Result<Response, Malformed> {
    let prelude: Prelude = serde_json::from_str(&streamed.prelude)?;
    let deadline = Instant::now() + time_limit;
    let chunks = streamed.body.map_err(|error| error.chain());
    let chunks = stream::unfold(Some(chunks), move |chunks| async move {
        let mut chunks = chunks?;
        match timeout_at(deadline, chunks.next()).await {
            Ok(chunk) => chunk.map(|chunk| (chunk, Some(chunks))),
            Err(_) => Some((Err(format!("incomplete after {} seconds", time_limit.as_secs())), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(chunks));
    *response.status_mut() = status(prelude.status_code)?;
    for (name, value) in prelude.headers {
        append(response.headers_mut(), &name, &[value])?;
    }
    append(response.headers_mut(), header::SET_COOKIE.as_str(), &prelude.cookies)?;
    add_request_ids(response.headers_mut(), request);
    Ok(response)
}

fn status(code: u16) -> Result<StatusCode, Malformed> {
    let status = StatusCode::from_u16(code).ok().filter(|status| !status.is_informational());
    status.ok_or(Malformed::Status(code))
}

fn append(headers: &mut HeaderMap, name: &str, values: &[String]) -> Result<(), Malformed> {
    let invalid = || Malformed::Header(name.to_owned());
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
    if DROPPED.contains(&name) {
        return Ok(());
    }
    let name = if REMAPPED.contains(&name) {
        HeaderName::from_bytes(format!("x-amzn-remapped-{name}").as_bytes()).map_err(|_| invalid())?
    } else {
        name
    };
    for value in values {
        headers.append(name.clone(), HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?);
    }
    Ok(())
}

/// Adds the headers that API Gateway sets on every response.
pub(super) fn add_request_ids(headers: &mut HeaderMap, request: &RequestId) {
    for (name, value) in [("x-amzn-requestid", &request.id), ("x-amz-apigw-id", &request.extended)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn converted(json: &str) -> Result<Response, Malformed> {
        response(json, &RequestId::generate())
    }

    async fn body(response: Response) -> Vec<u8> {
        to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn proxy_response_becomes_an_http_response() {
        let response = converted(
            r#"{"statusCode":201,"headers":{"ETag":"a","X-One":"1"},
                "multiValueHeaders":{"etag":["b"],"set-cookie":["x=1","y=2"]},"body":"hé","isBase64Encoded":false}"#,
        )
        .unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["etag"], "b");
        assert_eq!(response.headers()["x-one"], "1");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert!(response.headers().contains_key("x-amzn-requestid"));
        assert_eq!(body(response).await, "hé".as_bytes());
    }

    #[tokio::test]
    async fn base64_bodies_are_decoded_and_absent_bodies_are_empty() {
        let response = converted(r#"{"statusCode":200,"body":"/wA=","isBase64Encoded":true}"#).unwrap();
        assert_eq!(body(response).await, [0xff, 0]);
        let response = converted(r#"{"statusCode":204,"headers":null,"multiValueHeaders":null}"#).unwrap();
        assert_eq!(body(response).await, b"");
    }

    #[test]
    fn headers_owned_by_the_gateway_are_renamed_or_dropped() {
        let response = converted(
            r#"{"statusCode":401,"headers":{"WWW-Authenticate":"Bearer","Content-Length":"7",
                "Transfer-Encoding":"chunked"}}"#,
        )
        .unwrap();
        assert_eq!(response.headers()["x-amzn-remapped-www-authenticate"], "Bearer");
        assert_eq!(response.headers()["x-amzn-remapped-content-length"], "7");
        for removed in ["www-authenticate", "content-length", "transfer-encoding"] {
            assert!(!response.headers().contains_key(removed), "{removed}");
        }
    }

    #[test]
    fn malformed_proxy_responses_are_rejected() {
        for json in [
            "null",
            r#""text""#,
            r#"{"body":"x"}"#,
            r#"{"statusCode":100}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"cookies":[]}"#,
            r#"{"statusCode":200,"headers":{"a b":"x"}}"#,
            r#"{"statusCode":200,"headers":{"a":"x\ny"}}"#,
            r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
        ] {
            assert!(converted(json).is_err(), "{json}");
        }
    }
}
