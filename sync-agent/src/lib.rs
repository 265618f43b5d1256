//! The mirror of customers in QuickBooks, and bulk imports and exports: customers and prices from CSV, customers to folders
//! and S3.
//!
//! [`mirror`], [`connection`], [`import`] and [`export`] are a library that prints nothing; [`cli`] is the command line on
//! top of it, and [`scheduled`] the Lambda functions. A person, a scheduled function and a test therefore run the same code. All state that must survive a crash
//! is stored in the table next to the records, so any run can be interrupted at any point and started again.

pub mod cancellation;
pub mod cli;
pub mod connect;
pub mod connection;
pub mod export;
pub mod import;
pub mod mirror;
pub mod quickbooks;
mod retry;
pub mod scheduled;
pub mod url;
