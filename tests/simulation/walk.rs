//! Walks: lists that a client reads page by page while the table changes and the indexes lag.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use clientele_shared::Error;
use clientele_shared::model::{Customer, CustomerNumber};
use clientele_shared::store::{ListedCustomer, PageRequest, Position};

use super::list::{By, List};
use super::model::{Known, Model, Violation};
use super::world::{Account, Answer, World};

/// A list that is being read.
pub(crate) struct Walk {
    list: List,
    page: u64,
    cursor: Option<String>,
    position: Option<Position>,
    last: Option<Position>,
    /// The customers that must be shown, and where in its history each was at the start.
    expected: BTreeMap<CustomerNumber, usize>,
    /// The positions at which customers were shown.
    seen: Vec<Position>,
    pub(crate) started_at: usize,
    /// The pages that were read and not checked yet.
    unchecked: Vec<Page>,
    pub(crate) has_ended: bool,
}

/// A page as a client reads it.
struct Page {
    rows: Vec<Row>,
    total: Option<u64>,
}

/// A customer as a list shows it.
#[derive(Debug)]
enum Row {
    Json(Value),
    Record(Box<ListedCustomer>),
}

impl Walk {
    /// Starts a walk. Customers that no index can have missed must be shown.
    pub(crate) fn start(list: List, model: &Model, caught_up_at: usize, step: usize) -> Self {
        let is_settled = |known: &Known| list.is_exact() || known.changed_at < caught_up_at;
        let expected =
            model.customers.values().filter(|known| is_settled(known) && list.matches(&known.customer));
        let expected = expected.map(|known| (known.customer.number, known.history.len() - 1)).collect();
        Self {
            list,
            page: 1,
            cursor: None,
            position: None,
            last: None,
            expected,
            seen: Vec::new(),
            started_at: step,
            unchecked: Vec::new(),
            has_ended: false,
        }
    }

    /// Requests the next page; a request that fails is repeated with the next step.
    pub(crate) async fn read(
        &mut self,
        world: &World,
        owner: &Account,
        process: usize,
        key: usize,
    ) -> Result<(), Violation> {
        if matches!(self.list.by, By::StorePage | By::StoreCursor) {
            return self.read_store(world, process, owner, key).await;
        }
        let call = self.list.call(self.page as usize, self.cursor.as_deref());
        let answer = world.send(process, &owner.secrets[key], &call).await;
        match self.list.by {
            By::PoolCursor => self.take_pool(&answer, world.is_calm),
            _ => self.take_trades(&answer, world.is_calm),
        }
    }

    async fn read_store(
        &mut self,
        world: &World,
        process: usize,
        owner: &Account,
        key: usize,
    ) -> Result<(), Violation> {
        let store = &world.processes[process].store;
        let (limit, walker) = (self.list.limit, &owner.key_ids[key]);
        let request = match self.list.by {
            By::StorePage => PageRequest::Page { page: self.page, limit, walker },
            _ => PageRequest::After {
                position: self.position.clone(),
                limit,
                total: true,
                walker: Some(walker),
            },
        };
        let page = store.customers(&owner.tenant, &self.list.query, request, self.list.budget).await;
        let page = match page {
            Ok(page) => page,
            Err(Error::Throttled { .. } | Error::Unavailable { .. }) if !world.is_calm => return Ok(()),
            Err(error) => return Err(format!("{:?} failed: {}", self.list, error.chain())),
        };
        let rows = page.customers.into_iter().map(|listed| Row::Record(Box::new(listed))).collect();
        let total = page.total.map(|total| total.count());
        self.position.clone_from(&page.next);
        self.take(Page { rows, total }, page.next.is_some());
        Ok(())
    }

    fn take(&mut self, page: Page, has_next: bool) {
        self.unchecked.push(page);
        self.page += 1;
        self.has_ended = !has_next;
    }

    fn take_pool(&mut self, answer: &Answer, is_calm: bool) -> Result<(), Violation> {
        let list = &answer.body["data"]["infiniteCustomers"];
        let code = answer.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
        if list.is_null() {
            return if answer.is_fault(is_calm) {
                Ok(())
            } else {
                Err(format!("{:?} was refused ({code}): {answer:?}", self.list))
            };
        }
        let page = Page { rows: rows(&list["edges"]), total: list["totalCount"].as_u64() };
        self.cursor = list["pageInfo"]["endCursor"].as_str().map(str::to_owned);
        self.take(page, list["pageInfo"]["hasNextPage"] == true);
        Ok(())
    }

