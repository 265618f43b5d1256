//! The lease on a company: one run at a time, whether a person's or a scheduled one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use clientele_shared::model::{RealmId, Tenant};
use clientele_shared::store::Store;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::MirrorError;

/// How long a lease holds without being extended, in seconds: a killed run blocks the next one no longer than that.
const SECONDS: i64 = 15;

/// How often a lease is extended.
const EXTENSION: Duration = Duration::from_secs(4);

/// A lease that is held, and extended in the background until it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    store: Store,
    tenant: Tenant,
    realm: RealmId,
    holder: String,
    /// The moment at which the lease ends if it is not extended, in milliseconds since 1970; 0 once another run has it.
    until: Arc<AtomicI64>,
    extension: AbortHandle,
}

impl Lease {
    /// Takes the lease of a company.
    pub(super) async fn take(store: &Store, tenant: &Tenant, realm: &RealmId) -> Result<Self, MirrorError> {
        let random = store.ambient();
        let holder = format!("{:016x}{:016x}", random.random(), random.random());
        let end = end(store);
        if let Some(until) = store.mirror_lease_take(tenant, realm, &holder, SECONDS).await? {
            return Err(MirrorError::Busy(until));
        }
        let until = Arc::new(AtomicI64::new(end));
        let task = tokio::spawn(extend(
            store.clone(),
            tenant.clone(),
            realm.clone(),
            holder.clone(),
            Arc::clone(&until),
        ));
        let (store, tenant, realm) = (store.clone(), tenant.clone(), realm.clone());
        Ok(Self { store, tenant, realm, holder, until, extension: task.abort_handle() })
    }

    /// Fails if another run has taken over, or can have because the machine slept.
    pub(super) fn check(&self) -> Result<(), MirrorError> {
        let is_held = self.until.load(Ordering::Relaxed) > self.store.ambient().now().as_millis();
        if is_held { Ok(()) } else { Err(MirrorError::LeaseLost) }
    }

    /// Returns the lease.
    pub(super) async fn release(self) -> Result<(), MirrorError> {
        self.extension.abort();
        Ok(self.store.mirror_lease_release(&self.tenant, &self.realm, &self.holder).await?)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.extension.abort();
    }
}

/// Returns the moment at which a lease ends that is taken now, in milliseconds since 1970.
fn end(store: &Store) -> i64 {
    store.ambient().now().plus_seconds(SECONDS).as_millis()
}

/// Extends a lease until another run has it.
async fn extend(store: Store, tenant: Tenant, realm: RealmId, holder: String, until: Arc<AtomicI64>) {
    let mut ticks = interval(EXTENSION);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let end = end(&store);
        // A table that does not answer is tried again at the next tick; the lease can expire meanwhile.
        match store.mirror_lease_take(&tenant, &realm, &holder, SECONDS).await {
            Ok(None) => until.store(end, Ordering::Relaxed),
            Ok(Some(_)) => return until.store(0, Ordering::Relaxed),
            Err(_) => {}
        }
    }
}
