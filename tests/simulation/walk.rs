//! Walks: lists that a client reads page by page while the table changes and the indexes lag.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{Customer, CustomerNumber, CustomerType, Status};
use clientele_shared::rules::condition::Condition;
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::CustomerFilter;

use super::model::{Known, Model, Violation};
use super::rng::Rng;
use super::world::{Account, Answer, Call};

const SEARCHES: [&str; 9] = ["ann", "lee", "an le", "blue", "leeds", "555", "a", "example", "oneil"];

/// A list, and how its client requests the next page.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) filter: CustomerFilter,
    pub(crate) search: Option<String>,
    limit: usize,
    by: By,
    /// The filter in the terms of the dialect.
    name: String,
}

/// How the next page is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    TradesPage,
    TradesCursor,
    PoolCursor,
}

/// A list that is being read.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    list: List,
    page: usize,
    cursor: Option<String>,
    last: Option<CustomerNumber>,
    /// The customers that must be shown, at the versions that they must keep.
    expected: BTreeMap<CustomerNumber, u64>,
    seen: BTreeSet<CustomerNumber>,
    pub(crate) started_at: usize,
}

/// A page as a client reads it.
struct Page<'a> {
    rows: Vec<&'a Value>,
    total: Option<u64>,
    has_next: bool,
    cursor: Option<String>,
}

impl List {
    /// Draws a list of either dialect.
    pub(crate) fn draw(account: &Account, rng: &mut Rng) -> Self {
        let search = rng.percent(35).then(|| (*rng.pick(&SEARCHES)).to_owned());
        let limit = *rng.pick(&[1, 2, 3, 5, 20, 100]);
        if rng.percent(35) {
            let (filter, name) = pool_filter(account, rng);
            return Self { filter, search, limit, by: By::PoolCursor, name };
        }
        let name = *rng.pick(&["all", "residential", "commercial", "vip"]);
        let include_deleted = rng.percent(40);
        let filter = CustomerFilter {
            customer_type: match name {
                "residential" => Some(CustomerType::Residential),
                "commercial" => Some(CustomerType::Commercial),
                _ => None,
            },
            is_vip: (name == "vip").then_some(true),
            include_deleted,
            ..CustomerFilter::default()
        };
        let name = format!("filter={name}&include_deleted={include_deleted}");
        let by = *rng.pick(&[By::TradesPage, By::TradesCursor]);
        Self { filter, search, limit, by, name }
    }

    /// Returns whether a customer belongs to the list.
    pub(crate) fn matches(&self, customer: &Customer) -> bool {
        let search = self.search.as_deref().and_then(SearchQuery::parse);
        self.filter.matches(customer) && search.is_none_or(|search| search.matches(customer))
    }

    /// Returns whether the list is read from the table by number, so that it never lags.
    fn is_exact(&self) -> bool {
        let all =
            CustomerFilter { include_deleted: self.filter.include_deleted, ..CustomerFilter::default() };
        self.search.is_none() && self.filter == all
    }

    /// Returns whether rows are copies in an index, which can be out of date.
    fn has_copies(&self) -> bool {
        let filter = &self.filter;
        let is_plain = self.search.is_none() && filter.conditions.is_empty();
        is_plain && (filter.customer_type.is_some() || filter.status.is_some() || filter.statuses.is_some())
    }

    /// Returns whether the total is that of whole cells, which is always exact.
    fn has_exact_total(&self) -> bool {
        self.search.is_none() && self.filter.conditions.is_empty()
    }

