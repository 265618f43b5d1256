//! A walk through a list withstands concurrent inserts and deletes: no customer appears twice, and no
//! customer that exists throughout is skipped. If pages are read in order, every page after the first costs
//! the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures::future::join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use clientele_shared::Error;
use clientele_shared::model::{CustomerFields, CustomerNumber, CustomerType, Mode, Status, Tenant};
use clientele_shared::store::{ImportedRow, RowKey, Store, Write};

use crate::support::{By, FaultAction, Faults, Stack, check_totals, numbered, uuid_of, walk};

/// Number of writers during the walks.
const WRITERS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_every_customer_once_during_concurrent_writes() {
    let stack = Stack::start().await;
    import(&stack, 5000).await;
    let writers = Writers::start(&stack, 5000, 1000);
    let lists = [
        ("limit=100", By::Page),
        ("limit=100", By::Cursor),
        ("limit=100&filter=residential&include_deleted=true", By::Page),
        ("limit=100&filter=vip", By::Cursor),
    ];
    let walked = walk_all(&stack, &lists, &writers).await;
    let written = writers.stop().await;
    let belongs: [fn(u32) -> bool; 4] =
        [|_| true, |_| true, |n| fields(n).customer_type == CustomerType::Residential, |n| fields(n).is_vip];
    for ((list, seen), belongs) in lists.iter().zip(walked).zip(belongs) {
        check_untouched(&seen, belongs, 5000, &format!("{list:?} after {written} writes"));
    }
    check_totals(&stack.acme).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_find_every_customer_once_during_concurrent_writes() {
    let stack = Stack::start().await;
    import(&stack, 400).await;
    let writers = Writers::start(&stack, 400, 100);
    let lists = [
        ("limit=20&search=ann", By::Page),
        ("limit=20&search=ann", By::Cursor),
        ("limit=20&search=an&filter=vip", By::Page),
    ];
    let walked = walk_all(&stack, &lists, &writers).await;
    let written = writers.stop().await;
    let belongs: [fn(u32) -> bool; 3] = [|_| true, |_| true, |n| fields(n).is_vip];
    for ((list, seen), belongs) in lists.iter().zip(walked).zip(belongs) {
        check_untouched(&seen, belongs, 400, &format!("{list:?} after {written} writes"));
    }
    let list = walk(&stack.acme, "limit=100&search=ann", By::Page, |_| ()).await;
    assert_eq!(list.total, list.unique_uuids().len() as u64);
}

#[tokio::test]
async fn pages_read_in_order_cost_the_same() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.without_retries(config)).await;
    import(&stack, 405).await;
    let calls = async |page: u32| {
        faults.clear();
        faults.plan(|_| FaultAction::Pass);
        let path = format!("/api/v1/customers?limit=10&page={page}");
        assert_ne!(stack.acme.get(&path).await.data()["customers"].as_array().unwrap().len(), 0);
        let mut calls = faults.clear();
        calls.sort();
        calls
    };
    stack.acme.get("/api/v1/customers").await.expect(200); // Caches the API key.
    calls(1).await;
    let second = calls(2).await;
    for page in 3..40 {
        assert_eq!(calls(page).await, second, "page {page}");
    }
    assert_eq!(calls(40).await, second);
    // The customers, the saved walk, the end of the page, the totals, monthly usage.
    assert_eq!(second, ["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"]);
}

#[tokio::test]
async fn inserts_behind_a_walk_do_not_repeat_customers() {
    for query in ["limit=2", "limit=2&search=customer"] {
        let stack = Stack::start().await;
        for number in 1..=4 {
            stack.acme.create(&numbered(number)).await;
        }
        let page =
            async |page: u32| stack.acme.get(&format!("/api/v1/customers?{query}&page={page}")).await.data();
        assert_eq!(page(1).await["customers"].as_array().unwrap().len(), 2);
        for number in 5..=12 {
            stack.acme.create(&numbered(number)).await;
        }
        assert_eq!(page(2).await["customers"][1]["last_name"], "No00001", "{query}");
        for beyond in 3..=6 {
            assert_eq!(page(beyond).await["customers"], json!([]), "page {beyond} of {query}");
        }
    }
}

