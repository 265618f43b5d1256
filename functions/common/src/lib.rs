//! What every function shares and no dialect owns: start-up, configuration, the caller, the request, the reply.
//!
//! A request goes through [`front::answer`], in this order: who calls ([`caller`]), may he do this, is his
//! month's allowance used up ([`front`]), then the handler's three moves: read the request ([`request`]), ask
//! the store once, answer ([`reply`]). Errors become the dialect's own bodies in one place of each dialect.

pub mod app;
pub mod caller;
pub mod chunks;
pub mod config;
pub mod endpoint;
pub mod front;
pub mod invoke;
pub mod logging;
pub mod reply;
pub mod request;
pub mod serve;

/// A call makes some thousand small allocations; this allocator takes half the instructions that the system's
/// does (`cargo bench -p clientele-tests --bench lambda`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use app::App;
pub use caller::Caller;
pub use chunks::Chunks;
pub use endpoint::{Call, Dialect, Endpoint, Handling};
pub use reply::Reply;
pub use request::Request;
pub use serve::{serve, serve_streamed};
