//! What a customer *is* and where it is kept: the canonical model, the rules every dialect shares, the one
//! table, and the store with one method per access pattern.
//!
//! This crate knows no HTTP, no Lambda and no dialect. Read it in this order:
//!
//! 1. [`model`]: the canonical [`model::Customer`] and its identity;
//! 2. [`rules`]: what search folds and matches;
//! 3. [`table`]: the key design ([`table::keys`]), the table's definition and the connection to it;
//! 4. [`store`]: what can be asked of the table, one method per access pattern;
//! 5. [`csv`]: customers as rows of a file.

pub mod ambient;
pub mod csv;
pub mod error;
pub mod model;
pub mod rules;
pub mod store;
pub mod table;

pub use ambient::Ambient;
pub use error::{Error, Result};
