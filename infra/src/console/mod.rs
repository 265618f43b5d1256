//! The console: the pages at `/`, `/docs` and `/graphiql` with everything that they load, and the local routes below
//! `/console/api/`.
//!
//! Customers move through the public APIs only. [`guard`] refuses requests of other websites.

pub mod api;
pub mod command;
mod files;
pub mod guard;
pub mod pages;
pub mod remote;
