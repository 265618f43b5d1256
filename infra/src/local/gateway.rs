//! Emulation of API Gateway: enforces limits, finds the route, builds the event, calls the function and
//! converts its response.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use clientele_functions_common::invoke::StreamedResponse;
use futures::stream::{StreamExt as _, poll_fn};
use http::header::{self, HeaderMap};
use http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body::{Bodies, BodyError};
use super::calls::{CallLog, Recording};
use super::event::{self, Api, EventError, RequestId, Stage};
use super::function::{Functions, Invoke, InvokeResponse, STREAM_TIME_LIMIT, TIME_LIMIT};
use super::gateway_response::{GatewayResponseError, GatewayResponseType, GatewayResponses};
use super::key_limits::{DEFAULT_KEY_CONCURRENCY, KeyLimits};
use super::proxy_response;
use super::routes::{Match, Route, RouteError, Routes, Transfer};
use super::units::Units;

/// API Gateway's limit for the request line and headers together, in bytes.
const HEAD_LIMIT: usize = 10_240;
/// API Gateway's limit for a body, in bytes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// Lambda's default limit for the number of functions of an account that run at the same time.
pub const DEFAULT_CONCURRENCY: usize = 1000;
/// Lambda's limit for an event, in bytes.
const EVENT_LIMIT: usize = 6 * 1024 * 1024;
/// Lambda's limit for a buffered response, in bytes: 100 more than for an event.
const RESPONSE_LIMIT: usize = EVENT_LIMIT + 100;

/// The reason why a template and functions cannot be combined into an API.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The template's routes are invalid.
    #[error(transparent)]
    Routes(#[from] RouteError),
    /// The template's gateway responses are invalid.
    #[error(transparent)]
    GatewayResponses(#[from] GatewayResponseError),
    /// The template routes to a function that is not linked into this process.
    #[error(
        "template.yaml routes to {missing}, which the local stack does not contain; add the function to \
         ENDPOINTS of its crate or remove its events from the template (available functions: {present})"
    )]
    Missing {
        /// Name of the missing function.
        missing: String,
        /// Names of the linked functions.
        present: String,
    },
}

/// The routes with their functions, and the responses that the gateway sends itself.
#[derive(Debug)]
pub struct Gateway {
    routes: Routes,
    gateway_responses: GatewayResponses,
    functions: Functions,
    api: Api,
    /// One permit for each function that may run at the same time.
    concurrency: Arc<Semaphore>,
    key_limits: KeyLimits,
    bodies: Bodies,
    calls: CallLog,
}

/// A running function's share of the limits for its API key and for all functions.
struct Permits {
    _key: OwnedSemaphorePermit,
    _function: OwnedSemaphorePermit,
}

impl Gateway {
    /// Creates a gateway with the routes of `template`, handled by `functions`.
    ///
    /// # Errors
    ///
    /// Returns [`GatewayError::Routes`] or [`GatewayError::GatewayResponses`] if API Gateway would reject the
    /// template or the local stack does not support it, and [`GatewayError::Missing`] if a route's function
    /// is not in `functions`.
    pub fn new(template: &str, functions: Functions) -> Result<Self, GatewayError> {
        let (routes, gateway_responses) = (Routes::read(template)?, GatewayResponses::read(template)?);
        if let Some(missing) = routes.functions().into_iter().find(|name| functions.get(name).is_none()) {
            let present = functions.names().collect::<Vec<_>>().join(", ");
            return Err(GatewayError::Missing { missing: missing.to_owned(), present });
        }
        let api = Api { stage: Stage::default(), has_binary_bodies: routes.has_binary_bodies() };
        let concurrency = Arc::new(Semaphore::new(DEFAULT_CONCURRENCY));
        let key_limits = KeyLimits::new(DEFAULT_KEY_CONCURRENCY);
        let bodies = Bodies::default();
        Ok(Self {
            routes,
            gateway_responses,
            functions,
            api,
            concurrency,
            key_limits,
            bodies,
            calls: CallLog::default(),
        })
    }

