//! The write of a customer's contacts: all rows of a customer in a batch, at the version of the customer that was read.

use std::sync::{Mutex, PoisonError};

use clientele_shared::model::{CustomerFields, CustomerNumber, Timestamp};
use clientele_shared::store::Write;
use clientele_shared::{Error, Result};

use super::ContactRow;
use super::row::{Effect, Rejection};
use crate::import::import_kind::{Committed, Target};
use crate::import::outcome::RowChange;

/// A row that adds or changes a contact.
#[derive(Debug)]
pub struct ContactWrite {
    pub(super) customer: CustomerNumber,
    pub(super) row: ContactRow,
    /// The effect of the row when it was compared with the customer.
    pub(super) effect: Effect,
    pub(super) change: RowChange,
    pub(super) now: Timestamp,
}

/// Applies the rows to their customer. Rows that the customer refuses are rejected; the others are written together.
pub(super) async fn write(
    target: &Target,
    customer: CustomerNumber,
    writes: Vec<ContactWrite>,
) -> Result<Committed> {
    let effects: Mutex<Vec<Result<Effect, Rejection>>> =
        Mutex::new(vec![Ok(Effect::Unchanged); writes.len()]);
    let change = |mut fields: CustomerFields| {
        let mut effects = effects.lock().unwrap_or_else(PoisonError::into_inner);
        for (known, write) in effects.iter_mut().zip(&writes) {
            let effect = write.row.contact.apply(&mut fields, write.now).map(|(effect, ..)| effect);
            // After a lost response, a contact that was written is found unchanged.
            *known = match (effect, &*known) {
                (Ok(effect), Ok(before)) => Ok(effect.max(*before)),
                (effect, _) => effect,
            };
        }
        Ok(fields)
    };
    let uuid = target.tenant.customer_uuid(customer);
    let update = || target.store.customer_update(&target.tenant, uuid, &change, Write::plain());
    let outcome = target.retry().run(target.store.ambient(), update).await;
    let effects = effects.into_inner().unwrap_or_else(PoisonError::into_inner);
    let refused = match outcome {
        Ok(_) => None,
        Err(Error::NotFound(_)) => {
            Some(format!("row: its customer {} is deleted", customer.to_customer_id()))
        }
        Err(error @ Error::Invalid(_)) => Some(error.to_string()),
        Err(error) => return Err(error),
    };
    let mut committed = Committed::default();
    for (write, effect) in writes.into_iter().zip(effects) {
        match (&refused, effect) {
            (Some(reason), _) => committed.rejected.push(write.row.reject(reason.clone())),
            (None, Err(rejection)) => committed.rejected.push(write.row.reject(rejection.to_string())),
            (None, Ok(Effect::Created)) => committed.counts.written += 1,
            (None, Ok(Effect::Updated)) => committed.counts.updated += 1,
            (None, Ok(Effect::Unchanged)) => committed.counts.present += 1,
        }
    }
    Ok(committed)
}
