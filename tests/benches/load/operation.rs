//! The operations, how often each is made, and the response that each must get.

use clientele_shared::model::{CustomerNumber, Tenant};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::customers::{CITIES, FIRST_NAMES, LAST_NAMES};
use crate::rng::Rng;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Get,
    GetAfterUpdate,
    List,
    ListPage,
    Search,
    Create,
    Update,
    Delete,
    Restore,
    PoolList,
    PoolFilter,
    PoolSearch,
    PoolCreate,
    PoolUpdate,
    PoolPrices,
}

impl Operation {
    pub(crate) const ALL: [Self; 15] = [
        Self::Get,
        Self::GetAfterUpdate,
        Self::List,
        Self::ListPage,
        Self::Search,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Restore,
        Self::PoolList,
        Self::PoolFilter,
        Self::PoolSearch,
        Self::PoolCreate,
        Self::PoolUpdate,
        Self::PoolPrices,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "trades: get",
            Self::GetAfterUpdate => "trades: get after update",
            Self::List => "trades: list of 25",
            Self::ListPage => "trades: list, page 1 to 20",
            Self::Search => "trades: search",
            Self::Create => "trades: create",
            Self::Update => "trades: update",
            Self::Delete => "trades: delete",
            Self::Restore => "trades: restore",
            Self::PoolList => "pool: list of 25",
            Self::PoolFilter => "pool: filter by city",
            Self::PoolSearch => "pool: search",
            Self::PoolCreate => "pool: create",
            Self::PoolUpdate => "pool: update",
            Self::PoolPrices => "pool: prices as CSV",
        }
    }

    /// Draws the next operation. An update is followed by a get, and a deletion by a restore.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        match rng.below(100) {
            0..30 => Self::Get,
            30..40 => Self::List,
            40..45 => Self::ListPage,
            45..55 => Self::Search,
            55..60 => Self::Create,
            60..70 => Self::Update,
            70..72 => Self::Delete,
            72..80 => Self::PoolList,
            80..84 => Self::PoolFilter,
            84..90 => Self::PoolSearch,
            90..93 => Self::PoolCreate,
            93..97 => Self::PoolUpdate,
            _ => Self::PoolPrices,
        }
    }

    /// Returns the operation that must follow on the same customer.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Update => Some(Self::GetAfterUpdate),
            Self::Delete => Some(Self::Restore),
            _ => None,
        }
    }
}

/// A request of an operation for one customer.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    expected: Expected,
}

