//! Overhead of an import: its rows per second, compared with writing the same items directly from memory.
//!
//!     cargo bench -p clientele-sync-agent --bench import [-- --rows N --rounds N]
//!
//! Both write to an engine in this process, with the same number of concurrent requests. The target is a
//! ratio of 0.7.

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
use clientele_shared::model::{CounterCell, CustomerType, Mode, Status, Tenant, TenantId};
use clientele_shared::store::Store;
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use clientele_shared::table::keys::{self, attribute};
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportOptions, Importer};
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const TABLE: &str = "clientele";
/// The same limit as in the import.
const MAX_CONCURRENT_COMMITS: usize = 4;
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
    terms: Vec<Vec<WriteRequest>>,
    records: Vec<TransactWriteItem>,
}

/// Reconstructs the writes of an import from the items in the table.
async fn commits(client: &Client) -> Result<Vec<Commit>> {
    let rows = rows(client).await?;
    let mut rows: Vec<Row> = rows.into_values().collect();
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
    records: Vec<Item>,
    terms: Vec<Item>,
}

/// Returns the items of each row by customer number.
async fn rows(client: &Client) -> Result<BTreeMap<u32, Row>> {
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    let mut terms = Vec::new();
    let mut pages = client.scan().table_name(TABLE).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = item?;
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        if text(attribute::SK).starts_with(keys::TERM_PREFIX) {
            terms.push((text(attribute::SEARCH_SK), item));
        } else if let Some(number) = item.get(attribute::NUMBER) {
            let number = number.as_n().map_err(|_| "the number attribute is not a number")?.parse()?;
            rows.entry(number).or_default().records.push(item);
        }
    }
    for (sort, item) in terms {
        let number = keys::search_number(&sort).ok_or("a search term has no customer number")?;
        rows.entry(number.get()).or_default().terms.push(item);
    }
    Ok(rows)
}

fn commit(rows: Vec<Row>, shard: u64) -> Result<Commit> {
    let tenant = Tenant::new(&"demo".parse()?, Mode::Live);
    let cell = |customer_type| {
        let cell = CounterCell { status: Status::Active, customer_type, is_vip: false, is_deleted: false };
        keys::cell_attribute(cell)
    };
    let counts = keys::counts(&tenant, shard % keys::COUNTER_SHARDS);
    let update = Update::builder()
        .table_name(TABLE)
        .key(attribute::PK, AttributeValue::S(counts.pk))
        .key(attribute::SK, AttributeValue::S(counts.sk))
        .update_expression("ADD changes :one, #c0 :some, #c1 :some")
        .expression_attribute_names("#c0", cell(CustomerType::Residential))
        .expression_attribute_names("#c1", cell(CustomerType::Commercial))
        .expression_attribute_values(":one", AttributeValue::N("1".into()))
        .expression_attribute_values(":some", AttributeValue::N("24".into()))
        .build()?;
    let mut commit = Commit::default();
    let mut terms: Vec<WriteRequest> = Vec::new();
    for row in rows {
        for item in row.records {
            let put = Put::builder()
                .table_name(TABLE)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", attribute::PK)
                .build()?;
            commit.records.push(TransactWriteItem::builder().put(put).build());
        }
        for item in row.terms {
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            terms.push(WriteRequest::builder().put_request(put).build());
        }
    }
    commit.records.push(TransactWriteItem::builder().update(update).build());
    while !terms.is_empty() {
        let count = terms.len().min(BATCH_SIZE);
        commit.terms.push(terms.drain(..count).collect());
    }
    Ok(commit)
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
    for batch in commit.terms {
        while batches.len() >= MAX_CONCURRENT_BATCHES {
            batches.join_next().await.transpose()?.transpose()?;
        }
        let request = client.batch_write_item().request_items(TABLE, batch);
        batches.spawn(async move { request.send().await });
    }
    while let Some(result) = batches.join_next().await {
        result??;
    }
    client.transact_write_items().set_transact_items(Some(commit.records)).send().await?;
    Ok(())
}
