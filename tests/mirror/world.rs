//! Both sides of a mirror in this process: a stack with its table, a company in the stand-in, and the agent between them,
//! which can be killed at any of its calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use clientele_infra_quickbooks::{StandIn, State, server};
use clientele_shared::Ambient;
use clientele_shared::model::{
    Connection, Customer, CustomerFields, CustomerNumber, Deactivation, MirrorSettings, Mode, RealmOwner,
    Status, Tenant, Timestamp,
};
use clientele_shared::store::{CustomerFilter, CustomerQuery, Store, Write, WriteOutcome};
use clientele_shared::table::connect::Connection as TableConnection;
use clientele_sync_agent::mirror::fields::{Field, Fields, display_name};
use clientele_sync_agent::mirror::merge::is_mirrored;
use clientele_sync_agent::mirror::{Mirror, MirrorError, Plan, SyncOptions, SyncReport};
use clientele_sync_agent::quickbooks::oauth::Addresses;
use clientele_sync_agent::quickbooks::secrets::{SecretStore, Secrets};
use clientele_sync_agent::quickbooks::{ClientConfig, Object, Pace, QuickBooks};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

pub(crate) use super::agent::{Death, Kill};
use super::agent::{InProcess, Memory, call};
use crate::simulation::mirror::plain;
use crate::support::{FaultAction, Faults, Stack};

/// Where the stand-in would be reached.
const URL: &str = "http://127.0.0.1:1";

/// How fast the agent's waits pass.
const SPEED: f64 = 2e3;

/// A tenant, a company, and the mirror between them.
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) stand_in: Arc<StandIn>,
    pub(crate) death: Death,
    pub(crate) connection: Connection,
    router: axum::Router,
    faults: Faults,
    secrets: Arc<Memory>,
    ambient: Ambient,
    is_offline: Arc<Mutex<bool>>,
}

impl World {
    /// Starts both sides: the tenant has no customer, and the company is the stand-in's demo company without limits.
    pub(crate) async fn start() -> Self {
        let stack = Stack::start().await;
        let stand_in = StandIn::new(URL.to_owned(), State::open(None).unwrap());
        let router = server::router(&stand_in);
        let ready = stand_in.ready();
        let now = stand_in.lock().now().as_millisecond();
        stack.clock.set(Timestamp::from_millis(now));
        let secrets = Secrets {
            client_id: ready.client_id,
            client_secret: ready.client_secret,
            verifier_token: Some(ready.verifier_token),
            access_token: ready.access_token,
            access_expires_at: Timestamp::from_millis(now).plus_seconds(3_500),
            refresh_token: ready.refresh_token,
            refresh_expires_at: None,
            hard_expires_at: None,
        };
        let connection = Connection {
            realm: ready.realm_id.parse().unwrap(),
            company: "Blue Lagoon".into(),
            home_currency: "USD".parse().unwrap(),
            is_multicurrency: false,
            environment: URL.into(),
            secret: "secret".into(),
            connected_at: stack.clock.ambient().now(),
            settings: MirrorSettings::default(),
        };
        let ambient = stack.clock.ambient();
        let memory = Memory::default();
        memory.0.lock().unwrap().insert("secret".into(), secrets);
        let world = Self {
            stack,
            stand_in,
            death: Death::default(),
            connection,
            router,
            faults: Faults::default(),
            secrets: Arc::new(memory),
            ambient,
            is_offline: Arc::default(),
        };
        world.switch("throttling", json!(false)).await;
        let owner = RealmOwner { tenant: world.stack.acme.key.tenant.clone(), mode: Mode::Live };
        world.stack.store.connection_put(&owner, &world.connection).await.unwrap();
        world
    }

    pub(crate) fn tenant(&self) -> Tenant {
        self.stack.tenant()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.stack.store
    }

