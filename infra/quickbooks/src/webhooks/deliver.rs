//! Delivers webhooks, and repeats what is not acknowledged.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::{Delivery, signature};
use crate::StandIn;

/// How long an endpoint has to answer. Source: Intuit's best practices for webhooks.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Longest wait before the clock is read again, because it can be moved.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// Delivers the queue for as long as the stand-in runs.
pub async fn run(stand_in: Arc<StandIn>) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let woken = stand_in.webhooks_changed();
        let due = stand_in.run(next).await.unwrap_or_else(|error| {
            tracing::error!("cannot prepare a webhook: {error}");
            None
        });
        match due {
            Some(Ok((delivery, signature))) => {
                // A new endpoint does not wait for the delivery to the former one.
                let is_acknowledged = tokio::select! {
                    is_acknowledged = send(&client, &delivery, &signature) => is_acknowledged,
                    () = replaced(&stand_in, &delivery) => continue,
                };
                let finished = stand_in.run(move |stand_in| finish(stand_in, &delivery, is_acknowledged));
                if let Err(error) = finished.await {
                    tracing::error!("cannot record the result of a webhook: {error}");
                }
            }
            Some(Err(wait)) => wait_for(woken, wait).await,
            None => woken.await,
        }
    }
}

/// Returns the delivery that is due with its signature, or how long to wait.
fn next(stand_in: &StandIn) -> Option<Result<(Delivery, String), Duration>> {
    let state = stand_in.lock();
    let speed = state.clock.speed().max(1e-3);
    let due = state.webhooks.due(state.now(), &state.app.realm_id, &state.switches)?;
    Some(match due {
        Ok(delivery) => {
            let signature = signature(&state.app.verifier_token, delivery.body.as_bytes());
            Ok((delivery, signature))
        }
        Err(wait) => {
            let seconds = (wait.as_secs_f64() / speed).clamp(0.001, MAX_WAIT.as_secs_f64());
            Err(Duration::from_secs_f64(seconds))
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the wait until the next attempt; a moved clock interrupts it")]
async fn wait_for(woken: impl Future<Output = ()>, wait: Duration) {
    tokio::select! {
        () = woken => {}
        () = tokio::time::sleep(wait) => {}
    }
}

async fn send(client: &Client<HttpConnector, Full<Bytes>>, delivery: &Delivery, signature: &str) -> bool {
    let request = Request::post(&delivery.url)
        .header("content-type", "application/json; charset=utf-8")
        .header("accept", "application/json")
        .header("user-agent", "intuit_notifications_quickbooks-stand-in")
        .header("intuit-signature", signature)
        .body(Full::new(Bytes::from(delivery.body.clone())));
    let Ok(request) = request else { return false };
    let exchange = async {
        let response = client.request(request).await.ok()?;
        let is_acknowledged = response.status().is_success();
        // The body is read, so that the connection can be used again.
        response.into_body().collect().await.ok()?;
        Some(is_acknowledged)
    };
    matches!(tokio::time::timeout(TIMEOUT, exchange).await, Ok(Some(true)))
}

/// Completes when a delivery no longer goes where webhooks go.
async fn replaced(stand_in: &StandIn, delivery: &Delivery) {
    loop {
        let changed = stand_in.webhooks_changed();
        if !stand_in.lock().webhooks.is_current(delivery) {
            return;
        }
        changed.await;
    }
}

fn finish(stand_in: &StandIn, delivery: &Delivery, is_acknowledged: bool) {
    let mut state = stand_in.lock();
    if !state.webhooks.is_current(delivery) {
        return;
    }
    if is_acknowledged {
        state.webhooks.acknowledge(delivery);
    } else {
        let now = state.now();
        state.webhooks.fail(now);
    }
    if let Err(error) = state.commit() {
        tracing::error!("{error}");
    }
}
