//! An AWS Lambda Runtime API on 127.0.0.1 for one function process.
//!
//! A function on an OS-only runtime gets its next event from `GET /invocation/next` and posts its response.
//! Here, each request becomes a [`RuntimeRequest`] that the bench receives in order. As on Lambda, `/next`
//! stays open until an event is available, so the bench observes exactly when the function is ready and when
//! it has responded.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::{BenchError, Doing};

/// Time limit of an invocation in milliseconds, from which the function's deadline is computed.
const TIMEOUT_MS: u128 = 30_000;

/// The function's ARN, sent with each event.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:bench";

/// A tracing header in Lambda's format.
const TRACE_ID: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";

/// One event for the function.
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) event: String,
}

/// A request from the function, with its complete body.
pub(crate) enum RuntimeRequest {
    /// A request for the next event, open until one is sent.
    Next { at: Instant, reply: oneshot::Sender<Invocation> },
    /// The response to an event.
    Response { at: Instant, request_id: String, body: Bytes },
    /// Any other request, usually an error report.
    Other { request: String, body: Bytes },
}

/// The server for one process, stopped on drop.
pub(crate) struct RuntimeApi {
    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) address: SocketAddr,
    /// Requests from the process, in order.
    pub(crate) requests: mpsc::Receiver<RuntimeRequest>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Starts the server on a free port of 127.0.0.1.
    pub(crate) async fn start() -> Result<Self, BenchError> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.doing(|| "listen for the function".to_owned())?;
        let address = listener.local_addr().doing(|| "read the port for the function".to_owned())?;
        let (sender, requests) = mpsc::channel(8);
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .fallback(other)
            .layer(DefaultBodyLimit::disable())
            .with_state(sender);
        // Without TCP_NODELAY, the kernel can delay small packets, which would distort the wall times.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("warning: TCP_NODELAY could not be set, so wall times will be inaccurate: {error}");
            }
        });
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                eprintln!("warning: the Runtime API server stopped: {error}");
            }
        });
        Ok(Self { address, requests, server })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(requests): State<mpsc::Sender<RuntimeRequest>>) -> Response {
    let (reply, invocation) = oneshot::channel();
    if requests.send(RuntimeRequest::Next { at: Instant::now(), reply }).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    match invocation.await {
        Ok(invocation) => event_response(invocation),
        // The measurement has ended.
        Err(_) => StatusCode::GONE.into_response(),
    }
}

fn event_response(invocation: Invocation) -> Response {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.request_id),
        ("lambda-runtime-deadline-ms", (since_1970 + TIMEOUT_MS).to_string()),
        ("lambda-runtime-invoked-function-arn", FUNCTION_ARN.to_owned()),
        ("lambda-runtime-trace-id", TRACE_ID.to_owned()),
    ];
    (headers, Body::from(invocation.event)).into_response()
}

async fn response(
    State(requests): State<mpsc::Sender<RuntimeRequest>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    accept(&requests, RuntimeRequest::Response { at: Instant::now(), request_id, body }).await
}

async fn other(State(requests): State<mpsc::Sender<RuntimeRequest>>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let body = match axum::body::to_bytes(request.into_body(), usize::MAX).await {
        Ok(body) => body,
        Err(error) => Bytes::from(format!("(its body could not be read: {error})")),
    };
    accept(&requests, RuntimeRequest::Other { request: line, body }).await
}

async fn accept(requests: &mpsc::Sender<RuntimeRequest>, request: RuntimeRequest) -> Response {
    match requests.send(request).await {
        Ok(()) => (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response(),
        Err(_) => StatusCode::GONE.into_response(),
    }
}
