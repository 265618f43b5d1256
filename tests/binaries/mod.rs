//! The Lambda binaries, as processes under a Runtime API. They answer as the linked functions do, which all
//! other tests call.

mod event_formats;
mod process;
mod same_answers;

#[path = "../benches/lambda/runtime_api.rs"]
#[allow(dead_code, reason = "shared with the benchmark, which reads the times of requests")]
mod runtime_api;
