//! Speed of an import: its rows per second as the table grows, compared with those of its first 1,000 rows, and with
//! writing the same items directly from memory.
//!
//!     cargo bench -p clientele-sync-agent --bench import [-- --rows N --step N --temporary --alone]
//!
//! Each step imports a file into one table, writes its items directly into a second table, with as many concurrent commits
//! as an import reaches, and imports 1,000 rows into an empty engine. Both tables are in one engine in this process that
//! keeps them as the local stack does with `--data`, or without it if `--temporary` is given. The
//! targets are 0.9 of the direct writes and 0.9 of the first rows, in every step. `--alone` leaves out the direct writes.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, PutRequest, TransactWriteItem, Update, WriteRequest};
use clap::Parser;
use clientele_shared::Ambient;
use clientele_shared::model::{CounterCell, CustomerNumber, CustomerType, Mode, Status, Tenant};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use clientele_shared::table::keys::{self, Key, RankBlock, Slot, attribute};
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportOptions, Importer};
use dynoxide::Database;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

const TABLE: &str = "clientele";
/// The table of the direct writes.
const WRITTEN: &str = "written";
const TENANT: &str = "demo";
/// The number of lanes that an import reaches.
const MAX_CONCURRENT_COMMITS: usize = 16;
/// The same limit as in the store.
const MAX_CONCURRENT_BATCHES: usize = 8;
/// Maximum number of items in a DynamoDB batch write.
const BATCH_SIZE: usize = 25;
/// The rows with which the others are compared.
const FIRST_ROWS: u32 = 1_000;

/// The allocator of the local stack, whose engine this is.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Item = std::collections::HashMap<String, AttributeValue>;
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
struct Options {
    /// Number of rows
    #[arg(long, default_value_t = 20_000)]
    rows: u32,
    /// Number of rows in each step
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    step: u32,
    /// Use a temporary database, as the local stack does without --data
    #[arg(long)]
    temporary: bool,
    /// Leave out the direct writes
    #[arg(long)]
    alone: bool,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { rows, step, temporary, alone, .. } = Options::parse();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("customers.csv");
    let Engine { client, .. } = Engine::start(folder.path(), temporary).await?;
    create_table(&client, WRITTEN).await?;
    let store = new_store(&client).await?;
    let (mut done, mut commit_count, mut total) = (0, 0, Times::default());
    while done < rows {
        let numbers = done + 1..=rows.min(done + step);
        let first_rows = import_first_rows(temporary).await?;
        std::fs::write(&file, generated(numbers.clone())?)?;
        let import = import(&store, &file, numbers.clone()).await?;
        let direct = if alone {
            None
        } else {
            let commits = commits(&client, numbers.clone(), &mut commit_count).await?;
            Some(write_directly(&client, commits).await?)
        };
        let times = Times { import, direct, first_rows, steps: 1 };
        print_line(&times.summary(numbers.clone()))?;
        total.add(&times);
        done = *numbers.end();
    }
    print_line(&total.summary(1..=rows))
}

async fn new_store(client: &Client) -> Result<Store> {
    let store = Store::new(client.clone(), TABLE, Ambient::system());
    store.tenant_create(&TENANT.parse()?).await?;
    Ok(store)
}

/// Imports the first rows into an engine of their own.
async fn import_first_rows(is_temporary: bool) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("customers.csv");
    std::fs::write(&file, generated(1..=FIRST_ROWS)?)?;
    let engine = Engine::start(folder.path(), is_temporary).await?;
    let time = import(&new_store(&engine.client).await?, &file, 1..=FIRST_ROWS).await?;
    engine.server.abort();
    Ok(time)
}

/// How long the parts of some steps took.
#[derive(Default)]
struct Times {
    import: Duration,
    direct: Option<Duration>,
    /// [`FIRST_ROWS`] rows into an empty engine, once in each step.
    first_rows: Duration,
    steps: u32,
}

impl Times {
    fn add(&mut self, other: &Self) {
        self.import += other.import;
        self.direct = other.direct.map(|direct| self.direct.unwrap_or_default() + direct);
        self.first_rows += other.first_rows;
        self.steps += other.steps;
    }

    fn summary(&self, numbers: RangeInclusive<u32>) -> String {
        let (first, last) = (*numbers.start(), *numbers.end());
        let speed = |rows: u32, time: Duration| f64::from(rows) / time.as_secs_f64();
        let rows = last + 1 - first;
        let import = speed(rows, self.import);
        let first_rows = speed(FIRST_ROWS * self.steps, self.first_rows);
        let direct = self.direct.map_or_else(String::new, |direct| {
            let direct = speed(rows, direct);
            format!("; direct writes {direct:>4.0} rows/s, ratio {:.2}", import / direct)
        });
        format!(
            "rows {first:>6} to {last:>6}: import {import:>4.0} rows/s; first {FIRST_ROWS} rows {first_rows:>4.0} rows/s, ratio \
             {:.2}{direct}",
            import / first_rows
        )
    }
}

