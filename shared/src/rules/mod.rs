//! Rules that hold for every dialect.

pub mod condition;
pub mod fold;
pub mod pricing;
pub mod search;
pub mod text;
