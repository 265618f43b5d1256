//! The lease on a company: one run at a time, whether a person's or a scheduled one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    is_lost: Arc<AtomicBool>,
    extension: AbortHandle,
}

impl Lease {
    /// Takes the lease of a company.
    pub(super) async fn take(store: &Store, tenant: &Tenant, realm: &RealmId) -> Result<Self, MirrorError> {
        let random = store.ambient();
        let holder = format!("{:016x}{:016x}", random.random(), random.random());
        if let Some(until) = store.mirror_lease_take(tenant, realm, &holder, SECONDS).await? {
            return Err(MirrorError::Busy(until));
        }
        let is_lost = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(extend(
            store.clone(),
            tenant.clone(),
            realm.clone(),
            holder.clone(),
            Arc::clone(&is_lost),
        ));
        let (store, tenant, realm) = (store.clone(), tenant.clone(), realm.clone());
        Ok(Self { store, tenant, realm, holder, is_lost, extension: task.abort_handle() })
    }

    /// Fails if another run has taken over.
    pub(super) fn check(&self) -> Result<(), MirrorError> {
        if self.is_lost.load(Ordering::Relaxed) { Err(MirrorError::LeaseLost) } else { Ok(()) }
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

/// Extends a lease until another run has it.
async fn extend(store: Store, tenant: Tenant, realm: RealmId, holder: String, is_lost: Arc<AtomicBool>) {
    let mut ticks = interval(EXTENSION);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        // A table that does not answer is tried again at the next tick; the lease can expire meanwhile.
        if let Ok(Some(_)) = store.mirror_lease_take(&tenant, &realm, &holder, SECONDS).await {
            is_lost.store(true, Ordering::Relaxed);
            return;
        }
    }
}
