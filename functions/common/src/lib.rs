//! What every function shares and no dialect owns: start-up, configuration, the caller, the request, the reply.
//!
//! A request goes through [`pipeline::answer`], in this order: who calls ([`caller`]), may he do this, is his
//! month's allowance used up ([`pipeline`]), then the handler's three moves: read the request ([`request`]), ask
//! the store once, answer ([`reply`]). Errors become the dialect's own bodies in one place of each dialect.

pub mod app;
pub mod caller;
pub mod config;
pub mod endpoint;
pub mod invoke;
pub mod logging;
pub mod pipeline;
pub mod reply;
pub mod request;
pub mod serve;
pub mod streaming_body;

/// A call makes some thousand small allocations; this allocator takes half the instructions that the system's
/// does (`cargo bench -p clientele-tests --bench lambda`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use app::App;
pub use caller::Caller;
pub use endpoint::{AuthenticatedRequest, Dialect, Endpoint, HandlerFuture};
pub use reply::Reply;
pub use request::Request;
pub use serve::{serve, serve_streamed};
pub use streaming_body::StreamingBody;
