//! Every list of the store against a sorted copy in memory, while nothing is written: all filters, orders and
//! directions, page sizes, cursors and page numbers, numbers with gaps, and budgets that cut pages short.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::runtime::Builder;

use clientele_shared::Error;
use clientele_shared::model::{Customer, CustomerFields, CustomerType, Figures, Money, Status, Timestamp};
use clientele_shared::rules::condition::{Condition, Period};
use clientele_shared::rules::entries::{Sort, SortValue, sort_value};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{
    Budget, CustomerFilter, CustomerPage, CustomerQuery, Direction, ImportedRow, PageRequest, RowKey, Total,
    Write,
};
use clientele_shared::table::keys;

use super::engine::Item;
use super::model::Violation;
use super::observe::list_all;
use super::patch::Patch;
use super::rng::Rng;
use super::world::{World, pause};

/// How many customers there are; more than a search reads keys of at first.
const CUSTOMERS: usize = 130;

/// How many copies the test makes.
const SEEDS: u64 = 2;

/// How many lists a seed draws.
const LISTS: usize = 25;

/// After which customers many numbers are left out, and how many: the blocks of 1,024 numbers between are empty.
const GAPS: [(usize, u32); 3] = [(30, 1_200), (70, 40), (100, 150)];

const SEARCHES: [&str; 8] = ["ann", "a", "an le", "leeds", "blue", "example", "e", "zzz"];

/// A tenant, and the copy.
struct Copy {
    world: World,
    customers: Vec<(Customer, Figures)>,
}

/// A list, and which part of it a page takes.
#[derive(Debug)]
struct Case {
    query: CustomerQuery,
    limit: usize,
    budget: Budget,
    is_cut: bool,
}

impl Case {
    /// A list of more candidates than a page reads, so that the last pages cannot be counted to.
    fn beyond_the_budget(self) -> Self {
        let conditions = vec![Condition::City(vec!["leeds".into(), "seattle".into(), "sao paulo".into()])];
        let filter = CustomerFilter { include_deleted: true, conditions, ..CustomerFilter::default() };
        let query = CustomerQuery { direction: self.query.direction, ..CustomerQuery::of(filter) };
        let budget = Budget { records: 20, ..Budget::default() };
        Self { query, limit: 7, budget, is_cut: true }
    }
}

#[test]
fn lists_equal_a_sorted_copy() {
    let mut seen = BTreeSet::new();
    for seed in 1..=SEEDS {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let checked = runtime.block_on(check(seed, &mut seen));
        if let Err(violation) = checked {
            panic!("seed {seed}: {violation}");
        }
    }
    // The lists that were drawn include all kinds of pages.
    let kinds = ["exact total", "lower bound", "short page with a next one", "empty page with a next one"];
    let missing: Vec<_> = kinds.into_iter().filter(|kind| !seen.contains(kind)).collect();
    assert!(missing.is_empty(), "no list had {missing:?}");
}

async fn check(seed: u64, seen: &mut BTreeSet<&'static str>) -> Result<(), Violation> {
    let copy = Copy::fill(seed).await;
    for at in 0..LISTS {
        let mut rng = Rng::for_step(seed, at);
        let mut case = copy.draw(&mut rng);
        if at < 2 {
            case = case.beyond_the_budget();
        }
        let expected = copy.expected(&case.query);
        let by_cursor = copy.walk(&case, false, seen).await?;
        compare(&case, "by cursor", &by_cursor, &expected)?;
        let by_page = copy.walk(&case, true, seen).await?;
        compare(&case, "page by page", &by_page, &expected)?;
        if !case.is_cut {
            copy.jump(&case, &expected, &mut rng).await?;
        }
    }
    Ok(())
}

fn compare(case: &Case, how: &str, found: &[Customer], expected: &[Customer]) -> Result<(), Violation> {
    if found == expected {
        return Ok(());
    }
    let numbers = |all: &[Customer]| all.iter().map(|one| one.number.get()).collect::<Vec<_>>();
    Err(format!("{case:?} {how} has {:?} instead of {:?}", numbers(found), numbers(expected)))
}

impl Copy {
    async fn fill(seed: u64) -> Self {
        let mut world = World::new(seed).await;
        world.machine.lock().engine.indexes.is_current = true;
        let mut rng = Rng::for_step(seed, usize::MAX - 1);
        let (store, account) = (&world.observer, &world.accounts[0]);
        for at in 0..CUSTOMERS {
            if let Some((_, count)) = GAPS.into_iter().find(|(after, _)| *after == at) {
                store.customer_numbers_allocate(&account.tenant, count).await.unwrap();
            }
            pause(Duration::from_millis(rng.below(3_000) as u64)).await;
            let allocated = store.customer_numbers_allocate(&account.tenant, 1).await.unwrap();
            let fields = Patch::new_customer(&mut rng, 0, "").apply(CustomerFields::default());
            let fields = Patch::pool_change(&mut rng, &account.tags).apply(fields);
            let key = RowKey::new("copy", &at.to_string());
            let row = ImportedRow { key, number: allocated.first, at: allocated.at, fields };
            assert!(store.customers_import(&account.tenant, vec![row]).await.unwrap());
        }
        for customer in list_all(store, &account.tenant).await.unwrap() {
            pause(Duration::from_millis(rng.below(2_000) as u64)).await;
            let (tenant, uuid) = (&account.tenant, customer.uuid);
            if rng.percent(15) {
                store.customer_delete(tenant, uuid, Write::plain()).await.unwrap();
            } else if rng.percent(30) {
                let patch = Patch::change(&mut rng, 0);
                let change = |fields| Ok(patch.apply(fields));
                store.customer_update(tenant, uuid, change, Write::plain()).await.unwrap();
            }
        }
        let customers = list_all(store, &account.tenant).await.unwrap();
        let customers =
            customers.into_iter().map(|customer| with_figures(&mut world, customer, &mut rng)).collect();
        Self { world, customers }
    }

