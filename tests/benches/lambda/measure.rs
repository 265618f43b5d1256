//! Measures one or two functions: sizes, times, memory, page faults and threads.
//!
//! Absolute wall and CPU times mean little on a shared machine. When two functions are compared, their
//! processes therefore run alternately, so that a busy minute of the machine affects both.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use nix::sys::signal::Signal;
use serde::Serialize;

use crate::callgrind::Instructions;
use crate::engine::Engine;
use crate::error::{BenchError, Doing};
use crate::goals::rationed;
use crate::process::{Function, Program};
use crate::scenario::Scenario;

/// Events that a process handles before its times count as warm.
const WARM_UP_EVENTS: u64 = 50;

/// The event after which the resident set must not grow.
const GROWTH_FROM_EVENT: u64 = 500;

/// Events of a warm process, including the warm-up.
pub(crate) const WARM_EVENTS: u64 = 2_000;

/// The number of measurements.
pub(crate) struct Plan {
    /// N, where the difference between runs of 1 + N and 1 + 3N events gives the cost of 2N warm events.
    pub(crate) callgrind_events: u64,
    /// Runs for each instruction count. The result is their median.
    pub(crate) callgrind_runs: u64,
    /// Processes started to measure cold starts.
    starts: u64,
    /// Processes that handle [`WARM_EVENTS`] events each.
    warm_processes: u64,
}

impl Plan {
    /// Returns the plan for figures that are published.
    pub(crate) fn full() -> Self {
        Self { callgrind_events: 50, callgrind_runs: 3, starts: 20, warm_processes: 3 }
    }

    /// Returns the plan for a quick check: the same figures, from fewer runs.
    pub(crate) fn quick() -> Self {
        Self { callgrind_events: 20, callgrind_runs: 1, starts: 5, warm_processes: 1 }
    }

    /// Returns the total number of events that one function receives.
    pub(crate) fn events_per_function(&self) -> u64 {
        let callgrind_events = 1 + (1 + self.callgrind_events) + (1 + 3 * self.callgrind_events);
        self.starts + self.warm_processes * WARM_EVENTS + self.callgrind_runs * callgrind_events
    }
}

/// A function to measure.
pub(crate) struct Subject {
    pub(crate) program: Program,
    pub(crate) expected_status: u16,
    event: Box<dyn Fn(u64) -> String>,
    next: u64,
}

impl Subject {
    pub(crate) fn new(program: Program, scenario: Scenario) -> Self {
        Self { program, expected_status: scenario.expected_status, event: scenario.event, next: 0 }
    }

    /// Returns an event that the function has not received before.
    pub(crate) fn next_event(&mut self) -> String {
        let event = (self.event)(self.next);
        self.next += 1;
        event
    }
}

/// All figures of one function.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figures {
    pub(crate) sizes: Sizes,
    pub(crate) instructions: Instructions,
    pub(crate) times: Times,
}

/// Sizes of the executable in bytes, which Lambda has to store and load.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sizes {
    pub(crate) stripped: u64,
    pub(crate) deflated: u64,
}

impl Sizes {
    /// Measures a stripped copy of the executable, and its deflated size.
    pub(crate) fn of(binary: &Path, strip: &Path, folder: &Path) -> Result<Self, BenchError> {
        let copy = folder.join("stripped");
        let status = Command::new(strip)
            .arg("-o")
            .args([&copy, binary])
            .status()
            .doing(|| format!("run {}", strip.display()))?;
        if !status.success() {
            return Err(BenchError::Command { command: format!("strip {}", binary.display()), status });
        }
        let stripped = std::fs::read(&copy).doing(|| format!("read {}", copy.display()))?;
        let deflating = || format!("deflate {}", copy.display());
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&stripped).doing(deflating)?;
        let deflated = encoder.finish().doing(deflating)?;
        Ok(Self { stripped: stripped.len() as u64, deflated: deflated.len() as u64 })
    }
}

/// Medians across the processes of one function.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Times {
    pub(crate) init_ms: f64,
    pub(crate) first_ms: f64,
    pub(crate) cold_estimate_ms: f64,
    pub(crate) init_faults: f64,
    pub(crate) init_threads: f64,
    /// Whether the function opens its connection to the engine before its first event.
    pub(crate) connected_in_init: bool,
    pub(crate) warm_median_ms: f64,
    pub(crate) warm_p99_ms: f64,
    pub(crate) warm_cpu_ms: f64,
    pub(crate) peak_rss: f64,
    pub(crate) rss_growth: f64,
}