    /// Connects the company again: new tokens are stored.
    pub(crate) fn reconnect(&self) {
        let mut state = self.stand_in.lock();
        let now = state.now();
        let switches = clientele_infra_quickbooks::switches::Switches::default();
        let tokens = state.grants.ensure("again", now, &switches);
        let mut secrets = self.secrets.0.lock().unwrap();
        let secrets = secrets.get_mut("secret").unwrap();
        secrets.access_token = tokens.access_token;
        secrets.refresh_token = tokens.refresh_token;
        secrets.access_expires_at = self.ambient.now().plus_seconds(3_500);
    }

    /// Cuts or restores the connection to QuickBooks.
    pub(crate) fn set_offline(&self, is_offline: bool) {
        *self.is_offline.lock().unwrap() = is_offline;
    }

    /// An agent as it starts in a new process.
    pub(crate) fn mirror(&self) -> Mirror {
        let ambient = self.ambient.clone();
        let death = self.death.clone();
        let transport = InProcess {
            router: self.router.clone(),
            death: death.clone(),
            is_offline: Arc::clone(&self.is_offline),
        };
        let quickbooks = QuickBooks::new(ClientConfig {
            transport: Arc::new(transport),
            addresses: Addresses::at(URL),
            realm_id: self.connection.realm.to_string(),
            secrets: Arc::clone(&self.secrets) as Arc<dyn SecretStore>,
            secret_name: "secret".into(),
            ambient: ambient.clone(),
            pace: Pace { speed: SPEED },
        });
        let config = TableConnection::local(&self.stack.url).config().unwrap();
        let config = self.faults.without_retries(config).build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        let store = Store::new(client, &self.stack.table, ambient);
        self.faults.plan(move |sent| match death.call(&sent.operation) {
            None => FaultAction::Pass,
            Some(Kill { after, .. }) => FaultAction::Kill { after, came: Arc::clone(&death.came) },
        });
        Mirror::new(store, self.tenant(), self.connection.clone(), quickbooks)
    }

    /// Runs a sync in a process of its own, and waits until the lease of an earlier one that was killed has expired.
    pub(crate) async fn try_sync(&self, options: SyncOptions) -> Result<SyncReport, MirrorError> {
        self.advance(16).await;
        self.death.plan(None);
        self.mirror().sync(options, &mut |_| {}).await
    }

    pub(crate) async fn sync(&self) -> SyncReport {
        self.try_sync(SyncOptions::default()).await.unwrap()
    }

    pub(crate) async fn plan(&self) -> Plan {
        self.advance(16).await;
        self.death.plan(None);
        self.mirror().plan(&mut |_| {}).await.unwrap()
    }

    /// Runs a sync that is killed at a call; returns whether it came to that call.
    pub(crate) async fn sync_killed(&self, kill: Kill) -> bool {
        self.advance(16).await;
        self.death.plan(Some(kill));
        let mirror = self.mirror();
        let mut watch = |_| {};
        let is_killed = tokio::select! {
            biased;
            () = self.death.came.notified() => true,
            _ = mirror.sync(SyncOptions::default(), &mut watch) => false,
        };
        drop(mirror);
        self.faults.settle().await;
        is_killed
    }

    /// Advances the clocks of both sides.
    pub(crate) async fn advance(&self, seconds: i64) {
        self.stack.clock.advance_seconds(seconds);
        self.control(Method::POST, "/stand-in/clock", json!({ "advance_seconds": seconds })).await;
    }

    /// Sets a switch of the stand-in.
    pub(crate) async fn switch(&self, name: &str, value: Value) {
        self.control(Method::PUT, "/stand-in/switches", json!({ name: value })).await;
    }

    /// Makes the stand-in fail calls.
    pub(crate) async fn fault(&self, order: Value) {
        self.control(Method::POST, "/stand-in/faults", order).await;
    }

    /// Edits an object as a person in QuickBooks does; returns the object.
    pub(crate) async fn edit(&self, entity: &str, operation: &str, object: Value) -> Value {
        let body = json!({ "entity": entity, "operation": operation, "object": object });
        self.control(Method::POST, "/stand-in/edit", body).await
    }

