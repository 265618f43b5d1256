//! The whole system through its front door: requests go through the routes of `template.yaml`, as API Gateway
//! events, to the handlers that run on Lambda, on a real engine with a fresh table each.
//!
//! The engine is the embedded one; `DYNAMODB_ENDPOINT=http://127.0.0.1:8000` names another, such as Amazon's
//! DynamoDB Local.

// Clippy lets tests panic; here the functions that tests share are tests too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod guarantees;
mod guards;
mod ledger;
mod pool;
mod support;
mod trades;
