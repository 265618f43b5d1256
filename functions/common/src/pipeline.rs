//! The request pipeline: authentication, scope, monthly limit, handler, response, one log line.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join};
use http::{HeaderName, Response, StatusCode, header};
use tokio::time::Instant;

use clientele_shared::model::ApiKey;
use clientele_shared::store::{Usage, WriteRules};
use clientele_shared::{Error, Result};

use crate::caller::Freshness;
use crate::{App, AuthenticatedRequest, Caller, Dialect, Endpoint, Reply, Request, StreamingBody};

/// How much of the time left is reserved for sending a response that reports a timeout.
const RESERVE: Duration = Duration::from_millis(300);

/// Time kept between the store's last attempt and the error response of a request that timed out.
const STORE_RESERVE: Duration = Duration::from_millis(200);

/// Handles one request and returns a response whose body is produced while it is sent.
pub async fn stream(
    endpoint: &Endpoint<StreamingBody>,
    app: &App,
    request: lambda_http::Request,
) -> Response<StreamingBody> {
    let request = Request::new(request);
    let (function, request_id) = (endpoint.name, request.id().to_owned());
    let reply = handle_request(endpoint, app, &request).await;
    let log_error = move |error: &Error| {
        tracing::error!(function, request_id, error = error.chain(), "the response stream failed");
    };
    reply.map_body(|chunks| chunks.on_error(log_error)).into_http()
}

/// Handles one request and returns its reply.
pub async fn answer(endpoint: &Endpoint, app: &App, request: lambda_http::Request) -> Reply {
    handle_request(endpoint, app, &Request::new(request)).await
}

async fn handle_request<B: From<String>>(endpoint: &Endpoint<B>, app: &App, request: &Request) -> Reply<B> {
    let started = app.store.ambient().now();
    let mut meter = Meter::default();
    let result = within(time_left(request), run_handler(endpoint, app, request, &mut meter)).await;
    let (mut reply, error) = match result {
        Ok(reply) => (reply, None),
        Err(error) => (error_reply(endpoint.dialect, &error, request).map_body(B::from), Some(error)),
    };
    meter.set_headers(&mut reply);
    if let Some(content_type) = endpoint.dialect.content_type(request.headers()) {
        reply.set(header::CONTENT_TYPE, content_type);
    }
    reply.set(HeaderName::from_static("x-request-id"), request.id_to_show());
    let millis = app.store.ambient().now().as_millis() - started.as_millis();
    let outcome = match &error {
        Some(error) if reply.status.is_server_error() => Outcome::Failed(error.chain()),
        // The text of such an error can contain what the client sent; the status gives its kind.
        Some(_) => Outcome::Refused,
        None => Outcome::Completed,
    };
    log(endpoint.name, request, reply.status, &outcome, millis);
    reply
}

/// Runs a handler for at most as long as there is time left.
pub(crate) async fn within<T, E: From<Error>>(
    left: Option<Duration>,
    handling: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Some(left) = left else { return handling.await };
    let due = || E::from(Error::Unavailable { retry_after: Duration::from_secs(1), source: None });
    tokio::time::timeout(left, handling).await.unwrap_or_else(|_| Err(due()))
}

/// Returns when the store gives up, so that its error can still be sent in the time left. The error says whether anything
/// was written.
pub(crate) fn store_deadline(left: Duration) -> Instant {
    Instant::now() + left.saturating_sub(STORE_RESERVE)
}

async fn run_handler<B>(
    endpoint: &Endpoint<B>,
    app: &App,
    request: &Request,
    meter: &mut Meter,
) -> Result<Reply<B>> {
    let (caller, freshness) = Caller::authenticate(app, request.headers(), endpoint.scopes).await?;
    let authorization = authorize(app, &caller, freshness);
    let for_write = {
        let authorization = authorization.clone();
        async move { authorization.await.for_write() }
    };
    let deadline = time_left(request).map(store_deadline);
    let store = app.store.until(deadline);
    let authenticated = AuthenticatedRequest {
        store: &store,
        operation: endpoint.name,
        caller: &caller,
        request,
        authorization: Box::pin(for_write),
        deadline,
        credit_provider: app.credit_provider.as_ref(),
    };
    let (reply, authorization) = join((endpoint.handle)(authenticated), authorization).await;
    meter.0 = authorization.usage.map(|usage| (usage, authorization.limit));
    authorization.check()?;
    reply
}

