//! The canonical customer model, the rules that every dialect shares, the DynamoDB table, and the store with
//! one method per access pattern.
//!
//! This crate contains no HTTP, no Lambda and no dialect. Read it in this order:
//!
//! 1. [`model`]: the canonical records, such as [`model::Customer`], and their identity;
//! 2. [`rules`]: text folding, search, filter conditions, prices and validation;
//! 3. [`table`]: the key design ([`table::keys`]), the table definition and the connection;
//! 4. [`store`]: the operations on the table, one method per access pattern;
//! 5. [`csv`]: customers as rows of a CSV file.

pub mod ambient;
pub mod csv;
pub mod error;
pub mod model;
pub mod rules;
pub mod store;
pub mod table;

pub use ambient::Ambient;
pub use error::{Error, Result};
