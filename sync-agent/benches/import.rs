//! Overhead of an import: its rows per second, compared with writing the same items directly from memory.
//!
//!     cargo bench -p clientele-sync-agent --bench import [-- --rows N --step N --alone]
//!
//! Both write to one engine in this process that keeps its tables in a file, the direct writes with as many concurrent
//! commits as an import reaches, and alternate: each step imports a file into one table and then writes its items directly
//! into the other. The speed of an embedded engine falls as its tables grow; the ratio shows whether that of the import
//! falls faster. The target is a ratio of 0.9 in every step.
//!
//! With `--alone`, one file is imported into a table as the local stack keeps it, and each step is compared with the first
//! 1,000 rows. The target is that none is slower by more than a tenth.

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
use clientele_sync_agent::import::{ImportEvent, ImportOptions, Importer};
use dynoxide::Database;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

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
/// The rows with which `--alone` compares the others.
const FIRST_ROWS: u64 = 1_000;

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
    /// Import only, and compare each step with the first 1,000 rows
    #[arg(long)]
    alone: bool,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { rows, step, alone, .. } = Options::parse();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("customers.csv");
    if alone {
        return import_alone(&file, rows, step).await;
    }
    let client = engine(&folder.path().join("tables.db"), Database::disable_bulk_loading).await?;
    create_table(&client, WRITTEN).await?;
    let store = new_store(&client).await?;
    let (mut done, mut commit_count, mut total) = (0, 0, [Duration::ZERO; 2]);
    while done < rows {
        let numbers = done + 1..=rows.min(done + step);
        std::fs::write(&file, generated(numbers.clone())?)?;
        let import = import(&store, &file, numbers.clone()).await?;
        let commits = commits(&client, numbers.clone(), &mut commit_count).await?;
        let direct = write_directly(&client, commits).await?;
        print_line(&summary(numbers.clone(), [import, direct]))?;
        total = [total[0] + import, total[1] + direct];
        done = *numbers.end();
    }
    print_line(&summary(1..=rows, total))
}

async fn new_store(client: &Client) -> Result<Store> {
    let store = Store::new(client.clone(), TABLE, Ambient::system());
    store.tenant_create(&TENANT.parse()?).await?;
    Ok(store)
}

/// Imports one file, and prints the rate of each step next to that of the first rows.
async fn import_alone(file: &Path, rows: u32, step: u32) -> Result<()> {
    std::fs::write(file, generated(1..=rows)?)?;
    let client = engine(&file.with_extension("db"), Database::enable_bulk_loading).await?;
    let importer = importer(&new_store(&client).await?)?;
    let started = Instant::now();
    let mut times = vec![(0, Duration::ZERO)];
    let note = &mut |event: ImportEvent<'_>| {
        if let ImportEvent::Progress(progress) = event {
            times.push((progress.counts.written, started.elapsed()));
        }
    };
    let outcome = importer.run(file, note).await?;
    if outcome.counts.written != u64::from(rows) {
        return Err(format!("not all {rows} rows were written: {:?}", outcome.counts).into());
    }
    times.push((outcome.counts.written, started.elapsed()));
    let first = speed_between(&times, 0, FIRST_ROWS);
    for start in (0..u64::from(rows)).step_by(step as usize) {
        let end = u64::from(rows).min(start + u64::from(step));
        let speed = speed_between(&times, start, end);
        print_line(&format!(
            "rows {:>6} to {end:>6}: import {speed:>4.0} rows/s, first {FIRST_ROWS} rows {first:>4.0} rows/s, ratio {:.2}",
            start + 1,
            speed / first
        ))?;
    }
    Ok(())
}

/// Returns the rows per second between two counts of rows, from the times at which counts were reached.
fn speed_between(times: &[(u64, Duration)], start: u64, end: u64) -> f64 {
    let reached = |rows| times.iter().find(|(count, _)| *count >= rows).or(times.last());
    let (Some(first), Some(last)) = (reached(start), reached(end)) else { return f64::NAN };
    let count = u32::try_from(last.0 - first.0).unwrap_or(u32::MAX);
    f64::from(count) / (last.1 - first.1).as_secs_f64()
}

fn summary(numbers: RangeInclusive<u32>, [import, direct]: [Duration; 2]) -> String {
    let (first, last) = (*numbers.start(), *numbers.end());
    let speed = |time: Duration| f64::from(last + 1 - first) / time.as_secs_f64();
    format!(
        "rows {first:>6} to {last:>6}: import {:>4.0} rows/s, direct writes {:>4.0} rows/s, ratio {:.2}",
        speed(import),
        speed(direct),
        speed(import) / speed(direct)
    )
}

fn print_line(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Starts an engine with an empty table in a file, with the settings of the local stack with or without --data; returns its
/// client.
async fn engine(file: &Path, tune: fn(&Database) -> dynoxide::Result<()>) -> Result<Client> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let database = Database::new(&file.to_string_lossy())?;
    tune(&database)?;
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let client = Connection::local(url).client()?;
    create_table(&client, TABLE).await?;
    Ok(client)
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
