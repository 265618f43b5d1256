//! The goals a function has to meet, P1 to P8, and what each of them is for.
//!
//! P2 to P5 hold for a function that does one read or write of one item through TLS; what does more is measured
//! without them. Those that do not
//! depend on the machine (instructions and sizes) are gated: the bench fails where one is not met. The others
//! are shown, for they move with the machine.

use std::time::Duration;

use serde::Serialize;

use crate::measure::Figures;

/// P1: instructions before the first request for an event. A function that leaves its connection to the first
/// event has only itself to start.
const INIT: u64 = 1_500_000;

/// P1 for a function that opens its connection before the first event, as all should: Lambda lends the
/// start a whole processor, while a call gets only the share that its memory size buys. The TLS handshake is
/// what the limit is higher by.
const INIT_CONNECTED: u64 = 4_800_000;

/// P2: instructions until the first answer is out, so nothing can be hidden by moving it from P1 to P3. It
/// also shows at once when a cryptography library gathers its entropy from processor jitter, which alone
/// takes some 400 million.
const INIT_AND_FIRST: u64 = 5_200_000;

/// P3 and P4 of one kind of call, and what else it is allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallLimits {
    /// How many times P1 and P2 its start may take.
    start: u64,
    /// P6, stripped and deflated.
    sizes: [u64; 2],
    /// P3: instructions of the first answer, once the connection is open. It keeps lazily built things out of
    /// the first caller's way.
    first: u64,
    /// P4: instructions of any later answer, which is what nearly every caller waits and the owner pays for.
    warm: u64,
}

/// One item read.
pub(crate) const ONE_ITEM_READ: CallLimits =
    CallLimits { start: 1, sizes: SIZES, first: 700_000, warm: 600_000 };

/// One item written.
pub(crate) const ONE_ITEM_WRITE: CallLimits =
    CallLimits { start: 1, sizes: SIZES, first: 700_000, warm: 620_000 };

/// P6: bytes of the stripped executable, and of it once deflated, for a function that has a schema.
const GRAPHQL_SIZES: [u64; 2] = [8_000_000, 3_800_000];

impl CallLimits {
    /// The same call asked for in GraphQL: reading a document and a schema may take as much again.
    pub(crate) const fn in_graphql(self) -> Self {
        Self { start: 2 * self.start, sizes: GRAPHQL_SIZES, first: 2 * self.first, warm: 2 * self.warm }
    }
}

/// P5: CPU time of a warm call, in those of hello. Instructions do not see what the kernel does for a
/// function, such as waking threads; this does. It is the figure that moves most: on an idle machine hello is
/// answered before it has gone to sleep and looks cheaper than it is.
const WARM_CPU_OVER_HELLO: f64 = 3.5;

/// P5: threads before the first event. A second one is woken, and paid for, with every call.
const INIT_THREADS: u64 = 1;

/// P6: bytes of the stripped executable, which the platform has to page in at a cold start.
const STRIPPED: u64 = 5_500_000;

/// P6: bytes of it once deflated, which is what is uploaded and fetched.
const DEFLATED: u64 = 2_600_000;

const SIZES: [u64; 2] = [STRIPPED, DEFLATED];

/// P7: bytes of the largest resident set in 2,000 calls.
const PEAK_RSS: u64 = 8_000_000;

/// P7: by how many bytes it may still grow from call 500 to call 2,000. Nothing is meant to grow; this is the
/// few pages by which an allocator settles differently, and less than a leak of 50 bytes a call.
const RSS_GROWTH: u64 = 65_536;

/// P7: page faults before the first event. Each is a piece that a fresh sandbox has to fetch.
const INIT_FAULTS: u64 = 260;

/// P8: milliseconds that the caller of a cold function waits at 128 MB, as [`rationed`] estimates it.
const COLD_ESTIMATE_MS: f64 = 25.0;

/// The memory size that the estimate is for, and that the functions are told.
pub(crate) const LAMBDA_MEMORY_MB: u32 = 128;

/// The memory size at which Lambda gives a function one whole processor; below, its share is proportional.
const WHOLE_PROCESSOR_MB: f64 = 1769.0;

/// How long `wall` would be if the part of it that was spent computing ran on the share of a processor that
/// [`LAMBDA_MEMORY_MB`] buys. For comparing builds: Amazon's processors and network are not in it.
pub(crate) fn rationed(wall: Duration, cpu: Duration) -> Duration {
    let computing = cpu.min(wall);
    (wall - computing) + computing.mul_f64(WHOLE_PROCESSOR_MB / f64::from(LAMBDA_MEMORY_MB))
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Instructions,
    Bytes,
    Milliseconds,
    Number,
    TimesHello,
}

/// What a limit leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Not met, the bench fails.
    Gated,
    /// Met or not, it is only said.
    Shown,
}

/// One figure of a function beside hello's, and what it must not exceed.
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
    /// Whether the limit is kept, where there is one.
    pub(crate) fn met(&self) -> Option<bool> {
        self.limit.map(|limit| self.function <= limit)
    }

    /// Whether the bench has to fail because of this.
    pub(crate) fn fails(&self) -> bool {
        self.kind == Kind::Gated && self.met() == Some(false)
    }
}

/// A figure that the bench fails on.
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

/// A figure that depends on the machine.
fn shown(
    goal: &'static str,
    what: &'static str,
    unit: Unit,
    [hello, function]: [f64; 2],
    limit: Option<f64>,
) -> Row {
    Row { goal, what, unit, hello, function, limit, kind: Kind::Shown }
}

/// Every figure of `function` beside those of `hello`, which were taken in turn with it.
pub(crate) fn compare(hello: &Figures, function: &Figures, limits: Option<CallLimits>) -> Vec<Row> {
    let mut rows = instructions(hello, function, limits);
    rows.extend(machine(hello, function));
    // By number; what has no goal stands last.
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
            "init and first answer",
            Instructions,
            both(|f| f.instructions.init + f.instructions.first),
            limits.map(|_| start * INIT_AND_FIRST),
        ),
        gated("P3", "first answer", Instructions, both(|f| f.instructions.first), limits.map(|l| l.first)),
        gated("P4", "warm answer", Instructions, both(|f| f.instructions.warm), limits.map(|l| l.warm)),
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
        shown("P7", "its growth, calls 500-2,000", Bytes, both(|f| f.times.rss_growth), at_most(RSS_GROWTH)),
        shown("P7", "page faults in init", Number, both(|f| f.times.init_faults), at_most(INIT_FAULTS)),
        shown(
            "P8",
            "cold call at 128 MB, estimate",
            Milliseconds,
            both(|f| f.times.cold_estimate_ms),
            Some(COLD_ESTIMATE_MS),
        ),
        shown("", "warm CPU", Milliseconds, both(|f| f.times.warm_cpu_ms), None),
        shown("", "warm wall, median", TimesHello, ratio(|f| f.times.warm_median_ms), None),
        shown("", "warm wall, p99", TimesHello, ratio(|f| f.times.warm_p99_ms), None),
    ]
}

/// What P3 and P4 allow, for the foot of the table.
pub(crate) fn call_limits() -> String {
    format!(
        "P2 to P4 judge functions that make one call of one item. First answer: at most {} instructions; warm: {} \
         (read), {} (write). In GraphQL twice P1 to P4.",
        ONE_ITEM_READ.first.max(ONE_ITEM_WRITE.first),
        ONE_ITEM_READ.warm,
        ONE_ITEM_WRITE.warm
    )
}
