//! The invariants that hold once the indexes have followed: every list equals the model, every customer is found by
//! each of its entries, slots and ranks equal the counts, and the log has every change.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{
    CounterCell, Customer, CustomerFields, CustomerNumber, CustomerType, Figures, Status, Tenant,
};
use clientele_shared::rules::condition::Condition;
use clientele_shared::rules::entries::{Sort, marks, sort_value, terms};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{
    Change, CustomerFilter, CustomerQuery, Direction, PageRequest, Write, WriteOutcome,
};
use clientele_shared::table::keys::{self, Key, RankBlock};

use super::engine::{Item, number_of, text_of};
use super::model::{Known, Violation};
use super::observe::{list, page};
use super::world::{Account, KEYS, World};

/// Checks everything after the last move.
pub(crate) async fn check(world: &mut World) -> Result<(), Violation> {
    {
        let indexes = &mut world.machine.lock().engine.indexes;
        indexes.catch_up();
        indexes.is_current = true;
    }
    for at in 0..world.accounts.len() {
        catch_up(world, at).await?;
    }
    for account in &world.accounts {
        check_items(world, account)?;
        for query in queries(account) {
            check_list(world, account, &query).await?;
        }
    }
    for at in 0..world.accounts.len() {
        check_surplus(world, at).await?;
    }
    Ok(())
}

/// Lets every reader of the log read to its end, and compares what it has made of it with the table.
async fn catch_up(world: &mut World, account: usize) -> Result<(), Violation> {
    let World { observer, accounts, .. } = world;
    let Account { tenant, model, followers, .. } = &mut accounts[account];
    for follower in followers.iter_mut().flatten() {
        follower.catch_up(observer, tenant).await?;
        follower.check(&model.select(|_| true))?;
    }
    Ok(())
}

fn queries(account: &Account) -> Vec<CustomerQuery> {
    let mut filters = vec![CustomerFilter::default()];
    let all = CustomerFilter::default;
    filters.extend(Status::ALL.map(|status| CustomerFilter { status: Some(status), ..all() }));
    filters.extend(CustomerType::ALL.map(|kind| CustomerFilter { customer_type: Some(kind), ..all() }));
    filters.extend([true, false].map(|vip| CustomerFilter { is_vip: Some(vip), ..all() }));
    filters.push(CustomerFilter { status_not: Some(Status::Active), ..all() });
    filters.push(CustomerFilter { statuses: Some([Status::Inactive, Status::Lead].into()), ..all() });
    filters.push(CustomerFilter { is_vip: Some(true), status: Some(Status::Active), ..all() });
    let conditions = [
        Condition::Tag(account.tags.clone()),
        Condition::City(vec!["leeds".into(), "sao paulo".into()]),
        Condition::State(vec!["WA".into()]),
        Condition::Email(vec!["Ann@example.com".into()]),
        Condition::HasQuickbooksId(false),
    ];
    filters.extend(conditions.map(|condition| CustomerFilter { conditions: vec![condition], ..all() }));
    let deleted =
        filters.clone().into_iter().map(|filter| CustomerFilter { include_deleted: true, ..filter });
    let filters: Vec<CustomerFilter> = filters.iter().cloned().chain(deleted).collect();
    let mut queries: Vec<CustomerQuery> = filters.into_iter().map(CustomerQuery::of).collect();
    let searches = ["ann", "an le", "blue", "leeds", "a", "example", "sao", "oneil", "zzz", "nn"];
    queries.extend(
        searches
            .map(|text| CustomerQuery { search: SearchQuery::parse(text).unwrap(), ..Default::default() }),
    );
    let sorts =
        Sort::TEXTS.into_iter().chain([Sort::Updated, Sort::Expenses, Sort::OrdersCount, Sort::Number]);
    for sort in sorts {
        for direction in [Direction::Ascending, Direction::Descending] {
            queries.push(CustomerQuery { sort, direction, ..CustomerQuery::default() });
            let search = SearchQuery::parse("lee").unwrap();
            queries.push(CustomerQuery { sort, direction, search, ..CustomerQuery::default() });
        }
    }
    queries
}

async fn check_list(world: &World, account: &Account, query: &CustomerQuery) -> Result<(), Violation> {
    let (store, tenant) = (&world.observer, &account.tenant);
    let is_in = |customer: &Customer| {
        query.filter.matches(customer) && query.search.as_ref().is_none_or(|search| search.matches(customer))
    };
    let mut expected: Vec<Customer> = account.model.select(is_in).into_iter().cloned().collect();
    let order =
        |customer: &Customer| (sort_value(query.sort, customer, &Figures::default()), customer.number);
    expected.sort_by_key(order);
    if query.direction == Direction::Descending {
        expected.reverse();
    }
    let found = list(store, tenant, query, 9).await?;
    if found != expected {
        let numbers = |all: &[Customer]| all.iter().map(|one| one.number.get()).collect::<Vec<_>>();
        return Err(format!("{query:?} has {:?} instead of {:?}", numbers(&found), numbers(&expected)));
    }
    check_pages(world, account, query, &expected).await?;
    let first = page(store, tenant, query, PageRequest::after(None, 2)).await?;
    let total = first.total.map(|total| total.count());
    if total.is_some_and(|total| total != expected.len() as u64) {
        return Err(format!("the total of {query:?} is {total:?} instead of {}", expected.len()));
    }
    Ok(())
}

