//! The goals that a function must meet, P1 to P8, and the purpose of each.
//!
//! P2 to P4 apply to a function that reads or writes one item over TLS; other functions are measured without
//! them. Goals that do not depend on the machine (instructions and sizes) are gated: the bench fails if one
//! is missed. The other goals are only shown, because their figures vary with the machine.

use std::time::Duration;

use serde::Serialize;

use crate::measure::Figures;

/// P1: instructions before the first request for an event, for a function that opens its connection only when
/// it handles the first event.
const INIT: u64 = 1_500_000;

/// P1 for a function that opens its connection before the first event, as every function should: Lambda runs
/// the start on a whole CPU, but an invocation only on the share that its memory size buys. The limit is
/// higher because of the TLS handshake.
const INIT_CONNECTED: u64 = 4_800_000;

/// P2: instructions up to the first response, so that moving work from P1 to P3 hides nothing. P2 also
/// reveals a cryptography library that gathers entropy from CPU jitter, which alone takes about 400 million
/// instructions.
const INIT_AND_FIRST: u64 = 5_200_000;

/// The limits of one kind of function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallLimits {
    /// Factor by which P1 and P2 are multiplied.
    start: u64,
    /// P6: stripped and deflated size in bytes.
    sizes: [u64; 2],
    /// P3: instructions of the first response over an open connection. It limits the lazy initialisation that
    /// the first caller waits for.
    first: u64,
    /// P4: instructions of every later response, which almost every caller waits for and the operator pays
    /// for.
    warm: u64,
}

/// Limits of a function that reads one item.
pub(crate) const ONE_ITEM_READ: CallLimits =
    CallLimits { start: 1, sizes: SIZES, first: 700_000, warm: 600_000 };

/// Limits of a function that writes one item.
pub(crate) const ONE_ITEM_WRITE: CallLimits =
    CallLimits { start: 1, sizes: SIZES, first: 700_000, warm: 620_000 };

/// P6 for a function with a GraphQL schema: stripped and deflated size in bytes.
const GRAPHQL_SIZES: [u64; 2] = [8_000_000, 3_800_000];

impl CallLimits {
    /// Returns the limits of the same operation in GraphQL, where parsing the document and the schema is
    /// allowed to cost as much again.
    pub(crate) const fn in_graphql(self) -> Self {
        Self { start: 2 * self.start, sizes: GRAPHQL_SIZES, first: 2 * self.first, warm: 2 * self.warm }
    }
}

/// P5: CPU time of a warm invocation, relative to hello. Unlike instruction counts, it includes the kernel's
/// work for the function, such as waking threads. It varies the most: on an idle machine, hello receives its
/// next event before it has gone to sleep, and looks cheaper than it is.
const WARM_CPU_OVER_HELLO: f64 = 3.5;

/// P5: threads before the first event. A second thread would be woken, and paid for, in every invocation.
const INIT_THREADS: u64 = 1;

/// P6: bytes of the stripped executable, which Lambda has to page in during a cold start.
const STRIPPED: u64 = 5_500_000;

/// P6: bytes of the stripped executable after compression, as it is uploaded and fetched.
const DEFLATED: u64 = 2_600_000;

const SIZES: [u64; 2] = [STRIPPED, DEFLATED];

/// P7: bytes of the peak resident set in 2,000 invocations.
const PEAK_RSS: u64 = 8_000_000;

/// P7: bytes by which the peak resident set is allowed to grow between invocations 500 and 2,000. Nothing
/// should grow; this allows for the few pages by which allocators differ, and is less than a leak of 50 bytes
/// per invocation.
const RSS_GROWTH: u64 = 65_536;

/// P7: page faults before the first event. A fresh sandbox has to fetch each of these pages.
const INIT_FAULTS: u64 = 260;

/// P8: milliseconds that the caller of a cold function waits at 128 MB, as estimated by [`rationed`].
const COLD_ESTIMATE_MS: f64 = 25.0;

/// The memory size of the estimate and in the functions' environment.
pub(crate) const LAMBDA_MEMORY_MB: u32 = 128;

/// The memory size at which Lambda gives a function one whole CPU. Below it, the share is proportional.
pub(crate) const WHOLE_CPU_MB: f64 = 1769.0;

/// Estimates how long `wall` would be if its CPU time ran on the share of a CPU that [`LAMBDA_MEMORY_MB`]
/// buys. The estimate is for comparing builds: it does not model Amazon's CPUs and network.
pub(crate) fn rationed(wall: Duration, cpu: Duration) -> Duration {
    let computing = cpu.min(wall);
    (wall - computing) + computing.mul_f64(WHOLE_CPU_MB / f64::from(LAMBDA_MEMORY_MB))
}

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Instructions,
    Bytes,
    Milliseconds,
    Number,
    TimesHello,
}

/// The consequence of missing a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The bench fails.
    Gated,
    /// The result is only shown.
    Shown,
}