    /// Returns the gateway with another stage. By default, paths start with no stage, as under a custom domain.
    #[must_use]
    pub fn with_stage(self, stage: Stage) -> Self {
        Self { api: Api { stage, ..self.api }, ..self }
    }

    /// Returns the gateway with another limit for the number of functions that run at the same time.
    #[must_use]
    pub fn with_concurrency(self, limit: usize) -> Self {
        Self { concurrency: Arc::new(Semaphore::new(limit)), ..self }
    }

    /// Returns the gateway with another limit for the number of requests of one API key that run at the same time.
    /// Further ones wait.
    #[must_use]
    pub fn with_key_concurrency(self, limit: usize) -> Self {
        Self { key_limits: KeyLimits::new(limit), ..self }
    }

    /// Returns the gateway with another log of requests.
    #[must_use]
    pub fn with_calls(self, calls: CallLog) -> Self {
        Self { calls, ..self }
    }

    /// Returns all routes.
    pub fn routes(&self) -> impl Iterator<Item = Route> {
        self.routes.all()
    }

    /// Returns the gateway with another limit for the memory of all bodies together, in bytes.
    #[cfg(test)]
    pub(super) fn with_body_memory(self, bytes: usize) -> Self {
        Self { bodies: Bodies::with_memory(bytes), ..self }
    }

    /// Returns the limits for bodies, for everything else that is served on the same port.
    pub(super) fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// Handles a request as API Gateway and Lambda do. `local` is the address of this server, `peer` that of
    /// the client.
    pub async fn answer(&self, request: Request, local: SocketAddr, peer: SocketAddr) -> Response {
        let id = RequestId::generate();
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let mut recording = Recording::start(request.method().as_str(), target, &id.id);
        let response = match self.try_answer(request, &id, local, peer, &mut recording).await {
            Ok(response) => response,
            Err(response_type) => self.gateway_responses.response(response_type, &id),
        };
        self.calls.end(recording, response.status().as_u16());
        response
    }

    async fn try_answer(
        &self,
        request: Request,
        id: &RequestId,
        local: SocketAddr,
        peer: SocketAddr,
        recording: &mut Recording,
    ) -> Result<Response, GatewayResponseType> {
        let (parts, body) = request.into_parts();
        if head_size(&parts) > HEAD_LIMIT {
            return Err(GatewayResponseType::HeadTooLarge);
        }
        let path = self.api.stage.strip(parts.uri.path()).ok_or(GatewayResponseType::NoStage)?;
        let (matched, invoke) = self.find(&parts, path).ok_or_else(|| no_route(&parts.headers))?;
        // Before the body is read, so that requests that wait take up no memory.
        let key = self.key_limits.acquire(&parts.headers).await.ok_or(GatewayResponseType::Throttled)?;
        let (body, _memory) = self.bodies.read(body, BODY_LIMIT).await.map_err(refused_body)?;
        let event =
            event::event(&parts, &body, &matched, &self.api, id, local, peer).map_err(
                |error| match error {
                    EventError::InvalidUrl => GatewayResponseType::BadRequest,
                    EventError::Serialize(_) => failed(matched.function, id, &error.to_string()),
                },
            )?;
        if event.len() > EVENT_LIMIT {
            return Err(GatewayResponseType::EventTooLarge);
        }
        recording.invoke(matched.function, &event);
        let function = Arc::clone(&self.concurrency).try_acquire_owned();
        let function = function.map_err(|_| GatewayResponseType::ConcurrencyExhausted)?;
        let permits = Permits { _key: key, _function: function };
        let response = match (
            call(invoke, event, permits, &matched, (id, recording.units())).await?,
            matched.transfer,
        ) {
            (InvokeResponse::Buffered(response), Transfer::Buffered) => buffered(&response, id),
            (InvokeResponse::Streamed(response), Transfer::Stream) => {
                proxy_response::streamed(response, id, STREAM_TIME_LIMIT).map_err(|error| error.to_string())
            }
            (InvokeResponse::Buffered(_), Transfer::Stream) => {
                Err("the route streams but the response is buffered".into())
            }
            (InvokeResponse::Streamed(_), Transfer::Buffered) => {
                Err("the response is streamed but the route lacks ResponseTransferMode: RESPONSE_STREAM"
                    .into())
            }
        };
        response.map_err(|reason| failed(matched.function, id, &reason))
    }

