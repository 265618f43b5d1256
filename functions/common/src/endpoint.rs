//! An endpoint: its name, the scope that it requires, and its handler.

use futures::future::BoxFuture;
use http::HeaderMap;
use tokio::time::Instant;

use clientele_shared::Error;
use clientele_shared::model::{Scope, Tenant};
use clientele_shared::store::{RenderReply, Store, Write, WriteAuthorization};

use crate::{Caller, RemoteService, Reply, Request};

/// The future that a handler returns.
pub type HandlerFuture<'a, B = String> = BoxFuture<'a, Result<Reply<B>, Error>>;

/// One endpoint of one dialect, deployed as one Lambda. `B` is the type of its response bodies: text, or a
/// [`StreamingBody`](crate::StreamingBody) that is produced while it is sent.
pub struct Endpoint<B = String> {
    /// The name of the function in `template.yaml`, of its binary, and of the files with its handler and its
    /// test.
    pub name: &'static str,
    /// The scopes that a key must have.
    pub scopes: &'static [Scope],
    /// The dialect, which formats errors.
    pub dialect: &'static dyn Dialect,
    /// The handler.
    pub handle: for<'a> fn(AuthenticatedRequest<'a>) -> HandlerFuture<'a, B>,
}

/// The differences between dialects outside their handlers.
pub trait Dialect: Sync {
    /// Returns the reply for an error of this request, without the headers that all errors share.
    fn error(&self, error: &Error, request: &Request) -> Reply;

    /// Returns the content type of the response to a request with these headers, or `None` to keep that of
    /// the reply.
    fn content_type(&self, _request_headers: &HeaderMap) -> Option<&'static str> {
        None
    }
}

/// A request of an authenticated caller, as its handler receives it.
pub struct AuthenticatedRequest<'a> {
    /// The store, with the deadline of the request.
    pub store: &'a Store,
    /// The endpoint's name.
    pub operation: &'static str,
    /// The authenticated caller.
    pub caller: &'a Caller,
    /// The HTTP request.
    pub request: &'a Request,
    /// The pending authorization to write, to be passed to the store.
    pub authorization: WriteAuthorization<'a>,
    /// When the handler must have ended, so that its error can still be sent; `None` without a limit.
    pub deadline: Option<Instant>,
    /// The service that gives customers their credit scores; `None` for the built-in scorer.
    pub credit_provider: Option<&'a RemoteService>,
}

impl<'a> AuthenticatedRequest<'a> {
    /// Returns the write that the request calls for: conditional on the version in `If-Match`, and idempotent
    /// if the client sent an `Idempotency-Key`. `render_reply` renders the reply that is stored for
    /// duplicates.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if one of the two headers is malformed.
    pub fn into_write<'k>(self, render_reply: &'k RenderReply<'k>) -> Result<Write<'k>, Error>
    where
        'a: 'k,
    {
        self.request.write(self.operation, render_reply, self.authorization)
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// Returns the set of records that the caller can access.
    #[must_use]
    pub fn tenant(&self) -> &'a Tenant {
        &self.caller.tenant
    }
}
