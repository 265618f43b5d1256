//! Passes requests signed for DynamoDB or S3 to the local replacement of that service.
//!
//! All services therefore share one port, and `--dynamodb` and `--s3-endpoint` of every command accept the
//! base URL that the stack prints.

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::body::Bodies;
use super::engine::Engine;
use super::s3::S3;

/// The local replacements of AWS services.
#[derive(Debug)]
pub struct Services {
    dynamodb: Option<Engine>,
    s3: Option<S3>,
}

/// One of the services.
#[derive(Debug, Clone, Copy)]
pub enum Service<'a> {
    /// The embedded DynamoDB.
    DynamoDb(&'a Engine),
    /// The local S3.
    S3(&'a S3),
}

impl Services {
    /// Creates the services. `dynamodb` is `None` unless the embedded engine is used.
    #[must_use]
    pub fn new(dynamodb: Option<Engine>, s3: S3) -> Self {
        Self { dynamodb, s3: Some(s3) }
    }

    /// Returns no services, for a server that has none of its own.
    #[must_use]
    pub fn none() -> Self {
        Self { dynamodb: None, s3: None }
    }

    /// Returns the service that a request is signed for, or `None` if the request is unsigned or the service has no
    /// local replacement.
    #[must_use]
    pub fn find(&self, headers: &HeaderMap) -> Option<Service<'_>> {
        match signed_service(headers.get(AUTHORIZATION)?.to_str().ok()?)? {
            "dynamodb" => self.dynamodb.as_ref().map(Service::DynamoDb),
            "s3" => self.s3.as_ref().map(Service::S3),
            _ => None,
        }
    }
}

impl Service<'_> {
    /// Answers a request within the limits for bodies.
    pub async fn answer(self, request: Request, bodies: &Bodies) -> Response {
        match self {
            Self::DynamoDb(engine) => engine.answer(request, bodies).await,
            Self::S3(s3) => s3.answer(request).await,
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
