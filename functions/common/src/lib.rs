//! Code that every function shares and no dialect owns: start-up, configuration, authentication, request,
//! reply.
//!
//! A request passes through [`pipeline::answer`]. The pipeline authenticates the caller ([`caller`]), checks
//! the scope of its key and its tenant's monthly limit ([`pipeline`]), and runs the handler. The handler does
//! three things: it reads the request ([`request`]), calls the store once, and returns a reply ([`reply`]).
//! Each dialect formats errors in one file.
//!
//! A delivery of a webhook passes through [`webhook::answer`] instead, because it has a signature and no API key.

pub mod app;
pub mod caller;
pub mod config;
pub mod endpoint;
pub mod form;
pub mod invoke;
pub mod logging;
pub mod openapi;
pub mod pipeline;
pub mod remote_service;
pub mod reply;
pub mod request;
pub mod serve;
pub mod streaming_body;
pub mod usage;
pub mod webhook;

/// A request makes about a thousand small allocations. This allocator takes half the instructions that the
/// system's takes for them (`cargo bench -p clientele-tests --bench lambda`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use app::App;
pub use caller::Caller;
pub use endpoint::{AuthenticatedRequest, Dialect, Endpoint, HandlerFuture};
pub use form::Form;
pub use remote_service::RemoteService;
pub use reply::Reply;
pub use request::Request;
pub use serve::{serve, serve_streamed, serve_webhook};
pub use streaming_body::StreamingBody;
pub use webhook::{VerifierToken, WebhookEndpoint};
