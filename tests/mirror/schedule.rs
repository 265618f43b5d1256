//! The scheduled function on a stack, and companies in QuickBooks that it reaches over HTTP.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use clientele_infra_quickbooks::entities::Kind;
use clientele_infra_quickbooks::value::Object;
use clientele_infra_quickbooks::{StandIn, control, server};
use clientele_shared::model::{
    Connection, CustomerFields, CustomerNumber, Hint, MirrorSettings, MirroredEntity, Mode, RealmOwner,
    Tenant, Timestamp,
};
use clientele_shared::store::{CustomerFilter, CustomerQuery, Store, Write};
use clientele_shared::table::connect::Connection as TableConnection;
use clientele_sync_agent::quickbooks::secrets::{FileSecrets, SecretStore as _, Secrets};
use clientele_sync_agent::scheduled::sync::{NAME, ScheduledError, ScheduledSync};
use lambda_http::{Context, LambdaEvent};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::realm;
use crate::support::{Policies, Stack};

/// The scheduled function with its secrets in a folder.
pub(crate) struct Schedule<'a> {
    stack: &'a Stack,
    secrets: Arc<FileSecrets>,
    sync: ScheduledSync,
    _folder: TempDir,
}

/// A tenant and its company, whose clock is that of the tests' machine.
pub(crate) struct Company {
    pub(crate) tenant: Tenant,
    pub(crate) stand_in: Arc<StandIn>,
    realm: String,
    store: Store,
    jump: Arc<Jump>,
}

/// A jump of the time that a batch takes.
#[derive(Debug, Default)]
struct Jump {
    /// Number of batches until the jump.
    batches: AtomicI64,
    seconds: AtomicU64,
}

/// Lets the time jump when the batch arrives that was chosen. The server sees no difference: its clock is another.
async fn jump(State(jump): State<Arc<Jump>>, request: Request, next: Next) -> Response {
    let is_batch = request.uri().path().ends_with("/batch");
    if is_batch && jump.batches.fetch_sub(1, Ordering::SeqCst) == 1 {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(jump.seconds.load(Ordering::SeqCst))).await;
        tokio::time::resume();
    }
    next.run(request).await
}

impl<'a> Schedule<'a> {
    /// Returns the function on a stack, whose client of the table can be changed. Its calls are checked against its
    /// policies.
    pub(crate) fn new(stack: &'a Stack, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let config = configure(TableConnection::local(&stack.url).config().unwrap());
        let client = aws_sdk_dynamodb::Client::from_conf(config.interceptor(Policies::of(NAME)).build());
        let store = Store::new(client, &stack.table, stack.clock.ambient());
        let folder = tempfile::tempdir().unwrap();
        let secrets = Arc::new(FileSecrets::new(folder.path()));
        let sync = ScheduledSync::new(store, Arc::clone(&secrets) as _);
        Self { stack, secrets, sync, _folder: folder }
    }

    /// Connects a tenant, which is created if necessary, to a company of its own.
    pub(crate) async fn company(&self, tenant: &str, mode: Mode, company: &str) -> Company {
        let stack = self.stack;
        let owner = RealmOwner { tenant: tenant.parse().unwrap(), mode };
        stack.store.tenant_create(&owner.tenant).await.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stand_in = stand_in(&url, company);
        let now = Timestamp::from_millis(stand_in.lock().now().as_millisecond());
        stack.clock.set(now);
        let jumps = Arc::<Jump>::default();
        let router = server::router(&stand_in).layer(from_fn_with_state(Arc::clone(&jumps), jump));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let connection = Connection {
            realm: realm(company),
            company: "Blue Lagoon".into(),
            home_currency: "USD".parse().unwrap(),
            is_multicurrency: false,
            environment: url,
            secret: company.to_owned(),
            connected_at: now,
            settings: MirrorSettings::default(),
        };
        self.secrets.save(company, &secrets(&stand_in, now)).await.unwrap();
        stack.store.connection_put(&owner, &connection).await.unwrap();
        let store = stack.store.clone();
        Company { tenant: owner.tenant(), stand_in, realm: company.to_owned(), store, jump: jumps }
    }

    /// Invokes the function with 15 minutes of time.
    pub(crate) async fn invoke(&self, event: Value) -> Result<Value, ScheduledError> {
        self.invoke_for(event, 900).await
    }

    /// Invokes the function with this many seconds of time.
    pub(crate) async fn invoke_for(&self, event: Value, seconds: i64) -> Result<Value, ScheduledError> {
        let mut context = Context::default();
        let deadline = self.stack.clock.ambient().now().plus_seconds(seconds).as_millis();
        context.deadline = deadline.try_into().unwrap();
        self.sync.handle(LambdaEvent::new(event, context)).await
    }
}