/// Checks that pages by number, from the last to the first, are where they belong.
async fn check_pages(
    world: &World,
    account: &Account,
    query: &CustomerQuery,
    expected: &[Customer],
) -> Result<(), Violation> {
    if query.sort != Sort::Number || query.direction != Direction::Descending {
        return Ok(());
    }
    let (limit, walker) = (7, &account.key_ids[KEYS]);
    for number in (1..=expected.len().div_ceil(limit)).rev() {
        let request = PageRequest::Page { page: number as u64, limit, walker };
        let found = page(&world.observer, &account.tenant, query, request).await?;
        let found: Vec<&Customer> = found.customers.iter().map(|listed| &listed.customer).collect();
        let wanted: Vec<&Customer> = expected.iter().skip((number - 1) * limit).take(limit).collect();
        if found != wanted {
            return Err(format!("page {number} of {query:?} has {found:?} instead of {wanted:?}"));
        }
    }
    Ok(())
}

/// Checks that only interrupted writes have left search entries that a customer does not need, that the customer had them
/// once or would have got them, and that its next rename deletes them.
async fn check_surplus(world: &World, at: usize) -> Result<(), Violation> {
    let account = &world.accounts[at];
    let customers = account.model.customers.values();
    let before: BTreeMap<CustomerNumber, BTreeSet<String>> =
        customers.map(|known| (known.customer.number, surplus(world, account, &known.customer))).collect();
    for known in account.model.customers.values() {
        let Known { customer, interrupted, .. } = known;
        let left = &before[&customer.number];
        let states = known.history.iter().chain(interrupted).filter(|_| !interrupted.is_empty());
        let explained: BTreeSet<String> =
            states.flat_map(|state| entries(&account.tenant, &state.customer(customer))).collect();
        if let Some(entry) = left.difference(&explained).next() {
            return Err(format!("no interrupted write explains {entry} of customer {}", customer.number));
        }
        if left.is_empty() || customer.deleted_at.is_some() {
            continue;
        }
        let change = |mut fields: CustomerFields| {
            fields.first_name = Some("Renamed".into());
            Ok(fields)
        };
        let renamed =
            world.observer.customer_update(&account.tenant, customer.uuid, change, Write::plain()).await;
        let Ok(WriteOutcome::Applied(renamed)) = renamed else {
            return Err(format!("customer {} cannot be renamed: {renamed:?}", customer.number));
        };
        let left = surplus(world, account, &renamed);
        if !left.is_empty() {
            return Err(format!("customer {} has surplus entries after a rename: {left:?}", customer.number));
        }
    }
    check_orphans(world, account)
}

/// Returns the terms and marks next to a record that its customer does not need.
fn surplus(world: &World, account: &Account, customer: &Customer) -> BTreeSet<String> {
    let needed = entries(&account.tenant, customer);
    let items = &world.machine.lock().engine.items;
    let there = partition(items, &keys::customer_partition(&account.tenant, customer.uuid));
    let is_surplus = |sk: &&str| sk.starts_with(keys::TERM_PREFIX) && !needed.contains(*sk);
    there.into_iter().filter_map(|item| text_of(item, "sk")).filter(is_surplus).map(str::to_owned).collect()
}

/// Returns the sort keys of the terms and marks that a customer needs.
fn entries(tenant: &Tenant, customer: &Customer) -> BTreeSet<String> {
    let terms = terms(customer).into_iter().map(|term| keys::term(tenant, customer.uuid, &term).sk);
    terms.chain(marks(customer).iter().map(|mark| keys::mark(tenant, customer.uuid, mark).sk)).collect()
}

/// Checks that no more customers have entries without a record than creates failed.
fn check_orphans(world: &World, account: &Account) -> Result<(), Violation> {
    let items = &world.machine.lock().engine.items;
    let last = account.model.customers.last_key_value().map_or(0, |(last, _)| last.get()) + 3_000;
    let partitions: BTreeSet<&str> = items.keys().map(|(pk, _)| pk.as_str()).collect();
    let is_orphan = |number: &u32| {
        let number = CustomerNumber::new((*number).into()).expect("a small number");
        let pk = keys::customer_partition(&account.tenant, account.tenant.customer_uuid(number));
        partitions.contains(pk.as_str()) && !account.model.customers.contains_key(&number)
    };
    let orphans = (1..=last).filter(is_orphan).count();
    let failed = account.model.creates_sent - account.model.customers.len();
    if orphans > failed {
        return Err(format!(
            "{orphans} customers have entries without a record after {failed} failed creates"
        ));
    }
    Ok(())
}

