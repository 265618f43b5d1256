//! One invocation outside Lambda: an API Gateway event in, the function's response out, through `lambda_http`
//! and the very handler that Lambda runs. The local stack and the tests call functions this way.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use clientele_shared::Error;
use futures::stream::{BoxStream, StreamExt as _};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _, StreamAdapter, service_fn};

use crate::{App, Endpoint, StreamingBody, pipeline};

/// Why an event got no response.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The event is not one of API Gateway's.
    #[error("the event is not one of API Gateway's")]
    Event(#[source] serde_json::Error),
    /// The response cannot be written as JSON.
    #[error("the response cannot be written as JSON")]
    Response(#[source] serde_json::Error),
}

impl InvokeError {
    /// The error and its cause in one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let (Self::Event(cause) | Self::Response(cause)) = self;
        format!("{self}: {cause}")
    }
}

/// Hands one event to an endpoint and returns its response, both as JSON.
///
/// `context` carries the invocation's deadline; [`Context::default`] sets none.
///
/// # Errors
/// When the event or the response is not what it should be.
pub async fn invoke(
    endpoint: &'static Endpoint,
    app: Arc<App>,
    event: &str,
    context: Context,
) -> Result<String, InvokeError> {
    let mut adapter = Adapter::from(service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(pipeline::answer(endpoint, &app, request).await) }
    }));
    let Ok(response) = adapter.call(LambdaEvent::new(payload(event)?, context)).await;
    serde_json::to_string(&response).map_err(InvokeError::Response)
}

/// A response that is sent while it is made, as Lambda hands it on.
pub struct StreamedResponse {
    /// Status and headers as JSON.
    pub prelude: String,
    /// The body.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

/// [`invoke`] for an endpoint whose answers are sent while they are made.
///
/// # Errors
/// When the event or the response is not what it should be.
pub async fn invoke_streamed(
    endpoint: &'static Endpoint<StreamingBody>,
    app: Arc<App>,
    event: &str,
    context: Context,
) -> Result<StreamedResponse, InvokeError> {
    let event = LambdaEvent::new(payload(event)?, context);
    // The adapter itself cannot be kept while the answer is awaited: it is not `Send`.
    let answering = StreamAdapter::from(service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(pipeline::stream(endpoint, &app, request).await) }
    }))
    .call(event);
    let Ok(response) = answering.await;
    let prelude = serde_json::to_string(&response.metadata_prelude).map_err(InvokeError::Response)?;
    Ok(StreamedResponse { prelude, body: response.stream.boxed() })
}

fn payload(event: &str) -> Result<LambdaRequest, InvokeError> {
    serde_json::from_str(event).map_err(InvokeError::Event)
}
