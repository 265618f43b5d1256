//! The epoch of a tenant's log, which a restore of the table renews so that readers notice it.

use super::position::Epoch;
use crate::model::Tenant;
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::{Item, key_item, text, text_in};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// The attribute with the epoch's random bits, in hexadecimal.
const EPOCH: &str = "epoch";

impl Store {
    /// Starts a new epoch of a tenant's log: every position read before needs a full pass.
    ///
    /// A restored table has the slots of an earlier time and gives their numbers to other commits, so the procedure of a
    /// restore calls this before the first write to the restored table.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached, and
    /// [`Error::Internal`] for any other failure.
    pub async fn log_epoch_renew(&self, tenant: &Tenant) -> Result<()> {
        let mut item = key_item(&keys::epoch(tenant));
        item.insert(EPOCH.to_owned(), text(Epoch::from_random(self.ambient.random()).to_string()));
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        put.send().await.map(drop).map_err(|e| failed("renewing the epoch of a log", e))
    }
}

/// Reads the epoch from an item of the slots' partition; `None` if the item is a slot.
pub(super) fn epoch_in(item: &Item) -> Result<Option<Epoch>> {
    if keys::slot_of(text_in(item, attribute::SK)?).is_some() {
        return Ok(None);
    }
    let epoch = text_in(item, EPOCH)?.parse();
    epoch.map(Some).map_err(|e| Error::internal("reading the epoch of a log", e))
}
