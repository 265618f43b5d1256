//! The network between the functions and the engine: latency and faults for each call, drawn from the seed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::{AsyncSleep, HttpClient, RuntimeComponents, SharedHttpClient, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::engine::{Engine, EngineResponse};
use super::faults::{Fate, execute};
use super::rng::Rng;
use super::trips::Journal;
use super::world::pause;

/// The origin of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The simulation itself. Its calls meet neither latency nor faults.
    Observer,
    /// A function.
    Function,
    /// The mirror.
    Agent,
}

/// The engine, the randomness and the calls in flight. Clones share them.
#[derive(Clone)]
pub(crate) struct Machine(Arc<Mutex<State>>);

/// The state that the clones share.
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) rng: Rng,
    /// How many of a hundred calls meet a fault.
    pub(crate) fault_percent: usize,
    /// After this many more calls, every call meets this fault.
    pub(crate) outage: Option<(usize, Fate)>,
    /// How many of a hundred functions are killed.
    pub(crate) kill_percent: usize,
    /// The processes that were killed and not replaced yet.
    pub(crate) killed: BTreeSet<usize>,
    /// How many functions have panicked.
    pub(crate) panics: usize,
    /// The calls of a request whose round trips are counted. While there is one, every call takes equally long.
    pub(crate) journal: Option<Journal>,
    /// A digest of every call and its moment, which is equal for equal runs.
    pub(crate) trace: u64,
    /// How far all clocks were moved, in milliseconds.
    pub(crate) clock_offset: i64,
    in_flight: Vec<JoinHandle<()>>,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = Rng::for_step(seed, usize::MAX);
        Self(Arc::new(Mutex::new(State {
            engine: Engine::new(),
            rng,
            fault_percent: 0,
            outage: None,
            kill_percent: 0,
            killed: BTreeSet::new(),
            panics: 0,
            journal: None,
            trace: 0,
            clock_offset: 0,
            in_flight: Vec::new(),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns random bits for a store. Few slots are used, so that writers meet in them.
    pub(crate) fn random(&self) -> u64 {
        self.lock().rng.next() & !0b11_1100
    }

    /// Waits until every call that was sent has taken effect.
    pub(crate) async fn settle(&self) {
        loop {
            let in_flight = std::mem::take(&mut self.lock().in_flight);
            if in_flight.is_empty() {
                return;
            }
            for call in in_flight {
                // A panic of the engine was reported to the caller too.
                drop(call.await);
            }
        }
    }

    /// Makes [`Self::settle`] wait for a task.
    pub(crate) fn track(&self, task: JoinHandle<()>) {
        self.lock().in_flight.push(task);
    }

    /// Returns a client for the SDK.
    pub(crate) fn client(&self, caller: Caller) -> SharedHttpClient {
        SharedHttpClient::new(Network { machine: self.clone(), caller })
    }

    fn send(&self, caller: Caller, operation: String, body: String) -> HttpConnectorFuture {
        let (fate, before, after, at) = {
            let mut state = self.lock();
            let percent = state.fault_percent;
            let event = (operation.len() * 1_000_003 + body.len()) as u64;
            state.trace = state.trace.wrapping_mul(31).wrapping_add(event);
            let fate = match &mut state.outage {
                Some((0, fate)) => *fate,
                outage => {
                    if let Some((left, _)) = outage {
                        *left -= 1;
                    }
                    Fate::draw(&operation, percent, &mut state.rng)
                }
            };
            let (before, after) = (state.rng.below(6) as u64, state.rng.below(6) as u64);
            match state.journal.as_mut().map(|journal| journal.begin(&operation)) {
                None => (fate, before, after, None),
                at => (fate, 3, 3, at),
            }
        };
        let (sender, receiver) = oneshot::channel();
        let machine = self.clone();
        let call = tokio::spawn(async move {
            pause(Duration::from_millis(before)).await;
            let (response, delayed) = {
                let state = &mut *machine.lock();
                state.engine.caller = caller;
                let response = execute(fate, &operation, &body, &mut state.engine, &mut state.rng);
                // Until its response arrives, a transaction is visible in part.
                let is_transaction = operation == "TransactWriteItems";
                let delayed =
                    if is_transaction { state.engine.delay_visibility(&mut state.rng) } else { Vec::new() };
                (response, delayed)
            };
            pause(Duration::from_millis(after)).await;
            let state = &mut *machine.lock();
            state.engine.make_visible(&delayed);
            if let (Some(journal), Some(at)) = (&mut state.journal, at) {
                journal.end(at);
            }
            // Fails if the caller was dropped, which is allowed.
            drop(sender.send(response));
        });
        self.track(call);
        let lost = || ConnectorError::io("the connection was lost".into());
        HttpConnectorFuture::new(
            async move { receiver.await.ok().flatten().map(http_response).ok_or_else(lost) },
        )
    }
}

fn http_response((status, body): EngineResponse) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a valid status"), SdkBody::from(body))
}

struct Network {
    machine: Machine,
    caller: Caller,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self { machine: self.machine.clone(), caller: self.caller })
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        if self.caller != Caller::Observer {
            return self.machine.send(self.caller, operation, body);
        }
        let state = &mut *self.machine.lock();
        state.engine.caller = self.caller;
        let response = state.engine.execute(&operation, &body, &mut state.rng);
        HttpConnectorFuture::ready(Ok(http_response(response)))
    }
}

/// Ends the SDK's waits between attempts immediately, because their jitter is not drawn from the seed. Timeouts, which
/// are longer, never expire.
#[derive(Debug)]
pub(crate) struct NoWait;

/// The shortest timeout of the client.
const TIMEOUT: Duration = Duration::from_secs(1);

impl AsyncSleep for NoWait {
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration >= TIMEOUT { Sleep::new(std::future::pending()) } else { Sleep::new(async {}) }
    }
}
