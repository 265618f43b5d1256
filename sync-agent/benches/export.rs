//! Speed and memory of an export, compared with reading its customers and writing its bytes.
//!
//!     cargo bench -p clientele-sync-agent --bench export [-- --customers N]
//!
//! The customers are in an engine in this process that keeps its table in a file. The bare read is the same stream of
//! customers, with as many batches at a time as an export reads, without encoding and writing; one is made before each
//! export. The bare write is a file of the same bytes, synced to disk. Each export is a process of its own, whose memory is
//! measured at its peak. The targets are 0.9 of the rate of the bare read and 128 MiB.

use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use clap::Parser;
use clientele_shared::Ambient;
use clientele_shared::model::{CustomerNumber, Mode, Tenant};
use clientele_shared::store::{CustomerQuery, Store, Write};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use clientele_shared::table::keys::{self, attribute};
use dynoxide::Database;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const TABLE: &str = "clientele";
const TENANT: &str = "demo";
/// Maximum number of items in a DynamoDB batch write.
const BATCH_SIZE: usize = 25;
/// How many batches of customers an export reads at the same time.
const CONCURRENT_READS: usize = 2;
/// The formats that are exported, each with all columns.
const FORMATS: [&str; 3] = ["csv", "csv.gz", "parquet"];
/// The highest peak of resident memory, in MiB.
const MAX_MEMORY: f64 = 128.0;

type Item = std::collections::HashMap<String, AttributeValue>;
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
struct Options {
    /// Number of customers
    #[arg(long, default_value_t = 100_000)]
    customers: u32,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { customers, .. } = Options::parse();
    let folder = tempfile::tempdir()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let database = Database::new(&folder.path().join("table.db").to_string_lossy())?;
    database.disable_bulk_loading()?;
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let client = Connection::local(&url).client()?;
    create_table(&client, TABLE).await?;
    let store = Store::new(client.clone(), TABLE, Ambient::system());
    fill(&store, &client, customers).await?;

    // The first read fills the caches.
    bare_read(&store, customers).await?;
    for format in FORMATS {
        let read = bare_read(&store, customers).await?;
        let to = folder.path().join("out");
        let started = Instant::now();
        let (exported, memory) = export(&url, format, &to).await?;
        let elapsed = started.elapsed();
        let file = std::fs::read(exported["file"].as_str().ok_or("no file")?)?;
        let write = bare_write(&file, folder.path())?;
        if exported["rows"] != customers {
            return Err(format!("{} of {customers} customers were exported", exported["rows"]).into());
        }
        let bytes = mebibytes(file.len())?;
        print_line(&format!(
            "{format}: {:.0} customers/s, {:.1} MiB/s; bare read {:.0} customers/s, ratio {:.2}; bare write {:.0} MiB/s; {bytes:.0} MiB; peak memory {memory:.0} MiB of {MAX_MEMORY:.0}",
            rate(customers, elapsed),
            bytes / elapsed.as_secs_f64(),
            rate(customers, read),
            read.as_secs_f64() / elapsed.as_secs_f64(),
            bytes / write.as_secs_f64(),
        ))?;
    }
    Ok(())
}

fn rate(customers: u32, time: Duration) -> f64 {
    f64::from(customers) / time.as_secs_f64()
}

fn mebibytes(bytes: usize) -> Result<f64> {
    Ok(f64::from(u32::try_from(bytes / 1024)?) / 1024.0)
}

