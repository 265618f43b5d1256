//! The pool dialect: GraphQL at `/graphql`.
//!
//! [`graphql`] answers a request: it reads the document, looks at it before anything is done (`document`), has
//! it executed, and answers. `query` and `mutation` are what can be asked; `types` is the only place that
//! shapes this dialect's objects, `input` and `filter` the only ones that read what is sent, `error` the
//! only one that spells errors.

mod cursor;
mod document;
mod error;
mod filter;
pub mod graphql;
mod input;
mod media_type;
mod mutation;
mod query;
mod schema;
mod session;
mod tag;
mod types;

pub use schema::{build_schema, sdl};

use clientele_functions_common::Endpoint;

/// Every endpoint of this dialect.
pub const ENDPOINTS: [&Endpoint; 1] = [&graphql::ENDPOINT];
