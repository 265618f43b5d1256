//! The Lambda functions that a schedule invokes, each in the file that its name begins with: `sync-scheduled` is in
//! [`sync`].

mod companies;
mod logging;
mod outcome;
pub mod sync;