/// One figure of a function, the same figure of hello, and the limit.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) goal: &'static str,
    pub(crate) what: &'static str,
    pub(crate) unit: Unit,
    pub(crate) hello: f64,
    pub(crate) function: f64,
    pub(crate) limit: Option<f64>,
    pub(crate) kind: Kind,
}

impl Row {
    /// Returns whether the figure is within its limit, or `None` if it has no limit.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.limit.map(|limit| self.function <= limit)
    }

    /// Returns whether this row makes the bench fail.
    pub(crate) fn fails(&self) -> bool {
        self.kind == Kind::Gated && self.is_met() == Some(false)
    }
}

/// Builds the row of a gated figure.
fn gated(
    goal: &'static str,
    what: &'static str,
    unit: Unit,
    [hello, function]: [u64; 2],
    limit: Option<u64>,
) -> Row {
    let limit = limit.map(|limit| limit as f64);
    Row { goal, what, unit, hello: hello as f64, function: function as f64, limit, kind: Kind::Gated }
}

/// Builds the row of a figure that depends on the machine.
fn shown(
    goal: &'static str,
    what: &'static str,
    unit: Unit,
    [hello, function]: [f64; 2],
    limit: Option<f64>,
) -> Row {
    Row { goal, what, unit, hello, function, limit, kind: Kind::Shown }
}

/// Compares every figure of `function` with that of `hello`, which was measured alternately with it.
pub(crate) fn compare(hello: &Figures, function: &Figures, limits: Option<CallLimits>) -> Vec<Row> {
    let mut rows = instructions(hello, function, limits);
    rows.extend(machine(hello, function));
    // By goal number, with rows without a goal last.
    rows.sort_by_key(|row| (row.goal.is_empty(), row.goal));
    rows
}

fn instructions(hello: &Figures, function: &Figures, limits: Option<CallLimits>) -> Vec<Row> {
    use Unit::{Bytes, Instructions};
    let both = |figure: fn(&Figures) -> u64| [figure(hello), figure(function)];
    let start = limits.map_or(1, |limits| limits.start);
    let [stripped, deflated] = limits.map_or(SIZES, |limits| limits.sizes);
    let init_limit = start * if function.times.connected_in_init { INIT_CONNECTED } else { INIT };
    vec![
        gated(
            "P1",
            "init, to the first /next",
            Instructions,
            both(|f| f.instructions.init),
            Some(init_limit),
        ),
        gated(
            "P2",
            "init and first response",
            Instructions,
            both(|f| f.instructions.init + f.instructions.first),
            limits.map(|_| start * INIT_AND_FIRST),
        ),
        gated("P3", "first response", Instructions, both(|f| f.instructions.first), limits.map(|l| l.first)),
        gated("P4", "warm response", Instructions, both(|f| f.instructions.warm), limits.map(|l| l.warm)),
        gated("P6", "stripped", Bytes, both(|f| f.sizes.stripped), Some(stripped)),
        gated("P6", "deflated", Bytes, both(|f| f.sizes.deflated), Some(deflated)),
    ]
}

fn machine(hello: &Figures, function: &Figures) -> Vec<Row> {
    use Unit::{Bytes, Milliseconds, Number, TimesHello};
    let both = |figure: fn(&Figures) -> f64| [figure(hello), figure(function)];
    let ratio = |figure: fn(&Figures) -> f64| [1.0, figure(function) / figure(hello)];
    let at_most = |limit: u64| Some(limit as f64);
    vec![
        shown("P5", "warm CPU", TimesHello, ratio(|f| f.times.warm_cpu_ms), Some(WARM_CPU_OVER_HELLO)),
        shown("P5", "threads after init", Number, both(|f| f.times.init_threads), at_most(INIT_THREADS)),
        shown("P7", "peak resident set", Bytes, both(|f| f.times.peak_rss), at_most(PEAK_RSS)),
        shown("P7", "RSS growth, events 500-2,000", Bytes, both(|f| f.times.rss_growth), at_most(RSS_GROWTH)),
        shown("P7", "page faults in init", Number, both(|f| f.times.init_faults), at_most(INIT_FAULTS)),
        shown(
            "P8",
            "cold start at 128 MB, estimate",
            Milliseconds,
            both(|f| f.times.cold_estimate_ms),
            Some(COLD_ESTIMATE_MS),
        ),
        shown("", "warm CPU", Milliseconds, both(|f| f.times.warm_cpu_ms), None),
        shown("", "warm wall, median", TimesHello, ratio(|f| f.times.warm_median_ms), None),
        shown("", "warm wall, p99", TimesHello, ratio(|f| f.times.warm_p99_ms), None),
    ]
}

/// Returns a note on the limits of P2 to P4, for the end of the report.
pub(crate) fn call_limits() -> String {
    format!(
        "P2 to P4 apply to functions that read or write one item. P3: at most {} instructions; P4: at most {} \
         (read) or {} (write). For GraphQL, the limits of P1 to P4 are twice as high.",
        ONE_ITEM_READ.first.max(ONE_ITEM_WRITE.first),
        ONE_ITEM_READ.warm,
        ONE_ITEM_WRITE.warm
    )
}
