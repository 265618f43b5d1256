//! Load test of the local stack: `cargo bench -p clientele-tests --bench load`.
//!
//! Starts the stack in this process on a port of its own, imports customers, and sends a mix of reads and writes in both
//! dialects over HTTP, from several connections at the same time. Every response is checked. Prints the number of
//! requests, the errors and the latencies of each operation.
//!
//! Exit status: 0 if every response was right, 1 if one was not, 2 if the stack did not start.

mod client;
mod customers;
mod operation;
mod report;
// Also used by the simulation, which needs more of it.
#[path = "../../simulation/rng.rs"]
#[allow(dead_code)]
mod rng;
mod stack;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::task::JoinSet;

use client::Client;
use report::Report;
use stack::Stack;

/// Any failure outside the measured requests.
type Failure = Box<dyn Error + Send + Sync>;

/// Send mixed traffic to the local stack and measure it
#[derive(Parser)]
struct Options {
    /// Import this many customers first
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    customers: u32,

    /// Send requests for this long
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    seconds: u64,

    /// Send requests over this many connections at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    connections: u32,

    /// Start of the random choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Passed by `cargo bench`; without it, nothing is measured
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("Nothing is measured in a test run; run `cargo bench -p clientele-tests --bench load`");
        return ExitCode::SUCCESS;
    }
    match run(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs the test and prints the report. Returns whether every response was right.
async fn run(options: &Options) -> Result<bool, Failure> {
    let stack = Stack::start(options.connections as usize).await?;
    eprintln!("importing {} customers", options.customers);
    let started = Instant::now();
    let numbers = customers::import(&stack, options.customers).await?;
    eprintln!("imported them in {} seconds; sending requests", started.elapsed().as_secs());
    let started = Instant::now();
    let end = started + Duration::from_secs(options.seconds);
    let mut clients = JoinSet::new();
    for nth in 0..options.connections {
        let client = Client::new(&stack, numbers.share(nth, options.connections), options.seed, nth);
        clients.spawn(client.run_until(end));
    }
    let mut report = Report::default();
    while let Some(client) = clients.join_next().await {
        report.add(client?);
    }
    std::io::stdout().lock().write_all(report.text(options, started.elapsed()).as_bytes())?;
    stack.stop().await?;
    Ok(report.errors() == 0 && report.covers_every_operation())
}