    fn draw(&self, rng: &mut Rng) -> Case {
        let mut query = CustomerQuery::of(self.draw_filter(rng));
        query.search =
            rng.percent(35).then(|| SearchQuery::parse(rng.pick::<&str>(&SEARCHES)).unwrap()).flatten();
        query.sort = if rng.percent(35) { Sort::Number } else { *rng.pick(&SORTS) };
        query.direction = *rng.pick(&[Direction::Ascending, Direction::Descending]);
        query.figures = rng.percent(20);
        let is_cut = rng.percent(40);
        let mut budget = Budget::default();
        if is_cut {
            budget.records = *rng.pick(&[60, 110, 400]);
            budget.keys = 1 + rng.below(60);
            budget.calls = 1 + rng.below(8);
        }
        Case { query, limit: *rng.pick(&[1, 7, 20, 100, 300]), budget, is_cut }
    }

    fn draw_filter(&self, rng: &mut Rng) -> CustomerFilter {
        let mut filter = CustomerFilter { include_deleted: rng.percent(40), ..CustomerFilter::default() };
        match rng.below(8) {
            0 | 1 => filter.status = Some(*rng.pick(&Status::ALL)),
            2 => filter.status_not = Some(*rng.pick(&Status::ALL)),
            3 => filter.statuses = Some([Status::Inactive, Status::Lead].into()),
            _ => {}
        }
        filter.customer_type = rng.percent(30).then(|| *rng.pick(&CustomerType::ALL));
        filter.is_vip = rng.percent(30).then(|| rng.percent(50));
        let moments: Vec<Timestamp> =
            self.customers.iter().map(|(customer, _)| customer.created_at).collect();
        let period = |rng: &mut Rng, later: i64| {
            let mut moment = || rng.pick(&moments).plus_seconds(later);
            let (one, other) = (moment(), moment());
            match rng.below(3) {
                0 => Period { from: Some(one), to: None },
                1 => Period { from: None, to: Some(one) },
                _ => Period { from: Some(one.min(other)), to: Some(one.max(other)) },
            }
        };
        for kind in 0..7 {
            if !rng.percent(12) {
                continue;
            }
            filter.conditions.push(match kind {
                0 => Condition::Tag(vec![rng.pick(&self.world.accounts[0].tags).clone()]),
                1 => Condition::City(vec!["leeds".into(), "seattle".into()]),
                2 => Condition::State(vec!["WA".into()]),
                3 => Condition::Email(vec!["Ann@example.com".into()]),
                4 => Condition::HasQuickbooksId(rng.percent(10)),
                5 => Condition::CreatedAt(period(rng, 0)),
                _ => Condition::UpdatedAt(period(rng, 300)),
            });
        }
        filter
    }

    /// The customers of a list in its order.
    fn expected(&self, query: &CustomerQuery) -> Vec<Customer> {
        let is_in = |customer: &Customer| {
            query.filter.matches(customer)
                && query.search.as_ref().is_none_or(|search| search.matches(customer))
        };
        let mut all: Vec<_> = self.customers.iter().filter(|(customer, _)| is_in(customer)).collect();
        let order = |(customer, figures): &(Customer, Figures)| {
            (sort_value(query.sort, customer, figures), customer.number)
        };
        match query.direction {
            Direction::Ascending => all.sort_by_key(|one| order(one)),
            Direction::Descending => all.sort_by_key(|one| Reverse(order(one))),
        }
        all.into_iter().map(|(customer, _)| customer.clone()).collect()
    }

    async fn page(&self, case: &Case, request: PageRequest<'_>) -> clientele_shared::Result<CustomerPage> {
        let (store, tenant) = (&self.world.observer, &self.world.accounts[0].tenant);
        store.customers(tenant, &case.query, request, case.budget).await
    }

