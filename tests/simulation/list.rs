//! Lists: which customers, in what order, and how their client requests the next page.

use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{Customer, CustomerType, Figures, Status, Timestamp};
use clientele_shared::rules::condition::{Condition, Period};
use clientele_shared::rules::entries::{Sort, SortValue, sort_value};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{Budget, CustomerFilter, CustomerQuery, Direction, Position};

use super::explain::State;
use super::rng::Rng;
use super::world::{Account, Call};

const SEARCHES: [&str; 9] = ["ann", "lee", "an le", "blue", "leeds", "555", "a", "example", "oneil"];

const SORTS: [Sort; 8] = [
    Sort::Number,
    Sort::Updated,
    Sort::Email,
    Sort::FirstName,
    Sort::LastName,
    Sort::FullName,
    Sort::Expenses,
    Sort::OrdersCount,
];

/// A list, and how its client requests the next page.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) query: CustomerQuery,
    pub(crate) limit: usize,
    pub(crate) by: By,
    /// The filter in the terms of the dialect.
    name: String,
    /// The search in the terms of the dialect.
    search: Option<&'static str>,
    /// How much one page reads at most.
    pub(crate) budget: Budget,
}

/// How the next page is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    TradesPage,
    TradesCursor,
    PoolCursor,
    /// From the store itself, which has orders that no dialect offers yet.
    StorePage,
    StoreCursor,
}

impl List {
    /// Draws a list of either dialect or of the store.
    pub(crate) fn draw(account: &Account, now: Timestamp, rng: &mut Rng) -> Self {
        let search = rng.percent(35).then(|| *rng.pick(&SEARCHES));
        let limit = *rng.pick(&[1, 2, 3, 5, 20, 100]);
        let (by, filter, name) = match rng.below(100) {
            0..40 => {
                let (filter, name) = trades_filter(rng);
                (*rng.pick(&[By::TradesPage, By::TradesCursor]), filter, name)
            }
            40..65 => {
                let (filter, name) = pool_filter(account, now, rng);
                (By::PoolCursor, filter, name)
            }
            _ => {
                let (filter, _) =
                    if rng.percent(40) { trades_filter(rng) } else { pool_filter(account, now, rng) };
                (*rng.pick(&[By::StorePage, By::StoreCursor]), filter, String::new())
            }
        };
        let mut query = CustomerQuery::of(filter);
        query.search = search.and_then(|text| SearchQuery::parse(text).unwrap());
        let mut budget = Budget::default();
        if matches!(by, By::StorePage | By::StoreCursor) {
            query.sort = *rng.pick(&SORTS);
            query.direction = *rng.pick(&[Direction::Ascending, Direction::Descending]);
            query.figures = rng.percent(20);
            if rng.percent(30) {
                budget.records = 1 + rng.below(12);
                budget.keys = 1 + rng.below(12);
            }
        }
        Self { query, limit, by, name, search, budget }
    }

    /// Returns whether a customer belongs to the list.
    pub(crate) fn matches(&self, customer: &Customer) -> bool {
        let search = self.query.search.as_ref();
        self.query.filter.matches(customer) && search.is_none_or(|search| search.matches(customer))
    }

    /// Returns the same list without conditions on the moment of change.
    pub(crate) fn without_moments(&self) -> Self {
        let mut list = self.clone();
        list.query.filter.conditions.retain(|condition| !matches!(condition, Condition::UpdatedAt(_)));
        list
    }

    /// The value that a customer has in the order of the list.
    pub(crate) fn value(&self, customer: &Customer) -> Option<SortValue> {
        sort_value(self.query.sort, customer, &Figures::default())
    }

    /// Returns whether a position comes after another.
    pub(crate) fn is_after(&self, position: &Position, other: &Position) -> bool {
        let (one, other) = ((&position.value, position.number), (&other.value, other.number));
        match self.query.direction {
            Direction::Ascending => one > other,
            Direction::Descending => one < other,
        }
    }

    /// Returns whether the list is read from the table by number, so that it never lags.
    pub(crate) fn is_exact(&self) -> bool {
        let CustomerFilter { include_deleted, conditions, .. } = &self.query.filter;
        let all = CustomerFilter {
            include_deleted: *include_deleted,
            conditions: conditions.clone(),
            ..CustomerFilter::default()
        };
        let is_scanned = |condition: &Condition| {
            matches!(condition, Condition::CreatedAt(_) | Condition::HasQuickbooksId(_))
        };
        self.query.search.is_none()
            && self.query.sort == Sort::Number
            && self.query.filter == all
            && conditions.iter().all(is_scanned)
    }

