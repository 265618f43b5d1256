//! Plays the AWS Lambda Runtime API on 127.0.0.1 to one function process.
//!
//! A function on an OS-only runtime asks `GET /invocation/next` for its next event and posts what it answers.
//! Here each request becomes a [`Call`] that the measuring side takes one by one. A `/next` stays open until
//! the measuring side hands an event out, exactly as on Lambda, so "the function is ready" and "the function
//! has answered" are moments that are observed and not guessed.

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

/// How long Lambda would let one call run: the function reads its deadline from this.
const TIMEOUT_MS: u128 = 30_000;

/// The function's ARN as told to it with each event.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:bench";

/// A tracing header of the form that Lambda sends.
const TRACE_ID: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";

/// One event on its way to the function.
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) event: String,
}

/// A request of the function, read whole.
pub(crate) enum Call {
    /// It asks for an event and waits until one is handed out.
    Next { at: Instant, hand_out: oneshot::Sender<Invocation> },
    /// It answered an event.
    Answer { at: Instant, request_id: String, body: Bytes },
    /// Anything else, an error report above all.
    Other { what: String, body: Bytes },
}

/// The server for one process; it ends when this is dropped.
pub(crate) struct RuntimeApi {
    /// What `AWS_LAMBDA_RUNTIME_API` has to say.
    pub(crate) address: SocketAddr,
    /// What the process asks, in order.
    pub(crate) calls: mpsc::Receiver<Call>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) async fn start() -> Result<Self, BenchError> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.doing(|| "listen for the function".to_owned())?;
        let address = listener.local_addr().doing(|| "read the port for the function".to_owned())?;
        let (sender, calls) = mpsc::channel(8);
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .fallback(other)
            .layer(DefaultBodyLimit::disable())
            .with_state(sender);
        // Without this the kernel may hold small answers back and the wall times would measure that.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("warning: wall times will be off, TCP_NODELAY could not be set: {error}");
            }
        });
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                eprintln!("the Runtime API's server ended: {error}");
            }
        });
        Ok(Self { address, calls, server })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(calls): State<mpsc::Sender<Call>>) -> Response {
    let (hand_out, handed_out) = oneshot::channel();
    if calls.send(Call::Next { at: Instant::now(), hand_out }).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    match handed_out.await {
        Ok(invocation) => event_response(invocation),
        // The measurement is over: nobody waits for this answer any more.
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

async fn answer(
    State(calls): State<mpsc::Sender<Call>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    accept(&calls, Call::Answer { at: Instant::now(), request_id, body }).await
}

async fn other(State(calls): State<mpsc::Sender<Call>>, request: Request) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    let body = match axum::body::to_bytes(request.into_body(), usize::MAX).await {
        Ok(body) => body,
        Err(error) => Bytes::from(format!("(its body could not be read: {error})")),
    };
    accept(&calls, Call::Other { what, body }).await
}

async fn accept(calls: &mpsc::Sender<Call>, call: Call) -> Response {
    match calls.send(call).await {
        Ok(()) => (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response(),
        Err(_) => StatusCode::GONE.into_response(),
    }
}
