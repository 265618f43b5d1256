//! The part of API Gateway that stands in front of the functions: limits, the route, the event, the call, the answer.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::event::{self, EventError, RequestId};
use super::function::{Functions, Invoke, InvokeResponse, STREAM_TIME_LIMIT, TIME_LIMIT};
use super::gateway_response::{GatewayResponseError, GatewayResponseType, GatewayResponses};
use super::proxy_response;
use super::routes::{Match, Route, RouteError, Routes, Transfer};

/// API Gateway's limit of request line and headers together.
const HEAD_LIMIT: usize = 10_240;
/// API Gateway's limit of a body.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// Lambda's limit of an event.
const EVENT_LIMIT: usize = 6 * 1024 * 1024;
/// Lambda's limit of an answer: the same, and 100 bytes.
const ANSWER_LIMIT: usize = EVENT_LIMIT + 100;

/// Why a template and functions make no API.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The template's routes.
    #[error(transparent)]
    Routes(#[from] RouteError),
    /// The template's own answers.
    #[error(transparent)]
    GatewayResponses(#[from] GatewayResponseError),
    /// A function the template names is not linked into this process.
    #[error(
        "template.yaml routes to {missing}, which the local stack does not have: add it where the stack's \
         functions are listed, or take its events out of the template. It has: {present}"
    )]
    Missing {
        /// The function's name.
        missing: String,
        /// The names there are.
        present: String,
    },
}

/// Routes whose functions are all there, and what is answered without a function.
#[derive(Debug)]
pub struct Gateway {
    routes: Routes,
    gateway_responses: GatewayResponses,
    functions: Functions,
}

impl Gateway {
    /// Puts functions behind the routes of a template.
    ///
    /// # Errors
    ///
    /// When the template is none API Gateway would take, or a route's function is not there.
    pub fn new(template: &str, functions: Functions) -> Result<Self, GatewayError> {
        let (routes, gateway_responses) = (Routes::read(template)?, GatewayResponses::read(template)?);
        if let Some(missing) = routes.functions().into_iter().find(|name| functions.get(name).is_none()) {
            let present = functions.names().collect::<Vec<_>>().join(", ");
            return Err(GatewayError::Missing { missing: missing.to_owned(), present });
        }
        Ok(Self { routes, gateway_responses, functions })
    }

    /// Every method and path that is answered.
    pub fn routes(&self) -> impl Iterator<Item = Route> {
        self.routes.all()
    }

    /// Answers a request as API Gateway and Lambda together would. `local` is the address of this server.
    pub async fn answer(&self, request: Request, local: SocketAddr, peer: SocketAddr) -> Response {
        let id = RequestId::generate();
        match self.try_answer(request, &id, local, peer).await {
            Ok(response) => response,
            Err(response_type) => self.gateway_responses.response(response_type, &id),
        }
    }

    async fn try_answer(
        &self,
        request: Request,
        id: &RequestId,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Result<Response, GatewayResponseType> {
        let (parts, body) = request.into_parts();
        if head_size(&parts) > HEAD_LIMIT {
            return Err(GatewayResponseType::HeadTooLarge);
        }
        let (matched, invoke) = self.find(&parts).ok_or(GatewayResponseType::NoRoute)?;
        let body = read(body).await?;
        let event = event::event(&parts, &body, &matched, id, local, peer).map_err(|error| match error {
            EventError::NotAUrl => GatewayResponseType::BadRequest,
            EventError::Unwritable(_) => failed(matched.function, id, &error.to_string()),
        })?;
        if event.len() > EVENT_LIMIT {
            return Err(GatewayResponseType::EventTooLarge);
        }
        let response = match (call(invoke, event, &matched, id).await?, matched.transfer) {
            (InvokeResponse::Buffered(answer), Transfer::Buffered) => whole(&answer, id),
            (InvokeResponse::Streamed(answer), Transfer::Stream) => {
                proxy_response::streamed(answer, id, STREAM_TIME_LIMIT).map_err(|error| error.to_string())
            }
            (InvokeResponse::Buffered(_), Transfer::Stream) => {
                Err("its route streams and its answer does not".into())
            }
            (InvokeResponse::Streamed(_), Transfer::Buffered) => {
                Err("its answer is streamed and its route has no ResponseTransferMode: RESPONSE_STREAM"
                    .into())
            }
        };
        response.map_err(|why| failed(matched.function, id, &why))
    }

    fn find(&self, parts: &Parts) -> Option<(Match<'_>, &Invoke)> {
        let matched = self.routes.find(parts.method.as_str(), parts.uri.path())?;
        let invoke = self.functions.get(matched.function)?;
        Some((matched, invoke))
    }
}

/// The size of the request line and the headers.
fn head_size(parts: &Parts) -> usize {
    let line =
        parts.method.as_str().len() + parts.uri.path_and_query().map_or(1, |target| target.as_str().len());
    line + parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

async fn read(body: Body) -> Result<Bytes, GatewayResponseType> {
    // Who says beforehand how much it will be is told before it is sent.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(GatewayResponseType::BodyTooLarge);
    }
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(GatewayResponseType::BodyTooLarge),
        // The caller went away or broke the protocol: whatever is answered, nobody is there to read it.
        Err(_) => Err(GatewayResponseType::BadRequest),
    }
}

fn whole(answer: &str, id: &RequestId) -> Result<Response, String> {
    if answer.len() > ANSWER_LIMIT {
        return Err(format!("its answer is {} bytes, Lambda takes {ANSWER_LIMIT}", answer.len()));
    }
    proxy_response::response(answer, id).map_err(|error| error.to_string())
}

/// Runs the function as Lambda does: to its end, even when the caller has gone, and in a task of its own, where a
/// panic ends that one call.
async fn call(
    invoke: &Invoke,
    event: String,
    matched: &Match<'_>,
    id: &RequestId,
) -> Result<InvokeResponse, GatewayResponseType> {
    let invoke = Arc::clone(invoke);
    let running = tokio::spawn(async move { invoke(event).await });
    let function = matched.function;
    let time_limit = match matched.transfer {
        Transfer::Buffered => TIME_LIMIT,
        Transfer::Stream => STREAM_TIME_LIMIT,
    };
    match tokio::time::timeout(time_limit, running).await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(error))) => Err(failed(function, id, &error)),
        Ok(Err(panicked)) => Err(failed(function, id, &panicked.to_string())),
        Err(_) => {
            tracing::error!(function, request = id.id, "no answer after {} seconds", time_limit.as_secs());
            Err(GatewayResponseType::TimedOut)
        }
    }
}

fn failed(function: &str, id: &RequestId, why: &str) -> GatewayResponseType {
    tracing::error!(function, request = id.id, why, "the function failed");
    GatewayResponseType::Failed
}
