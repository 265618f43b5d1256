//! The pool dialect: GraphQL at `/graphql`, and CSV.
//!
//! [`graphql`] answers a request: it reads the document, looks at it before anything is done (`document`), has
//! it executed, and answers. `query` and `mutation` are what can be asked; `types` is the only place that
//! shapes this dialect's objects, `input` and `filter` the only ones that read what is sent, `error` the
//! only one that spells errors. [`customer_export`] and [`pricing_export`] answer a file each.

mod cursor;
pub mod customer_export;
mod document;
mod error;
mod file;
mod filter;
pub mod graphql;
mod input;
mod media_type;
mod mutation;
pub mod pricing_export;
mod query;
mod schema;
mod session;
mod tag;
mod types;

pub use schema::{build_schema, sdl};

use clientele_functions_common::{Endpoint, StreamingBody};

/// Every endpoint of this dialect that answers with a text.
pub const ENDPOINTS: [&Endpoint; 1] = [&graphql::ENDPOINT];

/// Every endpoint of this dialect whose answers are sent while they are made.
pub const STREAMED_ENDPOINTS: [&Endpoint<StreamingBody>; 2] =
    [&customer_export::ENDPOINT, &pricing_export::ENDPOINT];
