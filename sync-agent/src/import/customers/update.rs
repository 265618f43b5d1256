//! Changes of customers that exist already: each is read, changed and written at the version that was read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clientele_shared::model::{CustomerFields, CustomerNumber, TagId, Timestamp};
use clientele_shared::store::Write;
use clientele_shared::{Error, Result};

use super::GoodRow;
use super::merge::{FieldSet, merged};
use crate::import::import_kind::{Committed, Target};
use crate::import::outcome::RowChange;

/// A row that changes a customer.
#[derive(Debug)]
pub struct RowUpdate {
    pub(super) number: CustomerNumber,
    pub(super) row: GoodRow,
    /// The fields that the row sets.
    pub(super) set: FieldSet,
    pub(super) names: Arc<BTreeMap<TagId, String>>,
    /// The changes, as the customer was when the row was compared with it.
    pub(super) change: RowChange,
    pub(super) now: Timestamp,
}

/// Changes the customers of these rows, one after the other.
pub(super) async fn update(target: Target, updates: Vec<RowUpdate>) -> Result<Committed> {
    let mut committed = Committed::default();
    for one in updates {
        match update_one(&target, &one).await {
            Ok(true) => committed.counts.updated += 1,
            Ok(false) => committed.counts.present += 1,
            Err(error @ (Error::NotFound(_) | Error::Invalid(_))) => {
                let id = one.number.to_customer_id();
                let reason = match error {
                    Error::NotFound(_) => format!("row: its customer {id} was deleted during the import"),
                    error => error.to_string(),
                };
                committed.rejected.push(one.row.reject(reason));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(committed)
}

/// Changes one customer; returns whether the row changed anything.
async fn update_one(target: &Target, update: &RowUpdate) -> Result<bool> {
    let uuid = target.tenant.customer_uuid(update.number);
    // It stays set if a response is lost and the change is found written.
    let is_changed = AtomicBool::new(false);
    let change = |old: CustomerFields| {
        let new = merged(&old, &update.row.customer, update.set, &update.names, update.now);
        is_changed.fetch_or(new != old, Ordering::Relaxed);
        Ok(new)
    };
    let write = || target.store.customer_update(&target.tenant, uuid, change, Write::plain());
    target.retry().run(target.store.ambient(), write).await?;
    Ok(is_changed.load(Ordering::Relaxed))
}
