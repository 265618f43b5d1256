//! The report: one line per operation, with its cost and its budget.

use std::fmt;

use aws_sdk_dynamodb::Client;
use clientele_shared::store::Store;

use super::cost::Cost;
use super::cost_budget::CostBudget;
use crate::support::{Call, Calls, Stack};

/// The operations measured so far.
pub(crate) struct CostReport {
    calls: Calls,
    lines: Vec<Line>,
}

enum Line {
    Heading(String),
    Operation(Operation),
}

struct Operation {
    name: String,
    budget: CostBudget,
    cost: Cost,
    calls: Vec<Call>,
    /// Number of customers that share the cost.
    customers: u32,
}

impl CostReport {
    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls, lines: Vec::new() }
    }

    /// Returns a store on the stack's table whose calls are recorded, for operations that no route offers.
    pub(crate) fn recorded_store(&self, stack: &Stack) -> Store {
        let config = stack.client.config().to_builder().interceptor(self.calls.clone()).build();
        Store::new(Client::from_conf(config), &stack.table, stack.clock.ambient())
    }

    /// Adds a heading.
    pub(crate) fn heading(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Heading(text.into()));
    }

    /// Runs an operation and records its cost.
    pub(crate) async fn measure<T>(
        &mut self,
        name: &str,
        budget: CostBudget,
        work: impl Future<Output = T>,
    ) -> (T, Cost) {
        self.measure_per_customer(name, budget, 1, work).await
    }

    /// Runs one operation on several customers and records the cost per customer.
    pub(crate) async fn measure_per_customer<T>(
        &mut self,
        name: &str,
        budget: CostBudget,
        customers: u32,
        work: impl Future<Output = T>,
    ) -> (T, Cost) {
        // Discard the calls of the setup.
        drop(self.calls.take());
        let output = work.await;
        let calls = self.calls.take();
        let cost = Cost::of(&calls);
        let operation = Operation { name: name.to_owned(), budget, cost, calls, customers };
        self.lines.push(Line::Operation(operation));
        (output, cost)
    }

    /// Describes each operation that is over its budget, with its calls.
    pub(crate) fn over_budget(&self) -> Vec<String> {
        self.operations().filter(|operation| !operation.is_within()).map(Operation::explain).collect()
    }

    fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.lines.iter().filter_map(|line| match line {
            Line::Operation(operation) => Some(operation),
            Line::Heading(_) => None,
        })
    }
}

impl Operation {
    fn is_within(&self) -> bool {
        self.budget.is_within(&self.cost)
    }

    /// Lists the calls that add up to the cost.
    fn explain(&self) -> String {
        let mut text = format!("`{}` is over its budget:\n{self}", self.name);
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
# Cost of each operation as DynamoDB counts it, with its budget after the slash.
# Trips: consecutive calls, that is, how often the client waits. Calls: all calls.
# Reads, writes: units of the table and its indexes. Written by: UPDATE_GOLDEN=1 cargo ledger
";

impl fmt::Display for CostReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEAD}")?;
        for line in &self.lines {
            match line {
                Line::Heading(text) => {
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
        let customers = f64::from(self.customers);
        let limit = |limit: Option<f64>| limit.map(|limit| format!("/ {limit}")).unwrap_or_default();
        let max_trips = self.budget.round_trips.map(|limit| format!("/ {limit}")).unwrap_or_default();
        // Concurrent batches finish in any order, so the number of consecutive calls differs from run to run.
        let trips = if self.customers == 1 { self.cost.round_trips.to_string() } else { "-".to_owned() };
        let line = format!(
            "{:<58} {trips:>3} {max_trips:<4} {:>4} {:>7} {:<5} {:>7} {:<6}{}",
            self.name,
            self.cost.calls,
            rounded(self.cost.reads / customers),
            limit(self.budget.reads),
            rounded(self.cost.writes / customers),
            limit(self.budget.writes),
            if self.is_within() { "" } else { "  OVER BUDGET" }
        );
        write!(f, "{}", line.trim_end())
    }
}

/// Formats a figure with at most two decimal places and without trailing zeros.
fn rounded(figure: f64) -> String {
    let text = format!("{figure:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
