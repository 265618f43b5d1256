//! Records whose commit is in the log and that are still becoming visible: on AWS the items of a transaction follow each
//! other by milliseconds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use clientele_shared::model::{Customer, CustomerNumber, ExportKind, OrderId};
use clientele_shared::store::{LogPosition, VersionedOrder};
use clientele_shared::{Error, Result};
use uuid::Uuid;

use super::Selection;
use super::changes::{Written, wait};

/// How long a commit can be invisible, in seconds. Older ones are visible.
const RECENT_SECONDS: i64 = 60;

/// The first wait for a record, which doubles with each wait, and how many there are: about 10 seconds.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const MAX_WAITS: u32 = 10;

/// How long after the log every commit that it names is visible, and the wait before an order is read again.
const VISIBLE_AFTER: Duration = Duration::from_secs(1);
const ORDER_WAIT: Duration = Duration::from_millis(50);

/// How many customers are read at a time.
pub(super) const BATCH: usize = 1_000;

/// Returns the position after all changes, once the records of all of them are visible.
pub(super) async fn position(selection: &Selection) -> Result<LogPosition> {
    let Selection { store, tenant, .. } = selection;
    let since = store.ambient().now().plus_seconds(-RECENT_SECONDS);
    let end = selection.retry(|| store.log_end(tenant, since)).await?;
    if end.head == end.before_recent {
        return Ok(end.head);
    }
    let Ok((changes, _)) = selection.changes(&end.before_recent).await? else { return Ok(end.head) };
    let customers: Vec<_> =
        changes.customers.iter().filter(|(_, written)| written.at >= since).map(|(n, w)| (*n, *w)).collect();
    for batch in customers.chunks(BATCH) {
        customers_at(selection, &batch.iter().copied().collect()).await?;
    }
    if selection.kind == ExportKind::Orders {
        for (customer, orders) in &changes.orders {
            orders_at(selection, *customer, orders, changes.read_at).await?;
        }
    }
    Ok(end.head)
}

/// Returns customers, deleted ones too, each at least at the version that the log names.
pub(super) async fn customers_at(
    selection: &Selection,
    wanted: &BTreeMap<CustomerNumber, Written>,
) -> Result<Vec<Customer>> {
    let Selection { store, tenant, .. } = selection;
    let mut missing: BTreeMap<Uuid, CustomerNumber> =
        wanted.keys().map(|number| (tenant.customer_uuid(*number), *number)).collect();
    let mut found = Vec::with_capacity(wanted.len());
    for waits in 0.. {
        let uuids: BTreeSet<Uuid> = missing.keys().copied().collect();
        for (uuid, customer) in selection.retry(|| store.customers_by_uuid(tenant, &uuids)).await? {
            if wanted.get(&customer.number).is_some_and(|written| customer.version >= written.version) {
                missing.remove(&uuid);
                found.push(customer);
            }
        }
        if missing.is_empty() {
            break;
        }
        wait_for(waits).await?;
    }
    found.sort_by_key(|customer| std::cmp::Reverse(customer.number));
    Ok(found)
}

/// Returns those of a customer's orders that exist. One that is missing was removed.
///
/// An order that was removed and created again starts at version 1, so its version can stay below the one in the log. Only
/// within [`VISIBLE_AFTER`] of the reading of the log can that mean that a commit is still becoming visible.
pub(super) async fn orders_at(
    selection: &Selection,
    customer: CustomerNumber,
    wanted: &BTreeMap<OrderId, Written>,
    log_read_at: Instant,
) -> Result<Vec<VersionedOrder>> {
    let recent = selection.store.ambient().now().plus_seconds(-RECENT_SECONDS);
    loop {
        let found = orders(selection, customer, wanted).await?;
        let may_appear = |(id, written): (&OrderId, &Written)| {
            let is_there =
                found.iter().any(|stored| stored.order.id == *id && stored.version >= written.version);
            written.at >= recent && !is_there
        };
        if log_read_at.elapsed() >= VISIBLE_AFTER || !wanted.iter().any(may_appear) {
            return Ok(found);
        }
        wait(ORDER_WAIT).await;
    }
}

async fn orders(
    selection: &Selection,
    customer: CustomerNumber,
    wanted: &BTreeMap<OrderId, Written>,
) -> Result<Vec<VersionedOrder>> {
    let Selection { store, tenant, .. } = selection;
    let mut pages = store.order_pages(tenant, tenant.customer_uuid(customer));
    let mut found = Vec::new();
    while let Some(page) = super::orders::next(selection, &mut pages).await? {
        found.extend(page.into_iter().filter(|stored| wanted.contains_key(&stored.order.id)));
    }
    Ok(found)
}

/// Waits before a customer is read again.
async fn wait_for(waits: u32) -> Result<()> {
    if waits >= MAX_WAITS {
        return Err(Error::broken(
            "a customer is older than the log says, 10 seconds after it was read first",
        ));
    }
    wait(FIRST_WAIT * 2_u32.pow(waits)).await;
    Ok(())
}