/// The response that a call must get.
#[derive(Debug)]
enum Expected {
    /// This status, `"success":true`, and this value at this pointer.
    Trades(StatusCode, &'static str, Value),
    /// This status, and customers on a page.
    TradesPage,
    /// No errors, and a value at this pointer.
    Pool(&'static str),
    /// A CSV file with this first column.
    Csv(&'static str),
}

const POOL_LIST: &str = "query($filter: CustomerFilter, $search: String) { infiniteCustomers(first: 25, filter: $filter, \
                         search: $search) { totalCount edges { node { id firstName lastName email } } } }";
const POOL_CREATE: &str = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }";
const POOL_UPDATE: &str = "mutation($id: ID!, $input: UpdateCustomerInput!) { updateCustomer(id: $id, input: $input) { id notes } }";

impl Call {
    /// Returns a request. `nth` makes what is written unique.
    pub(crate) fn new(
        operation: Operation,
        tenant: &Tenant,
        number: CustomerNumber,
        nth: u64,
        rng: &mut Rng,
    ) -> Self {
        let uuid = tenant.customer_uuid(number);
        let customer = format!("/api/v1/customers/{uuid}");
        let (first, last) = (*rng.pick(&FIRST_NAMES), *rng.pick(&LAST_NAMES));
        let (city, _) = *rng.pick(&CITIES);
        let list = |query: String| Self::trades_page(format!("/api/v1/customers?limit=25{query}"));
        let ok = StatusCode::OK;
        let notes = json!(format!("Note {nth}"));
        match operation {
            Operation::Get => Self::trades(Method::GET, customer, None, ok, "/data/uuid", json!(uuid)),
            Operation::GetAfterUpdate => Self::trades(Method::GET, customer, None, ok, "/data/notes", notes),
            Operation::List => list(String::new()),
            Operation::ListPage => list(format!("&page={}", 1 + rng.below(20))),
            Operation::Search => {
                let words = search(first, last, rng);
                let words: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
                list(format!("&search={words}"))
            }
            Operation::Create => {
                let body = json!({ "first_name": first, "last_name": last, "physical_city": city });
                let created = StatusCode::CREATED;
                let path = "/api/v1/customers".to_owned();
                Self::trades(Method::POST, path, Some(body), created, "/data/last_name", json!(last))
            }
            Operation::Update => {
                let body = json!({ "notes": notes, "is_vip": rng.percent(5) });
                Self::trades(Method::PUT, customer, Some(body), ok, "/data/notes", notes)
            }
            Operation::Delete => {
                let message = json!("Customer deleted successfully");
                Self::trades(Method::DELETE, customer, None, ok, "/data/message", message)
            }
            Operation::Restore => {
                let path = format!("{customer}/restore");
                Self::trades(Method::POST, path, None, ok, "/data/uuid", json!(uuid))
            }
            _ => Self::of_pool(operation, number, notes, rng),
        }
    }

    /// Returns a request of an operation of pool.
    fn of_pool(operation: Operation, number: CustomerNumber, notes: Value, rng: &mut Rng) -> Self {
        let (first, last) = (*rng.pick(&FIRST_NAMES), *rng.pick(&LAST_NAMES));
        let (city, _) = *rng.pick(&CITIES);
        match operation {
            Operation::PoolList => Self::pool(POOL_LIST, json!({}), "/data/infiniteCustomers/edges/24"),
            Operation::PoolFilter => {
                let filter = json!({ "filter": { "city": city } });
                Self::pool(POOL_LIST, filter, "/data/infiniteCustomers/totalCount")
            }
            Operation::PoolSearch => {
                let search = json!({ "search": search(first, last, rng) });
                Self::pool(POOL_LIST, search, "/data/infiniteCustomers/totalCount")
            }
            Operation::PoolCreate => {
                let input = json!({ "firstName": first, "lastName": last, "city": city });
                Self::pool(POOL_CREATE, json!({ "input": input }), "/data/createCustomer/id")
            }
            Operation::PoolUpdate => {
                let variables = json!({ "id": number.to_customer_id(), "input": { "notes": notes } });
                Self::pool(POOL_UPDATE, variables, "/data/updateCustomer/notes")
            }
            _ => Self {
                method: Method::GET,
                path: format!("/customers/{}/pricing/csv", number.to_customer_id()),
                body: None,
                expected: Expected::Csv("productId,"),
            },
        }
    }

    fn trades(
        method: Method,
        path: String,
        body: Option<Value>,
        status: StatusCode,
        pointer: &'static str,
        value: Value,
    ) -> Self {
        Self { method, path, body, expected: Expected::Trades(status, pointer, value) }
    }

    fn trades_page(path: String) -> Self {
        Self { method: Method::GET, path, body: None, expected: Expected::TradesPage }
    }

    fn pool(query: &str, variables: Value, pointer: &'static str) -> Self {
        let body = Some(json!({ "query": query, "variables": variables }));
        Self { method: Method::POST, path: "/graphql".to_owned(), body, expected: Expected::Pool(pointer) }
    }

    /// Returns whether a response is the expected one.
    pub(crate) fn accepts(&self, status: StatusCode, body: &[u8]) -> bool {
        let json = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        match &self.expected {
            Expected::Trades(expected, pointer, value) => {
                let body = json();
                status == *expected && body["success"] == true && body.pointer(pointer) == Some(value)
            }
            Expected::TradesPage => {
                let body = json();
                status == StatusCode::OK && body["success"] == true && body["data"]["customers"].is_array()
            }
            Expected::Pool(pointer) => {
                let body = json();
                let is_there = body.pointer(pointer).is_some_and(|value| !value.is_null());
                status == StatusCode::OK && body.get("errors").is_none() && is_there
            }
            Expected::Csv(start) => status == StatusCode::OK && body.starts_with(start.as_bytes()),
        }
    }
}

/// Returns the text of a search: from one customer to many.
fn search(first: &str, last: &str, rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => format!("customer{}", rng.below(1_000)),
        1 => format!("555-{:04}", rng.below(10_000)),
        2 => format!("{first} {last}"),
        _ => last.to_owned(),
    }
}
