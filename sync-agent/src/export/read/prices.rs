//! The price list, and customers' own prices.

use std::collections::BTreeSet;

use clientele_shared::Result;
use clientele_shared::model::{CustomerNumber, PriceEntry, PriceOwner};
use clientele_shared::store::PricePages;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::ahead::ReadAhead;
use super::changes::Changes;
use super::{Selection, Sender};
use crate::export::records::Records;
use crate::retry::Retry;

/// How many customers' prices are read at the same time.
const MAX_CONCURRENT: usize = 16;

/// Sends the price list, then the own prices of all customers.
pub(super) async fn all(selection: &Selection, mut customers: ReadAhead, to: &Sender) -> Result<()> {
    let Selection { store, tenant, .. } = selection;
    let mut list = store.price_pages(tenant, PriceOwner::List);
    send_rest(selection, None, &mut list, to).await?;
    while let Some(page) = customers.next().await? {
        let count = page.len();
        let reads = page.into_iter().map(async |customer| {
            let mut pages = store.price_pages(tenant, PriceOwner::Customer(customer.uuid));
            let first = next(selection, &mut pages).await?.unwrap_or_default();
            Ok::<_, clientele_shared::Error>((customer.number, first, pages))
        });
        let mut reads = stream::iter(reads).buffered(MAX_CONCURRENT);
        while let Some((customer, first, mut rest)) = reads.try_next().await? {
            to.send(Records::Prices(Some(customer), first)).await?;
            send_rest(selection, Some(customer), &mut rest, to).await?;
        }
        to.note(count);
    }
    Ok(())
}

/// Sends the prices of changed products: all days of each. Prices cannot be deleted.
pub(super) async fn changed(selection: &Selection, changes: Changes, to: &Sender) -> Result<()> {
    let Selection { store, tenant, .. } = selection;
    let owners: BTreeSet<_> = changes.prices.keys().copied().flatten().collect();
    let customers = selection.retry(|| store.customers_by_uuid(tenant, &owners)).await?;
    for (owner, products) in changes.prices {
        let customer = owner.and_then(|uuid| customers.get(&uuid)).map(|customer| customer.number);
        let owner = owner.map_or(PriceOwner::List, PriceOwner::Customer);
        let mut pages = store.price_pages(tenant, owner);
        while let Some(mut prices) = next(selection, &mut pages).await? {
            prices.retain(|entry| products.contains(&entry.product));
            to.send(Records::Prices(customer, prices)).await?;
        }
        to.note(products.len());
    }
    Ok(())
}

async fn send_rest(
    selection: &Selection,
    customer: Option<CustomerNumber>,
    pages: &mut PricePages,
    to: &Sender,
) -> Result<()> {
    while let Some(prices) = next(selection, pages).await? {
        to.send(Records::Prices(customer, prices)).await?;
    }
    Ok(())
}

async fn next(selection: &Selection, pages: &mut PricePages) -> Result<Option<Vec<PriceEntry>>> {
    let mut retry = Retry::default();
    loop {
        match pages.next().await {
            Ok(page) => return Ok(page),
            Err(error) => retry.back_off(error, selection.store.ambient()).await?,
        }
    }
}
