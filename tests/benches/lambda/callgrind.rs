//! Counts the instructions a function executes, with valgrind's callgrind.
//!
//! Instruction counts hardly move between runs of one build, on any machine, so they can be gated on where
//! wall time cannot. One process gives one number: everything it executed from its start until it was
//! stopped. The cost of one phase is the difference of two such runs, so what the runs share cancels out.

use std::ffi::OsString;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde::Serialize;

use crate::error::{BenchError, Doing};
use crate::measure::{Plan, Subject, median};
use crate::process::Function;

/// Instructions of the phases of a function's life.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Instructions {
    /// From the start of the process to its first request for an event, at rest.
    pub(crate) init: u64,
    /// The first event.
    pub(crate) first: u64,
    /// One later event, on average.
    pub(crate) warm: u64,
    /// How far the runs up to the first request lay apart, in per cent of their median.
    pub(crate) init_spread_percent: f64,
}

/// Runs functions under callgrind.
pub(crate) struct Callgrind {
    valgrind: PathBuf,
}

impl Callgrind {
    /// With the valgrind at this path.
    pub(crate) fn new(valgrind: PathBuf) -> Self {
        Self { valgrind }
    }

    /// Init, first and warm of one function: medians of as many runs as the plan wants.
    pub(crate) async fn count(&self, subject: &mut Subject, plan: &Plan) -> Result<Instructions, BenchError> {
        let few = plan.callgrind_calls;
        let init = self.runs(subject, 0, plan).await?;
        let one = self.runs(subject, 1, plan).await?;
        let low = self.runs(subject, 1 + few, plan).await?;
        let high = self.runs(subject, 1 + 3 * few, plan).await?;
        let name = &subject.program.name;
        Ok(Instructions {
            init: init.median,
            first: difference(name, init.median, one.median)?,
            warm: difference(name, low.median, high.median)? / (2 * few),
            init_spread_percent: init.spread_percent,
        })
    }

    async fn runs(&self, subject: &mut Subject, calls: u64, plan: &Plan) -> Result<Runs, BenchError> {
        let mut counts = Vec::new();
        for _ in 0..plan.callgrind_runs {
            counts.push(self.run(subject, calls).await?);
        }
        Ok(Runs::of(&counts))
    }

    /// Everything that one process executed which answered `calls` events.
    async fn run(&self, subject: &mut Subject, calls: u64) -> Result<u64, BenchError> {
        let folder = tempfile::tempdir().doing(|| "create a folder for callgrind".to_owned())?;
        let profile = folder.path().join("callgrind.out");
        let wrapper: [OsString; 4] = [
            self.valgrind.clone().into_os_string(),
            "--tool=callgrind".into(),
            option("--callgrind-out-file=", profile.clone()),
            option("--log-file=", folder.path().join("valgrind.log")),
        ];
        let events: Vec<String> = (0..calls).map(|_| subject.next_event()).collect();
        let mut function = Function::start(&subject.program, &wrapper).await?;
        function.until_next().await?;
        function.settle().await?;
        for event in events {
            function.invoke(event, subject.expected_status).await?;
        }
        function.settle().await?;
        // SIGTERM and not SIGKILL: valgrind writes its counts on the way out.
        function.stop(Signal::SIGTERM).await?;
        let written = std::fs::read_to_string(&profile).doing(|| format!("read {}", profile.display()))?;
        total(&written).ok_or_else(|| BenchError::Figure {
            name: subject.program.name.clone(),
            what: "the instruction count",
            from: profile.display().to_string(),
        })
    }
}

struct Runs {
    median: u64,
    spread_percent: f64,
}

impl Runs {
    fn of(counts: &[u64]) -> Self {
        let mut all: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
        let middle = median(&mut all);
        let spread = all.last().copied().unwrap_or_default() - all.first().copied().unwrap_or_default();
        Self { median: middle.round() as u64, spread_percent: 100.0 * spread / middle }
    }
}

fn option(name: &str, value: PathBuf) -> OsString {
    let mut whole = OsString::from(name);
    whole.push(value);
    whole
}

fn difference(name: &str, fewer: u64, more: u64) -> Result<u64, BenchError> {
    more.checked_sub(fewer).ok_or_else(|| BenchError::Miscounted { name: name.to_owned(), fewer, more })
}

/// The profile ends in a line `totals: N`.
fn total(profile: &str) -> Option<u64> {
    profile.lines().rev().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok())
}
