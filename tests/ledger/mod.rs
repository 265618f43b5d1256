//! The cost ledger: round trips and DynamoDB units of each operation, compared with its budget.
//!
//! `cargo ledger` prints it. The figures are stored in the golden file `tests/golden/ledger.txt`, so that a
//! change of cost shows in a diff. After an intended change, `UPDATE_GOLDEN=1 cargo ledger` rewrites the
//! file. A figure over its budget fails the test in any case.
//!
//! Suggested reading order: [`cost`] counts, [`cost_budget`] holds the limits, [`one`], [`many`], [`pool`], [`erp`] and
//! [`funnels`] run the measured operations, and [`cost_report`] prints the result.

mod cost;
mod cost_budget;
mod cost_report;
mod customers;
mod erp;
mod funnels;
mod many;
mod one;
mod pool;

use crate::support::{Calls, Stack, golden};
use cost_report::CostReport;

#[tokio::test]
async fn operation_costs_match_the_golden_file() {
    if std::env::var_os("DYNAMODB_ENDPOINT").is_some() {
        println!(
            "The ledger is measured only on the embedded engine, which counts units as documented; \
             unset DYNAMODB_ENDPOINT to measure."
        );
        return;
    }
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    let mut report = CostReport::new(calls);
    one::measure(&stack, &mut report).await;
    many::measure(&stack, &mut report).await;
    many::measure_largest(&stack, &mut report).await;
    pool::measure(&stack, &mut report).await;
    erp::measure(&stack, &mut report).await;
    funnels::measure(&stack, &mut report).await;
    let text = report.to_string();
    println!("{text}");
    let over_budget = report.over_budget();
    let failures: Vec<String> =
        golden::difference("ledger.txt", &text).into_iter().chain(over_budget).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}
