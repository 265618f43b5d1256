//! The state of a mirror, from our own table alone: QuickBooks is not called.

use std::collections::BTreeSet;

use clientele_shared::Result;
use clientele_shared::model::{Connection, CustomerNumber, Mapping, MirrorState, Tenant, Timestamp};
use clientele_shared::store::{Change, LogPosition, LogRead, MappedCustomer, Store};

use super::fields::Fields;

/// How many entries of the log are read at a time.
const ENTRIES_AT_A_TIME: usize = 1_000;

/// The state of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorStatus {
    /// When a sync last ended without an error.
    pub last_sync_at: Option<Timestamp>,
    /// The moment up to which changes in QuickBooks are known.
    pub checkpoint_at: Option<Timestamp>,
    /// Customers that are ahead of QuickBooks, as far as the log names them; all of them before the first sync.
    pub pending: usize,
    /// Fields in conflict.
    pub conflicts: usize,
    /// Customers that QuickBooks refused, and objects there that cannot be mirrored.
    pub refused: usize,
}

impl MirrorStatus {
    /// Reads the state of a connected company's mirror.
    ///
    /// # Errors
    /// Returns the errors of the store if the table cannot be reached.
    pub async fn read(store: &Store, tenant: &Tenant, connection: &Connection) -> Result<Self> {
        let realm = &connection.realm;
        let mut state = store.mirror_state_get(tenant, realm).await?;
        state.heed(connection.settings.deactivation);
        Ok(Self {
            pending: pending(store, tenant, connection, &state).await?,
            last_sync_at: state.last_sync_at,
            checkpoint_at: state.checkpoint,
            conflicts: store.mirror_conflicts(tenant, realm).await?.len(),
            refused: store.mirror_parked(tenant, realm).await?.len()
                + store.mirror_parked_objects(tenant, realm).await?.len(),
        })
    }
}

/// Counts the customers that the next sync has to look at and that differ from what QuickBooks has.
async fn pending(
    store: &Store,
    tenant: &Tenant,
    connection: &Connection,
    state: &MirrorState,
) -> Result<usize> {
    let Some(numbers) = changed_numbers(store, tenant, state).await? else {
        let after = state.full_pass.as_ref().and_then(|pass| pass.after).map_or(0, CustomerNumber::get);
        let last = store.customer_number_last(tenant).await?.map_or(0, CustomerNumber::get);
        return Ok(usize::try_from(last.saturating_sub(after)).unwrap_or(usize::MAX));
    };
    let parked: BTreeSet<CustomerNumber> = {
        let parked = store.mirror_parked(tenant, &connection.realm).await?;
        parked.into_iter().map(|parked| parked.number).collect()
    };
    let mut pending = parked.len();
    let numbers: Vec<CustomerNumber> = numbers.difference(&parked).copied().collect();
    for numbers in numbers.chunks(100) {
        let numbers = numbers.iter().copied().collect();
        let customers = store.mapped_customers(tenant, &connection.realm, &numbers).await?;
        pending += customers.values().filter(|pair| is_ahead(pair, connection)).count();
    }
    Ok(pending)
}

/// Returns the customers in the log after the mirror's position, or `None` if everything has to be compared.
async fn changed_numbers(
    store: &Store,
    tenant: &Tenant,
    state: &MirrorState,
) -> Result<Option<BTreeSet<CustomerNumber>>> {
    let position = state.position.as_ref().filter(|_| state.full_pass.is_none());
    let Some(mut position) = position.and_then(|position| position.parse::<LogPosition>().ok()) else {
        return Ok(None);
    };
    let mut numbers = BTreeSet::new();
    loop {
        let LogRead::Entries(batch) = store.log_read(tenant, &position, ENTRIES_AT_A_TIME).await? else {
            return Ok(None);
        };
        for change in batch.entries.iter().flat_map(|entry| &entry.changes) {
            if let Change::Customer { number, .. } = change {
                numbers.insert(*number);
            }
        }
        if batch.is_caught_up || batch.entries.is_empty() {
            return Ok(Some(numbers));
        }
        position = batch.position;
    }
}

/// Whether our side has what QuickBooks does not have yet.
fn is_ahead((customer, mapping): &MappedCustomer, connection: &Connection) -> bool {
    let deactivation = connection.settings.deactivation;
    match mapping.as_ref().filter(|mapping| !mapping.is_gone) {
        Some(Mapping { ours: base, .. }) => {
            let base = Fields::from_stored(base);
            Fields::ours(customer, deactivation, Some(&base)) != base
        }
        None => {
            let is_parted = mapping.is_some();
            let is_active = Fields::ours(customer, deactivation, None).is_active();
            customer.deleted_at.is_none() && (!is_parted || is_active)
        }
    }
}
