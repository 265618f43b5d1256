//! Overhead of an import: its rows per second, compared with writing the same items directly from memory.
//!
//!     cargo bench -p clientele-sync-agent --bench import [-- --rows N --rounds N]
//!
//! Both write to an engine in this process; the direct writes have as many concurrent commits as an import reaches.
//! The target is a ratio of 0.7.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, PutRequest, TransactWriteItem, Update, WriteRequest};
use clap::Parser;
use clientele_shared::Ambient;
use clientele_shared::model::{CounterCell, CustomerNumber, CustomerType, Mode, Status, Tenant, TenantId};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use clientele_shared::table::keys::{self, Key, RankBlock, Slot, attribute};
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportOptions, Importer};
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const TABLE: &str = "clientele";
/// The number of lanes that an import reaches.
const MAX_CONCURRENT_COMMITS: usize = 16;
/// The same limit as in the store.
const MAX_CONCURRENT_BATCHES: usize = 8;
/// Maximum number of items in a DynamoDB batch write.
const BATCH_SIZE: usize = 25;

type Item = std::collections::HashMap<String, AttributeValue>;
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
struct Options {
    /// Number of rows
    #[arg(long, default_value_t = 20_000)]
    rows: u32,
    /// Number of rounds, each of which measures both
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { rows, rounds, .. } = Options::parse();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("customers.csv");
    std::fs::write(&file, generated(rows)?)?;
    let mut best = [Duration::MAX; 2];
    for round in 1..=rounds {
        let client = engine().await?;
        let import = import(&client, &file, rows).await?;
        let commits = commits(&client).await?;
        drop(client);
        let direct = write_directly(&engine().await?, commits).await?;
        print_line(&format!("round {round}: {}", summary(rows, import, direct)))?;
        best = [best[0].min(import), best[1].min(direct)];
    }
    print_line(&format!("best:    {}", summary(rows, best[0], best[1])))
}

fn summary(rows: u32, import: Duration, direct: Duration) -> String {
    let speed = |time: Duration| f64::from(rows) / time.as_secs_f64();
    format!(
        "import {:.0} rows/s, direct writes {:.0} rows/s, ratio {:.2}",
        speed(import),
        speed(direct),
        speed(import) / speed(direct)
    )
}

fn print_line(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Starts an engine with an empty table in memory; returns its client.
async fn engine() -> Result<Client> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let database = Database::memory()?;
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let client = Connection::local(url).client()?;
    create_table(&client, TABLE).await?;
    Ok(client)
}

fn generated(rows: u32) -> Result<String> {
    let given = ["Ann", "José", "Mary", "Søren", "Li"];
    let family = ["Lee", "O'Connor", "Ramírez", "van der Berg", "Kowalski"];
    let mut file = "id,first_name,last_name,company,email,phone,address,city,state,zip\r\n".to_owned();
    for row in 0..rows {
        let (first, last) = (given[row as usize % 5], family[row as usize / 5 % 5]);
        let company = if row % 3 == 0 { format!("\"Pools {row}, Inc.\"") } else { String::new() };
        let (phone, house, zip) = (row % 10_000, row % 900 + 1, 98_000 + row % 200);
        write!(file, "row-{row},{first},{last},{company},person{row}@example.com,")?;
        write!(file, "206-555-{phone:04},{house} Main St,Seattle,WA,{zip:05}\r\n")?;
    }
    Ok(file)
}

async fn import(client: &Client, file: &Path, rows: u32) -> Result<Duration> {
    let store = Store::new(client.clone(), TABLE, Ambient::system());
    let tenant: TenantId = "demo".parse()?;
    store.tenant_create(&tenant).await?;
    let importer = Importer::new(store, tenant, Mode::Live, Customers::default(), ImportOptions::default());
    let outcome = importer.run(file, &mut |_| {}).await?;
    if outcome.counts.written != u64::from(rows) {
        return Err(format!("not all {rows} rows were written: {:?}", outcome.counts).into());
    }
    Ok(outcome.elapsed)
}

/// The writes of one commit.
#[derive(Default)]
struct Commit {
    entries: Vec<Vec<WriteRequest>>,
    transaction: Vec<TransactWriteItem>,
}

/// Reconstructs the writes of an import from the items in the table.
async fn commits(client: &Client) -> Result<Vec<Commit>> {
    let mut rows: Vec<(u32, Row)> = rows(client).await?.into_iter().collect();
    let mut commits = Vec::new();
    while !rows.is_empty() {
        let count = rows.len().min(Store::IMPORT_ROWS);
        commits.push(commit(rows.drain(..count).collect(), commits.len() as u64)?);
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

/// Returns the items of each row by customer number.
async fn rows(client: &Client) -> Result<BTreeMap<u32, Row>> {
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    let mut pages = client.scan().table_name(TABLE).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = item?;
        let number = |name| item.get(name).and_then(|value: &AttributeValue| value.as_n().ok()?.parse().ok());
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let committed: Option<u32> = number(attribute::NUMBER).or_else(|| number("customer"));
        let entry = text(attribute::SEARCH_SK).and_then(|sort| keys::search_number(sort));
        // The rest are slots, ranks and log entries, which are made for each commit.
        if let Some(number) = committed {
            rows.entry(number).or_default().records.push(item);
        } else if let Some(number) = entry {
            rows.entry(number.get()).or_default().entries.push(item);
        }
    }
    Ok(rows)
}

fn commit(rows: Vec<(u32, Row)>, seq: u64) -> Result<Commit> {
    let mut commit = Commit::default();
    let mut entries: Vec<WriteRequest> = Vec::new();
    let first = rows.first().map_or(1, |(number, _)| *number);
    let changes: Vec<String> = rows.iter().map(|(number, _)| format!("C{number}:1")).collect();
    for (_, row) in rows {
        for item in row.records {
            let put = Put::builder()
                .table_name(TABLE)
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
    let tenant = Tenant::new(&"demo".parse()?, Mode::Live);
    let slot = Slot::new((seq % MAX_CONCURRENT_COMMITS as u64) as u8);
    let number = CustomerNumber::try_from(first)?;
    let count = |key: Key, set: &str| -> Result<TransactWriteItem> {
        let cell = |customer_type| {
            let cell =
                CounterCell { status: Status::Active, customer_type, is_vip: false, is_deleted: false };
            keys::cell_attribute(cell)
        };
        let update = Update::builder()
            .table_name(TABLE)
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
        .table_name(TABLE)
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
        let request = client.batch_write_item().request_items(TABLE, batch);
        batches.spawn(async move { request.send().await });
    }
    while let Some(result) = batches.join_next().await {
        result??;
    }
    client.transact_write_items().set_transact_items(Some(commit.transaction)).send().await?;
    Ok(())
}
