//! Shows the figures: a table for a person, or one JSON document for a program.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::goals::{Kind, Row, Unit, call_limits};
use crate::measure::Figures;

/// One function beside hello.
pub(crate) struct Comparison {
    pub(crate) function: String,
    pub(crate) figures: Figures,
    pub(crate) rows: Vec<Row>,
}

/// All that was measured.
pub(crate) struct Report {
    pub(crate) quick: bool,
    pub(crate) hello: Figures,
    pub(crate) comparisons: Vec<Comparison>,
}

impl Report {
    /// Whether every gated goal is met.
    pub(crate) fn met(&self) -> bool {
        !self.comparisons.iter().flat_map(|comparison| &comparison.rows).any(Row::fails)
    }

    /// One document with every figure, limit and verdict.
    pub(crate) fn json(&self) -> Value {
        let functions: Vec<Value> = self
            .comparisons
            .iter()
            .map(|comparison| {
                let rows: Vec<Value> = comparison.rows.iter().map(row_json).collect();
                json!({ "function": comparison.function, "figures": comparison.figures, "goals": rows })
            })
            .collect();
        json!({ "quick": self.quick, "met": self.met(), "hello": self.hello, "functions": functions })
    }

    /// One table for each function, and what came of it in the end.
    pub(crate) fn text(&self) -> String {
        let mut out = hello_text(&self.hello);
        for comparison in &self.comparisons {
            let head =
                format!("\n{:<34} {:>12} {:>12} {:>14}\n", comparison.function, "hello", "function", "goal");
            out.push_str(&head);
            comparison.rows.iter().for_each(|row| out.push_str(&row_text(row)));
        }
        if !self.comparisons.is_empty() {
            out.push_str(&self.verdict());
        }
        out
    }

    fn verdict(&self) -> String {
        let missed: Vec<String> = self
            .comparisons
            .iter()
            .flat_map(|comparison| comparison.rows.iter().map(move |row| (&comparison.function, row)))
            .filter(|(_, row)| row.fails())
            .map(|(function, row)| format!("{function}: {} {}", row.goal, row.what))
            .collect();
        let limits = call_limits();
        if missed.is_empty() {
            return format!("\n{limits}\nEvery gated goal (P1, P2, P3, P4, P6) is met.\n");
        }
        format!("\n{limits}\nNOT MET, gated:\n  {}\n", missed.join("\n  "))
    }
}

fn hello_text(hello: &Figures) -> String {
    let (sizes, instructions, times) = (&hello.sizes, &hello.instructions, &hello.times);
    let rows = [
        ("stripped", Unit::Bytes, sizes.stripped as f64),
        ("deflated", Unit::Bytes, sizes.deflated as f64),
        ("init, to the first /next", Unit::Instructions, instructions.init as f64),
        ("first answer", Unit::Instructions, instructions.first as f64),
        ("warm answer", Unit::Instructions, instructions.warm as f64),
        ("init, wall", Unit::Milliseconds, times.init_ms),
        ("first answer, wall", Unit::Milliseconds, times.first_ms),
        ("warm answer, wall, median", Unit::Milliseconds, times.warm_median_ms),
        ("warm answer, CPU", Unit::Milliseconds, times.warm_cpu_ms),
        ("peak resident set", Unit::Bytes, times.peak_rss),
        ("page faults in init", Unit::Number, times.init_faults),
        ("threads after init", Unit::Number, times.init_threads),
    ];
    let lines =
        rows.iter().map(|(what, unit, value)| format!("   {what:<31} {:>12}\n", written(*unit, *value)));
    format!("hello, the floor\n{}", lines.collect::<String>())
}

fn row_text(row: &Row) -> String {
    let (hello, function) = (written(row.unit, row.hello), written(row.unit, row.function));
    let mut line = format!("{:<2} {:<31} {hello:>12} {function:>12}", row.goal, row.what);
    let limit = row.limit.map(|limit| format!("<= {}", written(row.unit, limit)));
    let verdict = match (row.met(), row.kind) {
        (Some(true), _) => "met",
        (Some(false), Kind::Gated) => "NOT MET",
        (Some(false), Kind::Shown) => "not met, not gated",
        (None, _) => "",
    };
    // Writing to a String cannot fail.
    let _written = write!(line, " {:>14}  {verdict}", limit.unwrap_or_default());
    format!("{}\n", line.trim_end())
}

fn row_json(row: &Row) -> Value {
    let mut object = json!(row);
    object["met"] = json!(row.met());
    object
}

/// A figure in the unit that people read it in.
fn written(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Instructions if value >= 1e6 => format!("{:.3} M", value / 1e6),
        Unit::Instructions => format!("{:.1} k", value / 1e3),
        Unit::Bytes if value >= 1e6 => format!("{:.2} MB", value / 1e6),
        Unit::Bytes => format!("{:.1} kB", value / 1e3),
        Unit::Milliseconds => format!("{value:.3} ms"),
        Unit::Number => format!("{value:.0}"),
        Unit::TimesHello => format!("{value:.2} x"),
    }
}
