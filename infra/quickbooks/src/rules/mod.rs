//! The rules of QuickBooks for writes: fields, names, references, sales and payments.

pub mod fields;
mod links;
mod lists;
mod names;
mod person;
mod references;
mod sales;
pub mod write;
