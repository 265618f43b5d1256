//! One invocation outside Lambda: an API Gateway event in, the function's response out, through `lambda_http`
//! and the very handler that Lambda runs. The local stack and the tests call functions this way.

use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _, service_fn};

use crate::{App, Endpoint, front};

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
    let payload: LambdaRequest = serde_json::from_str(event).map_err(InvokeError::Event)?;
    let mut adapter = Adapter::from(service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, std::convert::Infallible>(front::answer(endpoint, &app, request).await) }
    }));
    let Ok(response) = adapter.call(LambdaEvent::new(payload, context)).await;
    serde_json::to_string(&response).map_err(InvokeError::Response)
}