/// One cold start.
struct Start {
    init: Duration,
    first: Duration,
    first_cpu: Duration,
    faults: u64,
    threads: u64,
    connected: bool,
}

/// One process that handled [`WARM_EVENTS`] events.
struct Warm {
    median_ms: f64,
    p99_ms: f64,
    cpu_ms: f64,
    peak_rss: u64,
    rss_growth: u64,
}

/// Measures the subjects alternately and returns their times in the same order.
pub(crate) async fn times<const N: usize>(
    mut subjects: [&mut Subject; N],
    engine: &Engine,
    plan: &Plan,
) -> Result<[Times; N], BenchError> {
    let mut starts: [Vec<Start>; N] = std::array::from_fn(|_| Vec::new());
    let mut warms: [Vec<Warm>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..plan.starts {
        for (subject, starts) in subjects.iter_mut().zip(&mut starts) {
            starts.push(start(subject, engine).await?);
        }
    }
    for _ in 0..plan.warm_processes {
        for (subject, warms) in subjects.iter_mut().zip(&mut warms) {
            warms.push(warm(subject).await?);
        }
    }
    Ok(std::array::from_fn(|index| summary(&starts[index], &warms[index])))
}

async fn start(subject: &mut Subject, engine: &Engine) -> Result<Start, BenchError> {
    let event = subject.next_event();
    let connections = engine.connections();
    let mut function = Function::start(&subject.program, &[]).await?;
    let init = function.until_next().await?;
    function.settle().await?;
    let connected = engine.connections() > connections;
    let (faults, threads, cpu) = (function.faults()?, function.threads()?, function.cpu()?);
    let first = function.invoke(event, subject.expected_status).await?;
    let first_cpu = function.cpu()?.saturating_sub(cpu);
    function.stop(Signal::SIGKILL).await?;
    Ok(Start { init, first, first_cpu, faults, threads, connected })
}

async fn warm(subject: &mut Subject) -> Result<Warm, BenchError> {
    let events: Vec<String> = (0..WARM_EVENTS).map(|_| subject.next_event()).collect();
    let mut function = Function::start(&subject.program, &[]).await?;
    function.until_next().await?;
    let (mut taken, mut cpu_before, mut rss_before) = (Vec::new(), Duration::ZERO, 0);
    for (number, event) in (0..).zip(events) {
        if number == WARM_UP_EVENTS {
            cpu_before = function.cpu()?;
            taken.clear();
        }
        if number == GROWTH_FROM_EVENT {
            rss_before = function.peak_rss()?;
        }
        taken.push(milliseconds(function.invoke(event, subject.expected_status).await?));
    }
    let cpu_ms = milliseconds(function.cpu()?.saturating_sub(cpu_before)) / taken.len() as f64;
    let peak_rss = function.peak_rss()?;
    function.stop(Signal::SIGKILL).await?;
    let median_ms = median(&mut taken);
    let p99_ms = taken.get(taken.len() * 99 / 100).copied().unwrap_or(median_ms);
    Ok(Warm {
        median_ms,
        p99_ms,
        cpu_ms,
        peak_rss,
        // The kernel updates its counters in batches, so the earlier reading can be a few pages ahead.
        rss_growth: peak_rss.saturating_sub(rss_before),
    })
}

fn summary(starts: &[Start], warms: &[Warm]) -> Times {
    let of_starts = |figure: fn(&Start) -> f64| median(&mut starts.iter().map(figure).collect::<Vec<_>>());
    let of_warms = |figure: fn(&Warm) -> f64| median(&mut warms.iter().map(figure).collect::<Vec<_>>());
    Times {
        init_ms: of_starts(|start| milliseconds(start.init)),
        first_ms: of_starts(|start| milliseconds(start.first)),
        cold_estimate_ms: of_starts(|start| {
            milliseconds(start.init + rationed(start.first, start.first_cpu))
        }),
        init_faults: of_starts(|start| start.faults as f64),
        init_threads: of_starts(|start| start.threads as f64),
        connected_in_init: starts.iter().all(|start| start.connected),
        warm_median_ms: of_warms(|warm| warm.median_ms),
        warm_p99_ms: of_warms(|warm| warm.p99_ms),
        warm_cpu_ms: of_warms(|warm| warm.cpu_ms),
        peak_rss: of_warms(|warm| warm.peak_rss as f64),
        rss_growth: of_warms(|warm| warm.rss_growth as f64),
    }
}

/// Sorts the values and returns their median.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    let upper = values.len() / 2;
    if values.len() % 2 == 1 { at(upper) } else { f64::midpoint(at(upper.saturating_sub(1)), at(upper)) }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
