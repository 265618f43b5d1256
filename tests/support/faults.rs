//! What can go wrong between the functions and the table, call by call, as a test decides.
//!
//! It stands in the place of the HTTP client, below the SDK: a call can be cut off before it reaches the engine,
//! lose its answer after the engine did what it says, be answered in the engine's place, or never be answered. A
//! call that was sent is carried out whatever becomes of its caller, as on a network.

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
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What becomes of one call.
#[derive(Debug, Clone)]
pub(crate) enum FaultAction {
    /// The engine answers it.
    Pass,
    /// It never reaches the engine.
    Cut,
    /// The engine does what it says; the answer is lost.
    LoseAnswer,
    /// This status and JSON are the answer; the engine hears nothing of it.
    Answer(u16, String),
    /// Nobody ever answers.
    Hang,
}

/// A call on its way to the engine.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Which call it is since the plan was made, from 1.
    pub(crate) number: usize,
    /// The API's name of it, such as `GetItem`.
    pub(crate) operation: String,
    /// What is sent, as JSON.
    pub(crate) body: String,
}

type Plan = Box<dyn FnMut(&Sent) -> FaultAction + Send>;

/// The faults of one stack; every clone is about the same stack.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    calls: Vec<String>,
    waits: Vec<Duration>,
    under_way: Vec<JoinHandle<()>>,
}

impl Faults {
    /// Decides what becomes of each call from now on, and begins to count anew.
    pub(crate) fn plan(&self, plan: impl FnMut(&Sent) -> FaultAction + Send + 'static) {
        let mut state = self.0.lock().unwrap();
        state.plan = Some(Box::new(plan));
        state.calls.clear();
        state.waits.clear();
    }

    /// This action for the call of this number, and no other fault.
    pub(crate) fn inject(&self, number: usize, action: FaultAction) {
        self.plan(move |sent| if sent.number == number { action.clone() } else { FaultAction::Pass });
    }

    /// No faults from now on; returns the operations that were called under the plan, in order.
    pub(crate) fn clear(&self) -> Vec<String> {
        let mut state = self.0.lock().unwrap();
        state.plan = None;
        std::mem::take(&mut state.calls)
    }

    /// How long the SDK waited between attempts since the plan was made.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().waits.clone()
    }

    /// Waits until the engine has answered every call that was sent.
    pub(crate) async fn settle(&self) {
        let under_way = std::mem::take(&mut self.0.lock().unwrap().under_way);
        for call in under_way {
            call.await.unwrap();
        }
    }

    /// Puts these faults under a client that tries each call once.
    pub(crate) fn without_retries(&self, config: Builder) -> Builder {
        self.under(config).retry_config(RetryConfig::disabled())
    }

    /// Puts these faults under a client that tries as often as ever, but does not wait for it.
    pub(crate) fn with_retries(&self, config: Builder) -> Builder {
        // Clients that retry much soon retry less, and by default all of a process are counted together.
        let alone = RetryPartition::new(uuid::Uuid::new_v4().to_string());
        self.under(config).retry_partition(alone).sleep_impl(NoWait(self.clone()))
    }

    fn under(&self, config: Builder) -> Builder {
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
        let action = plan(&Sent { number: state.calls.len(), operation, body });
        state.plan = Some(plan);
        action
    }

    /// The answer to a call, which goes on even when nobody waits for its answer any more.
    async fn send(self, call: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
        let (answered, answer) = oneshot::channel();
        let call = tokio::spawn(async move {
            // Nobody waits any more: that is what this is for.
            let _nobody = answered.send(call.await);
        });
        self.0.lock().unwrap().under_way.push(call);
        answer.await.unwrap_or_else(|e| Err(ConnectorError::other(e.into(), None)))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faults")
    }
}

/// An HTTP client with faults.
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
        let lost = || ConnectorError::io("the connection was cut".into());
        match self.faults.action(&request) {
            FaultAction::Pass => HttpConnectorFuture::new(self.faults.clone().send(self.inner.call(request))),
            FaultAction::Cut => HttpConnectorFuture::ready(Err(lost())),
            FaultAction::LoseAnswer => {
                let sent = self.faults.clone().send(self.inner.call(request));
                HttpConnectorFuture::new(async move {
                    sent.await?;
                    Err(lost())
                })
            }
            FaultAction::Answer(status, body) => HttpConnectorFuture::ready(Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(body),
            ))),
            FaultAction::Hang => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

/// Waits between attempts are written down and end at once; timeouts, which are longer, never come.
#[derive(Debug)]
struct NoWait(Faults);

/// The shortest timeout there is.
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