fn print_line(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// An engine in this process.
struct Engine {
    client: Client,
    server: JoinHandle<std::result::Result<(), String>>,
}

impl Engine {
    /// Starts an engine with an empty table as the local stack does: in a temporary database, or in a file in the folder.
    async fn start(folder: &Path, is_temporary: bool) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let database = if is_temporary {
            Database::new("")?
        } else {
            let database = Database::new(&folder.join("tables.db").to_string_lossy())?;
            database.disable_bulk_loading()?;
            database
        };
        let serve = dynoxide::server::serve_with_shutdown(listener, database, std::future::pending());
        let server = tokio::spawn(serve);
        let client = Connection::local(url).client()?;
        create_table(&client, TABLE).await?;
        Ok(Self { client, server })
    }
}

fn generated(rows: RangeInclusive<u32>) -> Result<String> {
    let given = ["Ann", "José", "Mary", "Søren", "Li"];
    let family = ["Lee", "O'Connor", "Ramírez", "van der Berg", "Kowalski"];
    let mut file = "id,first_name,last_name,company,email,phone,address,city,state,zip\r\n".to_owned();
    for row in rows {
        let (first, last) = (given[row as usize % 5], family[row as usize / 5 % 5]);
        let company = if row % 3 == 0 { format!("\"Pools {row}, Inc.\"") } else { String::new() };
        let (phone, house, zip) = (row % 10_000, row % 900 + 1, 98_000 + row % 200);
        write!(file, "row-{row},{first},{last},{company},person{row}@example.com,")?;
        write!(file, "206-555-{phone:04},{house} Main St,Seattle,WA,{zip:05}\r\n")?;
    }
    Ok(file)
}

fn importer(store: &Store) -> Result<Importer<Customers>> {
    let (store, tenant, options) = (store.clone(), TENANT.parse()?, ImportOptions::default());
    Ok(Importer::new(store, tenant, Mode::Live, Customers::default(), options))
}

async fn import(store: &Store, file: &Path, rows: RangeInclusive<u32>) -> Result<Duration> {
    let outcome = importer(store)?.run(file, &mut |_| {}).await?;
    if outcome.counts.written != rows.clone().count() as u64 {
        return Err(format!("not all rows {rows:?} were written: {:?}", outcome.counts).into());
    }
    Ok(outcome.elapsed)
}

/// The writes of one commit.
#[derive(Default)]
struct Commit {
    entries: Vec<Vec<WriteRequest>>,
    transaction: Vec<TransactWriteItem>,
}

/// Reconstructs the writes of an import from the items in the table. `count` is the number of commits before.
async fn commits(client: &Client, numbers: RangeInclusive<u32>, count: &mut u64) -> Result<Vec<Commit>> {
    let tenant = Tenant::new(&TENANT.parse()?, Mode::Live);
    let rows = stream::iter(numbers).map(|number| row(client, &tenant, number)).buffered(16);
    let mut rows: Vec<(u32, Row)> = rows.try_collect().await?;
    let mut commits = Vec::new();
    while !rows.is_empty() {
        let size = rows.len().min(Store::IMPORT_ROWS);
        commits.push(commit(rows.drain(..size).collect(), *count)?);
        *count += 1;
    }
    Ok(commits)
}

/// The items of one row.
#[derive(Default)]
struct Row {
    /// The record and the row's mark, which are committed.
    records: Vec<Item>,
    /// The search entries and figures, which are put before.
    entries: Vec<Item>,
}

/// Reads the items of a customer's row.
async fn row(client: &Client, tenant: &Tenant, number: u32) -> Result<(u32, Row)> {
    let uuid = tenant.customer_uuid(CustomerNumber::try_from(number)?);
    let query = client
        .query()
        .table_name(TABLE)
        .key_condition_expression("#pk = :pk")
        .expression_attribute_names("#pk", attribute::PK)
        .expression_attribute_values(":pk", AttributeValue::S(keys::customer_partition(tenant, uuid)));
    let items = query.send().await?.items.unwrap_or_default();
    let (mut records, entries): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| item.contains_key(attribute::NUMBER));
    // The mark of a row has the digest of its name in its key. Any other text of that length takes as long to write.
    let key = keys::imported_row(tenant, &format!("{number:0>64}"));
    let mark = [
        (attribute::PK, AttributeValue::S(key.pk)),
        (attribute::SK, AttributeValue::S(key.sk)),
        ("customer", AttributeValue::N(number.to_string())),
    ];
    records.push(mark.map(|(name, value)| (name.to_owned(), value)).into());
    Ok((number, Row { records, entries }))
}

