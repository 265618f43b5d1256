//! The company in QuickBooks: the stand-in in this process, on the clock of the simulation.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use clientele_infra_quickbooks::company::{Entity, demo};
use clientele_infra_quickbooks::entities::Kind;
use clientele_infra_quickbooks::value::Object as StandInObject;
use clientele_infra_quickbooks::webhooks::{Endpoint, Format};
use clientele_infra_quickbooks::{StandIn, State, control, server};
use clientele_shared::Ambient;
use clientele_sync_agent::quickbooks::Object;
use clientele_sync_agent::quickbooks::transport::{Transport, TransportError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::simulation::network::Machine;
use crate::simulation::world::pause;

/// Where the stand-in would be reached.
pub(super) const URL: &str = "http://127.0.0.1:1";

/// How long a call waits for a response that does not come.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A change of a customer in QuickBooks.
#[derive(Debug, Clone)]
pub(super) struct CustomerChange {
    /// Whether a person made it, and not the mirror.
    pub(super) by_person: bool,
    pub(super) id: String,
    /// The customer before; `None` if it is new.
    pub(super) old: Option<Object>,
    /// The customer after; `None` if it was merged into another.
    pub(super) new: Option<Object>,
    /// How many changes of our records came before.
    pub(super) after: usize,
}

/// The company, and all changes of its customers.
#[derive(Clone)]
pub(super) struct Company {
    pub(super) stand_in: Arc<StandIn>,
    router: axum::Router,
    machine: Machine,
    ambient: Ambient,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    seen: BTreeMap<u64, Arc<Entity>>,
    changes: Vec<CustomerChange>,
    line: Line,
}

/// The connection to QuickBooks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Line {
    /// Whether no call gets through.
    pub(super) is_offline: bool,
    /// How many calls pass before the next one gets no response.
    pub(super) timeout_after: Option<usize>,
}

impl Company {
    /// Opens the stand-in's demo company on the clock of the simulation.
    pub(super) fn open(machine: &Machine, ambient: Ambient) -> Self {
        let state = State::open(None).expect("the stand-in needs no folder");
        let stand_in = StandIn::new(URL.to_owned(), state);
        let router = server::router(&stand_in);
        let company = Self { stand_in, router, machine: machine.clone(), ambient, shared: Arc::default() };
        company.set_clock();
        let state = &mut *company.stand_in.lock();
        state.company.clear();
        let now = state.now();
        demo::create(&mut state.company, &state.switches, now);
        state.company.take_events();
        let format = Some(Format::Events);
        state.webhooks.set_endpoint(Some(Endpoint { url: URL.to_owned(), format }));
        drop(state.company.take_journal());
        company.clone()
    }

    /// Sets the stand-in's clock to the time of the simulation, at which it stands still.
    pub(super) fn set_clock(&self) {
        let now = self.ambient.now().to_rfc3339();
        let clock = json!({ "real_start": now, "company_start": now, "speed": 0.0 });
        self.stand_in.lock().clock = serde_json::from_value(clock).expect("the clock is valid");
    }