    fn find(&self, parts: &Parts, path: &str) -> Option<(Match<'_>, &Invoke)> {
        let matched = self.routes.find(parts.method.as_str(), path)?;
        let invoke = self.functions.get(matched.function)?;
        Some((matched, invoke))
    }
}

fn refused_body(error: BodyError) -> GatewayResponseType {
    match error {
        BodyError::TooLarge => GatewayResponseType::BodyTooLarge,
        BodyError::TimedOut => GatewayResponseType::BodyTimedOut,
        BodyError::NoMemory => GatewayResponseType::Throttled,
        // The response will probably not be read.
        BodyError::Interrupted => GatewayResponseType::BadRequest,
    }
}

/// Returns API Gateway's reason for rejecting a request without a route.
fn no_route(headers: &HeaderMap) -> GatewayResponseType {
    if headers.contains_key(header::AUTHORIZATION) {
        GatewayResponseType::NoRouteWithAuthorization
    } else {
        GatewayResponseType::NoRoute
    }
}

/// Returns the size of the request line and headers, in bytes.
fn head_size(parts: &Parts) -> usize {
    let line =
        parts.method.as_str().len() + parts.uri.path_and_query().map_or(1, |target| target.as_str().len());
    line + parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

fn buffered(response: &str, id: &RequestId) -> Result<Response, String> {
    if response.len() > RESPONSE_LIMIT {
        return Err(format!(
            "the response has {} bytes, but Lambda accepts at most {RESPONSE_LIMIT}",
            response.len()
        ));
    }
    proxy_response::response(response, id).map_err(|error| error.to_string())
}

/// Runs the function as Lambda does: to completion, even if the client disconnects, and in a separate task,
/// so that a panic fails only this invocation. The permits are held until the response is complete.
async fn call(
    invoke: &Invoke,
    event: String,
    permits: Permits,
    matched: &Match<'_>,
    (id, units): (&RequestId, Arc<Units>),
) -> Result<InvokeResponse, GatewayResponseType> {
    let invoke = Arc::clone(invoke);
    let running = tokio::spawn(async move {
        let response = Arc::clone(&units).count(invoke(event)).await?;
        Ok::<_, String>(match response {
            InvokeResponse::Buffered(_) => response,
            InvokeResponse::Streamed(streamed) => InvokeResponse::Streamed(holding(streamed, permits, units)),
        })
    });
    let function = matched.function;
    let time_limit = match matched.transfer {
        Transfer::Buffered => TIME_LIMIT,
        Transfer::Stream => STREAM_TIME_LIMIT,
    };
    match tokio::time::timeout(time_limit, running).await {
        Ok(Ok(Ok(response))) => Ok(response),
        Ok(Ok(Err(error))) => Err(failed(function, id, &error)),
        Ok(Err(panicked)) => Err(failed(function, id, &panicked.to_string())),
        Err(_) => {
            tracing::error!(
                function,
                request = id.id,
                "the function timed out after {} seconds",
                time_limit.as_secs()
            );
            Err(GatewayResponseType::TimedOut)
        }
    }
}

/// Returns the response with a body that holds the permits until its end, and whose units are counted.
fn holding(response: StreamedResponse, permits: Permits, units: Arc<Units>) -> StreamedResponse {
    let mut body = response.body;
    let counted = poll_fn(move |context| {
        let _held: &Permits = &permits;
        units.count_sync(|| body.poll_next_unpin(context))
    });
    StreamedResponse { body: counted.boxed(), ..response }
}

fn failed(function: &str, id: &RequestId, reason: &str) -> GatewayResponseType {
    tracing::error!(function, request = id.id, reason, "the function failed");
    GatewayResponseType::Failed
}
