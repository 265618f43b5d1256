//! The invariants that hold after every move: the table equals the model, and so do the totals.

use clientele_shared::model::{Customer, CustomerType, Status, Tenant};
use clientele_shared::store::{
    Budget, CustomerFilter, CustomerPage, CustomerQuery, PageRequest, Position, Store, Total,
};

use super::model::{Violation, Writes};
use super::rng::Rng;
use super::world::World;

/// Compares a tenant with its model.
pub(crate) async fn observe(
    world: &mut World,
    account: usize,
    writes: &Writes,
    step: usize,
) -> Result<(), Violation> {
    let changes = world.machine.lock().engine.record_changes;
    let owner = &world.accounts[account];
    let all = if changes == owner.observed_changes {
        owner.model.select(|_| true).into_iter().cloned().collect()
    } else {
        list_all(&world.observer, &owner.tenant).await?
    };
    let owner = &mut world.accounts[account];
    owner.observed_changes = changes;
    owner.model.observe(all, writes, step)?;
    match world.machine.lock().panics {
        0 => Ok(()),
        _ => Err("a function panicked".into()),
    }
}

/// Reads the list of all customers.
pub(crate) async fn list_all(observer: &Store, tenant: &Tenant) -> Result<Vec<Customer>, Violation> {
    let filter = CustomerFilter { include_deleted: true, ..CustomerFilter::default() };
    let all = list(observer, tenant, &CustomerQuery::of(filter), 100).await?;
    if !all.iter().map(|customer| customer.number).rev().is_sorted_by(|one, other| one < other) {
        return Err("the list of all customers is out of order".into());
    }
    if all.iter().any(|customer| customer.uuid != tenant.customer_uuid(customer.number)) {
        return Err("a tenant has a customer of another tenant".into());
    }
    Ok(all)
}

/// Compares the total of one list of cells with the model.
pub(crate) async fn check_total(world: &World, account: usize, rng: &mut Rng) -> Result<(), Violation> {
    let filter = CustomerFilter {
        status: rng.percent(40).then(|| *rng.pick(&Status::ALL)),
        customer_type: rng.percent(40).then(|| *rng.pick(&CustomerType::ALL)),
        is_vip: rng.percent(40).then(|| rng.percent(50)),
        include_deleted: rng.percent(50),
        ..CustomerFilter::default()
    };
    let account = &world.accounts[account];
    let query = CustomerQuery::of(filter);
    let page = page(&world.observer, &account.tenant, &query, PageRequest::after(None, 1)).await?;
    let expected = Total::Exactly(account.model.count(&query.filter) as u64);
    if page.total == Some(expected) {
        return Ok(());
    }
    Err(format!("the total of {:?} is {:?} instead of {expected:?}", query.filter, page.total))
}

/// Reads one page.
pub(crate) async fn page(
    store: &Store,
    tenant: &Tenant,
    query: &CustomerQuery,
    request: PageRequest<'_>,
) -> Result<CustomerPage, Violation> {
    let page = store.customers(tenant, query, request, Budget::default()).await;
    page.map_err(|error| format!("{query:?} failed: {}", error.chain()))
}

/// Reads a list to its end by cursor.
pub(crate) async fn list(
    store: &Store,
    tenant: &Tenant,
    query: &CustomerQuery,
    limit: usize,
) -> Result<Vec<Customer>, Violation> {
    let (mut all, mut position): (Vec<Customer>, Option<Position>) = (Vec::new(), None);
    loop {
        let page = page(store, tenant, query, PageRequest::after(position, limit)).await?;
        all.extend(page.customers.into_iter().map(|listed| listed.customer));
        match page.next {
            Some(next) => position = Some(next),
            None => return Ok(all),
        }
    }
}
