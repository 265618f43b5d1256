//! The Lambda functions that a schedule invokes, each in the file that its name begins with: `sync-scheduled` is in
//! [`sync`].

mod companies;
pub mod export;
mod logging;
mod outcome;
pub mod sync;

use std::time::Duration;

use clientele_shared::model::Timestamp;
use lambda_runtime::Context;

/// The longest time that Lambda gives an invocation. It is assumed if the platform states no deadline.
const TIME_LIMIT: Duration = Duration::from_secs(900);

/// Deadlines before this moment (2001-09-09), in milliseconds since 1970, are durations or missing.
const NO_DEADLINE_MILLIS: u64 = 1_000_000_000_000;

/// Returns how much time an invocation has left.
fn time_left(context: &Context, now: Timestamp) -> Duration {
    if context.deadline < NO_DEADLINE_MILLIS {
        return TIME_LIMIT;
    }
    let now = u64::try_from(now.as_millis()).unwrap_or_default();
    Duration::from_millis(context.deadline.saturating_sub(now)).min(TIME_LIMIT)
}
