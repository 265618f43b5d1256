//! All Lambda functions, linked into one process. The local stack and the tests run them behind the routes of
//! `template.yaml`.

use std::sync::Arc;

use clientele_functions_common::invoke::{invoke, invoke_streamed, invoke_webhook};
use clientele_functions_common::{App, Endpoint, StreamingBody, WebhookEndpoint};

use crate::local::function::{Functions, Invoke, InvokeResponse, STREAM_TIME_LIMIT, TIME_LIMIT, context};

/// Returns the endpoints whose response is buffered.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    let erp = clientele_functions_erp::ENDPOINTS.into_iter();
    let graphql =
        clientele_functions_funnels::ENDPOINTS.into_iter().chain(clientele_functions_pool::ENDPOINTS);
    erp.chain(clientele_functions_trades::ENDPOINTS).chain(graphql)
}

/// Returns the endpoints whose response is streamed.
pub fn streamed_endpoints() -> impl Iterator<Item = &'static Endpoint<StreamingBody>> {
    clientele_functions_pool::STREAMED_ENDPOINTS.into_iter()
}

/// Returns the endpoints that other services call, without an API key.
pub fn webhook_endpoints() -> impl Iterator<Item = &'static WebhookEndpoint> {
    clientele_functions_quickbooks::ENDPOINTS.into_iter()
}

/// Returns the names of all endpoints.
pub fn names() -> impl Iterator<Item = &'static str> {
    let with_key =
        endpoints().map(|endpoint| endpoint.name).chain(streamed_endpoints().map(|endpoint| endpoint.name));
    with_key.chain(webhook_endpoints().map(|endpoint| endpoint.name))
}

/// Returns every function by name, running on `app`.
#[must_use]
pub fn linked(app: &Arc<App>) -> Functions {
    let buffered = endpoints().map(|endpoint| (endpoint.name.to_owned(), function(endpoint, app)));
    let streamed =
        streamed_endpoints().map(|endpoint| (endpoint.name.to_owned(), streamed_function(endpoint, app)));
    let webhooks =
        webhook_endpoints().map(|endpoint| (endpoint.name.to_owned(), webhook_function(endpoint, app)));
    buffered.chain(streamed).chain(webhooks).collect()
}

fn webhook_function(endpoint: &'static WebhookEndpoint, app: &Arc<App>) -> Invoke {
    let app = Arc::clone(app);
    Arc::new(move |event| {
        let app = Arc::clone(&app);
        Box::pin(async move {
            let response = invoke_webhook(endpoint, app, &event, context(TIME_LIMIT)).await;
            response.map(InvokeResponse::Buffered).map_err(|e| e.chain())
        })
    })
}

fn function(endpoint: &'static Endpoint, app: &Arc<App>) -> Invoke {
    let app = Arc::clone(app);
    Arc::new(move |event| {
        let app = Arc::clone(&app);
        Box::pin(async move {
            let response = invoke(endpoint, app, &event, context(TIME_LIMIT)).await;
            response.map(InvokeResponse::Buffered).map_err(|e| e.chain())
        })
    })
}

fn streamed_function(endpoint: &'static Endpoint<StreamingBody>, app: &Arc<App>) -> Invoke {
    let app = Arc::clone(app);
    Arc::new(move |event| {
        let app = Arc::clone(&app);
        Box::pin(async move {
            let response = invoke_streamed(endpoint, app, &event, context(STREAM_TIME_LIMIT)).await;
            response.map(InvokeResponse::Streamed).map_err(|e| e.chain())
        })
    })
}
