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
    /// Number of seeds that run at the same time.
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// Simulate the mirror of a company in QuickBooks.
    #[arg(long)]
    mirror: bool,
    /// Moves to leave out.
    #[arg(long, value_delimiter = ',')]
    skip: Vec<usize>,
    /// Print the first failure of a seed without looking for a shorter one.
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let failed: u64 = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..options.jobs.max(1))
            .map(|job| {
                scope.spawn({
                    let options = &options;
                    move || options.check(job)
                })
            })
            .collect();
        jobs.into_iter().map(|job| job.join().expect("a job does not panic")).sum()
    });
    println!("{} of {} seeds hold every invariant", options.seeds - failed, options.seeds);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Options {
    /// Checks every seed of one job, and prints each failure. Returns how many failed.
    fn check(&self, job: u64) -> u64 {
        let mut failed = 0;
        for seed in
            (self.seed..self.seed.saturating_add(self.seeds)).filter(|seed| seed % self.jobs.max(1) == job)
        {
            let skipped: BTreeSet<usize> = self.skip.iter().copied().collect();
            let run = Run { skipped, is_mirror: self.mirror, ..Run::new(seed, self.steps) };
            if let Err(failure) = run.check() {
                failed += 1;
                let failure = if self.no_shrink { *failure } else { Run::shrink(*failure) };
                println!("{failure}\n");
            }
        }
        failed
    }
}
