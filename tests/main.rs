//! End-to-end tests: requests go through the routes of `template.yaml`, as API Gateway events, to the
//! handlers that run on Lambda. Each test has a fresh table in a real DynamoDB engine.
//!
//! The engine is embedded by default. `DYNAMODB_ENDPOINT=http://127.0.0.1:8000` selects another one, such as
//! Amazon's DynamoDB Local.

// Clippy allows panics in tests, but not in the helper functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod binaries;
mod erp;
#[path = "benches/lambda/error.rs"]
#[allow(dead_code, reason = "shared with the benchmark, which constructs every variant")]
mod error;
mod export;
mod funnels;
mod fuzz;
mod guarantees;
mod guards;
mod ledger;
mod mirror;
mod pool;
mod simulation;
mod support;
mod trades;
