//! State shared by the fields of one document: the tenant, the write authorization, the tenant's tags, and
//! the first error that fails the whole request.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Context;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::Shared;
use tokio::sync::OnceCell;

use clientele_functions_common::AuthenticatedRequest;
use clientele_shared::model::{ApiKeyId, Tag, TagId, Tenant};
use clientele_shared::store::{Budget, IdempotencyKey, Store, Total, WriteAuthorization, WriteRules};
use clientele_shared::{Error, Result};

use crate::api::Api;

/// Maximum number of warnings in a response.
const MAX_WARNINGS: usize = 20;

/// One request during the execution of its document.
pub struct Session {
    /// The store, with the deadline of the request.
    pub store: Store,
    /// The records that the caller can access.
    pub tenant: Tenant,
    /// The caller's API key.
    pub key_id: ApiKeyId,
    /// The name of the endpoint.
    operation: &'static str,
    idempotency: Option<IdempotentDocument>,
    /// The read budget of each list of the document.
    pub budget: Budget,
    /// The read budget of each record that the document selects by a condition.
    pub selection_budget: Budget,
    to_field_error: fn(&Error) -> async_graphql::Error,
    authorization: Shared<oneshot::Receiver<Option<WriteRules>>>,
    /// Read on first use, and again after a field has changed a tag.
    tags: Mutex<Arc<OnceCell<Arc<[Tag]>>>>,
    /// The first error that is not the client's fault. It fails the whole request.
    failure: Mutex<Option<Error>>,
    /// Whether a field has written something.
    has_written: AtomicBool,
    has_lower_bound_total: AtomicBool,
    /// The number of fields that have begun to write.
    writes: AtomicUsize,
    warnings: Mutex<Vec<String>>,
}

/// The `Idempotency-Key` of a request, with the body that a request with the same key must have.
struct IdempotentDocument {
    key: String,
    body: String,
}

/// The sending half of a session's write authorization.
pub(crate) struct AuthorizationSender(oneshot::Sender<Option<WriteRules>>);

impl AuthorizationSender {
    /// Waits for the write authorization and forwards it to the session.
    pub(crate) async fn forward(self, authorization: WriteAuthorization<'_>) {
        let rules = authorization.await.ok();
        // If the receiver is gone, nothing is left to write.
        self.0.send(rules).unwrap_or_default();
    }
}

impl Session {
    /// Creates a session for the caller's request, whose document reads this many lists and selects this many records.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the `Idempotency-Key` header is malformed.
    pub(crate) fn new<A: Api>(
        call: &AuthenticatedRequest<'_>,
        (lists, selections): (usize, usize),
    ) -> Result<(Self, AuthorizationSender)> {
        let (sender, authorization) = oneshot::channel();
        let idempotency = call.request.idempotency_key()?.map(|key| IdempotentDocument {
            key: key.to_owned(),
            body: String::from_utf8_lossy(call.request.body()).into_owned(),
        });
        let session = Self {
            store: call.store.clone(),
            tenant: call.caller.tenant.clone(),
            key_id: call.caller.key_id.clone(),
            operation: call.operation,
            idempotency,
            budget: Budget::default().shared_by(lists),
            selection_budget: Budget::default().shared_by(selections),
            to_field_error: A::field_error,
            authorization: authorization.shared(),
            tags: Mutex::default(),
            failure: Mutex::new(None),
            has_written: AtomicBool::new(false),
            has_lower_bound_total: AtomicBool::new(false),
            writes: AtomicUsize::new(0),
            warnings: Mutex::default(),
        };
        Ok((session, AuthorizationSender(sender)))
    }

    /// Returns the identity of a write of the document, if the request has an `Idempotency-Key`. `place` tells the document's
    /// writes apart by their order, so that another document with the same key meets the records of this one.
    pub(crate) fn idempotency_key(&self, place: &str) -> Option<IdempotencyKey> {
        let IdempotentDocument { key, body } = self.idempotency.as_ref()?;
        Some(IdempotencyKey::new(key, &format!("{} {place}", self.operation), &[body]))
    }

