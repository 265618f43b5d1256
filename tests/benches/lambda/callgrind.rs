//! Counts the instructions that a function executes, with valgrind's callgrind.
//!
//! Instruction counts of one build hardly vary between runs, on any machine, so the bench can fail on them;
//! wall times vary too much. Each process yields one count, from its start until it is stopped. The cost of a
//! phase is the difference between two runs, in which the work that both have in common cancels out.

use std::ffi::OsString;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde::Serialize;

use crate::error::{BenchError, Doing};
use crate::measure::{Plan, Subject, median};
use crate::process::Function;

/// Instructions in each phase of a function's life.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Instructions {
    /// From the start of the process until it has requested its first event and is idle.
    pub(crate) init: u64,
    /// The first event.
    pub(crate) first: u64,
    /// One later event, on average.
    pub(crate) warm: u64,
    /// Difference between the highest and the lowest count of `init`, in per cent of the median.
    pub(crate) init_spread_percent: f64,
}

/// Runs functions under callgrind.
pub(crate) struct Callgrind {
    valgrind: PathBuf,
}

impl Callgrind {
    /// Uses the valgrind at this path.
    pub(crate) fn new(valgrind: PathBuf) -> Self {
        Self { valgrind }
    }

    /// Counts the instructions of each phase of one function. Each count is the median of
    /// `plan.callgrind_runs` runs.
    pub(crate) async fn count(&self, subject: &mut Subject, plan: &Plan) -> Result<Instructions, BenchError> {
        let few = plan.callgrind_events;
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

    async fn runs(&self, subject: &mut Subject, events: u64, plan: &Plan) -> Result<Runs, BenchError> {
        let mut counts = Vec::new();
        for _ in 0..plan.callgrind_runs {
            counts.push(self.run(subject, events).await?);
        }
        Ok(Runs::of(&counts))
    }

    /// Counts all instructions of one process that handles `count` events.
    async fn run(&self, subject: &mut Subject, count: u64) -> Result<u64, BenchError> {
        let folder = tempfile::tempdir().doing(|| "create a folder for callgrind".to_owned())?;
        let profile = folder.path().join("callgrind.out");
        let wrapper: [OsString; 4] = [
            self.valgrind.clone().into_os_string(),
            "--tool=callgrind".into(),
            option("--callgrind-out-file=", profile.clone()),
            option("--log-file=", folder.path().join("valgrind.log")),
        ];
        let events: Vec<String> = (0..count).map(|_| subject.next_event()).collect();
        let mut function = Function::start(&subject.program, &wrapper).await?;
        function.until_next().await?;
        function.settle().await?;
        for event in events {
            function.invoke(event, subject.expected_status).await?;
        }
        function.settle().await?;
        // SIGTERM, not SIGKILL: valgrind writes its counts on exit.
        function.stop(Signal::SIGTERM).await?;
        let text = std::fs::read_to_string(&profile).doing(|| format!("read {}", profile.display()))?;
        total(&text).ok_or_else(|| BenchError::Figure {
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
    let mut option = OsString::from(name);
    option.push(value);
    option
}

fn difference(name: &str, fewer: u64, more: u64) -> Result<u64, BenchError> {
    more.checked_sub(fewer).ok_or_else(|| BenchError::Miscounted { name: name.to_owned(), fewer, more })
}

/// Returns N from the last line of the profile, `totals: N`.
fn total(profile: &str) -> Option<u64> {
    profile.lines().rev().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok())
}
