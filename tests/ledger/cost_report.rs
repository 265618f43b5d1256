//! The report: one line for each operation, its cost beside its budget.

use std::fmt;

use aws_sdk_dynamodb::Client;
use clientele_shared::store::Store;

use super::cost::Cost;
use super::cost_budget::CostBudget;
use crate::support::{Call, Calls, Stack};

/// What was measured so far.
pub(crate) struct CostReport {
    calls: Calls,
    lines: Vec<Line>,
}

enum Line {
    /// A heading.
    Text(String),
    Operation(Operation),
}

struct Operation {
    name: String,
    budget: CostBudget,
    cost: Cost,
    calls: Vec<Call>,
    /// Over how many customers the cost is spread.
    shares: u32,
}

impl CostReport {
    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls, lines: Vec::new() }
    }

    /// A store on the stack's table whose calls are counted, for what no route asks for.
    pub(crate) fn watched(&self, stack: &Stack) -> Store {
        let config = stack.client.config().to_builder().interceptor(self.calls.clone()).build();
        Store::new(Client::from_conf(config), &stack.table, stack.clock.ambient())
    }

    /// Writes a line of text.
    pub(crate) fn text(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Text(text.into()));
    }

    /// Does a piece of work and writes down what it cost.
    pub(crate) async fn measure<T>(
        &mut self,
        name: &str,
        budget: CostBudget,
        work: impl Future<Output = T>,
    ) -> (T, Cost) {
        self.measure_shared(name, budget, 1, work).await
    }

    /// Does a piece of work for several customers at once and writes down what one of them cost.
    pub(crate) async fn measure_shared<T>(
        &mut self,
        name: &str,
        budget: CostBudget,
        shares: u32,
        work: impl Future<Output = T>,
    ) -> (T, Cost) {
        // What was done before to prepare is nobody's cost.
        drop(self.calls.take());
        let done = work.await;
        let calls = self.calls.take();
        let cost = Cost::of(&calls);
        let operation = Operation { name: name.to_owned(), budget, cost, calls, shares };
        self.lines.push(Line::Operation(operation));
        (done, cost)
    }

    /// The promises that are not kept, each with the calls that make the cost.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.operations().filter(|operation| !operation.is_within()).map(Operation::explain).collect()
    }

    fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.lines.iter().filter_map(|line| match line {
            Line::Operation(operation) => Some(operation),
            Line::Text(_) => None,
        })
    }
}

impl Operation {
    fn is_within(&self) -> bool {
        self.budget.is_within(&self.cost)
    }

    /// Call by call, what makes the cost.
    fn explain(&self) -> String {
        let mut text = format!("`{}` costs more than is promised:\n{self}", self.name);
        for call in &self.calls {
            let end = call.end.as_ref().map_or(0, |end| end.at);
            let units = call.end.as_ref().and_then(|end| end.units.as_deref()).unwrap_or_default();
            let partition = call.accesses.first().map_or("", |access| access.partition.as_str());
            text.push_str(&format!(
                "\n  {:>6}..{end:<6} {:<18} {units:?} {partition} ({} accesses)",
                call.began,
                call.operation,
                call.accesses.len()
            ));
        }
        text
    }
}

const HEAD: &str = "\
# What each operation costs, as DynamoDB counts it, and after the slash the most that is promised.
# Trips: calls one after the other, that is, how often somebody waits. Calls: all of them.
# Reads, writes: units of the table and its indexes. Written by: UPDATE_GOLDEN=1 cargo ledger
";

impl fmt::Display for CostReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEAD}")?;
        for line in &self.lines {
            match line {
                Line::Text(text) => {
                    writeln!(f, "\n{text}\n{:<58} trips    calls  reads         writes", "")?;
                }
                Line::Operation(operation) => writeln!(f, "{operation}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = f64::from(self.shares);
        let most = |most: Option<f64>| most.map(|most| format!("/ {most}")).unwrap_or_default();
        let promised = self.budget.round_trips.map(|most| format!("/ {most}")).unwrap_or_default();
        // Many batches side by side end in any order: how many of them follow each other is chance.
        let trips = if self.shares == 1 { self.cost.round_trips.to_string() } else { "-".to_owned() };
        let line = format!(
            "{:<58} {trips:>3} {promised:<4} {:>4} {:>7} {:<5} {:>7} {:<6}{}",
            self.name,
            self.cost.calls,
            rounded(self.cost.reads / shares),
            most(self.budget.reads),
            rounded(self.cost.writes / shares),
            most(self.budget.writes),
            if self.is_within() { "" } else { "  BROKEN" }
        );
        write!(f, "{}", line.trim_end())
    }
}

/// A figure with no more digits than it needs, at most two behind the point.
fn rounded(figure: f64) -> String {
    let text = format!("{figure:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
