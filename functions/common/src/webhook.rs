//! Webhooks: endpoints that another service calls. The service signs what it sends and has no API key.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderName, StatusCode, header};

use clientele_shared::store::Store;
use clientele_shared::{Error, Result};

use crate::pipeline::{Outcome, log, store_deadline, time_left, within};
use crate::{App, Reply, Request};

/// Scheme of the challenge in the response to a request without a valid signature, which HTTP requires.
const CHALLENGE: &str = "Signature";

/// The token with which a service signs its webhooks. Its `Debug` text does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierToken(String);

/// A text that cannot be the token of a service. It does not show the text, which can be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token must be printable ASCII without spaces")]
pub struct VerifierTokenError;

impl VerifierToken {
    /// Returns the token with this text.
    ///
    /// # Errors
    /// Returns [`VerifierTokenError`] if the text is empty or has white space or other characters that do not belong to a
    /// token, as when it was copied with its line feed.
    pub fn new(text: impl Into<String>) -> Result<Self, VerifierTokenError> {
        let text = text.into();
        let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_token { Ok(Self(text)) } else { Err(VerifierTokenError) }
    }

    /// Returns the token as the key of a signature.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for VerifierToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifierToken(…)")
    }
}

/// An endpoint that another service calls, deployed as one Lambda.
pub struct WebhookEndpoint {
    /// The name of the function in `template.yaml`, of its binary, and of the files with its handler and its test.
    pub name: &'static str,
    /// How long a delivery is handled at most, however long the platform would wait.
    pub time_limit: Duration,
    /// A cheap read that opens the connection to the table before the first delivery.
    pub connect: for<'a> fn(&'a Store) -> BoxFuture<'a, Result<()>>,
    /// The handler.
    pub handle: for<'a> fn(Delivery<'a>) -> BoxFuture<'a, Result<Receipt, Refusal>>,
}

/// A request that might come from the service, as its handler receives it. The signature is not checked yet.
pub struct Delivery<'a> {
    /// The store, with the deadline of the request.
    pub store: &'a Store,
    /// The HTTP request.
    pub request: &'a Request,
    /// The token with which the body must be signed; `None` if webhooks are not set up.
    pub verifier_token: Option<&'a VerifierToken>,
}

/// The result of a delivery that was accepted. The response shows `received`, the log line all counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Number of changes that were stored.
    pub received: usize,
    /// Number of events that do not concern any record: of other entities, or without a valid id.
    pub ignored: usize,
    /// Number of events of accounts that belong to no tenant.
    pub unconnected: usize,
}

/// The reason why a delivery is not accepted.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    message: Cow<'static, str>,
    /// The fault on our side, for the log.
    error: Option<Error>,
}

impl Refusal {
    /// Refuses a delivery. The message must not contain anything from the request.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), error: None }
    }

    fn reply(&self) -> Reply {
        let body = serde_json::json!({ "error": self.message });
        let reply = Reply::json_text(self.status, body.to_string());
        match (self.status, &self.error) {
            (StatusCode::UNAUTHORIZED, _) => reply.with(header::WWW_AUTHENTICATE, CHALLENGE),
            (_, Some(Error::Throttled { retry_after, .. } | Error::Unavailable { retry_after, .. })) => {
                reply.with(header::RETRY_AFTER, retry_after.as_secs().max(1).to_string())
            }
            _ => reply,
        }
    }
}

/// A table that is throttled or cannot be reached makes the service repeat the delivery.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Throttled { .. } | Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, message: error.to_string().into(), error: Some(error) }
    }
}

/// Handles one delivery and returns its reply.
pub async fn answer(endpoint: &WebhookEndpoint, app: &App, request: lambda_http::Request) -> Reply {
    let request = Request::new(request);
    let started = app.store.ambient().now();
    let left = time_left(&request).map_or(endpoint.time_limit, |left| left.min(endpoint.time_limit));
    let store = app.store.until(Some(store_deadline(left)));
    let delivery = Delivery { store: &store, request: &request, verifier_token: app.verifier_token.as_ref() };
    let result = within(Some(left), (endpoint.handle)(delivery)).await;
    let mut reply = match &result {
        Ok(receipt) => {
            let body = serde_json::json!({ "received": receipt.received });
            Reply::json_text(StatusCode::OK, body.to_string())
        }
        Err(refusal) => refusal.reply(),
    };
    reply.set(HeaderName::from_static("x-request-id"), request.id_to_show());
    let millis = app.store.ambient().now().as_millis() - started.as_millis();
    match result {
        Ok(receipt) => log_receipt(endpoint.name, &request, reply.status, receipt, millis),
        Err(refusal) => log(endpoint.name, &request, reply.status, &refusal.into(), millis),
    }
    reply
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal.error {
            Some(error) => Self::Failed(error.chain()),
            None if refusal.status.is_server_error() => Self::Failed(refusal.message.into_owned()),
            None => Self::Refused,
        }
    }
}

