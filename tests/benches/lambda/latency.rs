//! An estimate of how long a list takes on AWS, from the calls that it makes and the instructions that it executes.
//!
//! The network and DynamoDB cannot be measured here, so each call is given a typical latency: 5 ms for one item, 15 ms
//! for a batch of up to 100, 10 ms and 30 ms per MB for a query. Calls that overlap are not added up. One partition
//! key delivers 3,000 read units per second.

use std::collections::HashMap;
use std::time::Duration;

use crate::calls::Call;
use crate::goals::WHOLE_CPU_MB;

/// The read units per second that DynamoDB delivers from one partition key.
const PARTITION_UNITS: f64 = 3_000.0;

/// Instructions per second of one of Lambda's CPUs. Deliberately low: the functions' own instructions are about half of
/// the work, the other half is the kernel's for their connections, which is not counted.
pub(crate) const CPU_INSTRUCTIONS: f64 = 1.5e9;

/// The load that a list puts on DynamoDB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    /// The time from the first call to the end of the last.
    pub(crate) latency: Duration,
    /// The largest number of calls of which none overlaps another.
    pub(crate) trips: usize,
    pub(crate) calls: usize,
    pub(crate) read_units: f64,
}

impl Demand {
    /// Returns the demand of these calls; `None` if one of them failed or is of a kind that no list makes.
    pub(crate) fn of(calls: &[Call]) -> Option<Self> {
        let mut ends: Vec<(usize, f64, usize)> = Vec::new();
        let mut partitions: HashMap<(Option<&str>, &str), f64> = HashMap::new();
        let mut read_units = 0.0;
        let mut in_order: Vec<&Call> = calls.iter().collect();
        in_order.sort_unstable_by_key(|call| call.began);
        for call in in_order {
            let end = call.end.as_ref()?;
            let units: f64 = end.units.as_ref()?.iter().map(|(_, units)| units).sum();
            let before = ends.iter().filter(|(ended, ..)| *ended < call.began);
            let start = before.clone().map(|(_, seconds, _)| *seconds).fold(0.0, f64::max);
            let trips = before.map(|(.., trips)| *trips).max().unwrap_or(0);
            ends.push((end.at, start + latency(call, units)?, trips + 1));
            if call.is_read() {
                read_units += units;
            }
            if let ("Query", [access]) = (call.operation, call.accesses.as_slice()) {
                *partitions.entry((access.index.as_deref(), &access.partition)).or_default() += units;
            }
        }
        let seconds = ends.iter().map(|(_, seconds, _)| *seconds).fold(0.0, f64::max);
        let busiest = partitions.into_values().fold(0.0, f64::max) / PARTITION_UNITS;
        Some(Self {
            latency: Duration::from_secs_f64(seconds.max(busiest)),
            trips: ends.iter().map(|(.., trips)| *trips).max().unwrap_or(0),
            calls: calls.len(),
            read_units,
        })
    }
}

/// Returns the latency of a call in seconds.
fn latency(call: &Call, units: f64) -> Option<f64> {
    match call.operation {
        "GetItem" | "PutItem" | "UpdateItem" => Some(0.005),
        "BatchGetItem" => Some(0.015),
        "Query" => {
            // Only queries of an index are eventually consistent.
            let is_of_index = call.accesses.first()?.index.is_some();
            let unit_bytes = if is_of_index { 8_192.0 } else { 4_096.0 };
            Some(0.010 + 0.030 * units * unit_bytes / 1e6)
        }
        _ => None,
    }
}

/// Returns how long Lambda takes for this many instructions with this much memory.
pub(crate) fn computing(instructions: f64, memory_mb: f64) -> Duration {
    let share = (memory_mb / WHOLE_CPU_MB).min(1.0);
    Duration::from_secs_f64(instructions / (CPU_INSTRUCTIONS * share))
}