fn print_line(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Creates one customer, then puts its record under the other numbers, with other values.
async fn fill(store: &Store, client: &Client, customers: u32) -> Result<()> {
    let tenant = Tenant::new(&TENANT.parse()?, Mode::Live);
    store.tenant_create(&TENANT.parse()?).await?;
    let fields = serde_json::from_value(json!({
        "first_name": "José", "last_name": "Ramírez", "company_name": "Pools, Inc.", "email": "jose@example.com",
        "phone": "206-555-0123", "notes": "Gate code 4711.\nThe dog is friendly.",
        "physical": { "line1": "7 Main St", "city": "Seattle", "state": "WA", "postal_code": "98101" },
        "contacts": [{ "id": "cont_1", "name": "Ann Lee", "email": "ann@example.com", "is_primary": true,
                       "created_at": 0, "updated_at": 0 }],
    }))?;
    store.customer_create(&tenant, fields, Write::plain()).await?;
    let key = |number: u32| -> Result<_> {
        let number = CustomerNumber::try_from(number)?;
        Ok(keys::customer(&tenant, tenant.customer_uuid(number)))
    };
    let first = key(1)?;
    let get = client
        .get_item()
        .table_name(TABLE)
        .key(attribute::PK, AttributeValue::S(first.pk))
        .key(attribute::SK, AttributeValue::S(first.sk));
    let record = get.send().await?.item.ok_or("the first customer is missing")?;
    // The record alone: an export reads no other item, and entries of indexes would only make the table slower.
    let copy = |number: u32| -> Result<WriteRequest> {
        let mut item: Item = record.clone();
        for value in item.values_mut() {
            if let AttributeValue::S(text) = value {
                for (first, other) in values_of(number) {
                    *text = text.replace(first, &other);
                }
            }
        }
        item.insert(attribute::PK.into(), AttributeValue::S(key(number)?.pk));
        item.insert(attribute::NUMBER.into(), AttributeValue::N(number.to_string()));
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        Ok(WriteRequest::builder().put_request(put).build())
    };
    let rest: Vec<u32> = (2..=customers).collect();
    let batches = rest.chunks(BATCH_SIZE).map(|numbers| {
        let requests: Result<Vec<WriteRequest>> = numbers.iter().map(|number| copy(*number)).collect();
        async move {
            client.batch_write_item().request_items(TABLE, requests?).send().await?;
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        }
    });
    stream::iter(batches).buffer_unordered(8).try_collect::<Vec<()>>().await?;
    store.customer_numbers_allocate(&tenant, customers - 1).await?;
    Ok(())
}

/// Returns texts in the record of the first customer, with those that another customer has instead.
fn values_of(number: u32) -> [(&'static str, String); 6] {
    let given = ["Ann", "José", "Mary", "Søren", "Li", "Margaret", "Okoro"];
    let family = ["Lee", "O'Connor", "Ramírez", "van der Berg", "Kowalski"];
    let (given, family) = (given[number as usize % 7], family[number as usize / 7 % 5]);
    // Consecutive numbers have unlike codes, so that texts do not compress better than those of real customers.
    let code = number.wrapping_mul(2_654_435_761);
    [
        ("4711", format!("{code:08x}")),
        ("José", given.into()),
        ("Ramírez", family.into()),
        ("jose@", format!("{}{}@", given.to_lowercase(), code % 100_000)),
        ("206-555-0123", format!("{:03}-555-{:04}", code % 800 + 200, code / 800 % 10_000)),
        ("\"number\":1,", format!("\"number\":{number},")),
    ]
}

/// Reads all customers; returns the time.
async fn bare_read(store: &Store, customers: u32) -> Result<Duration> {
    let tenant = Tenant::new(&TENANT.parse()?, Mode::Live);
    let started = Instant::now();
    let mut all = store.customer_stream(&tenant, CustomerQuery::default()).await?;
    let batches = stream::iter(std::iter::from_fn(|| all.next_batch()));
    let reads =
        batches.map(|batch| tokio::spawn(async move { batch.read().await })).buffered(CONCURRENT_READS);
    let counts = reads.map(|read| Ok::<_, Box<dyn Error + Send + Sync>>(read??.len()));
    let count = counts.try_fold(0, async |sum, count| Ok(sum + count)).await?;
    if count != customers as usize {
        return Err(format!("{count} of {customers} customers were read").into());
    }
    Ok(started.elapsed())
}

/// Writes a file of these bytes; returns the time.
fn bare_write(bytes: &[u8], folder: &Path) -> Result<Duration> {
    let started = Instant::now();
    let mut file = std::fs::File::create(folder.join("bare"))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(started.elapsed())
}

/// Runs the command; returns the result that it prints, and the peak of its resident memory in MiB.
async fn export(url: &str, format: &str, to: &Path) -> Result<(Value, f64)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-agent"));
    command.args(["export", "customers", "--columns", "full", "--json", "--format", format]);
    command.args(["--dynamodb", url, "--table", TABLE, "--tenant", TENANT]).arg("--to").arg(to);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    tokio::task::spawn_blocking(move || watched(command)).await?
}

/// The kernel's own count for a process that has ended includes the memory that its parent had when it started.
#[expect(clippy::disallowed_methods, reason = "the pause between two looks")]
fn watched(mut command: Command) -> Result<(Value, f64)> {
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = std::fs::read_to_string(&status).ok().and_then(|text| high_water(&text)).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("the export failed: {}", output.status).into());
    }
    Ok((serde_json::from_slice(&output.stdout)?, f64::from(peak) / 1024.0))
}

/// Returns the highest resident memory that a process has had, in KiB.
fn high_water(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
