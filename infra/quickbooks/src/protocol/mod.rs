//! The accounting API below `/v3/company/{realm_id}`.
//!
//! A request passes through [`api`]: it is classified ([`call`]), checked (faults, token, limits), answered
//! (`dispatch`, `batch`, `cdc`) and rendered as JSON or XML (`render`, `xml`).

pub mod api;
mod batch;
pub mod call;
mod cdc;
mod dispatch;
pub mod log;
pub mod present;
pub mod render;
pub mod replay;
pub mod throttle;
mod xml;

#[cfg(test)]
mod xml_tests;