    fn call(&self, page: usize, cursor: Option<&str>) -> Call {
        if self.by == By::PoolCursor {
            let after = cursor.map(|cursor| format!(", after: {cursor:?}")).unwrap_or_default();
            let search = self.search.as_ref().map(|text| format!(", search: {text:?}")).unwrap_or_default();
            let query = format!(
                "{{ infiniteCustomers(first: {}{after}{search}, filter: {}) {{ edges {{ node {{ id status city }} }} \
                 totalCount pageInfo {{ hasNextPage endCursor }} }} }}",
                self.limit, self.name
            );
            let body = json!({ "query": query });
            return Call { method: Method::POST, path: "/graphql".into(), headers: Vec::new(), body };
        }
        let search = self.search.as_ref().map(|text| format!("&search={}", text.replace(' ', "+")));
        let place = match (self.by, cursor) {
            (By::TradesPage, _) => format!("&page={page}"),
            (_, Some(cursor)) => format!("&cursor={cursor}"),
            _ => String::new(),
        };
        let (name, limit, search) = (&self.name, self.limit, search.unwrap_or_default());
        let path = format!("/api/v1/customers?{name}&limit={limit}{search}{place}");
        Call { method: Method::GET, path, headers: Vec::new(), body: Value::Null }
    }
}

fn pool_filter(account: &Account, rng: &mut Rng) -> (CustomerFilter, String) {
    let mut filter = CustomerFilter::default();
    let mut names: Vec<String> = Vec::new();
    if rng.percent(50) {
        let status = *rng.pick(&Status::ALL);
        filter.status = Some(status);
        names.push(format!("status: {}", status.as_str()));
    } else if rng.percent(30) {
        filter.statuses = Some([Status::Inactive, Status::Lead].into());
        names.push("statuses: [INACTIVE, LEAD]".into());
    }
    if rng.percent(35) {
        let tag = rng.pick(&account.tags);
        filter.conditions.push(Condition::Tag(vec![tag.clone()]));
        names.push(format!("tagIds: [\"{tag}\"]"));
    }
    if rng.percent(30) {
        filter.conditions.push(Condition::City(vec!["Leeds".into()]));
        names.push("city: \"leeds\"".into());
    }
    if rng.percent(20) {
        filter.conditions.push(Condition::State(vec!["WA".into()]));
        names.push("state: \"wa\"".into());
    }
    (filter, format!("{{{}}}", names.join(", ")))
}

impl Walk {
    /// Starts a walk. Customers that no index can have missed must be shown.
    pub(crate) fn start(list: List, model: &Model, caught_up_at: usize, step: usize) -> Self {
        let is_settled = |known: &Known| list.is_exact() || known.changed_at < caught_up_at;
        let expected =
            model.customers.values().filter(|known| is_settled(known) && list.matches(&known.customer));
        let expected = expected.map(|known| (known.customer.number, known.customer.version)).collect();
        let (page, cursor, last, seen) = (1, None, None, BTreeSet::new());
        Self { list, page, cursor, last, expected, seen, started_at: step }
    }

    /// Returns the request for the next page.
    pub(crate) fn call(&self) -> Call {
        self.list.call(self.page, self.cursor.as_deref())
    }

    /// Checks the page that was read; returns whether the walk has ended.
    pub(crate) fn read(&mut self, answer: &Answer, model: &Model) -> Result<bool, Violation> {
        let Some(page) = self.page_of(answer)? else { return Ok(false) };
        for row in &page.rows {
            let number = self.check_row(row, model)?;
            if !self.seen.insert(number) {
                return Err(format!("customer {number} is listed twice by {:?}: {answer:?}", self.list));
            }
            if self.last.is_some_and(|last| last <= number) {
                return Err(format!("customer {number} is out of order in {:?}", self.list));
            }
            self.last = Some(number);
        }
        if page.rows.len() > self.list.limit {
            return Err(format!("a page of {:?} has {} customers", self.list, page.rows.len()));
        }
        let count = model.count(&self.list.filter) as u64;
        if self.list.has_exact_total() && page.total.is_some_and(|total| total != count) {
            return Err(format!("the total of {:?} is {:?} instead of {count}", self.list, page.total));
        }
        (self.page, self.cursor) = (self.page + 1, page.cursor.clone());
        if page.has_next {
            return Ok(false);
        }
        self.check_end(model).map(|()| true)
    }

