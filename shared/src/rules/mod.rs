//! Rules that hold for every dialect.

pub mod fold;
pub mod search;
