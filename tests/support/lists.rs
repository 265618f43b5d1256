//! Lists as a client reads them to their end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Caller;

/// How a client goes from page to page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// By the page's number, until the answer says that this is the last one.
    Page,
    /// By `X-Next-Cursor`, until there is none.
    Cursor,
}

/// A list as it was read.
#[derive(Debug)]
pub(crate) struct Walked {
    /// Every customer of every page.
    pub(crate) customers: Vec<Value>,
    /// The total that the last page told.
    pub(crate) total: u64,
}

impl Walked {
    /// The uuids in the order in which they were given.
    pub(crate) fn uuids(&self) -> Vec<String> {
        self.customers.iter().map(uuid_of).collect()
    }

    /// The uuids, where none is there twice.
    #[track_caller]
    pub(crate) fn once_each(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for uuid in self.uuids() {
            assert!(seen.insert(uuid.clone()), "{}", self.twice(&uuid));
        }
        seen
    }
}

impl Walked {
    /// Where and how a customer was given more than once.
    fn twice(&self, uuid: &str) -> String {
        let given = self.customers.iter().enumerate().filter(|(_, customer)| uuid_of(customer) == uuid);
        let given: Vec<String> = given.map(|(at, customer)| format!("at {at}: {customer}")).collect();
        format!("given twice among {}: {given:#?}", self.customers.len())
    }
}

/// The uuid of a customer in an answer.
pub(crate) fn uuid_of(customer: &Value) -> String {
    customer["uuid"].as_str().unwrap().to_owned()
}

/// Reads a list to its end; `query` is what follows the question mark, `on_page` sees each page's customers.
pub(crate) async fn walk(caller: &Caller, query: &str, by: By, mut on_page: impl FnMut(&[Value])) -> Walked {
    let mut walked = Walked { customers: Vec::new(), total: 0 };
    let mut next = String::new();
    for page in 1_u64.. {
        let answer = caller.get(&format!("/api/v1/customers?{query}{next}")).await;
        let data = answer.data();
        let customers = data["customers"].as_array().unwrap();
        on_page(customers);
        walked.customers.extend_from_slice(customers);
        walked.total = data["pagination"]["total"].as_u64().unwrap();
        let is_last = match by {
            By::Page => data["pagination"]["total_pages"].as_u64().unwrap() <= page,
            By::Cursor => answer.header("x-next-cursor").is_empty(),
        };
        if is_last {
            break;
        }
        next = match by {
            By::Page => format!("&page={}", page + 1),
            By::Cursor => format!("&cursor={}", answer.header("x-next-cursor")),
        };
    }
    walked
}

/// Every list there is: its query, and which customers belong into it.
fn lists() -> impl Iterator<Item = (String, impl Fn(&&Value) -> bool)> {
    let filters = ["all", "residential", "commercial", "vip"];
    filters.into_iter().flat_map(|filter| [(filter, true), (filter, false)]).map(|(filter, deleted)| {
        let belongs = move |customer: &&Value| {
            let is_right = match filter {
                "residential" => customer["customer_type"] == "Residential",
                "commercial" => customer["customer_type"] == "Commercial",
                "vip" => customer["is_vip"] == true,
                _ => true,
            };
            is_right && (deleted || customer["deleted_at"].is_null())
        };
        (format!("filter={filter}&include_deleted={deleted}"), belongs)
    })
}

/// Reads every customer, the deleted ones too, and holds it against the total. Nobody may be writing meanwhile.
pub(crate) async fn everybody(caller: &Caller) -> Vec<Value> {
    let everybody = walk(caller, "limit=100&include_deleted=true", By::Cursor, |_| ()).await;
    assert_eq!(everybody.once_each().len() as u64, everybody.total);
    everybody.customers
}

/// Reads every customer and holds the total of every list against them; returns them. Nobody may be writing
/// meanwhile.
pub(crate) async fn totals_in_order(caller: &Caller) -> Vec<Value> {
    let everybody = everybody(caller).await;
    for (query, belongs) in lists() {
        let list = caller.get(&format!("/api/v1/customers?limit=1&{query}")).await.data();
        let expected = everybody.iter().filter(belongs).count();
        assert_eq!(list["pagination"]["total"], expected, "the total of {query}");
    }
    everybody
}

/// Reads every list to its end and holds it against its total and against the others; returns every customer.
/// Nobody may be writing meanwhile.
pub(crate) async fn lists_in_order(caller: &Caller) -> Vec<Value> {
    let everybody = everybody(caller).await;
    for (query, belongs) in lists() {
        let list = walk(caller, &format!("limit=100&{query}"), By::Cursor, |_| ()).await;
        let expected: Vec<&Value> = everybody.iter().filter(belongs).collect();
        assert_eq!(list.customers.iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(list.total, expected.len() as u64, "the total of {query}");
    }
    everybody
}