    /// Creates a customer as a person in QuickBooks does; returns its id.
    pub(crate) async fn customer_there(&self, object: Value) -> String {
        self.edit("Customer", "create", object).await["Id"].as_str().unwrap().to_owned()
    }

    /// Returns the calls of the API that were logged after a number.
    pub(crate) async fn calls_after(&self, number: u64) -> Vec<Value> {
        let calls = self.control(Method::GET, &format!("/stand-in/calls?after={number}"), Value::Null).await;
        calls.as_array().unwrap().clone()
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        let request = request.header("content-type", "application/json").body(body).unwrap();
        let response = call(&self.router, request).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }

    /// Returns all customers of the company, jobs and inactive ones included.
    pub(crate) fn theirs(&self) -> Vec<Object> {
        let state = self.stand_in.lock();
        let customers = state.company.list(clientele_infra_quickbooks::entities::Kind::Customer);
        customers.map(|(_, entity)| serde_json::from_str(&entity.object.to_string()).unwrap()).collect()
    }

    /// Returns the customer of the company with this display name.
    pub(crate) fn there(&self, name: &str) -> Object {
        let theirs = self.theirs();
        let listed: Vec<&str> = theirs.iter().map(display_name).collect();
        let found = theirs.iter().find(|object| display_name(object) == name);
        found.unwrap_or_else(|| panic!("no {name} among {listed:?}")).clone()
    }

    /// Creates a customer of ours; returns its number.
    pub(crate) async fn add(&self, fields: Value) -> CustomerNumber {
        let fields = serde_json::from_value(fields).unwrap();
        match self.store().customer_create(&self.tenant(), fields, Write::plain()).await.unwrap() {
            WriteOutcome::Applied(customer) => customer.number,
            WriteOutcome::Replayed(_) => unreachable!("the write has no idempotency key"),
        }
    }

    /// Changes fields of a customer of ours; null clears one.
    pub(crate) async fn change(&self, number: CustomerNumber, fields: Value) {
        let uuid = self.tenant().customer_uuid(number);
        let change = |old: CustomerFields| {
            let mut new = serde_json::to_value(old).unwrap();
            for (name, value) in fields.as_object().unwrap() {
                match value {
                    Value::Null => drop(new.as_object_mut().unwrap().remove(name)),
                    value => new[name] = value.clone(),
                }
            }
            Ok(serde_json::from_value(new).unwrap())
        };
        self.store().customer_update(&self.tenant(), uuid, change, Write::plain()).await.unwrap();
    }

    /// Soft-deletes a customer of ours.
    pub(crate) async fn delete(&self, number: CustomerNumber) {
        let uuid = self.tenant().customer_uuid(number);
        self.store().customer_delete(&self.tenant(), uuid, Write::plain()).await.unwrap();
    }

    /// Returns a customer of ours.
    pub(crate) async fn get(&self, number: CustomerNumber) -> Customer {
        let uuid = self.tenant().customer_uuid(number);
        self.store().customer_get(&self.tenant(), uuid, true).await.unwrap()
    }

    /// Returns the counterpart of a customer of ours.
    pub(crate) async fn counterpart(&self, number: CustomerNumber) -> Object {
        let id = self.get(number).await.fields.quickbooks_id.unwrap();
        self.theirs().into_iter().find(|object| object["Id"] == id.as_str()).unwrap()
    }

    /// Returns all our customers, deleted ones included.
    pub(crate) async fn ours(&self) -> Vec<Customer> {
        let query = CustomerQuery::of(CustomerFilter { include_deleted: true, ..CustomerFilter::default() });
        let mut stream = self.store().customer_stream(&self.tenant(), query).await.unwrap();
        let mut customers = Vec::new();
        while let Some(page) = stream.next().await.unwrap() {
            customers.extend(page);
        }
        customers.sort_by_key(|customer| customer.number);
        customers
    }

