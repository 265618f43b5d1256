//! Shrinks a failure: drops moves as long as some invariant still fails.

use super::{Failure, Run};

/// How many sequences are tried at most.
const MAX_RUNS: usize = 150;

/// Returns the failure of the shortest sequence of moves that was found to fail.
pub(super) fn shrink(mut failure: Failure) -> Failure {
    // Moves after the failure cannot matter.
    let steps = failure.run.steps.min(failure.step + 1);
    failure.run.steps = steps;
    failure.run.skipped.retain(|skipped| *skipped < steps);
    let mut runs = 0;
    let mut length = steps / 2;
    while length > 0 && runs < MAX_RUNS {
        let mut start = 0;
        while start < failure.run.steps && runs < MAX_RUNS {
            let mut skipped = failure.run.skipped.clone();
            skipped.extend(start..(start + length).min(failure.run.steps));
            if skipped.len() > failure.run.skipped.len() {
                runs += 1;
                if let Err(shorter) = (Run { skipped, ..failure.run.clone() }).check()
                    && shorter.is_like(&failure)
                {
                    failure = *shorter;
                    failure.run.steps = failure.run.steps.min(failure.step + 1);
                }
            }
            start += length;
        }
        length /= 2;
    }
    let steps = failure.run.steps;
    failure.run.skipped.retain(|skipped| *skipped < steps);
    failure
}