/// Returns the time left for this request, if the platform sets a deadline. The platform states the deadline
/// on the system clock, so that clock is read here and not the one of the store.
pub(crate) fn time_left(request: &Request) -> Option<Duration> {
    let left = request.deadline()?.duration_since(SystemTime::now()).unwrap_or_default();
    Some(left.saturating_sub(RESERVE))
}

/// Everything that must be known about a caller before its request has a visible effect. It is determined
/// while the handler runs, so that it adds no latency.
#[derive(Debug, Clone)]
struct Authorization {
    usage: Option<Usage>,
    limit: u64,
    rules: WriteRules,
    validity: Result<(), Arc<Error>>,
}

impl Authorization {
    /// Returns the write rules, if the caller is authorized.
    fn for_write(&self) -> Result<WriteRules> {
        self.check().map(|()| self.rules)
    }

    /// Checks that the key is valid and the monthly limit is not exceeded.
    fn check(&self) -> Result<()> {
        match &self.validity {
            Err(error) if matches!(**error, Error::Unauthorized(_)) => {
                return Err(Error::Unauthorized("Invalid API key"));
            }
            Err(error) => {
                let (retry_after, source) = (Duration::from_secs(1), Some(Box::new(Arc::clone(error)) as _));
                return Err(match **error {
                    Error::Throttled { .. } => Error::Throttled { retry_after, source },
                    _ => Error::Unavailable { retry_after, source },
                });
            }
            Ok(()) => {}
        }
        match self.usage {
            Some(usage) if usage.count > self.limit => Err(Error::UsageExceeded { limit: self.limit }),
            _ => Ok(()),
        }
    }
}

