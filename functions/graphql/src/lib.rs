//! The parts that the GraphQL dialects share: how a request is executed, limits on documents and responses, and GraphQL over
//! HTTP.
//!
//! [`api`] is the way of a request; a dialect supplies its schema and its errors ([`api::Api`]). [`transport`] reads the
//! document from the request. [`document`] checks it before it is executed, and `merge` makes sure that nothing it selects
//! twice is executed twice. The document as it was sent is validated by a second [`schema`] then. Fields find the tenant and the
//! budgets in the [`session`]; [`write`](mod@write) and [`input`] serve mutations. [`response_size`] bounds the response
//! while it is built.

pub mod api;
pub mod document;
pub mod field_order;
pub mod input;
pub mod media_type;
mod merge;
mod nesting;
pub mod response_size;
pub mod schema;
pub mod session;
mod status;
pub mod transport;
pub mod variables;
pub mod write;

pub use api::{Api, ApiSchema, Reads, Refusal};
pub use merge::Interfaces;
pub use session::Session;
pub use status::status;
pub use write::WriteField;
