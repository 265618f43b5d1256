//! Times as moment.js formats them, which is what the funnels API documents: relative to now (`an hour ago`), or by a
//! pattern (`YYYY-MM-DD HH:mm`). English, in UTC.
//!
//! Source: the display formats of moment.js 2.30. `tests/clients` compares the two on thousands of instants and patterns.

mod from_now;
mod pattern;
mod week;

use clientele_shared::model::Timestamp;

pub use from_now::from_now;
pub use pattern::format;

/// The format that is not a pattern.
const FROM_NOW: &str = "fromNow";

/// Formats a moment as the argument `format` of a field asks for. `suffix` is whether a relative time has `ago` or `in`.
#[must_use]
pub fn show(moment: Timestamp, now: Timestamp, pattern: Option<&str>, suffix: bool) -> String {
    match pattern {
        None | Some(FROM_NOW) => from_now(moment, now, suffix),
        Some(pattern) => format(moment, pattern),
    }
}