fn stand_in(url: &str, company: &str) -> Arc<StandIn> {
    let stand_in = StandIn::new(url.to_owned(), clientele_infra_quickbooks::State::open(None).unwrap());
    let mut state = stand_in.lock();
    company.clone_into(&mut state.app.realm_id);
    state.switches.set("throttling", &json!(false)).unwrap();
    drop(state);
    stand_in
}

fn secrets(stand_in: &StandIn, now: Timestamp) -> Secrets {
    let ready = stand_in.ready();
    Secrets {
        client_id: ready.client_id,
        client_secret: ready.client_secret,
        verifier_token: None,
        access_token: ready.access_token,
        access_expires_at: now.plus_seconds(3_500),
        refresh_token: ready.refresh_token,
        refresh_expires_at: None,
        hard_expires_at: None,
    }
}

impl Company {
    /// Creates customers of ours with this first name.
    pub(crate) async fn add(&self, name: &str, count: usize) {
        for number in 0..count {
            let fields = json!({ "first_name": name, "last_name": format!("{number:03}") });
            let fields = serde_json::from_value(fields).unwrap();
            self.store.customer_create(&self.tenant, fields, Write::plain()).await.unwrap();
        }
    }

    /// Returns the number of customers in QuickBooks with this first name.
    pub(crate) fn count_there(&self, name: &str) -> usize {
        let state = self.stand_in.lock();
        let customers = state.company.list(Kind::Customer);
        let objects = customers.map(|(_, entity)| entity.object.to_string());
        objects.filter(|object| object.contains(&format!("\"DisplayName\":\"{name} "))).count()
    }

    /// Returns the number of customers of ours that are linked.
    pub(crate) async fn count_linked(&self) -> usize {
        let query = CustomerQuery::of(CustomerFilter::default());
        let mut stream = self.store.customer_stream(&self.tenant, query).await.unwrap();
        let mut count = 0;
        while let Some(page) = stream.next().await.unwrap() {
            count += page.iter().filter(|customer| customer.fields.quickbooks_id.is_some()).count();
        }
        count
    }

    /// Edits an object as a person in QuickBooks does; returns the object.
    pub(crate) fn edit(&self, entity: &str, operation: &str, object: Value) -> Value {
        let edit = json!({ "entity": entity, "operation": operation, "object": object }).to_string();
        let edited = control::apply_edit(&self.stand_in, &Object::parse(&edit).unwrap().unwrap());
        serde_json::from_str(&edited.unwrap().to_string()).unwrap()
    }

    /// Changes a customer of ours.
    pub(crate) async fn change(&self, number: u64, change: impl Fn(&mut CustomerFields) + Send + Sync) {
        let uuid = self.tenant.customer_uuid(CustomerNumber::new(number).unwrap());
        let change = |mut fields: CustomerFields| {
            change(&mut fields);
            Ok(fields)
        };
        self.store.customer_update(&self.tenant, uuid, change, Write::plain()).await.unwrap();
    }

    /// Returns the id in QuickBooks of a customer of ours.
    pub(crate) async fn quickbooks_id(&self, number: u64) -> String {
        let uuid = self.tenant.customer_uuid(CustomerNumber::new(number).unwrap());
        self.store.customer_get(&self.tenant, uuid, false).await.unwrap().fields.quickbooks_id.unwrap()
    }

    /// Stores the report of a webhook.
    pub(crate) async fn report(&self, id: &str) {
        let (entity, at) = (MirroredEntity::Customer, self.store.ambient().now());
        let hint = Hint { entity, id: id.parse().unwrap(), merged_id: None, at };
        self.store.mirror_hints_put(&self.tenant, &realm(&self.realm), &[hint]).await.unwrap();
    }

    /// Lets the time jump by this many seconds while QuickBooks has a batch: the one with this number, from 1.
    pub(crate) fn jump_at_batch(&self, batch: i64, seconds: u64) {
        self.jump.seconds.store(seconds, Ordering::SeqCst);
        self.jump.batches.store(batch, Ordering::SeqCst);
    }

    /// Ends the authorization, as a person does in QuickBooks.
    pub(crate) fn revoke(&self) {
        self.stand_in.lock().grants.revoke_all();
    }

    /// Takes the lease of the company for another run.
    pub(crate) async fn occupy(&self, seconds: i64) {
        let realm = realm(&self.realm);
        let taken = self.store.mirror_lease_take(&self.tenant, &realm, "another run", seconds).await;
        assert_eq!(taken.unwrap(), None);
    }

    /// Returns the number of calls of the API.
    pub(crate) fn calls(&self) -> usize {
        self.stand_in.lock().calls.after(0).count()
    }
}
