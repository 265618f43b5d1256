//! Reads lists to their end, as a client does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Caller;

/// How a client requests the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// By page number, until `total_pages` is reached.
    Page,
    /// By `X-Next-Cursor`, until the header is absent.
    Cursor,
}

/// A list that was read to its end.
#[derive(Debug)]
pub(crate) struct FullList {
    /// Every customer of every page.
    pub(crate) customers: Vec<Value>,
    /// The total on the last page.
    pub(crate) total: u64,
}

impl FullList {
    /// Returns the uuids in list order.
    pub(crate) fn uuids(&self) -> Vec<String> {
        self.customers.iter().map(uuid_of).collect()
    }

    /// Returns the uuids; panics if one appears twice.
    #[track_caller]
    pub(crate) fn unique_uuids(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for uuid in self.uuids() {
            assert!(seen.insert(uuid.clone()), "{}", self.duplicates(&uuid));
        }
        seen
    }

    /// Describes each appearance of a customer that appears more than once.
    fn duplicates(&self, uuid: &str) -> String {
        let found = self.customers.iter().enumerate().filter(|(_, customer)| uuid_of(customer) == uuid);
        let found: Vec<String> = found.map(|(at, customer)| format!("at {at}: {customer}")).collect();
        format!("listed twice among {}: {found:#?}", self.customers.len())
    }
}

/// Returns the uuid of a customer in a response.
pub(crate) fn uuid_of(customer: &Value) -> String {
    customer["uuid"].as_str().unwrap().to_owned()
}

/// Reads a list to its end. `query` follows the question mark; `on_page` receives each page's customers.
pub(crate) async fn walk(
    caller: &Caller,
    query: &str,
    by: By,
    mut on_page: impl FnMut(&[Value]),
) -> FullList {
    let mut walked = FullList { customers: Vec::new(), total: 0 };
    let mut next = String::new();
    for page in 1_u64.. {
        let response = caller.get(&format!("/api/v1/customers?{query}{next}")).await;
        let data = response.data();
        let customers = data["customers"].as_array().unwrap();
        on_page(customers);
        walked.customers.extend_from_slice(customers);
        walked.total = data["pagination"]["total"].as_u64().unwrap();
        let is_last = match by {
            By::Page => data["pagination"]["total_pages"].as_u64().unwrap() <= page,
            By::Cursor => response.header("x-next-cursor").is_empty(),
        };
        if is_last {
            break;
        }
        next = match by {
            By::Page => format!("&page={}", page + 1),
            By::Cursor => format!("&cursor={}", response.header("x-next-cursor")),
        };
    }
    walked
}

/// Returns every list: its query, and which customers belong to it.
fn lists() -> impl Iterator<Item = (String, impl Fn(&&Value) -> bool)> {
    let filters = ["all", "residential", "commercial", "vip"];
    filters.into_iter().flat_map(|filter| [(filter, true), (filter, false)]).map(|(filter, deleted)| {
        let belongs = move |customer: &&Value| {
            let matches = match filter {
                "residential" => customer["customer_type"] == "Residential",
                "commercial" => customer["customer_type"] == "Commercial",
                "vip" => customer["is_vip"] == true,
                _ => true,
            };
            matches && (deleted || customer["deleted_at"].is_null())
        };
        (format!("filter={filter}&include_deleted={deleted}"), belongs)
    })
}

/// Reads every customer, including deleted ones, and checks the total. There must be no concurrent writes.
pub(crate) async fn all_customers(caller: &Caller) -> Vec<Value> {
    let all = walk(caller, "limit=100&include_deleted=true", By::Cursor, |_| ()).await;
    assert_eq!(all.unique_uuids().len() as u64, all.total);
    all.customers
}

/// Reads every customer, checks the total of every list against them, and returns them. There must be no
/// concurrent writes.
pub(crate) async fn check_totals(caller: &Caller) -> Vec<Value> {
    let customers = all_customers(caller).await;
    for (query, belongs) in lists() {
        let list = caller.get(&format!("/api/v1/customers?limit=1&{query}")).await.data();
        let expected = customers.iter().filter(belongs).count();
        assert_eq!(list["pagination"]["total"], expected, "the total of {query}");
    }
    customers
}

/// Reads every list to its end, checks it against its total and against the other lists, and returns every
/// customer. There must be no concurrent writes.
pub(crate) async fn check_lists(caller: &Caller) -> Vec<Value> {
    let customers = all_customers(caller).await;
    for (query, belongs) in lists() {
        let list = walk(caller, &format!("limit=100&{query}"), By::Cursor, |_| ()).await;
        let expected: Vec<&Value> = customers.iter().filter(belongs).collect();
        assert_eq!(list.customers.iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(list.total, expected.len() as u64, "the total of {query}");
    }
    customers
}
