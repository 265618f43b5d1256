//! Walks through every order, in both directions, while others write.

use std::collections::BTreeMap;

use clientele_shared::model::{CustomerFields, OrderStatus};
use clientele_shared::rules::fold;
use clientele_shared::store::{ImportedRow, RowKey, Store};
use serde_json::{Value, json};

use super::{create, execute, person};
use crate::support::{Caller, Stack, orders};

const COUNT: u32 = 300;

/// Names that differ in case, accents and punctuation, and some that are equal.
const NAMES: [&str; 11] = ["ann", "Ann", "Ánn", "Bob", "bob ", "Œuvre", "O'Neil", "oneil", "", "Zoë", "łódź"];

/// Imports customers with names and emails that repeat.
pub(super) async fn import(stack: &Stack, count: u32) {
    let numbers: Vec<u32> = (1..=count).collect();
    for chunk in numbers.chunks(Store::IMPORT_ROWS) {
        let allocated = u32::try_from(chunk.len()).unwrap();
        let at = stack.store.customer_numbers_allocate(&stack.tenant(), allocated).await.unwrap().at;
        let rows = chunk.iter().map(|number| ImportedRow {
            key: RowKey::new("walk", &number.to_string()),
            number: (*number).try_into().unwrap(),
            at,
            fields: fields(*number as usize),
        });
        assert!(stack.store.customers_import(&stack.tenant(), rows.collect()).await.unwrap());
        stack.clock.advance_seconds(1);
    }
}

fn fields(n: usize) -> CustomerFields {
    let name = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
    CustomerFields {
        first_name: name(NAMES[n % 11].trim()),
        last_name: name(NAMES[n / 7 % 11].trim()),
        company_name: n.is_multiple_of(13).then(|| format!("Company {}", n % 5)),
        email: (!n.is_multiple_of(3)).then(|| format!("{}{}@example.com", NAMES[n % 5].trim(), n % 40)),
        ..CustomerFields::default()
    }
}

/// The orders of lists, and the value of a customer in each.
fn value(column: &str, customer: &Value) -> String {
    let text = |name: &str| fold::text(customer[name].as_str().unwrap()).trim().to_owned();
    match column {
        "id" | "created_at" => String::new(),
        "updated_at" => customer["updated_at"].as_str().unwrap().to_owned(),
        "expenses" => format!("{:020}", (customer["expenses"].as_f64().unwrap() * 100.0).round()),
        "orders_count" => format!("{:020}", customer["orders_count"].as_u64().unwrap()),
        text_column => text(text_column),
    }
}

const COLUMNS: [&str; 9] = [
    "id",
    "created_at",
    "updated_at",
    "email",
    "first_name",
    "last_name",
    "full_name",
    "expenses",
    "orders_count",
];

/// Reads a list to its end; calls `between` after each page.
async fn walk(caller: &Caller, query: &str, mut between: impl AsyncFnMut(usize)) -> Vec<Value> {
    let document = "query($query: String!, $after: String) { customers(query: $query, first: 40, after: $after) { \
                    edges { node { _id email first_name last_name full_name expenses orders_count updated_at(format: \"x\") } } \
                    pageInfo { hasNextPage endCursor } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    for page in 0.. {
        let data = execute(caller, document, json!({"query": query, "after": after})).await;
        let list = &data["customers"];
        seen.extend(list["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()));
        if list["pageInfo"]["hasNextPage"] == false {
            return seen;
        }
        after = list["pageInfo"]["endCursor"].clone();
        between(page).await;
    }
    unreachable!()
}

fn number(customer: &Value) -> u64 {
    customer["_id"].as_u64().unwrap()
}

/// Sorts customers independently of the index.
fn sorted(mut customers: Vec<Value>, column: &str, is_ascending: bool) -> Vec<u64> {
    customers.sort_by_cached_key(|customer| (value(column, customer), number(customer)));
    if !is_ascending {
        customers.reverse();
    }
    customers.iter().map(number).collect()
}

async fn with_orders(stack: &Stack) {
    for n in (1..=COUNT).step_by(9) {
        let changes: Vec<_> = (0..n / 9 % 3)
            .map(|k| {
                let cents = i64::from(n * 37 % 50 * 100 + k);
                orders::order(&format!("{n}-{k}"), "2030-01-10T10:00:00Z", OrderStatus::Delivered, cents)
            })
            .collect();
        orders::write(stack, &format!("cust_{n}"), &changes).await;
    }
}

#[tokio::test]
async fn every_order_equals_an_independently_sorted_list() {
    let stack = Stack::start().await;
    import(&stack, COUNT).await;
    with_orders(&stack).await;
    let all = walk(&stack.acme, "", async |_| ()).await;
    assert_eq!(all.len(), COUNT as usize);
    assert!(all.iter().any(|customer| customer["orders_count"] == 2));
    for column in COLUMNS {
        for (direction, is_ascending) in [("asc", true), ("desc", false)] {
            let query = format!("order_by:{column} order_dir:{direction}");
            let seen: Vec<u64> = walk(&stack.acme, &query, async |_| ()).await.iter().map(number).collect();
            assert_eq!(seen, sorted(all.clone(), column, is_ascending), "{query}");
        }
    }
}

#[tokio::test]
async fn customers_whose_value_stays_appear_once_while_others_write() {
    let stack = Stack::start().await;
    import(&stack, COUNT).await;
    with_orders(&stack).await;
    let acme = &stack.acme;
    for column in COLUMNS {
        let query = format!("order_by:{column} order_dir:asc");
        let before = walk(acme, &query, async |_| ()).await;
        let mut touched = Vec::new();
        let seen = walk(acme, &query, async |page: usize| {
            create(acme, person("Mia", "New", "mia@example.com")).await;
            let n = (page * 31 + 17) % COUNT as usize + 1;
            let document = "mutation($id: ID!, $node: InputUpdateCustomer!) { updateCustomer(id: $id, node: $node) { _id } }";
            let node = json!({"first_name": format!("Moved {page}"), "email": format!("{page}@moved.com"), "last_name": "M"});
            execute(acme, document, json!({"id": n, "node": node})).await;
            touched.push(n as u64);
        })
        .await;
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for customer in &seen {
            *counts.entry(number(customer)).or_default() += 1;
        }
        for customer in before.iter().map(number).filter(|number| !touched.contains(number)) {
            assert_eq!(counts.get(&customer), Some(&1), "{query}: customer {customer}");
        }
    }
}