    /// Returns whether rows are copies in an index, which can be out of date.
    pub(crate) fn has_copies(&self) -> bool {
        let filter = &self.query.filter;
        let is_plain = self.query.search.is_none() && filter.conditions.is_empty();
        let is_plain = is_plain && self.query.sort == Sort::Number;
        is_plain && (filter.customer_type.is_some() || filter.status.is_some() || filter.statuses.is_some())
    }

    /// Returns whether the total is that of whole cells, which is always exact.
    pub(crate) fn has_exact_total(&self) -> bool {
        self.query.search.is_none() && self.query.filter.conditions.is_empty()
    }

    /// Returns whether a customer in these states one after the other stays where it is in the list.
    pub(crate) fn keeps(&self, states: &[State], now: &Customer) -> bool {
        let Some((first, rest)) = states.split_first() else { return false };
        let then = first.customer(now);
        let same_version = || rest.iter().all(|state| state.version == first.version);
        let is_by_moment = |condition: &Condition| matches!(condition, Condition::UpdatedAt(_));
        if self.query.sort == Sort::Updated || self.query.filter.conditions.iter().any(is_by_moment) {
            return same_version() && self.matches(now);
        }
        let value = self.value(&then);
        let is_indexed = self.query.search.is_some() || !self.query.filter.conditions.is_empty();
        self.matches(&then)
            && rest.iter().all(|state| {
                let customer = state.customer(now);
                // A reader can miss a customer that moves between two entries which both match.
                let is_kept = !is_indexed || has_same_entries(first, state);
                is_kept && self.matches(&customer) && self.value(&customer) == value
            })
    }

    /// Returns the request for a page through a dialect.
    pub(crate) fn call(&self, page: usize, cursor: Option<&str>) -> Call {
        if self.by == By::PoolCursor {
            let after = cursor.map(|cursor| format!(", after: {cursor:?}")).unwrap_or_default();
            let search = self.search.map(|text| format!(", search: {text:?}")).unwrap_or_default();
            let query = format!(
                "{{ infiniteCustomers(first: {}{after}{search}, filter: {}) {{ edges {{ node {{ id status city }} }} \
                 totalCount pageInfo {{ hasNextPage endCursor }} }} }}",
                self.limit, self.name
            );
            let body = json!({ "query": query });
            return Call { method: Method::POST, path: "/graphql".into(), headers: Vec::new(), body };
        }
        let search = self.search.map(|text| format!("&search={}", text.replace(' ', "+")));
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

/// Returns whether two states have the same search entries.
fn has_same_entries(one: &State, other: &State) -> bool {
    let entries = |state: &State| {
        let fields = &state.fields;
        let names = [&fields.first_name, &fields.last_name, &fields.company_name, &fields.email];
        (names.map(Clone::clone), fields.physical.clone(), fields.tag_ids.clone())
    };
    entries(one) == entries(other)
}

fn trades_filter(rng: &mut Rng) -> (CustomerFilter, String) {
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
    (filter, format!("filter={name}&include_deleted={include_deleted}"))
}

fn pool_filter(account: &Account, now: Timestamp, rng: &mut Rng) -> (CustomerFilter, String) {
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
    if rng.percent(30) {
        let tag = rng.pick(&account.tags);
        filter.conditions.push(Condition::Tag(vec![tag.clone()]));
        names.push(format!("tagIds: [\"{tag}\"]"));
    }
    if rng.percent(25) {
        filter.conditions.push(Condition::City(vec!["Leeds".into()]));
        names.push("city: \"leeds\"".into());
    }
    if rng.percent(20) {
        filter.conditions.push(Condition::State(vec!["WA".into()]));
        names.push("state: \"wa\"".into());
    }
    for (name, condition) in
        [("created", Condition::CreatedAt as fn(Period) -> _), ("updated", Condition::UpdatedAt)]
    {
        if rng.percent(25) {
            let period = period(now, rng);
            filter.conditions.push(condition(period));
            let shown = |end: &str, at: Option<Timestamp>| {
                at.map(|at| format!("{name}At{end}: {:?}", at.to_rfc3339_seconds()))
            };
            names.extend(shown("Gte", period.from).into_iter().chain(shown("Lte", period.to)));
        }
    }
    (filter, format!("{{{}}}", names.join(", ")))
}

/// A period that ends and starts in whole seconds of the last minutes, or has no start or no end.
fn period(now: Timestamp, rng: &mut Rng) -> Period {
    let mut moment = || {
        let moment = now.plus_seconds(-(rng.below(200) as i64));
        Timestamp::from_millis(0).plus_seconds(moment.as_seconds())
    };
    let (one, other) = (moment(), moment());
    let period = Period { from: Some(one.min(other)), to: Some(one.max(other)) };
    match rng.below(3) {
        0 => Period { from: None, ..period },
        1 => Period { to: None, ..period },
        _ => period,
    }
}