    /// Returns our customer that is linked to one of the company.
    pub(crate) async fn here(&self, quickbooks_id: &str) -> Customer {
        let ours = self.ours().await.into_iter();
        let mut linked = ours.filter(|one| one.fields.quickbooks_id.as_deref() == Some(quickbooks_id));
        let first = linked.next().unwrap_or_else(|| panic!("{quickbooks_id} is linked to none of ours"));
        assert!(linked.next().is_none(), "{quickbooks_id} is linked twice");
        first
    }

    /// Checks that every customer owes here what its open invoices in QuickBooks come to.
    pub(crate) async fn check_balances(&self) {
        let invoices: Vec<Object> = {
            let state = self.stand_in.lock();
            let invoices = state.company.list(clientele_infra_quickbooks::entities::Kind::Invoice);
            invoices.map(|(_, entity)| serde_json::from_str(&entity.object.to_string()).unwrap()).collect()
        };
        let theirs = self.theirs();
        for customer in self.ours().await {
            let Some(id) = &customer.fields.quickbooks_id else { continue };
            let of_customer = invoices
                .iter()
                .filter(|invoice| payer(&theirs, &invoice["CustomerRef"]["value"]) == id.as_str());
            let open = of_customer.fold(0.0, |sum, invoice| sum + invoice["Balance"].as_f64().unwrap());
            let figures = self.store().figures_get(&self.tenant(), customer.uuid).await.unwrap();
            assert_eq!(
                figures.balance.to_string(),
                format!("{open:.2}"),
                "cust_{}, {id} there: {invoices:#?}",
                customer.number
            );
        }
    }

    /// Checks that both sides agree: every customer of one side has exactly one on the other, with equal fields.
    pub(crate) async fn check_agreement(&self) {
        let theirs: BTreeMap<String, Object> = (self.theirs().into_iter())
            .filter(|object| !object.contains_key("ParentRef"))
            .map(|object| (object["Id"].as_str().unwrap().to_owned(), object))
            .collect();
        let ours = self.ours().await;
        let parked: BTreeSet<CustomerNumber> = {
            let parked = self.store().mirror_parked(&self.tenant(), &self.connection.realm).await.unwrap();
            parked.into_iter().map(|parked| parked.number).collect()
        };
        let mut linked = BTreeSet::new();
        for customer in &ours {
            let fields = Fields::ours(customer, Deactivation::Inactive, None);
            let Some(id) = &customer.fields.quickbooks_id else {
                let is_out = !fields.is_active() || parked.contains(&customer.number);
                assert!(is_out, "not in QuickBooks: {customer:#?}");
                continue;
            };
            assert!(linked.insert(id.clone()), "{id} is linked twice: {ours:#?}");
            let object = theirs.get(id).unwrap_or_else(|| panic!("{id} is gone: {customer:#?}"));
            if parked.contains(&customer.number) {
                continue;
            }
            let there = Fields::theirs(object, Some(&fields), None);
            let is_active = customer.deleted_at.is_none() && customer.fields.status != Status::Inactive;
            assert_eq!(
                plain::difference(&customer.fields, object, is_active),
                None,
                "{customer:#?}\n{object:#?}"
            );
            for field in Field::ALL {
                let (own, their) = (fields.get(field), there.get(field));
                assert!(
                    is_mirrored(field, own, their),
                    "{} of {} differs: {own} here, {their} there\n{object:#?}",
                    field.as_str(),
                    customer.number
                );
            }
        }
        for (id, object) in &theirs {
            assert!(linked.contains(id), "not here: {object:#?}");
        }
    }
}

/// Returns the customer who pays for a job.
fn payer<'a>(theirs: &'a [Object], id: &'a Value) -> &'a Value {
    let job = theirs.iter().find(|object| object["Id"] == *id && object.contains_key("ParentRef"));
    job.map_or(id, |job| payer(theirs, &job["ParentRef"]["value"]))
}
