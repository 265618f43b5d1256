//! The end of the log: where a reader of all records continues afterwards, and the changes that can still be becoming
//! visible while it reads.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::position::LogPosition;
use super::reader::{Head, MAX_CONCURRENT_SLOTS};
use crate::Result;
use crate::model::{Tenant, Timestamp};
use crate::store::Store;
use crate::table::keys::{SLOTS, Slot};

/// How far back the first entry is read of a slot that has changed lately, and how many times as far the next one.
const STEP: u64 = 16;

/// The end of a tenant's log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEnd {
    /// The position after all changes.
    pub head: LogPosition,
    /// A position that all changes since the moment that was asked for follow, and perhaps some before.
    pub before_recent: LogPosition,
}

impl Store {
    /// Returns the end of the log, with a position before the changes since `since`: one call, and a few for each slot that
    /// has changed since.
    ///
    /// # Errors
    /// Returns [`crate::Error::Throttled`] or [`crate::Error::Unavailable`] if DynamoDB is throttling or cannot be
    /// reached.
    pub async fn log_end(&self, tenant: &Tenant, since: Timestamp) -> Result<LogEnd> {
        let heads = self.log_heads(tenant).await?;
        let mut before_recent = heads.position.clone();
        let start = LogPosition::before_all(heads.position.epoch);
        let used = heads.moved_since(&start, usize::from(SLOTS)).into_iter();
        let changed = used.filter(|slot| heads.get(*slot).at >= since);
        let searches: Vec<_> =
            changed.map(|slot| self.seq_before(tenant, slot, heads.get(slot), since)).collect();
        let mut found = stream::iter(searches).buffer_unordered(MAX_CONCURRENT_SLOTS);
        while let Some((slot, seq)) = found.try_next().await? {
            before_recent.set_seq(slot, seq);
        }
        Ok(LogEnd { head: heads.position, before_recent })
    }

    /// Returns the number of an entry of a slot that was made before `since`, looking back in growing steps.
    async fn seq_before(
        &self,
        tenant: &Tenant,
        slot: Slot,
        head: Head,
        since: Timestamp,
    ) -> Result<(Slot, u64)> {
        let mut step = STEP;
        loop {
            let from = head.seq.saturating_sub(step);
            if from == 0 {
                return Ok((slot, 0));
            }
            let (found, _) = self.slot_query(tenant, slot, from, head.seq, 1).await?;
            match found.first() {
                // One that is missing is still becoming visible or has expired. An older one tells.
                Some(entry) if entry.at < since => return Ok((slot, from)),
                _ => step = step.saturating_mul(STEP),
            }
        }
    }
}
