//! Speed of a first sync with QuickBooks, compared with the limits of its API.
//!
//!     cargo bench -p clientele-sync-agent --bench mirror [-- --customers N --speed S --latency MS]
//!
//! The customers are in an engine in this process that keeps its table in a file, and the company is the QuickBooks stand-in
//! with its limits on. Its clock, the limits of the agent and all waits run `--speed` times as fast as real time, so a fast
//! speed needs a fast machine: the bench says how much of the time the limits had to wait for. QuickBooks takes at most 40
//! batches of 30 customers a minute, which is 1,200 customers; the target is a ratio of 0.95. `--latency` adds a time to
//! each batch, in milliseconds of QuickBooks' time. A sync with nothing to do must not use more than one metered read for
//! 1,000 customers.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use clientele_infra_quickbooks::{Options as StandInOptions, Server, StandIn};
use clientele_shared::Ambient;
use clientele_shared::model::{Connection, MirrorSettings, Mode, RealmOwner, Timestamp};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection as TableConnection;
use clientele_shared::table::definition::create_table;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportOptions, Importer};
use clientele_sync_agent::mirror::{Mirror, SyncOptions, SyncReport};
use clientele_sync_agent::quickbooks::oauth::Addresses;
use clientele_sync_agent::quickbooks::secrets::{SecretStore, Secrets, SecretsError};
use clientele_sync_agent::quickbooks::transport::{HttpTransport, Transport, TransportError};
use clientele_sync_agent::quickbooks::{ClientConfig, Pace, QuickBooks};
use dynoxide::Database;
use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::time::Instant;

const TABLE: &str = "clientele";
const TENANT: &str = "demo";
/// Most batches in a minute, and most customers of a batch.
const BATCHES_PER_MINUTE: usize = 40;
const BATCH_SIZE: usize = 30;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
struct Options {
    /// Number of customers
    #[arg(long, default_value_t = 20_000)]
    customers: u32,
    /// Seconds of QuickBooks in a real second
    #[arg(long, default_value_t = 20.0)]
    speed: f64,
    /// Time that QuickBooks takes for a batch, in milliseconds of its time
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// When a batch was sent and when its response came.
#[derive(Debug, Clone, Copy)]
struct Batch {
    sent: Instant,
    ended: Instant,
}

/// A transport that measures batches, and delays them.
#[derive(Debug)]
struct Measured {
    inner: HttpTransport,
    latency: Duration,
    batches: Arc<Mutex<Vec<Batch>>>,
}

impl Transport for Measured {
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, std::result::Result<Response<Bytes>, TransportError>> {
        async move {
            let is_batch = request.uri().path().ends_with("/batch");
            let sent = Instant::now();
            if is_batch && !self.latency.is_zero() {
                delay(self.latency).await;
            }
            let response = self.inner.send(request).await;
            if is_batch {
                let batch = Batch { sent, ended: Instant::now() };
                self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
            }
            response
        }
        .boxed()
    }
}

#[expect(clippy::disallowed_methods, reason = "the time that QuickBooks takes")]
async fn delay(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Secrets in memory.
#[derive(Debug)]
struct Memory(Mutex<HashMap<String, Secrets>>);

impl SecretStore for Memory {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, std::result::Result<Option<Secrets>, SecretsError>> {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        std::future::ready(Ok(secrets)).boxed()
    }

    fn save<'a>(
        &'a self,
        name: &'a str,
        secrets: &'a Secrets,
    ) -> BoxFuture<'a, std::result::Result<(), SecretsError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), secrets.clone());
        std::future::ready(Ok(())).boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, std::result::Result<(), SecretsError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        std::future::ready(Ok(())).boxed()
    }
}

/// Both sides.
struct World {
    store: Store,
    stand_in: Arc<StandIn>,
    secrets: Arc<Memory>,
    connection: Connection,
    pace: Pace,
    latency: Duration,
}

