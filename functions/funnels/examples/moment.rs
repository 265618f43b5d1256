//! Formats moments as the funnels API does: `tests/clients/src/moment.test.ts` compares the texts with those of moment.js.
//!
//! Each line of standard input is a JSON object with `moment` and `now` in milliseconds, `format` and `suffix`. Each line of
//! standard output is a JSON string.

use std::io::{BufRead as _, Write as _};

use clientele_functions_funnels::moment::show;
use clientele_shared::model::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    moment: i64,
    now: i64,
    format: String,
    suffix: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let Case { moment, now, format, suffix } = serde_json::from_str(&line?)?;
        let [moment, now] = [moment, now].map(Timestamp::from_millis);
        serde_json::to_writer(&mut output, &show(moment, now, Some(&format), suffix))?;
        writeln!(output)?;
    }
    Ok(output.flush()?)
}