fn log_receipt(function: &str, request: &Request, status: StatusCode, receipt: Receipt, millis: i64) {
    let Receipt { received, ignored, unconnected } = receipt;
    let (request_id, client_request_id, status) = (request.id(), request.client_id(), status.as_u16());
    tracing::info!(
        function,
        request_id,
        client_request_id,
        status,
        millis,
        received,
        ignored,
        unconnected,
        "request completed"
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clientele_shared::Ambient;
    use clientele_shared::table::connect::Connection;
    use futures::FutureExt as _;
    use serde_json::{Value, json};
    use tokio::time::Instant;

    use super::*;
    use crate::invoke::invoke_webhook;
    use crate::logging::tests::Collected;

    static ACCEPTS: WebhookEndpoint = WebhookEndpoint {
        name: "plain-webhook",
        time_limit: Duration::from_millis(2_500),
        connect: |_| async { Ok(()) }.boxed(),
        handle: |_| async { Ok(Receipt { received: 2, ignored: 3, unconnected: 4 }) }.boxed(),
    };

    static HANGS: WebhookEndpoint = WebhookEndpoint {
        name: "plain-webhook",
        time_limit: Duration::from_millis(2_500),
        connect: |_| async { Ok(()) }.boxed(),
        handle: |_| std::future::pending().boxed(),
    };

    static REFUSES: WebhookEndpoint = WebhookEndpoint {
        name: "plain-webhook",
        time_limit: Duration::from_millis(2_500),
        connect: |_| async { Ok(()) }.boxed(),
        handle: |_| async { Err(Refusal::new(StatusCode::UNAUTHORIZED, "No.")) }.boxed(),
    };

    /// Returns the response of an endpoint and its log line.
    async fn called(endpoint: &'static WebhookEndpoint) -> (Value, Value) {
        let client = Connection::local("http://127.0.0.1:1").client().unwrap();
        let app = Arc::new(App::new(Store::new(client, "none", Ambient::system())));
        let event = json!({
            "resource": "/x", "path": "/x", "httpMethod": "POST", "headers": {}, "multiValueHeaders": {},
            "requestContext": {"requestId": "platform-1", "httpMethod": "POST", "path": "/x", "stage": "prod"},
            "body": "secret", "isBase64Encoded": false,
        });
        let collected = Collected::default();
        let subscribed = tracing::subscriber::set_default(collected.subscriber());
        let context = lambda_http::Context::default();
        let response = invoke_webhook(endpoint, app, &event.to_string(), context).await;
        drop(subscribed);
        let [mut line] = collected.lines().try_into().unwrap();
        line.as_object_mut().unwrap().remove("millis");
        (serde_json::from_str(&response.unwrap()).unwrap(), line)
    }

    #[tokio::test]
    async fn log_has_one_line_with_all_counts() {
        let (response, line) = called(&ACCEPTS).await;
        assert_eq!((&response["statusCode"], &response["body"]), (&json!(200), &json!("{\"received\":2}")));
        let expected = json!({
            "level": "INFO", "function": "plain-webhook", "request_id": "platform-1", "status": 200,
            "received": 2, "ignored": 3, "unconnected": 4, "message": "request completed",
            "target": "clientele_functions_common::webhook",
        });
        assert_eq!(line, expected);
    }

    #[tokio::test]
    async fn refusal_is_a_message_and_not_a_failure() {
        let (response, line) = called(&REFUSES).await;
        assert_eq!(
            (&response["statusCode"], &response["body"]),
            (&json!(401), &json!("{\"error\":\"No.\"}"))
        );
        assert_eq!(response["multiValueHeaders"]["www-authenticate"], json!([CHALLENGE]));
        assert_eq!(
            (&line["message"], &line["level"], &line["error"]),
            (&json!("request refused"), &json!("INFO"), &json!(null))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn delivery_ends_at_the_time_limit() {
        let started = Instant::now();
        let (response, line) = called(&HANGS).await;
        assert_eq!(started.elapsed().as_millis(), HANGS.time_limit.as_millis());
        assert_eq!(response["statusCode"], 503);
        assert_eq!(response["multiValueHeaders"]["retry-after"], json!(["1"]));
        assert_eq!((&line["message"], &line["level"]), (&json!("request failed"), &json!("ERROR")));
    }

    #[test]
    fn token_is_not_shown_and_has_no_white_space() {
        let token = VerifierToken::new("s3cret").unwrap();
        assert_eq!(format!("{token:?}"), "VerifierToken(…)");
        for wrong in ["", "s3cret\n", "a b", "é"] {
            assert_eq!(VerifierToken::new(wrong), Err(VerifierTokenError), "{wrong:?}");
        }
    }
}
