//! Fault injection between the functions and the table, call by call.
//!
//! The faulty client replaces the HTTP client below the SDK. It can drop a call before it reaches the engine,
//! drop the response after the engine has executed the call, respond in place of the engine, or never
//! respond. A call that was sent is executed even if its caller is dropped, as on a network.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::{AsyncSleep, Builder, HttpClient, RuntimeComponents, SharedHttpClient, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// The action applied to a call.
#[derive(Debug, Clone)]
pub(crate) enum FaultAction {
    /// The engine executes the call and its response is returned.
    Pass,
    /// The call does not reach the engine.
    DropRequest,
    /// The engine executes the call, but its response is lost.
    DropResponse,
    /// The call does not reach the engine; the response is this status and JSON.
    Respond(u16, String),
    /// The call reaches the engine only after this notification.
    Hold(Arc<Notify>),
    /// The call never gets a response.
    Hang,
    /// The caller's process ends at the call, before or after the engine has executed it: the notification says when.
    Kill { after: bool, came: Arc<Notify> },
}

/// A call to the engine.
#[derive(Debug, Clone)]
pub(crate) struct SentCall {
    /// Number of the call since the plan was set, counted from 1.
    pub(crate) number: usize,
    /// The operation, such as `GetItem`.
    pub(crate) operation: String,
    /// The request body, as JSON.
    pub(crate) body: String,
}

type Plan = Box<dyn FnMut(&SentCall) -> FaultAction + Send>;

/// The faults of one stack. Clones share their state.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    calls: Vec<String>,
    waits: Vec<Duration>,
    in_progress: Vec<JoinHandle<()>>,
}

impl Faults {
    /// Sets the plan, which decides what happens to each call, and resets the counters.
    pub(crate) fn plan(&self, plan: impl FnMut(&SentCall) -> FaultAction + Send + 'static) {
        let mut state = self.0.lock().unwrap();
        state.plan = Some(Box::new(plan));
        state.calls.clear();
        state.waits.clear();
    }

    /// Plans this action for the call with this number and passes every other call.
    pub(crate) fn inject(&self, number: usize, action: FaultAction) {
        self.plan(move |sent| if sent.number == number { action.clone() } else { FaultAction::Pass });
    }

    /// Removes the plan; returns the operations that were called under it, in order.
    pub(crate) fn clear(&self) -> Vec<String> {
        let mut state = self.0.lock().unwrap();
        state.plan = None;
        std::mem::take(&mut state.calls)
    }

    /// Returns the SDK's waits between attempts since the plan was set.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().waits.clone()
    }

    /// Waits until the engine has responded to every call that was sent.
    pub(crate) async fn settle(&self) {
        let in_progress = std::mem::take(&mut self.0.lock().unwrap().in_progress);
        for call in in_progress {
            call.await.unwrap();
        }
    }

    /// Adds these faults to a client that makes one attempt per call.
    pub(crate) fn without_retries(&self, config: Builder) -> Builder {
        self.wrap(config).retry_config(RetryConfig::disabled())
    }

    /// Adds these faults to a client that makes the default number of attempts, without waiting between them.
    pub(crate) fn with_retries(&self, config: Builder) -> Builder {
        // The SDK limits retries, by default for all clients of a process together.
        let own_partition = RetryPartition::new(uuid::Uuid::new_v4().to_string());
        self.wrap(config).retry_partition(own_partition).sleep_impl(NoWait(self.clone()))
    }

    fn wrap(&self, config: Builder) -> Builder {
        let config = config.build();
        let inner = config.http_client().unwrap();
        config.to_builder().http_client(FaultyClient { inner, faults: self.clone() })
    }

    fn action(&self, request: &HttpRequest) -> FaultAction {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut state = self.0.lock().unwrap();
        let Some(mut plan) = state.plan.take() else { return FaultAction::Pass };
        state.calls.push(operation.clone());
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let action = plan(&SentCall { number: state.calls.len(), operation, body });
        state.plan = Some(plan);
        action
    }

    /// Sends a call and returns the response. The call is executed even if this future is dropped.
    async fn send(self, call: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
        let (sender, receiver) = oneshot::channel();
        let call = tokio::spawn(async move {
            // Fails if the caller was dropped, which is allowed.
            drop(sender.send(call.await));
        });
        self.0.lock().unwrap().in_progress.push(call);
        receiver.await.unwrap_or_else(|e| Err(ConnectorError::other(e.into(), None)))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faults")
    }
}

/// An HTTP client that injects faults.
#[derive(Debug)]
struct FaultyClient {
    inner: SharedHttpClient,
    faults: Faults,
}

impl HttpClient for FaultyClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { inner, faults: self.faults.clone() })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    inner: SharedHttpConnector,
    faults: Faults,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let lost = || ConnectorError::io("the connection was lost".into());
        match self.faults.action(&request) {
            FaultAction::Pass => HttpConnectorFuture::new(self.faults.clone().send(self.inner.call(request))),
            FaultAction::DropRequest => HttpConnectorFuture::ready(Err(lost())),
            FaultAction::DropResponse => {
                let sent = self.faults.clone().send(self.inner.call(request));
                HttpConnectorFuture::new(async move {
                    sent.await?;
                    Err(lost())
                })
            }
            FaultAction::Respond(status, body) => HttpConnectorFuture::ready(Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(body),
            ))),
            FaultAction::Hold(release) => {
                let sent = self.faults.clone().send(self.inner.call(request));
                HttpConnectorFuture::new(async move {
                    release.notified().await;
                    sent.await
                })
            }
            FaultAction::Hang => HttpConnectorFuture::new(std::future::pending()),
            FaultAction::Kill { after, came } => {
                let sent = self.faults.clone().send(self.inner.call(request));
                HttpConnectorFuture::new(async move {
                    if after {
                        drop(sent.await);
                    }
                    came.notify_one();
                    std::future::pending().await
                })
            }
        }
    }
}

/// Records the waits between attempts and ends them immediately. Timeouts, which are longer, never expire.
#[derive(Debug)]
struct NoWait(Faults);

/// The shortest timeout of the client.
const TIMEOUT: Duration = Duration::from_secs(1);

impl AsyncSleep for NoWait {
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration >= TIMEOUT {
            return Sleep::new(std::future::pending());
        }
        self.0.0.lock().unwrap().waits.push(duration);
        Sleep::new(async {})
    }
}
