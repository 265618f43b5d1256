//! Test support: a separate stack for each test, requests, recording and fault injection.

mod access;
mod calls;
mod clock;
mod faults;
mod fixtures;
pub(crate) mod golden;
mod items;
pub(crate) mod lambda;
mod lists;
pub(crate) mod orders;
mod policies;
mod response;
pub(crate) mod samples;
mod stack;
mod steps;

pub(crate) use access::Access;
pub(crate) use calls::{Call, Calls, End};
pub(crate) use clock::Clock;
pub(crate) use faults::{FaultAction, Faults};
pub(crate) use fixtures::{john, numbered};
pub(crate) use lists::{By, all_customers, check_lists, check_totals, uuid_of, walk};
pub(crate) use policies::Policies;
pub(crate) use response::Response;
pub(crate) use stack::{Caller, Stack, with_retry_policy};
pub(crate) use steps::Steps;

/// Whether every kill of an agent is wanted, instead of a part of them.
#[expect(clippy::disallowed_methods, reason = "selects how much is tested")]
pub(crate) fn wants_all_kills() -> bool {
    std::env::var("CLIENTELE_KILLS").is_ok_and(|kills| kills == "all")
}
