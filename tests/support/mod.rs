//! What every test starts with: a stack of its own, and requests to it.

mod access;
mod answer;
mod calls;
mod clock;
mod faults;
mod fixtures;
pub(crate) mod golden;
mod lists;
mod stack;
mod steps;

pub(crate) use access::Access;
pub(crate) use answer::Answer;
pub(crate) use calls::{Call, Calls, End};
pub(crate) use clock::Clock;
pub(crate) use faults::{FaultAction, Faults};
pub(crate) use fixtures::{john, numbered};
pub(crate) use lists::{By, everybody, lists_in_order, totals_in_order, uuid_of, walk};
pub(crate) use stack::{Caller, Stack};
pub(crate) use steps::Steps;
