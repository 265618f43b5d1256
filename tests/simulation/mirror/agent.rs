//! Both sides and the agent between them, which runs in a process of its own each time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clientele_infra_quickbooks::oauth::ACCOUNTING;
use clientele_shared::model::{Connection, Mode, RealmOwner, Tenant, Timestamp};
use clientele_shared::store::Store;
use clientele_sync_agent::mirror::{Mirror, MirrorError, SyncOptions, SyncReport};
use clientele_sync_agent::quickbooks::oauth::Addresses;
use clientele_sync_agent::quickbooks::secrets::{SecretStore, Secrets, SecretsError};
use clientele_sync_agent::quickbooks::transport::Transport;
use clientele_sync_agent::quickbooks::{ClientConfig, Pace, QuickBooks, QuickBooksError};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::company::{Company, URL};
use super::ledger::Decision;
use crate::simulation::model::Violation;
use crate::simulation::network::Caller;
use crate::simulation::rng::Rng;
use crate::simulation::world::{TABLE, World, ambient, client, within};

/// Name under which the tokens are kept.
const SECRET: &str = "secret";

/// How long the lease of a killed run holds, in seconds, and a second more.
pub(super) const LEASE_SECONDS: i64 = 16;

/// How far the clock of the agent's machine is from the functions' clocks, in milliseconds.
const SKEW: i64 = 1_300;

/// A tenant, a company in QuickBooks, and the mirror between them.
pub(super) struct Mirrored {
    pub(super) world: World,
    pub(super) company: Company,
    pub(super) connection: Connection,
    pub(super) decisions: Vec<Decision>,
    secrets: Arc<Memory>,
}

/// How a run of the agent ended.
#[derive(Debug)]
pub(super) enum Ended {
    Done(Box<SyncReport>),
    Failed(MirrorError),
    Killed,
}

/// Secrets in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<BTreeMap<String, Secrets>>);

impl Memory {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Secrets>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for Memory {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Secrets>, SecretsError>> {
        std::future::ready(Ok(self.lock().get(name).cloned())).boxed()
    }

    fn save<'a>(&'a self, name: &'a str, secrets: &'a Secrets) -> BoxFuture<'a, Result<(), SecretsError>> {
        self.lock().insert(name.to_owned(), secrets.clone());
        std::future::ready(Ok(())).boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        self.lock().remove(name);
        std::future::ready(Ok(())).boxed()
    }
}

impl Mirrored {
    /// Creates both sides: a tenant without customers, and the demo company.
    pub(super) async fn new(seed: u64) -> Self {
        let world = World::new(seed).await;
        world.machine.lock().engine.history = Some(Vec::new());
        let clock = ambient(&world.machine, world.started, 0);
        let company = Company::open(&world.machine, clock.clone());
        let realm = company.stand_in.ready().realm_id;
        let connection = Connection {
            realm: realm.parse().expect("the stand-in's realm is valid"),
            company: "Blue Lagoon".into(),
            home_currency: "USD".parse().expect("a currency"),
            is_multicurrency: false,
            environment: URL.into(),
            secret: SECRET.into(),
            connected_at: clock.now(),
            settings: Default::default(),
        };
        let mirrored = Self { world, company, connection, decisions: Vec::new(), secrets: Arc::default() };
        mirrored.company.observe(true);
        mirrored.connect();
        let owner = RealmOwner { tenant: "acme".parse().expect("a valid tenant"), mode: Mode::Live };
        let put = mirrored.world.observer.connection_put(&owner, &mirrored.connection).await;
        put.expect("the connection is stored");
        mirrored
    }

    pub(super) fn tenant(&self) -> Tenant {
        self.world.accounts[0].tenant.clone()
    }

    /// A store that meets neither latency nor faults.
    pub(super) fn observer(&self) -> &Store {
        &self.world.observer
    }

    /// Connects the company again, as a person does after the authorization has ended.
    pub(super) fn connect(&self) {
        self.company.set_clock();
        let state = &mut *self.company.stand_in.lock();
        let now = state.now();
        let code = state.grants.authorize(URL, ACCOUNTING, None, now);
        let tokens = state.grants.exchange(&code, URL, now, &state.switches).expect("the code is new");
        let secrets = Secrets {
            client_id: state.app.client_id.clone(),
            client_secret: state.app.client_secret.clone(),
            verifier_token: None,
            access_token: tokens.access_token,
            access_expires_at: Timestamp::from_millis(now.as_millisecond()).plus_seconds(3_500),
            refresh_token: tokens.refresh_token,
            refresh_expires_at: None,
            hard_expires_at: None,
        };
        self.secrets.lock().insert(SECRET.into(), secrets);
    }

    /// Moves the clocks of both sides.
    pub(super) fn advance(&self, seconds: i64) {
        self.world.machine.lock().clock_offset += seconds * 1_000;
    }

    /// The agent's store.
    pub(super) fn store(&self) -> Store {
        let machine = &self.world.machine;
        Store::new(client(machine, Caller::Agent), TABLE, ambient(machine, self.world.started, SKEW))
    }

    /// An agent as it starts in a new process.
    pub(super) fn mirror(&self) -> Mirror {
        let ambient = ambient(&self.world.machine, self.world.started, SKEW);
        let quickbooks = QuickBooks::new(ClientConfig {
            transport: Arc::new(self.company.clone()) as Arc<dyn Transport>,
            addresses: Addresses::at(URL),
            realm_id: self.connection.realm.to_string(),
            secrets: Arc::clone(&self.secrets) as Arc<dyn SecretStore>,
            secret_name: SECRET.into(),
            ambient,
            pace: Pace::default(),
        });
        Mirror::new(self.store(), self.tenant(), self.connection.clone(), quickbooks)
    }

    /// Runs a sync in a process of its own, which is killed after a time.
    pub(super) async fn sync(&self, options: SyncOptions, kill_after: Option<Duration>) -> Ended {
        let mirror = self.mirror();
        let mut watch = |_| {};
        match within(kill_after, mirror.sync(options, &mut watch)).await {
            None => Ended::Killed,
            Some(Ok(report)) => Ended::Done(Box::new(report)),
            Some(Err(error)) => Ended::Failed(error),
        }
    }

    /// Runs a sync that nothing disturbs, and connects again if the authorization has ended.
    pub(super) async fn clean_sync(&self) -> Result<SyncReport, Violation> {
        for _ in 0..2 {
            self.advance(LEASE_SECONDS);
            match self.sync(SyncOptions::default(), None).await {
                Ended::Done(report) => return Ok(*report),
                Ended::Failed(MirrorError::QuickBooks(QuickBooksError::AuthorizationEnded)) => self.connect(),
                ended => return Err(format!("a sync that nothing disturbs ends with {ended:?}")),
            }
        }
        Err("the authorization ends at once".into())
    }

    /// Sets switches of the stand-in.
    pub(super) fn draw_switches(&self, rng: &mut Rng) -> Vec<String> {
        let state = &mut *self.company.stand_in.lock();
        let all = serde_json::to_value(state.switches.list()).expect("switches are JSON");
        let mut set = Vec::new();
        for switch in all.as_array().into_iter().flatten() {
            let name = switch["name"].as_str().expect("a switch has a name");
            let choices = switch["choices"].as_array().expect("a switch has choices");
            let choice = rng.pick(choices);
            // Under some of these, no customer can be written.
            if name != "company_status" && rng.percent(25) && *choice != switch["value"] {
                state.switches.set(name, choice).expect("a choice can be set");
                set.push(format!("{name}={choice}"));
            }
        }
        set
    }
}