/// Checks the items of a tenant in the table itself.
fn check_items(world: &World, account: &Account) -> Result<(), Violation> {
    let items = &world.machine.lock().engine.items;
    let tenant = &account.tenant;
    let customers: Vec<&Customer> = account.model.select(|_| true);
    check_counts(&partition(items, &keys::slots_partition(tenant)), &customers, "the slots")?;
    let ranks = partition(items, &keys::ranks_partition(tenant));
    let blocks: BTreeSet<RankBlock> = customers.iter().map(|one| RankBlock::of(one.number)).collect();
    for block in blocks {
        let of_block =
            |item: &&Item| keys::rank_block(text_of(item, "sk").unwrap_or_default()) == Some(block);
        let ranks: Vec<&Item> = ranks.iter().copied().filter(of_block).collect();
        let customers: Vec<&Customer> =
            customers.iter().copied().filter(|one| RankBlock::of(one.number) == block).collect();
        check_counts(&ranks, &customers, &format!("the ranks of {block:?}"))?;
    }
    for customer in &customers {
        check_entries(items, tenant, customer)?;
    }
    check_log(items, tenant, &customers)
}

type Items = BTreeMap<(String, String), Item>;

fn partition<'a>(items: &'a Items, pk: &str) -> Vec<&'a Item> {
    let from = (pk.to_owned(), String::new());
    items.range(from..).take_while(|((own, _), _)| own == pk).map(|(_, item)| item).collect()
}

fn check_counts(items: &[&Item], customers: &[&Customer], name: &str) -> Result<(), Violation> {
    for cell in CounterCell::all() {
        let attribute = keys::cell_attribute(cell);
        let counted: i64 = items.iter().filter_map(|item| number_of(item, &attribute)).sum();
        let there = customers.iter().filter(|customer| customer.cell() == cell).count();
        if usize::try_from(counted) != Ok(there) {
            return Err(format!("{name} count {counted} customers in {cell:?} instead of {there}"));
        }
    }
    Ok(())
}

/// Checks that a customer has every entry that finds it.
fn check_entries(items: &Items, tenant: &Tenant, customer: &Customer) -> Result<(), Violation> {
    let (uuid, number) = (customer.uuid, customer.number);
    let mut entries: Vec<(Key, String)> = Vec::new();
    for term in terms(customer) {
        entries.push((keys::term(tenant, uuid, &term), keys::search_sort(&term, number)));
    }
    for mark in marks(customer) {
        entries.push((keys::mark(tenant, uuid, &mark), keys::value_sort(&mark.value, number.get().into())));
    }
    for sort in Sort::TEXTS.into_iter().chain([Sort::OrdersCount]) {
        let (name, value) = (sort.entry_name(), sort_value(sort, customer, &Figures::default()));
        if let (Some(name), Some(value)) = (name, value) {
            let sort = keys::value_sort(value.as_str(), number.get().into());
            entries.push((keys::sort_entry(tenant, uuid, name), sort));
        }
    }
    for (Key { pk, sk }, sort) in entries {
        let found = items.get(&(pk, sk.clone())).and_then(|item| text_of(item, "search_sk"));
        if found != Some(sort.as_str()) {
            return Err(format!("customer {number} has no entry {sk} ({found:?} instead of {sort:?})"));
        }
    }
    Ok(())
}

/// Checks that the log has every version of every customer once, under numbers without gaps.
fn check_log(items: &Items, tenant: &Tenant, customers: &[&Customer]) -> Result<(), Violation> {
    let mut logged: BTreeMap<String, usize> = BTreeMap::new();
    for slot in keys::Slot::all() {
        let entries = partition(items, &keys::log_partition(tenant, slot));
        let Key { pk, sk } = keys::slot(tenant, slot);
        let head = items.get(&(pk, sk)).and_then(|item| number_of(item, "seq")).unwrap_or(0);
        let numbers: Vec<Option<u64>> =
            entries.iter().map(|item| keys::log_seq(text_of(item, "sk").unwrap_or_default())).collect();
        if numbers != (1..=head.unsigned_abs()).map(Some).collect::<Vec<_>>() {
            return Err(format!("the log of {slot:?} has the commits {numbers:?} of {head}"));
        }
        for change in entries.iter().filter_map(|item| item.get("changes")?.get("L")?.as_array()).flatten() {
            *logged.entry(change["S"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    for customer in customers {
        for version in 1..=customer.version {
            let change = Change::Customer { number: customer.number, version }.to_string();
            if logged.get(&change) != Some(&1) {
                return Err(format!("the log has {change} {:?} times", logged.get(&change)));
            }
        }
    }
    Ok(())
}
