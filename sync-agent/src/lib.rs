//! What moves records in and out in bulk: imports of customers and prices from CSV, exports of customers to folders
//! and S3.
//!
//! A library without any printing ([`import`], [`export`]) and the command line on top of it ([`cli`]), so that
//! a person, a scheduled function and a test call the same code. Whatever must survive is kept in the table
//! beside the records: any run can be broken off at any point and started again.

pub mod cancellation;
pub mod cli;
pub mod connect;
pub mod export;
pub mod import;
mod retry;
