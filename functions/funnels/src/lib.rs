//! The funnels dialect: Relay-style GraphQL at `/api/v2`.
//!
//! [`graphql`] is the endpoint; `clientele_functions_graphql::api` checks and executes the document. `query` and `mutation`
//! hold the root fields. Output objects are defined only in `types`; customers are read only in `input`, lists are selected by
//! the `language` of the argument `query`, and errors are formatted only in `error`. [`moment`] formats times.

mod cursor;
mod error;
pub mod graphql;
mod id;
mod input;
mod language;
pub mod moment;
mod mutation;
mod query;
mod schema;
mod tags;
mod types;

pub use schema::{build_schema, sdl};

use clientele_functions_common::Endpoint;

/// All endpoints of this dialect.
pub const ENDPOINTS: [&Endpoint; 1] = [&graphql::ENDPOINT];
