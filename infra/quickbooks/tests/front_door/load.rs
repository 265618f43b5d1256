//! Load: 20,000 customers created in batches, then queries, then a minute at the limits of QuickBooks. Ignored
//! by default; the figures in docs/quickbooks-stand-in.md come from the command there.

#![allow(clippy::print_stdout, reason = "a measurement prints its figures")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;

/// Customers that the load test creates.
const CUSTOMERS: usize = 20_000;
/// Items of a batch.
const ITEMS: usize = 30;
/// Times that each query runs.
const RUNS: u32 = 21;
/// Requests of the minute at the limits: 10 per second, of which every fifteenth, 40 in all, is a batch.
const REQUESTS: usize = 600;
const BATCH_EVERY: usize = 15;
/// Most processor time of a query and most memory of the process, in milliseconds and MiB.
const MAX_QUERY_MILLIS: u64 = 50;
const MAX_MEMORY_MIB: u64 = 200;
/// Queries over all customers.
const QUERIES: [&str; 5] = [
    "select count(*) from Customer where DisplayName like '%99%'",
    "select * from Customer where DisplayName = 'Customer 19999'",
    "select * from Customer where FamilyName like 'Family 1%' orderby DisplayName desc \
     startposition 5000 maxresults 100",
    "select * from Customer where MetaData.LastUpdatedTime >= '2020-01-01' \
     order by MetaData.LastUpdatedTime startposition 19001 maxresults 1000",
    "select * from Customer startposition 19001 maxresults 1000",
];

fn customer(n: usize) -> Value {
    let address = json!({
        "Line1": format!("{n} Main Street"), "City": "Tampa", "PostalCode": "33602",
        "CountrySubDivisionCode": "FL",
    });
    json!({
        "DisplayName": format!("Customer {n:05}"), "GivenName": "Given", "FamilyName": format!("Family {n}"),
        "CompanyName": format!("Company {n}"), "PrimaryEmailAddr": { "Address": format!("c{n}@example.com") },
        "PrimaryPhone": { "FreeFormNumber": format!("(813) 555-{:04}", n % 10_000) },
        "Mobile": { "FreeFormNumber": "(813) 555-0199" }, "WebAddr": { "URI": "https://example.com/" },
        "Notes": "Gate code at the office. Call before you come.",
        "BillAddr": address, "ShipAddr": address,
    })
}

/// Processor time of this process, the test's client included, in milliseconds.
fn cpu_millis() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // User and system time, in hundredths of a second.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

/// Resident memory of this process, in MiB.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Sends a batch, all of whose items must succeed, and returns the objects that it saved.
async fn send_batch(client: &Client, operation: &str, customers: Vec<Value>) -> Vec<Value> {
    let items: Vec<Value> = customers
        .into_iter()
        .enumerate()
        .map(|(n, customer)| json!({ "bId": n.to_string(), "operation": operation, "Customer": customer }))
        .collect();
    let response = client.post("batch", json!({ "BatchItemRequest": items })).await;
    assert!(response.status == 200 && !response.body.contains("Fault"), "{}", response.body);
    let items = response.json()["BatchItemResponse"].as_array().unwrap().clone();
    items.into_iter().map(|mut item| item["Customer"].take()).collect()
}

async fn create_all(client: &Client) {
    let (start, mut slowest) = (Instant::now(), 0);
    for first in (0..CUSTOMERS).step_by(ITEMS) {
        let sent = Instant::now();
        let customers = (first..CUSTOMERS.min(first + ITEMS)).map(customer).collect();
        send_batch(client, "create", customers).await;
        slowest = slowest.max(sent.elapsed().as_millis());
    }
    let millis = start.elapsed().as_millis();
    println!("{CUSTOMERS} customers in {millis} ms, slowest batch of {ITEMS} in {slowest} ms");
}

async fn measure_queries(client: &Client) {
    for query in QUERIES {
        let (mut times, cpu) = (Vec::new(), cpu_millis());
        for _ in 0..RUNS {
            let sent = Instant::now();
            assert_eq!(client.query(query).await.status, 200);
            times.push(sent.elapsed().as_millis());
        }
        let cpu = (cpu_millis() - cpu) / u64::from(RUNS);
        times.sort_unstable();
        let (best, median) = (times[0], times[times.len() / 2]);
        println!("{best:>3} ms best, {median:>3} ms median, {cpu:>3} ms of processor time: {query}");
        // Processor time, because other processes of the machine lengthen the time that passes.
        assert!(cpu < MAX_QUERY_MILLIS, "{query}: {cpu} ms of processor time");
    }
}

/// Sends requests at a fixed rate for a minute: batches of updates, and queries in between.
async fn sustain(client: &Client) {
    let found = client.query(&format!("select * from Customer maxresults {ITEMS}")).await.json();
    let mut customers = found["QueryResponse"]["Customer"].as_array().unwrap().clone();
    assert_eq!(customers.len(), ITEMS);
    let (start, cpu) = (Instant::now(), cpu_millis());
    let mut ticks = tokio::time::interval(Duration::from_secs(60) / u32::try_from(REQUESTS).unwrap());
    let (mut batches, mut queries) = (Vec::new(), Vec::new());
    for n in 0..REQUESTS {
        ticks.tick().await;
        let sent = Instant::now();
        if n % BATCH_EVERY == 0 {
            for customer in &mut customers {
                customer["Notes"] = json!(format!("Round {n}"));
            }
            customers = send_batch(client, "update", customers).await;
            batches.push(sent.elapsed().as_millis());
        } else {
            let response = client.query(QUERIES[n % QUERIES.len()]).await;
            assert_eq!(response.status, 200, "{}", response.body);
            queries.push(sent.elapsed().as_millis());
        }
    }
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_millis() - cpu);
    println!("{REQUESTS} requests in {seconds:.1} s, {cpu} ms of processor time");
    for (name, mut times) in [("batches", batches), ("queries", queries)] {
        times.sort_unstable();
        let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{} {name}: {median} ms median, {slowest} ms slowest", times.len());
    }
    assert!(seconds < 61.0, "the requests took {seconds} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement; docs/quickbooks-stand-in.md has its command"]
async fn twenty_thousand_customers_fit_in_200_mib_and_are_queried_in_50_ms() {
    let client = Client::start().await;
    create_all(&client).await;
    measure_queries(&client).await;
    sustain(&client).await;
    println!("{} MiB resident", resident_mib());
    assert!(resident_mib() < MAX_MEMORY_MIB);
}
