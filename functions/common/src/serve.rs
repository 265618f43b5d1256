//! Start-up: from an empty process to a Lambda that handles requests.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use clientele_shared::Ambient;
use clientele_shared::store::Store;
use lambda_http::service_fn;

use crate::config::Config;
use crate::{App, Endpoint, StreamingBody, WebhookEndpoint, app, logging, pipeline, webhook};

/// Runs an endpoint as a Lambda function, until Lambda ends the process.
///
/// The process has one thread and one connection, which is opened before the first event is requested.
///
/// # Errors
/// Returns an error if the configuration is incomplete or unusable, or if the runtime interface of Lambda
/// cannot be reached.
pub fn serve(endpoint: &'static Endpoint) -> Result<(), lambda_http::Error> {
    block_on(|app| async move {
        app.warm().await;
        lambda_http::run(service_fn(move |request| {
            let app = Arc::clone(&app);
            async move { Ok::<_, Infallible>(pipeline::answer(endpoint, &app, request).await) }
        }))
        .await
    })
}

/// Does what [`serve`] does, for an endpoint that another service calls. It reads no API keys.
///
/// # Errors
/// Returns an error if the configuration is incomplete or unusable, or if the runtime interface of Lambda
/// cannot be reached.
pub fn serve_webhook(endpoint: &'static WebhookEndpoint) -> Result<(), lambda_http::Error> {
    block_on(|app| async move {
        app::at_start((endpoint.connect)(&app.store)).await;
        lambda_http::run(service_fn(move |request| {
            let app = Arc::clone(&app);
            async move { Ok::<_, Infallible>(webhook::answer(endpoint, &app, request).await) }
        }))
        .await
    })
}

/// Does what [`serve`] does, for an endpoint whose responses are streamed.
///
/// If a stream fails, the process exits, because `lambda_runtime` would write the error into the body and end
/// it as if it were complete. Lambda then closes the connection of the client, and starts another process for
/// the next request.
///
/// # Errors
/// Returns an error if the configuration is incomplete or unusable, or if the runtime interface of Lambda
/// cannot be reached.
#[expect(clippy::disallowed_methods, reason = "a streamed response that fails must not look complete")]
pub fn serve_streamed(endpoint: &'static Endpoint<StreamingBody>) -> Result<(), lambda_http::Error> {
    block_on(|app| async move {
        app.warm().await;
        lambda_http::run_with_streaming_response(service_fn(move |request| {
            let app = Arc::clone(&app);
            async move {
                let response = pipeline::stream(endpoint, &app, request).await;
                Ok::<_, Infallible>(response.map(|chunks| chunks.on_error(|_| std::process::exit(1))))
            }
        }))
        .await
    })
}

/// Starts a function and runs it until it ends.
fn block_on<F>(run: impl FnOnce(Arc<App>) -> F) -> Result<(), lambda_http::Error>
where
    F: Future<Output = Result<(), lambda_http::Error>>,
{
    logging::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Resolving the host name of the table takes a second thread, which nothing needs afterwards.
        .thread_keep_alive(Duration::from_millis(1))
        .build()?;
    runtime.block_on(async {
        let config = Config::from_environment().map_err(|e| e.chain())?;
        let client = config.connection.client().map_err(|e| e.chain())?;
        let app = App::new(Store::new(client, config.table, Ambient::system()));
        let app = app.with_credit_provider(config.credit_provider);
        run(Arc::new(app.with_verifier_token(config.verifier_token))).await
    })
}