    /// Reads a list to its end, and notes what kinds of pages it has.
    async fn walk(
        &self,
        case: &Case,
        is_by_page: bool,
        seen: &mut BTreeSet<&'static str>,
    ) -> Result<Vec<Customer>, Violation> {
        let walker = &self.world.accounts[0].key_ids[usize::from(case.is_cut)];
        let count = self.expected(&case.query).len() as u64;
        let (mut all, mut position) = (Vec::new(), None);
        for number in 1.. {
            let request = match is_by_page {
                true => PageRequest::Page { page: number, limit: case.limit, walker },
                false => PageRequest::After {
                    position: position.clone(),
                    limit: case.limit,
                    total: true,
                    walker: None,
                },
            };
            let page =
                self.page(case, request).await.map_err(|error| format!("{case:?}: {}", error.chain()))?;
            let shown = page.customers.len();
            if shown > case.limit || (shown < case.limit && page.next.is_some() && !case.is_cut) {
                return Err(format!("page {number} of {case:?} has {shown} customers"));
            }
            self.check_figures(case, &page)?;
            match page.total {
                Some(Total::Exactly(total)) if total == count => drop(seen.insert("exact total")),
                Some(Total::AtLeast(total)) if total <= count => drop(seen.insert("lower bound")),
                None => {}
                total => return Err(format!("the total of {case:?} is {total:?} instead of {count}")),
            }
            all.extend(page.customers.into_iter().map(|listed| listed.customer));
            match page.next {
                None => break,
                next if next == position && shown == 0 => {
                    return Err(format!("page {number} of {case:?} makes no progress"));
                }
                next => position = next,
            }
            let short = if shown == 0 { "empty page with a next one" } else { "short page with a next one" };
            if shown < case.limit {
                seen.insert(short);
            }
        }
        Ok(all)
    }

    fn check_figures(&self, case: &Case, page: &CustomerPage) -> Result<(), Violation> {
        for listed in &page.customers {
            let known = self.customers.iter().find(|(customer, _)| customer.number == listed.customer.number);
            let figures = known.map(|(_, figures)| figures.clone()).filter(|_| case.query.figures);
            if listed.figures != figures {
                return Err(format!("{case:?} shows {listed:?} instead of {figures:?}"));
            }
        }
        Ok(())
    }

    /// Jumps to some pages, which are exact wherever page numbers can be counted to.
    async fn jump(&self, case: &Case, expected: &[Customer], rng: &mut Rng) -> Result<(), Violation> {
        let CustomerQuery { sort, direction, filter, search, .. } = &case.query;
        let is_counted = (*sort, *direction) == (Sort::Number, Direction::Descending);
        let is_cells = search.is_none() && filter.conditions.is_empty();
        for _ in 0..3 {
            let page = 1 + rng.below(expected.len() / case.limit + 2);
            let walker = &self.world.accounts[0].key_ids[2];
            let request = PageRequest::Page { page: page as u64, limit: case.limit, walker };
            let found = match self.page(case, request).await {
                Ok(found) => found,
                Err(Error::Invalid(_)) if !(is_counted && is_cells) && page > 1 => continue,
                Err(error) => return Err(format!("page {page} of {case:?}: {}", error.chain())),
            };
            let found: Vec<Customer> = found.customers.into_iter().map(|listed| listed.customer).collect();
            let wanted = expected.iter().skip((page - 1) * case.limit).take(case.limit).cloned();
            compare(case, &format!("on page {page}"), &found, &wanted.collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

const SORTS: [Sort; 7] = [
    Sort::Updated,
    Sort::Email,
    Sort::FirstName,
    Sort::LastName,
    Sort::FullName,
    Sort::Expenses,
    Sort::OrdersCount,
];

/// Gives a customer figures, as orders will: their item and the entry in the order by number of orders.
fn with_figures(world: &mut World, customer: Customer, rng: &mut Rng) -> (Customer, Figures) {
    let (orders, cents) = (rng.below(5) as u32, rng.below(4) as i64 * 12_345);
    let tenant = world.accounts[0].tenant.clone();
    let number = customer.number.get().into();
    let engine = &mut world.machine.lock().engine;
    let key = keys::figures(&tenant, customer.uuid);
    let mut item = engine.items[&(key.pk.clone(), key.sk)].clone();
    let figures: Figures = Figures { orders, lifetime_value: Money::from_cents(cents), ..Figures::default() };
    item.insert("orders".into(), json!({ "N": orders.to_string() }));
    let value = json!(figures.lifetime_value);
    let kind = if value.is_string() { "S" } else { "N" };
    item.insert(
        "lifetime_value".into(),
        json!({ kind: value.as_str().map_or(value.to_string(), str::to_owned) }),
    );
    let sort = keys::value_sort(SortValue::cents(cents).as_str(), number);
    item.insert("search_sk".into(), json!({ "S": sort }));
    put(engine, item, rng);
    let name = Sort::OrdersCount.entry_name().unwrap();
    let entry = keys::sort_entry(&tenant, customer.uuid, name);
    let mut item = engine.items[&(entry.pk, entry.sk)].clone();
    let sort = keys::value_sort(SortValue::count(orders).as_str(), number);
    item.insert("search_sk".into(), json!({ "S": sort }));
    put(engine, item, rng);
    (customer, figures)
}

fn put(engine: &mut super::engine::Engine, item: Item, rng: &mut Rng) {
    let put = json!({ "TableName": super::world::TABLE, "Item": item });
    let (status, response) = engine.execute("PutItem", &put.to_string(), rng);
    assert_eq!(status, 200, "{response}");
}
