//! What a piece of work cost, from the calls that it made.

use crate::support::Call;

/// What a piece of work cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    /// The most calls of which no two were under way at the same time: how often somebody waits.
    pub(crate) round_trips: usize,
    /// All calls.
    pub(crate) calls: usize,
    /// Read units of the table and its indexes.
    pub(crate) reads: f64,
    /// Write units of the table and its indexes.
    pub(crate) writes: f64,
}

impl Cost {
    /// The cost of these calls, all of which must have succeeded: a refused call does not tell its units.
    pub(crate) fn of(calls: &[Call]) -> Self {
        // `0.0 +`: the sum of nothing is -0.
        let units = |reads: bool| -> f64 {
            0.0 + calls.iter().filter(|call| call.reads() == reads).map(units_of).sum::<f64>()
        };
        let (reads, writes) = (units(true), units(false));
        Self { round_trips: in_sequence(calls), calls: calls.len(), reads, writes }
    }
}

fn units_of(call: &Call) -> f64 {
    let end = call.end.as_ref().unwrap_or_else(|| panic!("a call was given up: {call:?}"));
    let units = end.units.as_ref().unwrap_or_else(|| panic!("a call was refused: {call:?}"));
    units.iter().map(|(_, units)| units).sum()
}

/// The most calls of which no two overlap: the one that ends first, the first to end of those begun after it,
/// and so on.
fn in_sequence(calls: &[Call]) -> usize {
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
        assert_eq!(in_sequence(&spans.iter().map(call).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn calls_side_by_side_are_one_round_trip() {
        check(&[], 0);
        check(&[(1, 2), (3, 4)], 2);
        check(&[(1, 4), (2, 3)], 1);
        check(&[(1, 9), (2, 3), (4, 5), (10, 11)], 3);
    }
}
