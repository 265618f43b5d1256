//! The way of every request: caller, scope, monthly allowance, handler, answer, one line in the log.

use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join};
use http::{HeaderName, header};

use clientele_shared::store::Usage;
use clientele_shared::{Error, Result};

use crate::{App, Call, Caller, Endpoint, Reply, Request};

/// What is left of the time for telling the caller that the rest ran out.
const RESERVE: Duration = Duration::from_millis(300);

/// Answers one request.
pub async fn answer(
    endpoint: &Endpoint,
    app: &App,
    request: lambda_http::Request,
) -> lambda_http::Response<lambda_http::Body> {
    let request = Request::new(request);
    let started = app.store.ambient().now();
    let mut meter = Meter::default();
    let result = match time_left(&request) {
        None => handle(endpoint, app, &request, &mut meter).await,
        Some(left) => match tokio::time::timeout(left, handle(endpoint, app, &request, &mut meter)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Unavailable { retry_after: Duration::from_secs(1), source: None }),
        },
    };
    let mut reply = match &result {
        Ok(reply) => reply.clone(),
        Err(error) => error_reply(endpoint, error),
    };
    meter.tell(&mut reply);
    reply.set(HeaderName::from_static("x-request-id"), request.id());
    let millis = app.store.ambient().now().as_millis() - started.as_millis();
    log(endpoint, &request, &reply, result.err().as_ref(), millis);
    reply.into()
}

async fn handle(endpoint: &Endpoint, app: &App, request: &Request, meter: &mut Meter) -> Result<Reply> {
    let caller = Caller::of(app, request.headers(), endpoint.scope).await?;
    let usage = usage(endpoint, app, &caller);
    let limit = caller.settings.usage_limit;
    let permit = {
        let usage = usage.clone();
        async move { usage.await.map_or(Ok(()), |usage| allow(usage, limit)) }
    };
    let call = Call { app, operation: endpoint.name, caller: &caller, request, permit: Box::pin(permit) };
    let (reply, usage) = join((endpoint.handle)(call), usage).await;
    if let Some(usage) = usage {
        meter.0 = Some((usage, limit));
        allow(usage, limit)?;
    }
    reply
}

/// The time for this request, where the platform sets one. It is told on the platform's clock, which is
/// therefore the one asked here.
fn time_left(request: &Request) -> Option<Duration> {
    let left = request.deadline()?.duration_since(SystemTime::now()).unwrap_or_default();
    Some(left.saturating_sub(RESERVE))
}

/// The counting of this request, side by side with the handler's own calls.
type Counting<'a> = Shared<BoxFuture<'a, Option<Usage>>>;

/// Counts this request, where requests are counted. When counting fails the request goes on uncounted: an
/// allowance is no reason to turn a paying caller away.
fn usage<'a>(endpoint: &Endpoint, app: &'a App, caller: &'a Caller) -> Counting<'a> {
    let metered = endpoint.dialect.is_metered() && caller.settings.usage_metering;
    let counting = async move {
        if !metered {
            return None;
        }
        match app.store.usage_count(&caller.tenant).await {
            Ok(usage) => Some(usage),
            Err(error) => {
                tracing::warn!(error = error.chain(), "a request was not counted");
                None
            }
        }
    };
    counting.boxed().shared()
}

fn allow(usage: Usage, limit: u64) -> Result<()> {
    if usage.count <= limit {
        return Ok(());
    }
    Err(Error::Forbidden(format!("Monthly usage limit of {limit} requests exceeded")))
}

/// What the caller is told of its monthly allowance.
#[derive(Default)]
struct Meter(Option<(Usage, u64)>);

impl Meter {
    fn tell(&self, reply: &mut Reply) {
        let Some((usage, limit)) = self.0 else { return };
        reply.set(HeaderName::from_static("x-usage-count"), &usage.count.to_string());
        reply.set(HeaderName::from_static("x-usage-limit"), &limit.to_string());
        reply.set(HeaderName::from_static("x-usage-resets"), &usage.resets_at.to_rfc3339_seconds());
    }
}

fn error_reply(endpoint: &Endpoint, error: &Error) -> Reply {
    let reply = endpoint.dialect.error(error);
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
fn log(endpoint: &Endpoint, request: &Request, reply: &Reply, error: Option<&Error>, millis: i64) {
    let (function, request_id, status) = (endpoint.name, request.id(), reply.status.as_u16());
    match error {
        Some(error) if reply.status.is_server_error() => {
            tracing::error!(function, request_id, status, millis, error = error.chain(), "request failed");
        }
        // The text of a refusal may hold what the caller sent; its kind is told by the status.
        Some(_) => tracing::info!(function, request_id, status, millis, "request refused"),
        None => tracing::info!(function, request_id, status, millis, "request answered"),
    }
}
