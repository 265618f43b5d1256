//! A function's answer as the HTTP response API Gateway makes of it.

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

/// Headers of a function that the gateway passes on under another name, because it writes its own.
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

/// Headers of a function that the gateway drops.
const DROPPED: [HeaderName; 4] = [header::TE, header::TRAILER, header::TRANSFER_ENCODING, header::UPGRADE];

/// Why an answer is none API Gateway takes ("Malformed Lambda proxy response").
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not JSON, or not the members an answer has.
    #[error("the answer is not a proxy response: {0}")]
    Shape(#[from] serde_json::Error),
    /// No status a response can have.
    #[error("{0} is no status code")]
    Status(u16),
    /// A header that HTTP does not allow.
    #[error("header {0} cannot be sent")]
    Header(String),
    /// `isBase64Encoded` and the body is not.
    #[error("the body is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
}

/// What a function answers. Other members are an error, as they are on AWS.
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

/// The response to send for a function's answer.
///
/// # Errors
///
/// When the answer is not one API Gateway takes; the caller gets [`GatewayResponseType::Failed`](super::gateway_response::GatewayResponseType::Failed) then.
pub fn response(answer: &str, request: &RequestId) -> Result<Response, Malformed> {
    let answer: ProxyResponse = serde_json::from_str(answer)?;
    let status = status(answer.status_code)?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded == Some(true) { BASE64.decode(body)? } else { body.into_bytes() };

    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let multi = answer.multi_value_headers.unwrap_or_default();
    let single = answer.headers.unwrap_or_default().into_iter().map(|(name, value)| (name, vec![value]));
    // Where both have a header, the one with several values counts.
    let single = single.filter(|(name, _)| !multi.keys().any(|other| other.eq_ignore_ascii_case(name)));
    for (name, values) in single.collect::<Vec<_>>().into_iter().chain(multi) {
        append(response.headers_mut(), &name, &values)?;
    }
    response
        .headers_mut()
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/json"));
    stamp(response.headers_mut(), request);
    Ok(response)
}

/// What stands before the body of an answer that is sent while it is made. Other members are an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Prelude {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
}

/// The response to send for an answer that is sent while it is made. A body that breaks off, or takes longer than
/// the time limit, ends the connection before it is complete.
///
/// # Errors
///
/// When the answer is not one API Gateway takes.
pub fn streamed(
    answer: StreamedResponse,
    request: &RequestId,
    time_limit: Duration,
) -> Result<Response, Malformed> {
    let prelude: Prelude = serde_json::from_str(&answer.prelude)?;
    let end = Instant::now() + time_limit;
    let parts = answer.body.map_err(|error| error.chain());
    let parts = stream::unfold(Some(parts), move |parts| async move {
        let mut parts = parts?;
        match timeout_at(end, parts.next()).await {
            Ok(part) => part.map(|part| (part, Some(parts))),
            Err(_) => Some((Err(format!("not complete after {} seconds", time_limit.as_secs())), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(parts));
    *response.status_mut() = status(prelude.status_code)?;
    for (name, value) in prelude.headers {
        append(response.headers_mut(), &name, &[value])?;
    }
    append(response.headers_mut(), header::SET_COOKIE.as_str(), &prelude.cookies)?;
    stamp(response.headers_mut(), request);
    Ok(response)
}

fn status(code: u16) -> Result<StatusCode, Malformed> {
    let status = StatusCode::from_u16(code).ok().filter(|status| !status.is_informational());
    status.ok_or(Malformed::Status(code))
}

fn append(headers: &mut HeaderMap, name: &str, values: &[String]) -> Result<(), Malformed> {
    let bad = || Malformed::Header(name.to_owned());
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    if DROPPED.contains(&name) {
        return Ok(());
    }
    let name = if REMAPPED.contains(&name) {
        HeaderName::from_bytes(format!("x-amzn-remapped-{name}").as_bytes()).map_err(|_| bad())?
    } else {
        name
    };
    for value in values {
        headers.append(name.clone(), HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad())?);
    }
    Ok(())
}

/// The headers API Gateway puts on every response.
pub(super) fn stamp(headers: &mut HeaderMap, request: &RequestId) {
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

    fn sent(answer: &str) -> Result<Response, Malformed> {
        response(answer, &RequestId::generate())
    }

    async fn body(response: Response) -> Vec<u8> {
        to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn an_answer_becomes_a_response() {
        let response = sent(
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
    async fn a_base64_body_is_decoded_and_an_absent_one_is_empty() {
        let response = sent(r#"{"statusCode":200,"body":"/wA=","isBase64Encoded":true}"#).unwrap();
        assert_eq!(body(response).await, [0xff, 0]);
        let response = sent(r#"{"statusCode":204,"headers":null,"multiValueHeaders":null}"#).unwrap();
        assert_eq!(body(response).await, b"");
    }

    #[test]
    fn headers_of_the_gateway_itself_are_renamed_or_dropped() {
        let response = sent(
            r#"{"statusCode":401,"headers":{"WWW-Authenticate":"Bearer","Content-Length":"7",
                "Transfer-Encoding":"chunked"}}"#,
        )
        .unwrap();
        assert_eq!(response.headers()["x-amzn-remapped-www-authenticate"], "Bearer");
        assert_eq!(response.headers()["x-amzn-remapped-content-length"], "7");
        for gone in ["www-authenticate", "content-length", "transfer-encoding"] {
            assert!(!response.headers().contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn what_aws_calls_malformed_is_an_error() {
        for answer in [
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
            assert!(sent(answer).is_err(), "{answer}");
        }
    }
}
