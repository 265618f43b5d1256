//! Runs the simulation from the command line: `cargo run -p clientele-tests --bin simulate -- --seed 7 --steps 400`.

// The simulation is a test: it panics where the world it builds is broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod simulation;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Parser;

use simulation::Run;

/// Makes random moves against the functions and checks the invariants of the store.
#[derive(Debug, Parser)]
struct Options {
    /// First seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of seeds, from the first one on.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Number of moves for each seed.
    #[arg(long, default_value_t = 400)]
    steps: usize,
    /// Moves to leave out.
    #[arg(long, value_delimiter = ',')]
    skip: Vec<usize>,
    /// Print the first failure of a seed without looking for a shorter one.
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut failed = 0;
    for seed in options.seed..options.seed.saturating_add(options.seeds) {
        let skipped: BTreeSet<usize> = options.skip.iter().copied().collect();
        let run = Run { skipped, ..Run::new(seed, options.steps) };
        if let Err(failure) = run.check() {
            failed += 1;
            let failure = if options.no_shrink { *failure } else { Run::shrink(*failure) };
            println!("{failure}\n");
        }
    }
    println!("{} of {} seeds hold every invariant", options.seeds - failed, options.seeds);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