    fn page_of<'a>(&self, answer: &'a Answer) -> Result<Option<Page<'a>>, Violation> {
        let rows = |value: &'a Value| value.as_array().into_iter().flatten().collect();
        if self.list.by == By::PoolCursor {
            let list = &answer.body["data"]["infiniteCustomers"];
            let code = answer.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
            if list.is_null() {
                let is_fault = matches!(answer.status, 429 | 502..=504) || code != "BAD_USER_INPUT";
                return if is_fault {
                    Ok(None)
                } else {
                    Err(format!("{:?} was refused: {answer:?}", self.list))
                };
            }
            return Ok(Some(Page {
                rows: rows(&list["edges"]),
                total: list["totalCount"].as_u64(),
                has_next: list["pageInfo"]["hasNextPage"] == true,
                cursor: list["pageInfo"]["endCursor"].as_str().map(str::to_owned),
            }));
        }
        match answer.status {
            200 => {}
            429 | 502..=504 => return Ok(None),
            _ => return Err(format!("{:?} was answered with {answer:?}", self.list)),
        }
        let (data, pages) = (&answer.body["data"], &answer.body["data"]["pagination"]["total_pages"]);
        let has_next = match self.list.by {
            By::TradesPage => pages.as_u64().unwrap_or(0) > self.page as u64,
            _ => answer.next.is_some(),
        };
        let total = data["pagination"]["total"].as_u64();
        Ok(Some(Page { rows: rows(&data["customers"]), total, has_next, cursor: answer.next.clone() }))
    }

    /// Checks that a row shows a state of a customer of this tenant that belongs to the list.
    fn check_row(&self, row: &Value, model: &Model) -> Result<CustomerNumber, Violation> {
        let id = row.pointer("/node/id").and_then(Value::as_str);
        let known = match (id, row["uuid"].as_str()) {
            (Some(id), _) => {
                CustomerNumber::from_customer_id(id).and_then(|number| model.customers.get(&number))
            }
            (None, uuid) => model.by_uuid(uuid.unwrap_or_default()),
        };
        let known =
            known.ok_or_else(|| format!("{:?} shows a customer that does not exist: {row}", self.list))?;
        let now = &known.customer;
        let is_now = self.list.matches(now) && shows(row, now);
        let was_ever = || {
            known.history.iter().any(|state| {
                let deleted_at = state.is_deleted.then_some(now.updated_at);
                let then = Customer { fields: state.fields.clone(), deleted_at, ..now.clone() };
                self.list.matches(&then) && shows(row, &then)
            })
        };
        if is_now || (self.list.has_copies() && was_ever()) {
            return Ok(now.number);
        }
        Err(format!("{:?} shows {row}, which does not belong there: {now:?}", self.list))
    }

    fn check_end(&self, model: &Model) -> Result<(), Violation> {
        for (number, version) in &self.expected {
            let is_untouched =
                model.customers.get(number).is_some_and(|now| now.customer.version == *version);
            if is_untouched && !self.seen.contains(number) {
                return Err(format!("customer {number} is skipped by {:?} after {:?}", self.list, self.seen));
            }
        }
        Ok(())
    }
}

/// Returns whether a row of a list shows this state of a customer.
fn shows(row: &Value, customer: &Customer) -> bool {
    let fields = &customer.fields;
    let city = json!(fields.physical.city);
    if let Some(node) = row.get("node") {
        return node["status"] == fields.status.as_str() && node["city"] == city;
    }
    row["first_name"] == json!(fields.first_name)
        && row["email"] == json!(fields.email)
        && row["customer_type"] == fields.customer_type.as_str()
        && row["is_vip"] == fields.is_vip
        && row["physical_city"] == city
        && row["deleted_at"].is_null() == customer.deleted_at.is_none()
}
