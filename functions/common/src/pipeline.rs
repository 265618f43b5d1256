//! The way of every request: caller, scope, monthly allowance, handler, answer, one line in the log.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join};
use http::{HeaderName, Response, StatusCode, header};

use clientele_shared::model::ApiKey;
use clientele_shared::store::{Usage, WriteRules};
use clientele_shared::{Error, Result};

use crate::caller::Freshness;
use crate::{App, AuthenticatedRequest, Caller, Dialect, Endpoint, Reply, Request, StreamingBody};

/// What is left of the time for telling the caller that the rest ran out.
const RESERVE: Duration = Duration::from_millis(300);

/// Answers one request with a body that is made while it is sent.
pub async fn stream(
    endpoint: &Endpoint<StreamingBody>,
    app: &App,
    request: lambda_http::Request,
) -> Response<StreamingBody> {
    let request = Request::new(request);
    let (function, request_id) = (endpoint.name, request.id().to_owned());
    let reply = answer_request(endpoint, app, &request).await;
    let broken = move |error: &Error| {
        tracing::error!(function, request_id, error = error.chain(), "the answer broke off");
    };
    reply.map_body(|chunks| chunks.on_error(broken)).into_http()
}

/// Answers one request.
pub async fn answer(endpoint: &Endpoint, app: &App, request: lambda_http::Request) -> Reply {
    answer_request(endpoint, app, &Request::new(request)).await
}

async fn answer_request<B: From<String>>(endpoint: &Endpoint<B>, app: &App, request: &Request) -> Reply<B> {
    let started = app.store.ambient().now();
    let mut meter = Meter::default();
    let result = match time_left(request) {
        None => handle(endpoint, app, request, &mut meter).await,
        Some(left) => match tokio::time::timeout(left, handle(endpoint, app, request, &mut meter)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Unavailable { retry_after: Duration::from_secs(1), source: None }),
        },
    };
    let (mut reply, error) = match result {
        Ok(reply) => (reply, None),
        Err(error) => (error_reply(endpoint.dialect, &error).map_body(B::from), Some(error)),
    };
    meter.set_headers(&mut reply);
    if let Some(content_type) = endpoint.dialect.content_type(request.headers()) {
        reply.set(header::CONTENT_TYPE, content_type);
    }
    reply.set(HeaderName::from_static("x-request-id"), request.id());
    let millis = app.store.ambient().now().as_millis() - started.as_millis();
    log(endpoint.name, request.id(), reply.status, error.as_ref(), millis);
    reply
}

async fn handle<B>(
    endpoint: &Endpoint<B>,
    app: &App,
    request: &Request,
    meter: &mut Meter,
) -> Result<Reply<B>> {
    let (caller, freshness) = Caller::authenticate(app, request.headers(), endpoint.scope).await?;
    let authorization = authorize(endpoint.dialect, app, &caller, freshness);
    let for_write = {
        let authorization = authorization.clone();
        async move { authorization.await.for_write() }
    };
    let call = AuthenticatedRequest {
        app,
        operation: endpoint.name,
        caller: &caller,
        request,
        authorization: Box::pin(for_write),
    };
    let (reply, authorization) = join((endpoint.handle)(call), authorization).await;
    meter.0 = authorization.usage.map(|usage| (usage, authorization.limit));
    authorization.check()?;
    reply
}

/// The time for this request, where the platform sets one. It is told on the platform's clock, which is
/// therefore the one asked here.
fn time_left(request: &Request) -> Option<Duration> {
    let left = request.deadline()?.duration_since(SystemTime::now()).unwrap_or_default();
    Some(left.saturating_sub(RESERVE))
}

/// What must be known of a caller before anything that he asked for shows: found out side by side with the
/// handler's own calls, so that it takes no time of its own.
#[derive(Debug, Clone)]
struct Authorization {
    usage: Option<Usage>,
    limit: u64,
    rules: WriteRules,
    validity: Result<(), Arc<Error>>,
}

impl Authorization {
    /// The leave to write, where there is leave at all.
    fn for_write(&self) -> Result<WriteRules> {
        self.check().map(|()| self.rules)
    }

    /// Whether the key is in force and the month's allowance is not used up.
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
            Some(usage) if usage.count > self.limit => {
                Err(Error::Forbidden(format!("Monthly usage limit of {} requests exceeded", self.limit)))
            }
            _ => Ok(()),
        }
    }
}

/// Finds out about a caller while the handler works.
fn authorize<'a>(
    dialect: &dyn Dialect,
    app: &'a App,
    caller: &'a Caller,
    freshness: Freshness,
) -> Shared<BoxFuture<'a, Authorization>> {
    let metered = dialect.is_metered() && caller.settings.usage_metering;
    let found = async move {
        let (usage, confirmed) = join(usage(app, caller, metered), revalidate(app, freshness)).await;
        let (read, validity) = match confirmed {
            Ok(key) => (key, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let settings = read.as_ref().map_or(&caller.settings, |key| &key.settings);
        let rules = WriteRules { unique_email: settings.unique_email };
        Authorization { usage, limit: settings.usage_limit, rules, validity }
    };
    found.boxed().shared()
}

/// Counts this request, where requests are counted. When counting fails the request goes on uncounted: an
/// allowance is no reason to turn a paying caller away.
async fn usage(app: &App, caller: &Caller, metered: bool) -> Option<Usage> {
    if !metered {
        return None;
    }
    match app.store.usage_increment(&caller.tenant).await {
        Ok(usage) => Some(usage),
        Err(error) => {
            tracing::warn!(error = error.chain(), "a request was not counted");
            None
        }
    }
}

/// The key as it is now, where it was to be read again.
async fn revalidate(app: &App, freshness: Freshness) -> Result<Option<Arc<ApiKey>>, Arc<Error>> {
    match freshness {
        Freshness::Fresh => Ok(None),
        Freshness::Stale(hash) => app.key_cache.read(&app.store, &hash).await.map(Some).map_err(Arc::new),
    }
}

/// What the caller is told of its monthly allowance.
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

fn error_reply(dialect: &dyn Dialect, error: &Error) -> Reply {
    let reply = dialect.error(error);
    match error {
        Error::Throttled { retry_after, .. } | Error::Unavailable { retry_after, .. } => {
            reply.with(header::RETRY_AFTER, retry_after.as_secs().max(1).to_string())
        }
        Error::Unauthorized(_) => reply.with(header::WWW_AUTHENTICATE, "Bearer"),
        Error::VersionMismatch { actual } => reply.with(header::ETAG, format!("\"{actual}\"")),
        _ => reply,
    }
}

/// One line for each request: nothing of its parameters, body, caller's name or key.
fn log(function: &str, request_id: &str, status: StatusCode, error: Option<&Error>, millis: i64) {
    let (is_failure, status) = (status.is_server_error(), status.as_u16());
    match error {
        Some(error) if is_failure => {
            tracing::error!(function, request_id, status, millis, error = error.chain(), "request failed");
        }
        // The text of a refusal may hold what the caller sent; its kind is told by the status.
        Some(_) => tracing::info!(function, request_id, status, millis, "request refused"),
        None => tracing::info!(function, request_id, status, millis, "request answered"),
    }
}