/// A sync with its times.
struct Ran {
    report: SyncReport,
    /// Real time.
    elapsed: Duration,
    batches: Vec<Batch>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if !options.bench {
        eprintln!(
            "Nothing is measured in a test run; run `cargo bench -p clientele-sync-agent --bench mirror`"
        );
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let world = World::start(folder.path(), &options).await?;
    let first = world.sync().await?;
    print_first(&options, &first)?;
    let second = world.sync().await?;
    print_quiet("sync after it", &options, &second)?;
    let third = world.sync().await?;
    print_quiet("sync with nothing to do", &options, &third)
}

impl World {
    async fn start(folder: &Path, options: &Options) -> Result<Self> {
        let store = engine(&folder.join("table.db")).await?;
        let tenant = TENANT.parse()?;
        store.tenant_create(&tenant).await?;
        import(&store, &folder.join("customers.csv"), options.customers).await?;
        let server = Server::start(&StandInOptions::default()).await?;
        let stand_in = Arc::clone(server.stand_in());
        stand_in.lock().clock.set_speed(options.speed);
        tokio::spawn(server.run(std::future::pending()));
        let ready = stand_in.ready();
        let now = Timestamp::from_millis(stand_in.lock().now().as_millisecond());
        let secrets = Secrets {
            client_id: ready.client_id,
            client_secret: ready.client_secret,
            verifier_token: None,
            access_token: ready.access_token,
            access_expires_at: now.plus_seconds(3_500),
            refresh_token: ready.refresh_token,
            refresh_expires_at: None,
            hard_expires_at: None,
        };
        let secrets = Arc::new(Memory(Mutex::new(HashMap::from([("secret".to_owned(), secrets)]))));
        let connection = Connection {
            realm: ready.realm_id.parse()?,
            company: "Stand-in".into(),
            home_currency: "USD".parse()?,
            is_multicurrency: false,
            environment: ready.url,
            secret: "secret".into(),
            connected_at: now,
            settings: MirrorSettings::default(),
        };
        let owner = RealmOwner { tenant, mode: Mode::Live };
        store.connection_put(&owner, &connection).await?;
        let latency = Duration::from_millis(options.latency).div_f64(options.speed);
        Ok(Self { store, stand_in, secrets, connection, pace: Pace { speed: options.speed }, latency })
    }

    /// Runs a sync as a new process would.
    async fn sync(&self) -> Result<Ran> {
        let addresses = Addresses::at(&self.connection.environment);
        let inner = HttpTransport::new(&addresses)?;
        let batches = Arc::<Mutex<Vec<Batch>>>::default();
        let transport = Measured { inner, latency: self.latency, batches: Arc::clone(&batches) };
        let clock = Arc::clone(&self.stand_in);
        let random = Ambient::system();
        let quickbooks = QuickBooks::new(ClientConfig {
            transport: Arc::new(transport),
            addresses,
            realm_id: self.connection.realm.to_string(),
            secrets: Arc::clone(&self.secrets) as Arc<dyn SecretStore>,
            secret_name: self.connection.secret.clone(),
            ambient: Ambient::new(
                move || Timestamp::from_millis(clock.lock().now().as_millisecond()),
                move || random.random(),
            ),
            pace: self.pace,
        });
        let owner = RealmOwner { tenant: TENANT.parse()?, mode: Mode::Live };
        let mirror = Mirror::new(self.store.clone(), owner.tenant(), self.connection.clone(), quickbooks);
        let started = Instant::now();
        let report = mirror.sync(SyncOptions::default(), &mut |_| {}).await?;
        let elapsed = started.elapsed();
        let batches = std::mem::take(&mut *batches.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Ran { report, elapsed, batches })
    }
}

/// Starts an engine with an empty table in a file, with the settings of the local stack.
async fn engine(file: &Path) -> Result<Store> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let database = Database::new(&file.to_string_lossy())?;
    database.disable_bulk_loading()?;
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let client = TableConnection::local(url).client()?;
    create_table(&client, TABLE).await?;
    Ok(Store::new(client, TABLE, Ambient::system()))
}

