//! The cost ledger: what each operation costs in round trips and in DynamoDB's own units, beside what is
//! promised.
//!
//! `cargo ledger` prints it. The figures are the golden file `tests/golden/ledger.txt`, so that a change of cost
//! shows in a diff; after a wanted one, `UPDATE_GOLDEN=1 cargo ledger` writes the file anew. A figure beyond its
//! budget fails in any case.
//!
//! Read it in this order: [`cost`] counts, [`budget`] holds the promises, [`one`], [`many`] and [`pool`] do the work
//! that is measured, [`report`] prints.

mod cost;
mod cost_budget;
mod cost_report;
mod customers;
mod many;
mod one;
mod pool;

use crate::support::{Calls, Stack, golden};
use cost_report::CostReport;

#[tokio::test]
async fn every_operation_costs_what_the_golden_file_says() {
    if std::env::var_os("DYNAMODB_ENDPOINT").is_some() {
        println!(
            "The ledger is measured on the embedded engine only, whose figures are the documented ones: \
             unset DYNAMODB_ENDPOINT to measure."
        );
        return;
    }
    let calls = Calls::default();
    let watch = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(watch)).await;
    let mut report = CostReport::new(calls);
    one::measure(&stack, &mut report).await;
    many::measure(&stack, &mut report).await;
    many::measure_largest(&stack, &mut report).await;
    pool::measure(&stack, &mut report).await;
    let text = report.to_string();
    println!("{text}");
    let broken = report.broken();
    let faults: Vec<String> = golden::difference("ledger.txt", &text).into_iter().chain(broken).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n\n"));
}
