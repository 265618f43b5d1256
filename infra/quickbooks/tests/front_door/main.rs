//! Tests of the stand-in over HTTP, on a server in this process that listens on a free port.

// Clippy allows panics in tests, but not in the helper functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch;
mod changes;
mod client;
mod control;
mod customers;
mod faults;
mod formats;
mod golden;
mod limits;
mod load;
mod oauth;
mod page;
mod persistence;
mod query;
mod refusals;
mod sales;
mod switches;
mod webhooks;
