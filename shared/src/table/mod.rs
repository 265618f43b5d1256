//! The DynamoDB table: its keys, its definition and the connection to it.

pub mod connect;
pub mod definition;
#[cfg(feature = "environment")]
pub mod environment;
mod headers;
pub mod http;
pub mod keys;
