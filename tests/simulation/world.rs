//! The world of one seed: the machine, three processes that run the functions, and two tenants.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use axum::body::Body;
use futures::FutureExt as _;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::Instant;

use clientele_functions_common::App;
use clientele_infra::functions;
use clientele_infra::local::function::Invoke;
use clientele_infra::local::gateway::Gateway;
use clientele_infra::local::routes::TEMPLATE;
use clientele_shared::Ambient;
use clientele_shared::model::{ApiKeyId, Color, Mode, Scopes, Settings, TagId, Tenant, TenantId, Timestamp};
use clientele_shared::store::{NewApiKey, Store, Write};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;

use super::follower::Follower;
use super::model::Model;
use super::network::{Caller, Machine, NoWait};
use super::reads::WalkSlot;

/// The table's name.
pub(crate) const TABLE: &str = "simulation";

/// 2030-01-15T10:30:00Z, when every simulation starts.
pub(crate) const START: i64 = 1_894_703_400_000;

/// How far the clock of each process is from the machine's, in milliseconds.
const SKEWS: [i64; 3] = [0, -2_700, 900];

/// How many processes run the functions.
pub(crate) const PROCESSES: usize = SKEWS.len();

/// How many readers the log of each tenant has.
const FOLLOWERS: usize = 3;

/// How many API keys of each tenant read walks. One more jumps to pages.
pub(crate) const KEYS: usize = 3;

/// How many numbers are left out before the first customer. In one of eight seeds, customers cross the border between
/// two blocks of 1,024 numbers, which makes every list slower.
fn unused_numbers(seed: u64) -> u32 {
    if seed.is_multiple_of(8) { 1_010 } else { 1 + (seed % 5) as u32 }
}

/// Everything that one seed acts on.
pub(crate) struct World {
    pub(crate) machine: Machine,
    /// A store that meets neither latency nor faults.
    pub(crate) observer: Store,
    pub(crate) processes: Vec<Process>,
    pub(crate) accounts: Vec<Account>,
    /// Whether the step that is being made has no faults, so that no request has a reason to fail.
    pub(crate) is_calm: bool,
    pub(crate) started: Instant,
}

/// A process that runs every function.
pub(crate) struct Process {
    gateway: Gateway,
    /// The store on the network, for imports.
    pub(crate) store: Store,
}

/// A tenant with its API keys, and all that was acknowledged to its clients.
pub(crate) struct Account {
    pub(crate) tenant: Tenant,
    pub(crate) secrets: Vec<String>,
    pub(crate) key_ids: Vec<ApiKeyId>,
    pub(crate) tags: Vec<TagId>,
    pub(crate) model: Model,
    /// The walks in progress, one for each API key.
    pub(crate) walks: Vec<WalkSlot>,
    /// The pages that the key that jumps can have read last, by page length and whether deleted customers are shown.
    pub(crate) jumps: BTreeMap<(usize, bool), BTreeSet<usize>>,
    /// The readers of the log; `None` while one reads.
    pub(crate) followers: Vec<Option<Follower>>,
    /// How many changes of records the engine had made when the tenant was last observed.
    pub(crate) observed_changes: usize,
}

/// A request of a client.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

/// The response to a client.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The version in `ETag`.
    pub(crate) version: Option<u64>,
    /// The header `X-Next-Cursor`.
    pub(crate) next: Option<String>,
    pub(crate) body: Value,
    pub(crate) text: String,
    /// Whether the body arrived to its end.
    pub(crate) is_whole: bool,
}

impl Answer {
    /// Returns whether the request failed because of a fault, of which a calm step has none.
    pub(crate) fn is_fault(&self, is_calm: bool) -> bool {
        !is_calm && matches!(self.status, 429 | 502..=504)
    }
}

impl World {
    /// Creates the table, the tenants, their API keys and tags.
    pub(crate) async fn new(seed: u64) -> Self {
        let machine = Machine::new(seed);
        let started = Instant::now();
        let quiet = client(&machine, Caller::Observer);
        create_table(&quiet, TABLE).await.expect("the table is created");
        let observer = Store::new(quiet, TABLE, ambient(&machine, started, 0));
        let processes = (0..PROCESSES).map(|id| Process::new(&machine, started, id)).collect();
        let mut accounts = Vec::new();
        for name in ["acme", "other"] {
            accounts.push(Account::new(&observer, name, seed).await);
        }
        Self { machine, observer, processes, accounts, is_calm: true, started }
    }

    /// Replaces the processes that were killed by new ones.
    pub(crate) fn restart_killed(&mut self) {
        let killed = std::mem::take(&mut self.machine.lock().killed);
        for id in killed {
            self.processes[id] = Process::new(&self.machine, self.started, id);
        }
    }