    /// Returns the number of fields that have begun to write before this one.
    pub(crate) fn next_write(&self) -> usize {
        self.writes.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the write authorization. The request pipeline reports the actual reason if it is denied.
    pub fn authorization(&self) -> WriteAuthorization<'static> {
        let authorization = self.authorization.clone();
        Box::pin(async move {
            match authorization.await {
                Ok(Some(rules)) => Ok(rules),
                Ok(None) | Err(_) => Err(Error::Unauthorized("Invalid API key")),
            }
        })
    }

    /// Returns the tenant's tags, which are read once for the whole document.
    pub async fn tags(&self) -> Result<Arc<[Tag]>> {
        let tags = Arc::clone(&lock(&self.tags));
        let read = || async { self.store.tags_list(&self.tenant).await.map(Arc::from) }.boxed();
        tags.get_or_try_init(read).await.cloned()
    }

    /// Reads the tags, if they are `needed`, concurrently with the customers and before their fields resolve.
    /// Fields that do not wait are returned in the order of the document.
    pub async fn prefetch_tags(&self, needed: bool) -> Result<()> {
        if needed { self.tags().await.map(drop) } else { Ok(()) }
    }

    /// Discards the tags that were read, because one has changed.
    pub fn invalidate_tags(&self) {
        *lock(&self.tags) = Arc::default();
    }

    /// Returns the tags with these ids, in their order, without those that have been deleted.
    pub async fn tags_by_id(&self, ids: &[TagId]) -> Result<Vec<Tag>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let tags = self.tags().await?;
        // The store sorts them by id.
        let find = |id| tags.binary_search_by(|tag| tag.id.cmp(id)).ok();
        Ok(ids.iter().filter_map(find).map(|at| tags[at].clone()).collect())
    }

    /// Converts a total to a GraphQL `Int`, and records if it is a lower bound for the response's
    /// `extensions`.
    pub fn total(&self, total: Total) -> i32 {
        if let Total::AtLeast(_) = total {
            self.has_lower_bound_total.store(true, Ordering::Relaxed);
        }
        i32::try_from(total.count()).unwrap_or(i32::MAX)
    }

    /// Records a warning for the response's `extensions`, which has the first 20 of them.
    pub fn warn(&self, warning: String) {
        let mut warnings = lock(&self.warnings);
        if warnings.len() < MAX_WARNINGS && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Takes the warnings.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.warnings))
    }

    /// Returns whether any total is a lower bound.
    pub(crate) fn has_lower_bound_total(&self) -> bool {
        self.has_lower_bound_total.load(Ordering::Relaxed)
    }

    /// Converts an error to a GraphQL error of one field. An error that is not the client's fault also fails
    /// the whole request.
    pub fn field_error(&self, error: Error) -> async_graphql::Error {
        let field_error = (self.to_field_error)(&error);
        if matches!(error, Error::Throttled { .. } | Error::Unavailable { .. } | Error::Internal { .. }) {
            lock(&self.failure).get_or_insert(error);
        }
        field_error
    }

    /// Returns the outcome of a write, after recording that something was written.
    pub fn written<T>(&self, outcome: Result<T>) -> Result<T> {
        self.has_written.fetch_or(outcome.is_ok(), Ordering::Relaxed);
        outcome
    }

    /// Takes the error that fails the whole request, if there is one. It is not throttling if an earlier field has
    /// written something: 429 means that nothing was written.
    pub(crate) fn failure(&self) -> Option<Error> {
        let failure = lock(&self.failure).take();
        match failure {
            Some(Error::Throttled { retry_after, source }) if self.has_written.load(Ordering::Relaxed) => {
                Some(Error::Unavailable { retry_after, source })
            }
            failure => failure,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the session of a field's context.
pub fn from_context<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Session> {
    context.data::<Arc<Session>>().map(std::convert::AsRef::as_ref)
}