    /// Changes the connection.
    pub(super) fn set_line(&self, line: Line) {
        self.lock().line = line;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes an edit as a person does in QuickBooks; `None` if QuickBooks refuses it.
    pub(super) fn edit(&self, entity: &str, operation: &str, object: &Value) -> Option<Object> {
        self.set_clock();
        let edit = json!({ "entity": entity, "operation": operation, "object": object }).to_string();
        let edit = StandInObject::parse(&edit).ok().flatten().expect("an edit is an object");
        let edited = control::apply_edit(&self.stand_in, &edit).ok();
        self.observe(true);
        edited.map(|object| to_json(&object))
    }

    /// Returns all objects of an entity, inactive ones included, by id.
    pub(super) fn list(&self, kind: Kind) -> Vec<Object> {
        let state = self.stand_in.lock();
        state.company.list(kind).map(|(_, entity)| to_json(&entity.object)).collect()
    }

    /// Returns all changes of customers so far.
    pub(super) fn changes(&self) -> Vec<CustomerChange> {
        self.lock().changes.clone()
    }

    /// Returns the body of the next delivery of webhooks, and counts it as delivered.
    pub(super) fn deliver(&self) -> Option<Value> {
        let state = &mut *self.stand_in.lock();
        let (now, realm) = (state.now(), state.app.realm_id.clone());
        let delivery = state.webhooks.due(now, &realm, &state.switches)?.ok()?;
        state.webhooks.acknowledge(&delivery);
        serde_json::from_str(&delivery.body).ok()
    }

    /// Records how customers have changed since the last call.
    pub(super) fn observe(&self, by_person: bool) {
        let after = self.machine.lock().engine.history.as_ref().map_or(0, Vec::len);
        let state = self.stand_in.lock();
        let now: BTreeMap<u64, Arc<Entity>> =
            state.company.list(Kind::Customer).map(|(id, entity)| (id, Arc::clone(entity))).collect();
        drop(state);
        let shared = &mut *self.lock();
        let before = std::mem::replace(&mut shared.seen, now.clone());
        let ids: std::collections::BTreeSet<u64> = before.keys().chain(now.keys()).copied().collect();
        for id in ids {
            let (old, new) = (before.get(&id), now.get(&id));
            let is_same = old.zip(new).is_some_and(|(old, new)| Arc::ptr_eq(old, new));
            if !is_same {
                let object = |entity: &Arc<Entity>| to_json(&entity.object);
                let (id, old, new) = (id.to_string(), old.map(object), new.map(object));
                shared.changes.push(CustomerChange { by_person, id, old, new, after });
            }
        }
    }

    fn next_fate(&self) -> Fate {
        let (before, after) = {
            let rng = &mut self.machine.lock().rng;
            (rng.below(40) as u64, rng.below(40) as u64)
        };
        let line = &mut self.lock().line;
        let is_timeout = line.timeout_after == Some(0);
        line.timeout_after = line.timeout_after.and_then(|left| left.checked_sub(1));
        let (before, after) = (Duration::from_millis(before), Duration::from_millis(after));
        Fate { is_offline: line.is_offline, is_timeout, before, after }
    }

    /// Carries out a call on the stand-in.
    fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.set_clock();
        // The stand-in works on another thread. Nothing else may happen meanwhile, or the order of events would be open.
        let answered = block_on(async {
            let service = TowerToHyperService::new(self.router.clone());
            let Ok(response) = service.call(request.map(Body::from)).await;
            if server::is_dropped(&response) {
                return Err(TransportError::Lost);
            }
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| TransportError::Lost)?.to_bytes();
            Ok(Response::from_parts(parts, body))
        });
        self.observe(false);
        answered
    }
}

/// The fate of a call.
struct Fate {
    is_offline: bool,
    is_timeout: bool,
    before: Duration,
    after: Duration,
}

impl std::fmt::Debug for Company {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Company")
    }
}

impl Transport for Company {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let Fate { is_offline, is_timeout, before, after } = self.next_fate();
        if is_offline {
            return async { Err(TransportError::Unreachable) }.boxed();
        }
        if is_timeout {
            return async {
                pause(TIMEOUT).await;
                Err(TransportError::Lost)
            }
            .boxed();
        }
        let (sender, receiver) = oneshot::channel();
        let company = self.clone();
        // A call that was sent is carried out even if its caller is killed.
        let call = tokio::spawn(async move {
            pause(before).await;
            let answered = company.answer(request);
            pause(after).await;
            // Fails if the caller was dropped, which is allowed.
            drop(sender.send(answered));
        });
        self.machine.track(call);
        async { receiver.await.unwrap_or(Err(TransportError::Lost)) }.boxed()
    }
}

fn to_json(object: &StandInObject) -> Object {
    serde_json::from_str(&object.to_string()).expect("the stand-in's objects are JSON")
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future while everything else on this thread stands still.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