/// Imports customers, each with a name and an email of its own.
async fn import(store: &Store, file: &Path, customers: u32) -> Result<()> {
    let given = ["Ann", "José", "Mary", "Søren", "Li"];
    let mut text = "id,first_name,last_name,company,email,phone,address,city,state,zip\r\n".to_owned();
    for row in 1..=customers {
        let first = given[row as usize % given.len()];
        let company = if row % 3 == 0 { format!("\"Pools {row}, Inc.\"") } else { String::new() };
        let (phone, house, zip) = (row % 10_000, row % 900 + 1, 98_000 + row % 200);
        write!(text, "row-{row},{first},Lee-{row},{company},person{row}@example.com,")?;
        write!(text, "206-555-{phone:04},{house} Main St,Seattle,WA,{zip:05}\r\n")?;
    }
    std::fs::write(file, text)?;
    let options = ImportOptions::default();
    let importer = Importer::new(store.clone(), TENANT.parse()?, Mode::Live, Customers::default(), options);
    let outcome = importer.run(file, &mut |_| {}).await?;
    match outcome.counts.written == u64::from(customers) {
        true => Ok(()),
        false => Err(format!("not all customers were imported: {:?}", outcome.counts).into()),
    }
}

fn print_first(options: &Options, ran: &Ran) -> Result<()> {
    let created = ran.report.pushed.created;
    if created != u64::from(options.customers) {
        return Err(format!("not all customers were created: {:?}", ran.report).into());
    }
    let api_seconds = ran.elapsed.as_secs_f64() * options.speed;
    let rate = f64::from(options.customers) / (api_seconds / 60.0);
    let bound = BATCHES_PER_MINUTE * BATCH_SIZE;
    let bound = f64::from(u32::try_from(bound)?);
    print_line(&format!(
        "first sync of {} customers at speed {}: {:.1} s, {api_seconds:.0} s of QuickBooks' time, {} batches, {} reads",
        options.customers,
        options.speed,
        ran.elapsed.as_secs_f64(),
        ran.report.calls.batches,
        ran.report.calls.reads
    ))?;
    print_line(&format!(
        "  {rate:.0} customers/min in QuickBooks' time, of {bound:.0}: ratio {:.3}",
        rate / bound
    ))?;
    print_line(&format!("  {}", breakdown(options, ran)))
}

/// Returns where the time went: within batches, between them, and before the first and after the last.
fn breakdown(options: &Options, ran: &Ran) -> String {
    let seconds = |time: Duration| time.as_secs_f64() * options.speed;
    let within: Duration = ran.batches.iter().map(|batch| batch.ended - batch.sent).sum();
    // The agent allows a batch a minute after the response to the 40th before it.
    let window = Duration::from_secs_f64(60.02 / options.speed);
    let mut late = Duration::ZERO;
    for pair in ran.batches.windows(BATCHES_PER_MINUTE + 1) {
        let (Some(before), Some(batch)) = (pair.first(), pair.last()) else { continue };
        late = late.max(batch.sent.saturating_duration_since(before.ended + window));
    }
    let limited = ran.batches.windows(BATCHES_PER_MINUTE + 1).filter(|pair| {
        let (Some(before), Some(batch)) = (pair.first(), pair.last()) else { return false };
        batch.sent.saturating_duration_since(before.ended + window) < Duration::from_millis(5)
    });
    let (first, last) = (ran.batches.first(), ran.batches.last());
    let span = first.zip(last).map(|(first, last)| last.ended - first.sent).unwrap_or_default();
    let count = ran.batches.len().max(1) as f64;
    format!(
        "in QuickBooks' time: {:.2} s within a batch, {:.1} s from the first batch to the last, {:.1} s before and after; \
         {} of {} batches after the 40th started when the limits allowed, the latest {:.1} s later",
        seconds(within) / count,
        seconds(span),
        seconds(ran.elapsed.saturating_sub(span)),
        limited.count(),
        ran.batches.len().saturating_sub(BATCHES_PER_MINUTE),
        seconds(late)
    )
}

fn print_quiet(name: &str, options: &Options, ran: &Ran) -> Result<()> {
    let reads = ran.report.calls.reads;
    let most = u64::from(options.customers.div_ceil(1_000));
    let verdict = if reads <= most { "within" } else { "above" };
    print_line(&format!(
        "{name}: {:.0} ms, {reads} metered reads, {verdict} {most}; {} created, {} updated, {} pulled",
        ran.elapsed.as_secs_f64() * 1_000.0,
        ran.report.pushed.created,
        ran.report.pushed.updated,
        ran.report.pulled.customers
    ))
}

fn print_line(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}
