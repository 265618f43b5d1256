//! Invokes a function outside Lambda: an API Gateway event goes in and the response of the function comes
//! out, through `lambda_http` and the same handler that Lambda runs. The local stack and the tests call
//! functions this way.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use clientele_shared::Error;
use futures::stream::{BoxStream, StreamExt as _};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _, StreamAdapter, service_fn};

use crate::{App, Endpoint, Reply, StreamingBody, WebhookEndpoint, pipeline, webhook};

/// The reason why an event got no response.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The event is not an API Gateway event.
    #[error("the event is not an API Gateway event")]
    Event(#[source] serde_json::Error),
    /// The response cannot be written as JSON.
    #[error("the response cannot be written as JSON")]
    Response(#[source] serde_json::Error),
}

impl InvokeError {
    /// Returns the error and its cause on one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let (Self::Event(cause) | Self::Response(cause)) = self;
        format!("{self}: {cause}")
    }
}

/// Passes an event to an endpoint and returns its response, both as JSON.
///
/// `context` carries the deadline of the invocation; [`Context::default`] sets none.
///
/// # Errors
/// Returns [`InvokeError::Event`] if the event is not an API Gateway event, and [`InvokeError::Response`] if
/// the response cannot be written as JSON.
pub async fn invoke(
    endpoint: &'static Endpoint,
    app: Arc<App>,
    event: &str,
    context: Context,
) -> Result<String, InvokeError> {
    buffered(event, context, move |request| {
        let app = Arc::clone(&app);
        async move { pipeline::answer(endpoint, &app, request).await }
    })
    .await
}

/// Does what [`invoke`] does, for an endpoint that another service calls.
///
/// # Errors
/// Returns the errors of [`invoke`].
pub async fn invoke_webhook(
    endpoint: &'static WebhookEndpoint,
    app: Arc<App>,
    event: &str,
    context: Context,
) -> Result<String, InvokeError> {
    buffered(event, context, move |request| {
        let app = Arc::clone(&app);
        async move { webhook::answer(endpoint, &app, request).await }
    })
    .await
}

/// Passes an event to a function and returns its response, both as JSON.
async fn buffered<F>(
    event: &str,
    context: Context,
    answer: impl Fn(lambda_http::Request) -> F + Send,
) -> Result<String, InvokeError>
where
    F: Future<Output = Reply> + Send + 'static,
{
    let mut adapter = Adapter::from(service_fn(|request| {
        let answering = answer(request);
        async move { Ok::<_, Infallible>(answering.await) }
    }));
    let Ok(response) = adapter.call(LambdaEvent::new(payload(event)?, context)).await;
    serde_json::to_string(&response).map_err(InvokeError::Response)
}

/// A response whose body is produced while it is sent, as Lambda passes it on.
pub struct StreamedResponse {
    /// Status and headers as JSON.
    pub prelude: String,
    /// The body.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

/// Does what [`invoke`] does, for an endpoint whose responses are streamed.
///
/// # Errors
/// Returns [`InvokeError::Event`] if the event is not an API Gateway event, and [`InvokeError::Response`] if
/// the status and headers cannot be written as JSON.
pub async fn invoke_streamed(
    endpoint: &'static Endpoint<StreamingBody>,
    app: Arc<App>,
    event: &str,
    context: Context,
) -> Result<StreamedResponse, InvokeError> {
    let event = LambdaEvent::new(payload(event)?, context);
    // The adapter must not live across the await: it is not `Send`.
    let responding = StreamAdapter::from(service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(pipeline::stream(endpoint, &app, request).await) }
    }))
    .call(event);
    let Ok(response) = responding.await;
    let prelude = serde_json::to_string(&response.metadata_prelude).map_err(InvokeError::Response)?;
    Ok(StreamedResponse { prelude, body: response.stream.boxed() })
}

fn payload(event: &str) -> Result<LambdaRequest, InvokeError> {
    serde_json::from_str(event).map_err(InvokeError::Event)
}
