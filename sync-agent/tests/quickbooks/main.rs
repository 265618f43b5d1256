//! The client of QuickBooks against the stand-in: connecting, tokens, limits, faults, reads and writes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy allows these in test functions only, and the helpers here are used by tests alone"
)]

mod callback;
mod connect;
mod faults;
mod limits;
mod pages;
mod reads;
mod stand_in;
mod tokens;
mod writes;
