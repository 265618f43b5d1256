//! Formats the results: as tables for people, or as one JSON document for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::goals::{Kind, Row, Unit, call_limits};
use crate::measure::Figures;

/// One function, compared with hello.
pub(crate) struct Comparison {
    pub(crate) function: String,
    pub(crate) figures: Figures,
    pub(crate) rows: Vec<Row>,
}

/// The results of all measurements.
pub(crate) struct Report {
    pub(crate) quick: bool,
    pub(crate) hello: Figures,
    pub(crate) comparisons: Vec<Comparison>,
}

impl Report {
    /// Returns whether every gated goal is met.
    pub(crate) fn is_met(&self) -> bool {
        !self.comparisons.iter().flat_map(|comparison| &comparison.rows).any(Row::fails)
    }

    /// Returns one document with every figure, limit and verdict.
    pub(crate) fn json(&self) -> Value {
        let functions: Vec<Value> = self
            .comparisons
            .iter()
            .map(|comparison| {
                let rows: Vec<Value> = comparison.rows.iter().map(row_json).collect();
                json!({ "function": comparison.function, "figures": comparison.figures, "goals": rows })
            })
            .collect();
        json!({ "quick": self.quick, "met": self.is_met(), "hello": self.hello, "functions": functions })
    }

    /// Returns one table per function, followed by the verdict.
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
        ("first response", Unit::Instructions, instructions.first as f64),
        ("warm response", Unit::Instructions, instructions.warm as f64),
        ("init, wall", Unit::Milliseconds, times.init_ms),
        ("first response, wall", Unit::Milliseconds, times.first_ms),
        ("warm response, wall, median", Unit::Milliseconds, times.warm_median_ms),
        ("warm response, CPU", Unit::Milliseconds, times.warm_cpu_ms),
        ("peak resident set", Unit::Bytes, times.peak_rss),
        ("page faults in init", Unit::Number, times.init_faults),
        ("threads after init", Unit::Number, times.init_threads),
    ];
    let lines = rows
        .iter()
        .map(|(what, unit, value)| format!("   {what:<31} {:>12}\n", format_figure(*unit, *value)));
    format!("hello, the baseline\n{}", lines.collect::<String>())
}

fn row_text(row: &Row) -> String {
    let (hello, function) = (format_figure(row.unit, row.hello), format_figure(row.unit, row.function));
    let mut line = format!("{:<2} {:<31} {hello:>12} {function:>12}", row.goal, row.what);
    let limit = row.limit.map(|limit| format!("<= {}", format_figure(row.unit, limit)));
    let verdict = match (row.is_met(), row.kind) {
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
    object["met"] = json!(row.is_met());
    object
}

/// Formats a figure with its unit.
fn format_figure(unit: Unit, value: f64) -> String {
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
