//! Metering: the number of requests that each tenant has sent this month. A count never delays a response for long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clientele_shared::model::Tenant;
use clientele_shared::store::{Store, Usage};

/// How long a request waits for its count.
pub const MAX_WAIT: Duration = Duration::from_millis(100);

/// Number of tenants at which their last counts are dropped.
const MAX_TENANTS: usize = 1000;

/// Counts requests, and keeps each tenant's last count.
#[derive(Debug)]
pub(crate) struct UsageMeter {
    max_wait: Duration,
    last: Arc<LastCounts>,
}

/// The last count of each tenant that this process knows, by the tenant's name.
#[derive(Debug, Default)]
struct LastCounts(Mutex<HashMap<String, Usage>>);

impl UsageMeter {
    /// Creates a meter whose requests wait at most this long.
    pub(crate) fn new(max_wait: Duration) -> Self {
        Self { max_wait, last: Arc::default() }
    }

    /// Counts a request of this tenant, in one attempt.
    ///
    /// If the count is late or fails, the request proceeds with the tenant's last known count of this month, or
    /// uncounted: a metering fault must not block a paying caller. A late count is completed in the background, so that
    /// the connection that it is opening or using is kept.
    pub(crate) async fn count(&self, store: &Store, tenant: &Tenant) -> Option<Usage> {
        let (last, to_count, owner) = (Arc::clone(&self.last), store.clone(), tenant.clone());
        let mut count = Box::pin(async move { count_one(&to_count, &owner, &last).await });
        let counted = match tokio::time::timeout(self.max_wait, &mut count).await {
            Ok(counted) => counted,
            Err(_) => {
                tokio::spawn(count);
                None
            }
        };
        counted.or_else(|| self.last.get(tenant, store))
    }
}

/// Counts a request and remembers the count.
async fn count_one(store: &Store, tenant: &Tenant, last: &LastCounts) -> Option<Usage> {
    match store.usage_increment(tenant).await {
        Ok(usage) => {
            last.insert(tenant, usage);
            Some(usage)
        }
        Err(error) => {
            tracing::warn!(error = error.chain(), "could not count the request");
            None
        }
    }
}

impl LastCounts {
    /// Returns the tenant's last count, unless it is of an earlier month.
    fn get(&self, tenant: &Tenant, store: &Store) -> Option<Usage> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(tenant.as_str()).copied().filter(|usage| store.ambient().now() < usage.resets_at)
    }

    fn insert(&self, tenant: &Tenant, usage: Usage) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match last.get_mut(tenant.as_str()) {
            // Counts can arrive in any order.
            Some(known) if known.resets_at == usage.resets_at => known.count = known.count.max(usage.count),
            // A count of the month before can come late.
            Some(known) if known.resets_at > usage.resets_at => {}
            Some(known) => *known = usage,
            None => {
                if last.len() >= MAX_TENANTS {
                    last.clear();
                }
                last.insert(tenant.as_str().to_owned(), usage);
            }
        }
    }
}
