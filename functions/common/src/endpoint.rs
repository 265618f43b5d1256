//! One endpoint: its name, what it takes to call it, and its handler.

use futures::future::BoxFuture;
use http::HeaderMap;

use clientele_shared::Error;
use clientele_shared::model::{Scope, Tenant};
use clientele_shared::store::{RenderReply, Store, Write, WriteAuthorization};

use crate::{App, Caller, Reply, Request};

/// A handler's answer on its way.
pub type HandlerFuture<'a, B = String> = BoxFuture<'a, Result<Reply<B>, Error>>;

/// One endpoint of one dialect: one Lambda. `B` is what its answers are: texts, or [`StreamingBody`](crate::StreamingBody) that are
/// made while they are sent.
pub struct Endpoint<B = String> {
    /// The function's name in `template.yaml`, of its binary, its handler's file and its test.
    pub name: &'static str,
    /// What a key must be allowed to do.
    pub scope: Scope,
    /// How this endpoint spells errors.
    pub dialect: &'static dyn Dialect,
    /// The handler.
    pub handle: for<'a> fn(AuthenticatedRequest<'a>) -> HandlerFuture<'a, B>,
}

/// What differs between dialects outside their handlers.
pub trait Dialect: Sync {
    /// The answer that tells an error, without the headers that all errors share.
    fn error(&self, error: &Error) -> Reply;

    /// Whether requests count towards the caller's monthly allowance.
    fn is_metered(&self) -> bool;

    /// The content type of the answer to a request with these headers, where the caller has a choice.
    fn content_type(&self, _asked: &HeaderMap) -> Option<&'static str> {
        None
    }
}

/// One request of a known caller, as its handler gets it.
pub struct AuthenticatedRequest<'a> {
    /// The process's surroundings.
    pub app: &'a App,
    /// The endpoint's name.
    pub operation: &'static str,
    /// Who calls.
    pub caller: &'a Caller,
    /// What was asked.
    pub request: &'a Request,
    /// The leave to write, to be handed to the store.
    pub authorization: WriteAuthorization<'a>,
}

impl<'a> AuthenticatedRequest<'a> {
    /// How the write that is asked for is made: at the version that `If-Match` insists on, and once if its
    /// sender gave an `Idempotency-Key`; `kept` renders the answer that a repeated request gets.
    ///
    /// # Errors
    /// [`Error::Invalid`] when one of the two headers is malformed.
    pub fn into_write<'k>(self, kept: &'k RenderReply<'k>) -> Result<Write<'k>, Error>
    where
        'a: 'k,
    {
        self.request.write(self.operation, kept, self.authorization)
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &'a Store {
        &self.app.store
    }

    /// Whose records the caller may touch.
    #[must_use]
    pub fn tenant(&self) -> &'a Tenant {
        &self.caller.tenant
    }
}