/// Determines whether a caller is authorized, while the handler runs.
fn authorize<'a>(
    app: &'a App,
    caller: &'a Caller,
    freshness: Freshness,
) -> Shared<BoxFuture<'a, Authorization>> {
    let metered = caller.settings.usage_metering;
    let authorization = async move {
        let (usage, revalidated) = join(usage(app, caller, metered), revalidate(app, freshness)).await;
        let (current_key, validity) = match revalidated {
            Ok(key) => (key, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let settings = current_key.as_ref().map_or(&caller.settings, |key| &key.settings);
        let rules = WriteRules { unique_email: settings.unique_email };
        Authorization { usage, limit: settings.usage_limit, rules, validity }
    };
    authorization.boxed().shared()
}

/// Counts this request, if the tenant's requests are metered.
async fn usage(app: &App, caller: &Caller, metered: bool) -> Option<Usage> {
    if metered { app.usage.count(&app.store, &caller.tenant).await } else { None }
}

/// Reads a stale key again and returns it. Returns `None` for a fresh key.
async fn revalidate(app: &App, freshness: Freshness) -> Result<Option<Arc<ApiKey>>, Arc<Error>> {
    match freshness {
        Freshness::Fresh => Ok(None),
        Freshness::Stale(hash) => app.key_cache.read(&app.store, &hash).await.map(Some).map_err(Arc::new),
    }
}

/// The monthly usage and limit that the response reports in `X-Usage-*` headers, if the request was counted.
#[derive(Default)]
struct Meter(Option<(Usage, u64)>);

impl Meter {
    fn set_headers<B>(&self, reply: &mut Reply<B>) {
        let Some((usage, limit)) = self.0 else { return };
        reply.set(HeaderName::from_static("x-usage-count"), &usage.count.to_string());
        reply.set(HeaderName::from_static("x-usage-limit"), &limit.to_string());
        reply.set(HeaderName::from_static("x-usage-resets"), &usage.resets_at.to_rfc3339_seconds());
    }
}

fn error_reply(dialect: &dyn Dialect, error: &Error, request: &Request) -> Reply {
    let reply = dialect.error(error, request);
    match error {
        Error::Throttled { retry_after, .. }
        | Error::Unavailable { retry_after, .. }
        | Error::ServiceUnavailable { retry_after, .. } => {
            reply.with(header::RETRY_AFTER, retry_after.as_secs().max(1).to_string())
        }
        Error::Unauthorized(_) => reply.with(header::WWW_AUTHENTICATE, "Bearer"),
        Error::VersionMismatch { actual } => reply.with(header::ETAG, format!("\"{actual}\"")),
        _ => reply,
    }
}

/// How a request ended, for the log.
pub(crate) enum Outcome {
    /// The handler has replied.
    Completed,
    /// The request was not acceptable.
    Refused,
    /// The request failed, with the chain of causes.
    Failed(String),
}

/// Writes one log line per request, without its parameters, its body, the name of the caller or the key.
pub(crate) fn log(function: &str, request: &Request, status: StatusCode, outcome: &Outcome, millis: i64) {
    let (request_id, client_request_id, status) = (request.id(), request.client_id(), status.as_u16());
    match outcome {
        Outcome::Failed(error) => {
            tracing::error!(function, request_id, client_request_id, status, millis, error, "request failed");
        }
        Outcome::Refused => {
            tracing::info!(function, request_id, client_request_id, status, millis, "request refused");
        }
        Outcome::Completed => {
            tracing::info!(function, request_id, client_request_id, status, millis, "request completed");
        }
    }
}

#[cfg(test)]
mod tests {
    use clientele_shared::Ambient;
    use clientele_shared::model::Scope;
    use clientele_shared::store::Store;
    use clientele_shared::table::connect::Connection;
    use serde_json::{Value, json};

    use super::*;
    use crate::invoke::invoke;
    use crate::logging::tests::Collected;

    struct Plain;

    impl Dialect for Plain {
        fn error(&self, error: &Error, _: &Request) -> Reply {
            Reply::json_text(StatusCode::UNAUTHORIZED, error.to_string())
        }
    }

    static ENDPOINT: Endpoint = Endpoint {
        name: "plain-get",
        scopes: &[Scope::Read],
        dialect: &Plain,
        handle: |_| Box::pin(async { Ok(Reply::empty(StatusCode::NO_CONTENT)) }),
    };

    /// Sends a request without an API key, and returns `X-Request-Id` of the response and the log line.
    async fn refused(headers: Value) -> (Value, Value) {
        let client = Connection::local("http://127.0.0.1:1").client().unwrap();
        let app = Arc::new(App::new(Store::new(client, "none", Ambient::system())));
        let event = json!({
            "resource": "/x", "path": "/x", "httpMethod": "GET", "headers": headers, "multiValueHeaders": {},
            "requestContext": {"requestId": "platform-1", "httpMethod": "GET", "path": "/x", "stage": "prod"},
            "body": null, "isBase64Encoded": false,
        });
        let collected = Collected::default();
        let subscribed = tracing::subscriber::set_default(collected.subscriber());
        let response = invoke(&ENDPOINT, app, &event.to_string(), lambda_http::Context::default()).await;
        drop(subscribed);
        let response: Value = serde_json::from_str(&response.unwrap()).unwrap();
        let [line] = collected.lines().try_into().unwrap();
        (response["multiValueHeaders"]["x-request-id"][0].clone(), line)
    }

    #[tokio::test]
    async fn log_has_the_platforms_id_and_the_clients() {
        let (sent, line) = refused(json!({"x-request-id": "client-1"})).await;
        assert_eq!((&sent, &line["request_id"]), (&json!("client-1"), &json!("platform-1")));
        assert_eq!(line["client_request_id"], "client-1");
        let (sent, line) = refused(json!({})).await;
        assert_eq!((&sent, &line["request_id"]), (&json!("platform-1"), &json!("platform-1")));
        assert_eq!(line.get("client_request_id"), None);
    }
}