    fn take_trades(&mut self, answer: &Answer, is_calm: bool) -> Result<(), Violation> {
        match answer.status {
            200 => {}
            _ if answer.is_fault(is_calm) => return Ok(()),
            _ => return Err(format!("{:?} was answered with {answer:?}", self.list)),
        }
        let (data, pages) = (&answer.body["data"], &answer.body["data"]["pagination"]["total_pages"]);
        let has_next = match self.list.by {
            By::TradesPage => pages.as_u64().unwrap_or(0) > self.page,
            _ => answer.next.is_some(),
        };
        self.cursor.clone_from(&answer.next);
        let total = data["pagination"]["total"].as_u64();
        self.take(Page { rows: rows(&data["customers"]), total }, has_next);
        Ok(())
    }

    /// Checks the pages that were read during the last step.
    pub(crate) fn check(&mut self, model: &Model) -> Result<(), Violation> {
        for page in std::mem::take(&mut self.unchecked) {
            if page.rows.len() > self.list.limit {
                return Err(format!("a page of {:?} has {} customers", self.list, page.rows.len()));
            }
            for row in page.rows {
                let position = self.check_row(&row, model)?;
                if self.last.as_ref().is_some_and(|last| !self.list.is_after(&position, last)) {
                    return Err(format!(
                        "{position:?} does not come after {:?} in {:?}",
                        self.last, self.list
                    ));
                }
                self.last = Some(position.clone());
                self.seen.push(position);
            }
            let (least, most) = model.count_during(&self.list.query.filter);
            let is_possible = |total: u64| (least..=most).contains(&total);
            if self.list.has_exact_total() && page.total.is_some_and(|total| !is_possible(total)) {
                return Err(format!(
                    "the total of {:?} is {:?} instead of {least} to {most}",
                    self.list, page.total
                ));
            }
        }
        if self.has_ended { self.check_end(model) } else { Ok(()) }
    }

    /// Checks that a row shows a state of a customer of this tenant that belongs to the list; returns its place.
    fn check_row(&self, row: &Row, model: &Model) -> Result<Position, Violation> {
        let known = row.known(model);
        let known =
            known.ok_or_else(|| format!("{:?} shows a customer that does not exist: {row:?}", self.list))?;
        let now = &known.customer;
        let states = if self.list.has_copies() { &known.history } else { known.during(model.observed_at) };
        // How a customer's moment of change matched is not known while it changes.
        let loose = (states.len() > 1).then(|| self.list.without_moments());
        let list = loose.as_ref().unwrap_or(&self.list);
        let shown =
            states.iter().map(|state| state.customer(now)).find(|then| list.matches(then) && row.shows(then));
        let Some(then) = shown else {
            return Err(format!("{:?} shows {row:?}, which does not belong there: {now:?}", self.list));
        };
        match row {
            Row::Json(_) => Ok(Position::at(now.number)),
            Row::Record(listed) if loose.is_some() || listed.position.value == self.list.value(&then) => {
                Ok(listed.position.clone())
            }
            Row::Record(listed) => Err(format!("{:?} shows {listed:?} in a wrong place: {now:?}", self.list)),
        }
    }

    fn check_end(&self, model: &Model) -> Result<(), Violation> {
        for (number, from) in &self.expected {
            let Some(known) = model.customers.get(number) else { continue };
            let is_kept = self.list.keeps(&known.history[*from..], &known.customer);
            if is_kept && !self.seen.iter().any(|seen| seen.number == *number) {
                return Err(format!("customer {number} is skipped by {:?} after {:?}", self.list, self.seen));
            }
        }
        Ok(())
    }
}

fn rows(value: &Value) -> Vec<Row> {
    value.as_array().into_iter().flatten().cloned().map(Row::Json).collect()
}

impl Row {
    fn known<'a>(&self, model: &'a Model) -> Option<&'a Known> {
        let row = match self {
            Self::Record(listed) => return model.customers.get(&listed.customer.number),
            Self::Json(row) => row,
        };
        match row.pointer("/node/id").and_then(Value::as_str) {
            Some(id) => model.customers.get(&CustomerNumber::from_customer_id(id)?),
            None => {
                let uuid = row["uuid"].as_str()?;
                model.customers.values().find(|known| known.customer.uuid.to_string() == uuid)
            }
        }
    }

    /// Returns whether the row shows this state of a customer.
    fn shows(&self, customer: &Customer) -> bool {
        let row = match self {
            Self::Record(listed) => {
                let (one, other) = (&listed.customer, customer);
                return (one.version, &one.fields) == (other.version, &other.fields)
                    && one.deleted_at.is_some() == other.deleted_at.is_some();
            }
            Self::Json(row) => row,
        };
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
}
