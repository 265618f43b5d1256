//! Fuzzing of every parser: seeds are mutated, and whatever comes of it must be accepted or refused, never fail.
//!
//! Each target runs for `FUZZ_SECONDS`, by default 2, from a random case on, so that each run tries others. A case is named
//! by its number and made of nothing else, so that `FUZZ_CASE=<number>` runs it again.

mod imports;
mod mutation;
mod requests;
mod values;

use std::time::{Duration, Instant};

use mutation::Mutator;

/// Numbers of the cases of one target: one, or as many as there is time for.
#[expect(clippy::disallowed_methods, reason = "selects how long and which cases to run")]
fn cases() -> impl Iterator<Item = u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let end = Instant::now() + Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(2));
    let only = number("FUZZ_CASE");
    // Targets derive other numbers from a case by its upper bits.
    let first = u64::from(uuid::Uuid::new_v4().as_fields().0);
    (only.unwrap_or(first)..)
        .take_while(move |case| only.map_or_else(|| Instant::now() < end, |only| *case == only))
}

/// Returns the seeds of a file: texts separated by lines of `---`.
fn seeds(file: &str) -> Vec<String> {
    file.split("\n---\n").map(|seed| seed.trim_end_matches('\n').to_owned()).collect()
}
