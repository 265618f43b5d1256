//! The report: number of requests, errors and latencies of each operation.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Options;
use crate::operation::Operation;

/// How many errors are printed in full.
const SHOWN_ERRORS: usize = 10;

/// The measurements of one client.
#[derive(Debug, Default)]
pub(crate) struct Record {
    latencies: BTreeMap<Operation, Vec<Duration>>,
    errors: Vec<(Operation, String)>,
}

/// The measurements of all clients.
#[derive(Debug, Default)]
pub(crate) struct Report(Record);

impl Record {
    /// Counts a request with the expected response.
    pub(crate) fn add(&mut self, operation: Operation, latency: Duration) {
        self.latencies.entry(operation).or_default().push(latency);
    }

    /// Counts a request with another response, or none.
    pub(crate) fn fail(&mut self, operation: Operation, error: String) {
        self.errors.push((operation, error));
    }
}

impl Report {
    /// Adds the measurements of a client.
    pub(crate) fn add(&mut self, record: Record) {
        for (operation, latencies) in record.latencies {
            self.0.latencies.entry(operation).or_default().extend(latencies);
        }
        self.0.errors.extend(record.errors);
    }

    /// Returns the number of requests without the expected response.
    pub(crate) fn errors(&self) -> usize {
        self.0.errors.len()
    }

    /// Returns whether every operation has had a right response.
    pub(crate) fn covers_every_operation(&self) -> bool {
        Operation::ALL.iter().all(|operation| self.0.latencies.contains_key(operation))
    }

    /// Returns the report as text.
    pub(crate) fn text(&self, options: &Options, elapsed: Duration) -> String {
        let right: usize = self.0.latencies.values().map(Vec::len).sum();
        let per_second = right as f64 / elapsed.as_secs_f64();
        let mut text = format!(
            "{} customers, {} connections, {} seconds: {right} responses ({per_second:.0} per second), {} errors\n\n\
             {:<28}{:>9}{:>8}{:>10}{:>10}{:>10}{:>10}\n",
            options.customers,
            options.connections,
            elapsed.as_secs(),
            self.errors(),
            "milliseconds",
            "count",
            "errors",
            "p50",
            "p90",
            "p99",
            "max"
        );
        for operation in Operation::ALL {
            let mut latencies = self.0.latencies.get(&operation).cloned().unwrap_or_default();
            latencies.sort_unstable();
            let errors = self.0.errors.iter().filter(|(own, _)| *own == operation).count();
            text += &format!("{:<28}{:>9}{errors:>8}", operation.name(), latencies.len());
            for percent in [50, 90, 99, 100] {
                let value = percentile(&latencies, percent)
                    .map_or("-".to_owned(), |latency| format!("{:.1}", latency.as_secs_f64() * 1_000.0));
                text += &format!("{value:>10}");
            }
            text.push('\n');
        }
        for (operation, error) in self.0.errors.iter().take(SHOWN_ERRORS) {
            text += &format!("\nerror of {}: {error}\n", operation.name());
        }
        text
    }
}

/// Returns the smallest latency that is not exceeded by `percent` of all, which are sorted.
fn percentile(latencies: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (latencies.len() * percent).div_ceil(100);
    latencies.get(rank.checked_sub(1)?).copied()
}
