//! The query language: `SELECT * FROM Customer WHERE Active = true ORDERBY Id STARTPOSITION 1 MAXRESULTS
//! 100`.
//!
//! Sources: Intuit's page on query operations; the bent forms (lower-case entities, `ORDER BY`, column
//! lists) are those that python-quickbooks, node-quickbooks, tap-quickbooks and
//! copilot-platforms/quickbooks-sync send.

mod lexer;
mod parser;
mod run;
mod test;

pub use parser::{Condition, Direction, Operator, Query, Selection, parse};
pub use run::run;

#[cfg(test)]
mod tests;
