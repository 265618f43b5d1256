//! The commands of the mirror: the real command against a stand-in and an engine in this process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy allows these in test functions only, and the helpers here are used by tests alone"
)]

mod browser;
mod connection;
mod fixture;
mod refusals;
mod secrets;
mod sync;
mod usage;