fn commit(rows: Vec<(u32, Row)>, seq: u64) -> Result<Commit> {
    let mut commit = Commit::default();
    let mut entries: Vec<WriteRequest> = Vec::new();
    let first = rows.first().map_or(1, |(number, _)| *number);
    let changes: Vec<String> = rows.iter().map(|(number, _)| format!("C{number}:1")).collect();
    for (_, row) in rows {
        for item in row.records {
            let put = Put::builder()
                .table_name(WRITTEN)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", attribute::PK)
                .build()?;
            commit.transaction.push(TransactWriteItem::builder().put(put).build());
        }
        for item in row.entries {
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            entries.push(WriteRequest::builder().put_request(put).build());
        }
    }
    commit.transaction.extend(bookkeeping(first, seq, changes)?);
    while !entries.is_empty() {
        let count = entries.len().min(BATCH_SIZE);
        commit.entries.push(entries.drain(..count).collect());
    }
    Ok(commit)
}

/// The slot, rank and log entry of a commit, each commit in the slot of its lane.
fn bookkeeping(first: u32, seq: u64, changes: Vec<String>) -> Result<[TransactWriteItem; 3]> {
    let tenant = Tenant::new(&TENANT.parse()?, Mode::Live);
    let slot = Slot::new((seq % MAX_CONCURRENT_COMMITS as u64) as u8);
    let number = CustomerNumber::try_from(first)?;
    let count = |key: Key, set: &str| -> Result<TransactWriteItem> {
        let cell = |customer_type| {
            let cell =
                CounterCell { status: Status::Active, customer_type, is_vip: false, is_deleted: false };
            keys::cell_attribute(cell)
        };
        let update = Update::builder()
            .table_name(WRITTEN)
            .key(attribute::PK, AttributeValue::S(key.pk))
            .key(attribute::SK, AttributeValue::S(key.sk))
            .update_expression(format!("{set} ADD #c0 :some, #c1 :some"))
            .expression_attribute_names("#c0", cell(CustomerType::Residential))
            .expression_attribute_names("#c1", cell(CustomerType::Commercial))
            .expression_attribute_values(":some", AttributeValue::N("24".into()));
        let update = match set {
            "" => update,
            _ => update.expression_attribute_values(":seq", AttributeValue::N(seq.to_string())),
        };
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    };
    let key = keys::log_entry(&tenant, slot, seq);
    let log = Put::builder()
        .table_name(WRITTEN)
        .item(attribute::PK, AttributeValue::S(key.pk))
        .item(attribute::SK, AttributeValue::S(key.sk))
        .item("changes", AttributeValue::L(changes.into_iter().map(AttributeValue::S).collect()))
        .item("at", AttributeValue::N("1".into()))
        .item(attribute::EXPIRES_AT, AttributeValue::N("1".into()))
        .build()?;
    Ok([
        count(keys::slot(&tenant, slot), "SET seq = :seq, last_at = :seq")?,
        count(keys::rank(&tenant, RankBlock::of(number), slot), "")?,
        TransactWriteItem::builder().put(log).build(),
    ])
}

/// Sends the writes directly.
async fn write_directly(client: &Client, commits: Vec<Commit>) -> Result<Duration> {
    let started = Instant::now();
    let mut in_progress = JoinSet::new();
    for commit in commits {
        while in_progress.len() >= MAX_CONCURRENT_COMMITS {
            in_progress.join_next().await.transpose()?.transpose()?;
        }
        in_progress.spawn(write(client.clone(), commit));
    }
    while let Some(result) = in_progress.join_next().await {
        result??;
    }
    Ok(started.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "the direct write that the import is compared with")]
async fn write(client: Client, commit: Commit) -> Result<()> {
    let mut batches = JoinSet::new();
    for batch in commit.entries {
        while batches.len() >= MAX_CONCURRENT_BATCHES {
            batches.join_next().await.transpose()?.transpose()?;
        }
        let request = client.batch_write_item().request_items(WRITTEN, batch);
        batches.spawn(async move { request.send().await });
    }
    while let Some(result) = batches.join_next().await {
        result??;
    }
    client.transact_write_items().set_transact_items(Some(commit.transaction)).send().await?;
    Ok(())
}
