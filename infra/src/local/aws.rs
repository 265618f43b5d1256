//! Forwards requests signed for DynamoDB or S3 to the local replacement of that service.
//!
//! All services therefore share one port, and `--dynamodb` and `--s3-endpoint` of every command accept the
//! base URL that the stack prints.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// The local replacements of AWS services, and the HTTP client that forwards to them.
#[derive(Debug)]
pub struct Services {
    client: Client<HttpConnector, Body>,
    dynamodb: Option<String>,
    s3: String,
}

impl Services {
    /// Creates the services from their base URLs. `dynamodb` is `None` unless the embedded engine is used.
    #[must_use]
    pub fn new(dynamodb: Option<String>, s3: String) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), dynamodb, s3 }
    }

    /// Returns the base URL of the service that a request is signed for, or `None` if the request is unsigned
    /// or the service has no local replacement.
    #[must_use]
    pub fn find(&self, headers: &HeaderMap) -> Option<&str> {
        match signed_service(headers.get(AUTHORIZATION)?.to_str().ok()?)? {
            "dynamodb" => self.dynamodb.as_deref(),
            "s3" => Some(&self.s3),
            _ => None,
        }
    }

    /// Forwards a request with its original `Host` header, because the signature covers it.
    pub async fn forward(&self, mut request: Request, address: &str) -> Response {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let Ok(uri) = format!("{address}{target}").parse::<Uri>() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = uri;
        match self.client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => (StatusCode::BAD_GATEWAY, format!("{address}: {error}\n")).into_response(),
        }
    }
}

/// Returns the service in the credential scope of a Signature Version 4 header:
/// `Credential=<id>/<date>/<region>/<service>/aws4_request`.
fn signed_service(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.strip_prefix("AWS4-HMAC-SHA256")?.split_once("Credential=")?;
    let scope = credential.split([',', ' ']).next()?;
    let mut parts = scope.rsplit('/');
    (parts.next() == Some("aws4_request")).then(|| parts.next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credential_scope_names_the_service() {
        let signature = "AWS4-HMAC-SHA256 Credential=local/20260115/us-east-1/dynamodb/aws4_request, \
                         SignedHeaders=host, Signature=00";
        assert_eq!(signed_service(signature), Some("dynamodb"));
        for other in ["Bearer ctc_live_x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x, Signature=0"] {
            assert_eq!(signed_service(other), None, "{other}");
        }
    }
}
