//! AWS's own services on the one port: a request that is signed for DynamoDB or S3 goes to what stands in for it.
//!
//! So `--dynamodb` and `--s3-endpoint` of every command take the base URL that is printed at the start.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// What stands in for AWS's services, and the way there.
#[derive(Debug)]
pub struct Services {
    client: Client<HttpConnector, Body>,
    dynamodb: Option<String>,
    s3: String,
}

impl Services {
    /// Services at these addresses; DynamoDB only where it is in this process.
    #[must_use]
    pub fn at(dynamodb: Option<String>, s3: String) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), dynamodb, s3 }
    }

    /// The address of the service that a request is signed for, if it is signed for one that is here.
    #[must_use]
    pub fn find(&self, headers: &HeaderMap) -> Option<&str> {
        match signed_for(headers.get(AUTHORIZATION)?.to_str().ok()?)? {
            "dynamodb" => self.dynamodb.as_deref(),
            "s3" => Some(&self.s3),
            _ => None,
        }
    }

    /// Hands a request on as it is: its signature covers the host that it was sent to.
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

/// The service in the scope of a signature, version 4: `Credential=<id>/<date>/<region>/<service>/aws4_request`.
fn signed_for(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.strip_prefix("AWS4-HMAC-SHA256")?.split_once("Credential=")?;
    let scope = credential.split([',', ' ']).next()?;
    let mut parts = scope.rsplit('/');
    (parts.next() == Some("aws4_request")).then(|| parts.next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_says_what_it_is_for() {
        let signature = "AWS4-HMAC-SHA256 Credential=local/20260115/us-east-1/dynamodb/aws4_request, \
                         SignedHeaders=host, Signature=00";
        assert_eq!(signed_for(signature), Some("dynamodb"));
        for other in ["Bearer ctc_live_x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x, Signature=0"] {
            assert_eq!(signed_for(other), None, "{other}");
        }
    }
}
