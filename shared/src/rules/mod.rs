//! Rules that every dialect shares.

pub mod condition;
pub mod credit;
pub mod entries;
pub mod fold;
pub mod pricing;
pub mod search;
pub mod segment;
pub mod size;
pub mod text;
