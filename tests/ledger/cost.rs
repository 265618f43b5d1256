//! The cost of an operation, computed from its calls.

use crate::support::Call;

/// The cost of an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    /// The largest number of calls of which no two overlap: how often the client waits.
    pub(crate) round_trips: usize,
    /// Number of calls.
    pub(crate) calls: usize,
    /// Read units of the table and its indexes.
    pub(crate) reads: f64,
    /// Write units of the table and its indexes.
    pub(crate) writes: f64,
}

impl Cost {
    /// Returns the cost of these calls. All must have succeeded: a failed call does not report its units.
    pub(crate) fn of(calls: &[Call]) -> Self {
        // `0.0 +`, because the sum of no values is -0.0.
        let units = |reads: bool| -> f64 {
            0.0 + calls.iter().filter(|call| call.is_read() == reads).map(units_of).sum::<f64>()
        };
        let (reads, writes) = (units(true), units(false));
        Self { round_trips: consecutive_calls(calls), calls: calls.len(), reads, writes }
    }
}

fn units_of(call: &Call) -> f64 {
    let end = call.end.as_ref().unwrap_or_else(|| panic!("the call did not finish: {call:?}"));
    let units = end.units.as_ref().unwrap_or_else(|| panic!("the call failed: {call:?}"));
    units.iter().map(|(_, units)| units).sum()
}

/// Returns the largest number of calls of which no two overlap. It counts the call that ends first, then the
/// first to end among those that begin after it, and so on.
fn consecutive_calls(calls: &[Call]) -> usize {
    let mut spans: Vec<(usize, usize)> =
        calls.iter().map(|call| (call.end.as_ref().map_or(usize::MAX, |end| end.at), call.began)).collect();
    spans.sort_unstable();
    let (mut free_from, mut count) = (0, 0);
    for (end, began) in spans {
        if began > free_from {
            count += 1;
            free_from = end;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::End;

    #[track_caller]
    fn check(spans: &[(usize, usize)], expected: usize) {
        let call = |&(began, at): &(usize, usize)| Call {
            operation: "GetItem",
            accesses: Vec::new(),
            began,
            end: Some(End { at, units: Some(Vec::new()) }),
        };
        assert_eq!(consecutive_calls(&spans.iter().map(call).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn concurrent_calls_count_as_one_round_trip() {
        check(&[], 0);
        check(&[(1, 2), (3, 4)], 2);
        check(&[(1, 4), (2, 3)], 1);
        check(&[(1, 9), (2, 3), (4, 5), (10, 11)], 3);
    }
}
