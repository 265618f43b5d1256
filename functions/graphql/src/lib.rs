//! The parts that the GraphQL dialects share: limits on documents and responses, and GraphQL over HTTP.
//!
//! [`transport`] reads the document from the request. [`document`] checks it before it is executed, and `merge` makes
//! sure that nothing it selects twice is executed twice. The document as it was sent goes through [`validation`] then. [`response_size`] bounds the response while it is built.

pub mod document;
pub mod media_type;
mod merge;
pub mod response_size;
pub mod transport;
pub mod validation;
