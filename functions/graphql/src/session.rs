//! State shared by the fields of one document: the tenant, the write authorization, the tenant's tags, and
//! the first error that fails the whole request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Context;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::Shared;
use tokio::sync::OnceCell;

use clientele_functions_common::{Caller, Request};
use clientele_shared::model::{ApiKeyId, Tag, TagId, Tenant};
use clientele_shared::store::{Budget, IdempotencyKey, Store, Total, WriteAuthorization, WriteRules};
use clientele_shared::{Error, Result};

use crate::settings::PoolSettings;
use crate::{error, tag};

/// Maximum number of values in a list whose values are looked up one by one, and of a customer's tags.
pub(crate) const MAX_VALUES: usize = 100;

/// One request during the execution of its document.
pub(crate) struct Session {
    pub(crate) store: Store,
    pub(crate) tenant: Tenant,
    pub(crate) key_id: ApiKeyId,
    pub(crate) settings: PoolSettings,
    pub(crate) idempotency: Option<IdempotentDocument>,
    /// The read budget of each list of the document.
    pub(crate) budget: Budget,
    /// The read budget of each customer that the document selects by a condition.
    pub(crate) selection_budget: Budget,
    authorization: Shared<oneshot::Receiver<Option<WriteRules>>>,
    /// Read on first use, and again after a field has changed a tag.
    tags: Mutex<Arc<OnceCell<Arc<[Tag]>>>>,
    /// The first error that is not the client's fault. It fails the whole request.
    failure: Mutex<Option<Error>>,
    /// Whether a field has written something.
    has_written: AtomicBool,
    has_lower_bound_total: AtomicBool,
}

/// The `Idempotency-Key` of a request, with the body that a request with the same key must have.
pub(crate) struct IdempotentDocument {
    key: String,
    body: String,
}

impl IdempotentDocument {
    /// The identity of one of the document's writes.
    pub(crate) fn key(&self, operation: &str) -> IdempotencyKey {
        IdempotencyKey::new(&self.key, operation, &[&self.body])
    }
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
    /// Creates a session for the caller's request, whose document reads this many lists and selects this many customers.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the `Idempotency-Key` header is malformed, and [`Error::Internal`] if the
    /// tenant's settings cannot be read.
    pub(crate) fn new(
        store: &Store,
        caller: &Caller,
        request: &Request,
        (lists, selections): (usize, usize),
    ) -> Result<(Self, AuthorizationSender)> {
        let (sender, authorization) = oneshot::channel();
        let idempotency = request.idempotency_key()?.map(|key| IdempotentDocument {
            key: key.to_owned(),
            body: String::from_utf8_lossy(request.body()).into_owned(),
        });
        let session = Self {
            store: store.clone(),
            tenant: caller.tenant.clone(),
            key_id: caller.key_id.clone(),
            settings: caller.settings.dialect()?,
            idempotency,
            budget: Budget::default().shared_by(lists),
            selection_budget: Budget::default().shared_by(selections),
            authorization: authorization.shared(),
            tags: Mutex::default(),
            failure: Mutex::new(None),
            has_written: AtomicBool::new(false),
            has_lower_bound_total: AtomicBool::new(false),
        };
        Ok((session, AuthorizationSender(sender)))
    }

    /// Returns the write authorization. The request pipeline reports the actual reason if it is denied.
    pub(crate) fn authorization(&self) -> WriteAuthorization<'static> {
        let authorization = self.authorization.clone();
        Box::pin(async move {
            match authorization.await {
                Ok(Some(rules)) => Ok(rules),
                Ok(None) | Err(_) => Err(Error::Unauthorized("Invalid API key")),
            }
        })
    }

    /// Returns the tenant's tags, which are read once for the whole document.
    pub(crate) async fn tags(&self) -> Result<Arc<[Tag]>> {
        let tags = Arc::clone(&lock(&self.tags));
        let read = || async { self.store.tags_list(&self.tenant).await.map(Arc::from) }.boxed();
        tags.get_or_try_init(read).await.cloned()
    }

    /// Reads the tags, if they are `needed`, concurrently with the customers and before their fields resolve.
    /// Fields that do not wait are returned in the order of the document.
    pub(crate) async fn prefetch_tags(&self, needed: bool) -> Result<()> {
        if needed { self.tags().await.map(drop) } else { Ok(()) }
    }

    /// Discards the tags that were read, because one has changed.
    pub(crate) fn invalidate_tags(&self) {
        *lock(&self.tags) = Arc::default();
    }

    /// Returns the tags with these ids, without those that have been deleted.
    pub(crate) async fn tags_by_id(&self, ids: &[TagId]) -> Result<Vec<Tag>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let tags = self.tags().await?;
        Ok(tags.iter().filter(|tag| ids.contains(&tag.id)).cloned().collect())
    }

    /// Parses tag ids that a client sent, removes duplicates, and checks that the tags exist.
    ///
    /// # Errors
    /// Returns the errors of [`tag::read_ids`] and of [`Self::require_tags`].
    pub(crate) async fn parse_tag_ids(&self, field: &str, ids: &[async_graphql::ID]) -> Result<Vec<TagId>> {
        let ids = tag::read_ids(field, ids)?;
        self.require_tags(field, &ids).await?;
        Ok(ids)
    }

    /// Checks that the tenant has all these tags.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the tenant lacks one of the tags. Returns [`Error::Throttled`],
    /// [`Error::Unavailable`] or [`Error::Internal`] if the tags cannot be read.
    pub(crate) async fn require_tags(&self, field: &str, ids: &[TagId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let tags = self.tags().await?;
        let exists = |id: &TagId| tags.iter().any(|tag| tag.id == *id);
        if ids.iter().all(exists) { Ok(()) } else { Err(tag::unknown_id(field)) }
    }

    /// Converts a total to a GraphQL `Int`, and records if it is a lower bound for the response's
    /// `extensions`.
    pub(crate) fn total(&self, total: Total) -> i32 {
        if let Total::AtLeast(_) = total {
            self.has_lower_bound_total.store(true, Ordering::Relaxed);
        }
        i32::try_from(total.count()).unwrap_or(i32::MAX)
    }

    /// Returns whether any total is a lower bound.
    pub(crate) fn has_lower_bound_total(&self) -> bool {
        self.has_lower_bound_total.load(Ordering::Relaxed)
    }

    /// Converts an error to a GraphQL error of one field. An error that is not the client's fault also fails
    /// the whole request.
    pub(crate) fn field_error(&self, error: Error) -> async_graphql::Error {
        let field_error = error::to_field_error(&error);
        if matches!(error, Error::Throttled { .. } | Error::Unavailable { .. } | Error::Internal { .. }) {
            lock(&self.failure).get_or_insert(error);
        }
        field_error
    }

    /// Returns the outcome of a write, after recording that something was written.
    pub(crate) fn written<T>(&self, outcome: Result<T>) -> Result<T> {
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

/// Checks the number of values in a list.
///
/// # Errors
/// Returns [`Error::Invalid`] if the list has more than [`MAX_VALUES`] values.
pub(crate) fn check_value_count(field: &str, count: usize) -> Result<()> {
    if count > MAX_VALUES {
        return Err(Error::invalid(field, format!("must have at most {MAX_VALUES} values")));
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the session of a field's context.
pub(crate) fn from_context<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Session> {
    context.data::<Arc<Session>>().map(std::convert::AsRef::as_ref)
}