#[tokio::test]
async fn deletes_behind_a_walk_do_not_end_it() {
    for query in ["limit=2", "limit=2&search=customer"] {
        let stack = Stack::start().await;
        for number in 1..=6 {
            stack.acme.create(&numbered(number)).await;
        }
        let page =
            async |page: u32| stack.acme.get(&format!("/api/v1/customers?{query}&page={page}")).await.data();
        for customer in page(1).await["customers"].as_array().unwrap() {
            stack.acme.delete(&format!("/api/v1/customers/{}", uuid_of(customer))).await.expect(200);
        }
        let second = page(2).await;
        assert_eq!(second["customers"][0]["last_name"], "No00004", "{query}");
        assert_eq!(
            second["pagination"],
            json!({"page": 2, "limit": 2, "total": 4, "total_pages": 3}),
            "{query}"
        );
        assert_eq!(page(3).await["customers"][1]["last_name"], "No00001", "{query}");
    }
}

#[tokio::test]
async fn page_shows_who_joined_it_after_the_page_before_was_read() {
    let stack = Stack::start().await;
    let customer = |number: usize, is_vip| {
        let mut customer = numbered(number);
        customer["is_vip"] = json!(is_vip);
        customer
    };
    let mut uuids = Vec::new();
    for number in 1..=9 {
        uuids.push(stack.acme.create(&customer(number, number != 4)).await);
    }
    let path = |number: usize| format!("/api/v1/customers/{}", uuids[number - 1]);
    let page = async |page: u32| {
        let data = stack.acme.get(&format!("/api/v1/customers?filter=vip&limit=3&page={page}")).await.data();
        let names =
            data["customers"].as_array().unwrap().iter().map(|customer| customer["last_name"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(page(1).await, ["No00009", "No00008", "No00007"]);
    // Page 1 read the keys of 6, 5 and 3 ahead.
    stack.acme.put(&path(4), &json!({"is_vip": true})).await.expect(200);
    stack.acme.put(&path(6), &json!({"is_vip": false})).await.expect(200);
    stack.acme.delete(&path(3)).await.expect(200);
    assert_eq!(page(2).await, ["No00005", "No00004", "No00002"]);
    assert_eq!(page(3).await, ["No00001"]);
}

/// Walks these lists concurrently, each with a separate API key because a walk by page number belongs to a
/// key. Returns the customer numbers of each list.
async fn walk_all(stack: &Stack, lists: &[(&'static str, By)], writers: &Writers) -> Vec<Vec<u32>> {
    let mut walks = Vec::new();
    for (query, by) in lists.iter().copied() {
        let (caller, position) = (stack.caller("acme", Mode::Live, "read").await, writers.position());
        walks.push(tokio::spawn(async move {
            let walked = walk(&caller, query, by, |page| position.reached(page)).await;
            walked.unique_uuids();
            walked.customers.iter().map(number_of).collect()
        }));
    }
    join_all(walks).await.into_iter().map(Result::unwrap).collect()
}

fn check_untouched(seen: &[u32], belongs: fn(u32) -> bool, count: u32, context: &str) {
    let seen: BTreeSet<u32> = seen.iter().copied().collect();
    let expected = (1..=count).filter(|n| is_untouched(*n) && belongs(*n));
    let skipped: Vec<u32> = expected.filter(|n| !seen.contains(n)).collect();
    assert_eq!(skipped, [0_u32; 0], "skipped by {context}");
}

/// Returns whether the writers leave this customer untouched.
fn is_untouched(number: u32) -> bool {
    !number.is_multiple_of(2)
}

/// Returns the number in a customer's notes, or 0 if a writer created the customer.
fn number_of(customer: &Value) -> u32 {
    customer["notes"].as_str().map_or(0, |notes| notes.parse().unwrap())
}

fn fields(number: u32) -> CustomerFields {
    CustomerFields {
        // A short name, because each letter adds an item to the index and there are thousands of customers.
        first_name: Some("Ann".into()),
        notes: Some(number.to_string()),
        status: Status::ALL[number as usize / 2 % 3],
        customer_type: CustomerType::ALL[number as usize / 6 % 2],
        is_vip: (number / 12).is_multiple_of(3),
        ..CustomerFields::default()
    }
}

/// Imports `count` customers, [`Store::IMPORT_ROWS`] per commit.
async fn import(stack: &Stack, count: u32) {
    let tenant = stack.tenant();
    let allocated = stack.store.customer_numbers_allocate(&tenant, count).await.unwrap();
    let row = |number: u32| ImportedRow {
        key: RowKey::new("walks", &number.to_string()),
        number: CustomerNumber::new(u64::from(allocated.first.get() + number - 1)).unwrap(),
        at: allocated.at,
        fields: fields(number),
    };
    let numbers: Vec<u32> = (1..=count).collect();
    let commits = numbers
        .chunks(Store::IMPORT_ROWS)
        .map(|numbers| stack.store.customers_import(&tenant, numbers.iter().copied().map(row).collect()));
    let commits: Vec<_> = commits.collect();
    let written: Vec<bool> = stream::iter(commits).buffer_unordered(8).try_collect().await.unwrap();
    assert!(written.into_iter().all(|written| written));
}

/// The current position of the walks, so that writers can interfere with them.
#[derive(Clone)]
struct Position(Arc<AtomicU32>);

impl Position {
    fn reached(&self, page: &[Value]) {
        if let Some(number) = page.iter().map(number_of).rfind(|number| *number > 0) {
            self.0.store(number, Ordering::Relaxed);
        }
    }

    /// Returns a customer within 150 numbers of the walk that is not an untouched one.
    fn neighbour(&self, distance: u64, highest: u32) -> u32 {
        let here = i64::from(self.0.load(Ordering::Relaxed));
        let there = (here + i64::try_from(distance % 300).unwrap() - 150).clamp(2, i64::from(highest));
        u32::try_from(there).unwrap() & !1
    }
}

/// Writers that insert, delete, restore and update customers other than the untouched ones.
struct Writers {
    position: Position,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<u32>>,
}

impl Writers {
    /// Starts writers among the customers up to number `highest`; each writes at most `max_writes` times.
    fn start(stack: &Stack, highest: u32, max_writes: u32) -> Self {
        let (position, stop) = (Position(Arc::new(highest.into())), Arc::new(AtomicBool::new(false)));
        let task = |_| {
            let (store, tenant) = (stack.store.clone(), stack.tenant());
            let (position, stop) = (position.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut written = 0;
                while !stop.load(Ordering::Relaxed) && written < max_writes {
                    write(&store, &tenant, &position, highest).await;
                    written += 1;
                }
                written
            })
        };
        let tasks = (0..WRITERS).map(task).collect();
        Self { position, stop, tasks }
    }

    fn position(&self) -> Position {
        self.position.clone()
    }

    /// Stops the writers; returns the number of their writes.
    async fn stop(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        join_all(self.tasks).await.into_iter().map(Result::unwrap).sum()
    }
}

/// Writes once, near the walks.
async fn write(store: &Store, tenant: &Tenant, position: &Position, highest: u32) {
    let random = store.ambient().random();
    let number = position.neighbour(random >> 8, highest);
    let uuid = tenant.customer_uuid(CustomerNumber::new(number.into()).unwrap());
    let move_cell = |fields| {
        Ok(CustomerFields {
            status: Status::ALL[(random >> 20) as usize % 3],
            customer_type: CustomerType::ALL[(random >> 24) as usize % 2],
            is_vip: (random >> 28).is_multiple_of(2),
            ..fields
        })
    };
    let written = match random % 5 {
        0 => store.customer_delete(tenant, uuid, Write::plain()).await,
        1 => store.customer_restore(tenant, uuid, Write::plain()).await,
        2 => {
            let inserted = CustomerFields { notes: None, ..fields(number) };
            store.customer_create(tenant, inserted, Write::plain()).await
        }
        _ => store.customer_update(tenant, uuid, move_cell, Write::plain()).await,
    };
    match written {
        Ok(_) | Err(Error::NotFound(_)) => {}
        Err(error) => panic!("{}", error.chain()),
    }
}
