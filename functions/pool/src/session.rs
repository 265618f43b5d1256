//! What the fields of one document share: whose records they are about, the leave to write, the tenant's tags,
//! and what failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Context;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::Shared;
use tokio::sync::OnceCell;

use clientele_functions_common::{Caller, Request};
use clientele_shared::model::{ApiKeyId, Settings, Tag, TagId, Tenant};
use clientele_shared::store::{Store, Total, WriteAuthorization, WriteRules};
use clientele_shared::{Error, Result};

use crate::error;

/// How many values a list may have that is looked up value by value.
const MAX_VALUES: usize = 100;

/// One request while its document is executed.
pub(crate) struct Session {
    pub(crate) store: Store,
    pub(crate) tenant: Tenant,
    pub(crate) key_id: ApiKeyId,
    pub(crate) settings: Settings,
    pub(crate) repeatable: Option<Repeatable>,
    leave: Shared<oneshot::Receiver<Option<WriteRules>>>,
    /// Read when first needed, and again when a field has changed them.
    tags: Mutex<Arc<OnceCell<Arc<[Tag]>>>>,
    /// What went wrong that is not the caller's doing: it fails the request as a whole.
    failure: Mutex<Option<Error>>,
    /// Whether a total is a lower bound.
    is_cut: AtomicBool,
}

/// A request that must take effect once: its key, and what makes it the same.
pub(crate) struct Repeatable {
    pub(crate) key: String,
    pub(crate) body: String,
}

/// How a session is told whether it may write.
pub(crate) struct AuthorizationSender(oneshot::Sender<Option<WriteRules>>);

impl AuthorizationSender {
    /// Waits for the leave to write and hands it on.
    pub(crate) async fn forward(self, authorization: WriteAuthorization<'_>) {
        let granted = authorization.await.ok();
        // Where nobody listens any more, nobody writes.
        self.0.send(granted).unwrap_or_default();
    }
}

impl Session {
    /// A session of this caller.
    pub(crate) fn new(
        store: &Store,
        caller: &Caller,
        request: &Request,
    ) -> Result<(Self, AuthorizationSender)> {
        let (sender, leave) = oneshot::channel();
        let repeatable = request.idempotency_key()?.map(|key| Repeatable {
            key: key.to_owned(),
            body: String::from_utf8_lossy(request.body()).into_owned(),
        });
        let session = Self {
            store: store.clone(),
            tenant: caller.tenant.clone(),
            key_id: caller.key_id.clone(),
            settings: caller.settings.clone(),
            repeatable,
            leave: leave.shared(),
            tags: Mutex::default(),
            failure: Mutex::new(None),
            is_cut: AtomicBool::new(false),
        };
        Ok((session, AuthorizationSender(sender)))
    }

    /// The leave to write. Why it is refused is told by whoever gives it.
    pub(crate) fn authorization(&self) -> WriteAuthorization<'static> {
        let leave = self.leave.clone();
        Box::pin(async move {
            match leave.await {
                Ok(Some(rules)) => Ok(rules),
                Ok(None) | Err(_) => Err(Error::Unauthorized("Invalid API key")),
            }
        })
    }

    /// The tenant's tags, read once for the whole document.
    pub(crate) async fn tags(&self) -> Result<Arc<[Tag]>> {
        let tags = Arc::clone(&locked(&self.tags));
        let read = || async { self.store.tags_list(&self.tenant).await.map(Arc::from) }.boxed();
        tags.get_or_try_init(read).await.cloned()
    }

    /// Reads the tags ahead of the customers' fields, side by side with the customers, where they are asked for:
    /// fields that wait for nothing are answered in the order in which they are asked for.
    pub(crate) async fn tags_ahead(&self, wanted: bool) -> Result<()> {
        if wanted { self.tags().await.map(drop) } else { Ok(()) }
    }

    /// Forgets the tags, for one has changed.
    pub(crate) fn tags_changed(&self) {
        *locked(&self.tags) = Arc::default();
    }

    /// The tags of these ids that there are.
    pub(crate) async fn tags_of(&self, ids: &[String]) -> Result<Vec<Tag>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let tags = self.tags().await?;
        Ok(tags.iter().filter(|tag| ids.iter().any(|id| id == tag.id.as_str())).cloned().collect())
    }

    /// The ids that a client sent, each of an existing tag.
    pub(crate) async fn tag_ids(&self, field: &str, ids: &[async_graphql::ID]) -> Result<Vec<TagId>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        at_most(field, ids.len())?;
        let tags = self.tags().await?;
        let mut known = Vec::new();
        for id in ids {
            let there = id.parse::<TagId>().ok().filter(|id| tags.iter().any(|tag| tag.id == *id));
            let there = there.ok_or_else(|| Error::invalid(field, "holds an id that is no tag's"))?;
            if !known.contains(&there) {
                known.push(there);
            }
        }
        Ok(known)
    }

    /// A total as this dialect shows it; that it is a lower bound is told beside the data.
    pub(crate) fn total(&self, total: Total) -> i32 {
        if let Total::AtLeast(_) = total {
            self.is_cut.store(true, Ordering::Relaxed);
        }
        i32::try_from(total.count()).unwrap_or(i32::MAX)
    }

    /// Whether some total is a lower bound.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// What a field answers that went wrong.
    pub(crate) fn refuse(&self, error: Error) -> async_graphql::Error {
        let refused = error::of_field(&error);
        if matches!(error, Error::Throttled { .. } | Error::Unavailable { .. } | Error::Internal { .. }) {
            locked(&self.failure).get_or_insert(error);
        }
        refused
    }

    /// What failed the request as a whole.
    pub(crate) fn failure(&self) -> Option<Error> {
        locked(&self.failure).take()
    }
}

/// Refuses a list of more values than one field may have.
pub(crate) fn at_most(field: &str, count: usize) -> Result<()> {
    if count > MAX_VALUES {
        return Err(Error::invalid(field, format!("must have at most {MAX_VALUES} values")));
    }
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The session of a field.
pub(crate) fn of<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Session> {
    context.data::<Arc<Session>>().map(std::convert::AsRef::as_ref)
}