    /// Sends a request to one of the processes.
    pub(crate) async fn send(&self, process: usize, secret: &str, call: &Call) -> Answer {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header("authorization", format!("Bearer {secret}"))
            .header("content-type", "application/json");
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let body = if call.body.is_null() { String::new() } else { call.body.to_string() };
        let request = request.body(Body::from(body)).expect("the request is valid");
        let here = ([127, 0, 0, 1], 1).into();
        let (parts, body) = self.processes[process].gateway.answer(request, here, here).await.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes);
        let is_whole = body.is_ok();
        let text = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
        let header = |name: &str| parts.headers.get(name)?.to_str().ok().map(str::to_owned);
        Answer {
            status: parts.status.as_u16(),
            version: header("etag").and_then(|etag| etag.trim_matches('"').parse().ok()),
            next: header("x-next-cursor"),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
            is_whole,
        }
    }
}

impl Process {
    fn new(machine: &Machine, started: Instant, id: usize) -> Self {
        let store =
            Store::new(client(machine, Caller::Function), TABLE, ambient(machine, started, SKEWS[id]));
        let linked = functions::linked(&Arc::new(App::new(store.clone())));
        let functions = linked.names().filter_map(|name| {
            let function = Arc::clone(linked.get(name)?);
            Some((name.to_owned(), killable(function, machine.clone(), id)))
        });
        let gateway = Gateway::new(TEMPLATE, functions.collect()).expect("the template is valid");
        Self { gateway, store }
    }
}

impl Account {
    async fn new(observer: &Store, name: &str, seed: u64) -> Self {
        let id: TenantId = name.parse().expect("a valid tenant");
        observer.tenant_create(&id).await.expect("the tenant is created");
        let has_unique_emails = (name == "other") == seed.is_multiple_of(2);
        let settings = Settings { unique_email: has_unique_emails, ..Settings::default() };
        observer.tenant_settings_set(&id, &settings).await.expect("the settings are changed");
        let (mut secrets, mut key_ids) = (Vec::new(), Vec::new());
        for _ in 0..=KEYS {
            let new = NewApiKey {
                tenant: id.clone(),
                mode: Mode::Live,
                scopes: Scopes::all(),
                name: "simulation".into(),
            };
            let (key, secret) = observer.api_key_create(new).await.expect("the key is created");
            secrets.push(secret.reveal().to_owned());
            key_ids.push(key.id());
        }
        let tenant = Tenant::new(&id, Mode::Live);
        let mut tags = Vec::new();
        for name in ["Weekly", "Priority"] {
            let (name, color) = (name.to_owned(), Color::default());
            let tag = observer.tag_create(&tenant, name, color, None, Write::plain().authorization).await;
            tags.push(tag.expect("the tag is created").id);
        }
        let allocated = observer.customer_numbers_allocate(&tenant, unused_numbers(seed)).await;
        allocated.expect("numbers are allocated");
        let long_names = [3, 40, 3, 0][(seed % 4) as usize];
        let model = Model { has_unique_emails, long_names, ..Model::default() };
        Self {
            tenant,
            secrets,
            key_ids,
            tags,
            model,
            walks: (0..KEYS).map(|_| WalkSlot::Free).collect(),
            jumps: BTreeMap::new(),
            followers: (0..FOLLOWERS).map(|_| Some(Follower::default())).collect(),
            observed_changes: 0,
        }
    }
}

/// The clock of a process, and the randomness of the machine.
pub(crate) fn ambient(machine: &Machine, started: Instant, skew: i64) -> Ambient {
    let (machine, clock) = (machine.clone(), machine.clone());
    let now = move || {
        let passed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(START + skew + clock.lock().clock_offset + passed)
    };
    Ambient::new(now, move || machine.random())
}

/// Lets simulated time pass.
#[expect(clippy::disallowed_methods, reason = "moves the paused clock")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

pub(crate) fn client(machine: &Machine, caller: Caller) -> Client {
    let config = Connection::local("http://simulation").config().expect("the connection is valid");
    let config = config
        .http_client(machine.client(caller))
        .retry_partition(RetryPartition::new(uuid::Uuid::new_v4().to_string()))
        .sleep_impl(NoWait);
    Client::from_conf(config.build())
}

/// Returns the function, which is sometimes dropped before it ends, as when Lambda ends a process. A panic is recorded.
fn killable(function: Invoke, machine: Machine, process: usize) -> Invoke {
    Arc::new(move |event| {
        let kill_after = {
            let state = &mut *machine.lock();
            let is_killed = state.rng.percent(state.kill_percent);
            let longest = if state.rng.percent(30) { 300 } else { 60 };
            is_killed.then(|| Duration::from_millis(state.rng.below(longest) as u64))
        };
        let (machine, running) = (machine.clone(), AssertUnwindSafe(function(event)).catch_unwind());
        Box::pin(async move {
            let Some(ended) = within(kill_after, running).await else {
                machine.lock().killed.insert(process);
                return Err("killed".to_owned());
            };
            ended.unwrap_or_else(|_| {
                machine.lock().panics += 1;
                Err("panicked".into())
            })
        })
    })
}

pub(crate) async fn within<T>(limit: Option<Duration>, running: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, running).await.ok(),
        None => Some(running.await),
    }
}
