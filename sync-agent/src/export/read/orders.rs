//! Orders with their lines.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::Result;
use clientele_shared::model::{CustomerNumber, OrderId};
use clientele_shared::store::{OrderPages, VersionedOrder};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::ahead::ReadAhead;
use super::changes::{Changes, Written};
use super::visible::orders_at;
use super::{Selection, Sender};
use crate::export::records::{Deleted, Records};
use crate::retry::Retry;

/// How many customers' orders are read at the same time.
const MAX_CONCURRENT: usize = 8;

/// Sends the orders of all customers.
pub(super) async fn all(selection: &Selection, mut customers: ReadAhead, to: &Sender) -> Result<()> {
    let Selection { store, tenant, .. } = selection;
    while let Some(page) = customers.next().await? {
        let count = page.len();
        let uuids: Vec<Uuid> = page.iter().map(|customer| customer.uuid).collect();
        let with_orders = selection.retry(|| store.customers_with_orders(tenant, &uuids)).await?;
        let owners = page.into_iter().filter(|customer| with_orders.contains(&customer.uuid));
        let reads = owners.map(|customer| first_page(selection, customer.number));
        let mut reads = stream::iter(reads).buffered(MAX_CONCURRENT);
        while let Some((customer, first, mut rest)) = reads.try_next().await? {
            to.send(Records::Orders(customer, first)).await?;
            while let Some(orders) = next(selection, &mut rest).await? {
                to.send(Records::Orders(customer, orders)).await?;
            }
        }
        to.note(count);
    }
    Ok(())
}

async fn first_page(
    selection: &Selection,
    customer: CustomerNumber,
) -> Result<(CustomerNumber, Vec<VersionedOrder>, OrderPages)> {
    let Selection { store, tenant, .. } = selection;
    let mut pages = store.order_pages(tenant, tenant.customer_uuid(customer));
    let first = next(selection, &mut pages).await?.unwrap_or_default();
    Ok((customer, first, pages))
}

/// Returns the next orders of a customer, which can be none; `None` at the end.
pub(super) async fn next(
    selection: &Selection,
    pages: &mut OrderPages,
) -> Result<Option<Vec<VersionedOrder>>> {
    let mut retry = Retry::default();
    loop {
        match pages.next().await {
            Ok(page) => return Ok(page),
            Err(error) => retry.back_off(error, selection.store.ambient()).await?,
        }
    }
}

/// Sends changed orders, and those that were removed as deletions.
pub(super) async fn changed(selection: &Selection, changes: Changes, to: &Sender) -> Result<()> {
    for (customer, wanted) in changes.orders {
        let found = orders_at(selection, customer, &wanted, changes.read_at).await?;
        let kept: BTreeSet<&OrderId> = found.iter().map(|stored| &stored.order.id).collect();
        let removed = removed(customer, &wanted, &kept);
        to.send(Records::Orders(customer, found)).await?;
        to.send(Records::Deleted(removed)).await?;
        to.note(wanted.len());
    }
    Ok(())
}

fn removed(
    customer: CustomerNumber,
    wanted: &BTreeMap<OrderId, Written>,
    kept: &BTreeSet<&OrderId>,
) -> Vec<Deleted> {
    let removed = wanted.iter().filter(|(id, _)| !kept.contains(id));
    let deletion = |(id, written): (&OrderId, &Written)| Deleted {
        identity: vec![("orderId", id.as_str().to_owned()), ("customerId", customer.to_customer_id())],
        at: written.at,
    };
    removed.map(deletion).collect()
}
