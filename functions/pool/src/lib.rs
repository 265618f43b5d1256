//! The pool dialect: GraphQL at `/graphql`, and CSV.
//!
//! [`graphql`] is the endpoint; `clientele_functions_graphql::api` checks and executes the document. `query` and `mutation`
//! hold the root fields. Output objects are defined only in
//! `types`; input is read only in `input`, `filter` and `tag`; errors are formatted only in `error`.
//! [`customer_export`] and [`pricing_export`] each return a file.

mod cursor;
pub mod customer_export;
mod error;
mod file;
mod filter;
pub mod graphql;
mod input;
mod mutation;
pub mod pricing_export;
mod query;
mod schema;
mod settings;
mod tag;
mod types;

pub use schema::{build_schema, sdl};
pub use settings::PoolSettings;

use clientele_functions_common::{Endpoint, StreamingBody};

/// All endpoints of this dialect that return a complete response.
pub const ENDPOINTS: [&Endpoint; 1] = [&graphql::ENDPOINT];

/// All endpoints of this dialect that stream the response.
pub const STREAMED_ENDPOINTS: [&Endpoint<StreamingBody>; 2] =
    [&customer_export::ENDPOINT, &pricing_export::ENDPOINT];
