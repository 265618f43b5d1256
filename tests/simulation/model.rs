//! The model: the customers of one tenant in memory, told what was acknowledged.
//!
//! A response that was lost leaves several possible states of a customer. The next strongly consistent read decides.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{Customer, CustomerFields, CustomerNumber};
use clientele_shared::store::CustomerFilter;

use super::patch::Patch;
use super::world::Answer;

/// The description of an invariant that does not hold.
pub(crate) type Violation = String;

/// Everything known about one tenant.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) customers: BTreeMap<CustomerNumber, Known>,
    /// The idempotency keys that were sent with creates.
    pub(crate) keys: Vec<UsedKey>,
    pub(crate) imports: Vec<Import>,
    /// How many customers were named.
    pub(crate) nonces: usize,
}

/// A customer as it was last read.
pub(crate) struct Known {
    pub(crate) customer: Customer,
    /// Every state that the customer can have been in.
    pub(crate) history: Vec<State>,
    /// The step of its last change.
    pub(crate) changed_at: usize,
}

/// The part of a customer that writes change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) fields: CustomerFields,
    pub(crate) is_deleted: bool,
    pub(crate) version: u64,
}

/// An idempotency key, and the create that it was last sent with.
#[derive(Debug, Clone)]
pub(crate) struct UsedKey {
    pub(crate) key: String,
    pub(crate) nonce: String,
    pub(crate) patch: Patch,
}

/// Rows that were imported, or not, in one commit.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    pub(crate) rows: Vec<(String, Patch)>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It took effect; this is the version, if the response has it.
    Done(Option<u64>),
    /// It was refused with this status and changed nothing.
    Refused(u16),
    /// 429: nothing was written.
    Throttled,
    /// It can have taken effect.
    Unknown,
}

/// A change of a customer.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) number: CustomerNumber,
    pub(crate) action: Action,
    pub(crate) if_match: Option<u64>,
    pub(crate) ended: Ended,
}

/// The effect of a change.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Update(Patch),
    Delete,
    Restore,
}

/// A create, by request or import.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    pub(crate) nonce: String,
    pub(crate) patch: Patch,
    pub(crate) ended: Ended,
    /// The uuid in the response.
    pub(crate) uuid: Option<String>,
    /// Creates with the same number are written together or not at all.
    pub(crate) commit: Option<usize>,
}

/// The writes of one move.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) changes: Vec<Change>,
    pub(crate) creates: Vec<Create>,
}

impl Model {
    /// Returns a customer by its uuid.
    pub(crate) fn by_uuid(&self, uuid: &str) -> Option<&Known> {
        self.customers.values().find(|known| known.customer.uuid.to_string() == uuid)
    }

    /// Returns the customer that a create made.
    pub(crate) fn by_nonce(&self, nonce: &str) -> Option<&Known> {
        self.customers.values().find(|known| known.customer.fields.notes.as_deref() == Some(nonce))
    }

    /// Returns the customers that a list has, the newest first.
    pub(crate) fn select(&self, matches: impl Fn(&Customer) -> bool) -> Vec<&Customer> {
        self.customers.values().rev().map(|known| &known.customer).filter(|one| matches(one)).collect()
    }

    /// Returns how many customers a filter selects.
    pub(crate) fn count(&self, filter: &CustomerFilter) -> usize {
        self.select(|customer| filter.matches(customer)).len()
    }

    /// Returns the name of the next customer.
    pub(crate) fn nonce(&mut self) -> String {
        self.nonces += 1;
        format!("nonce{}", self.nonces)
    }
}

impl Ended {
    /// Classifies a response to a write.
    pub(crate) fn of(answer: &Answer) -> Result<Self, Violation> {
        match answer.status {
            200 | 201 => Ok(Self::Done(answer.version)),
            404 | 409 | 412 => Ok(Self::Refused(answer.status)),
            429 => Ok(Self::Throttled),
            502..=504 => Ok(Self::Unknown),
            _ => Err(format!("a valid write was answered with {answer:?}")),
        }
    }
}

impl State {
    pub(crate) fn of(customer: &Customer) -> Self {
        Self {
            fields: customer.fields.clone(),
            is_deleted: customer.deleted_at.is_some(),
            version: customer.version,
        }
    }

    /// The state of a customer that was just created.
    pub(crate) fn created(patch: &Patch) -> Self {
        Self { fields: patch.apply(CustomerFields::default()), is_deleted: false, version: 1 }
    }

    /// Returns the state after a change, or the status with which the change is refused.
    fn after(&self, change: &Change) -> Result<Self, u16> {
        let mut new = self.clone();
        match &change.action {
            Action::Update(_) | Action::Delete if self.is_deleted => return Err(404),
            Action::Update(patch) => new.fields = patch.apply(new.fields),
            Action::Delete => new.is_deleted = true,
            Action::Restore => new.is_deleted = false,
        }
        if change.if_match.is_some_and(|version| version != self.version) {
            return Err(412);
        }
        if new != *self {
            new.version += 1;
        }
        Ok(new)
    }

    /// Adds every state in which changes that ran concurrently can have left a customer, and all states between.
    pub(crate) fn explain(&self, changes: &[&Change], finals: &mut Vec<Self>, seen: &mut Vec<Self>) {
        seen.push(self.clone());
        if changes.is_empty() {
            finals.push(self.clone());
        }
        for at in 0..changes.len() {
            let mut rest = changes.to_vec();
            let change = rest.remove(at);
            match (change.ended, self.after(change)) {
                (Ended::Done(version), Ok(new)) if version.is_none_or(|version| version == new.version) => {
                    new.explain(&rest, finals, seen);
                }
                (Ended::Refused(status), Err(expected)) if status == expected => {
                    self.explain(&rest, finals, seen);
                }
                (Ended::Throttled, _) => self.explain(&rest, finals, seen),
                (Ended::Unknown, after) => {
                    self.explain(&rest, finals, seen);
                    if let Ok(new) = after {
                        new.explain(&rest, finals, seen);
                    }
                }
                _ => {}
            }
        }
    }
}

impl Known {
    /// Compares a customer with the states that it can be in, and takes over its state.
    pub(crate) fn observe(
        &mut self,
        observed: &Customer,
        changes: &[&Change],
        step: usize,
    ) -> Result<(), Violation> {
        let (mut finals, mut seen) = (Vec::new(), Vec::new());
        State::of(&self.customer).explain(changes, &mut finals, &mut seen);
        let state = State::of(observed);
        if finals.is_empty() {
            return Err(format!(
                "no order of the requests explains their responses: {changes:#?}\nbefore: {:?}\nnow: {state:?}",
                State::of(&self.customer)
            ));
        }
        if !finals.contains(&state) {
            return Err(format!(
                "customer {} is in an impossible state\nnow: {state:?}\npossible: {finals:?}\nafter: {changes:#?}",
                observed.number
            ));
        }
        if state.version == self.customer.version && *observed != self.customer {
            return Err(format!("customer {} changed without a new version: {observed:?}", observed.number));
        }
        if observed.updated_at < self.customer.updated_at || observed.created_at != self.customer.created_at {
            return Err(format!("the times of customer {} went back: {observed:?}", observed.number));
        }
        self.history.extend(seen);
        if *observed != self.customer {
            (self.customer, self.changed_at) = (observed.clone(), step);
        }
        Ok(())
    }
}

impl Model {
    /// Compares the whole table of a tenant with the model after a move, and takes over what was left open.
    pub(crate) fn observe(
        &mut self,
        observed: Vec<Customer>,
        writes: &Writes,
        step: usize,
    ) -> Result<(), Violation> {
        let mut rest: BTreeMap<CustomerNumber, Customer> =
            observed.into_iter().map(|customer| (customer.number, customer)).collect();
        for (number, known) in &mut self.customers {
            let customer = rest.remove(number).ok_or_else(|| format!("customer {number} has vanished"))?;
            let changes: Vec<&Change> =
                writes.changes.iter().filter(|change| change.number == *number).collect();
            known.observe(&customer, &changes, step)?;
        }
        for (number, customer) in rest {
            self.admit(customer, writes).map_err(|reason| format!("customer {number} {reason}"))?;
            let known = self.customers.get_mut(&number).ok_or("a new customer was not admitted")?;
            known.changed_at = step;
        }
        self.check_creates(writes)
    }

    /// Takes over a customer that was not there before.
    fn admit(&mut self, customer: Customer, writes: &Writes) -> Result<(), Violation> {
        let nonce = customer.fields.notes.clone().unwrap_or_default();
        let create = writes
            .creates
            .iter()
            .find(|create| create.nonce == nonce && matches!(create.ended, Ended::Done(_) | Ended::Unknown));
        let create = create
            .ok_or_else(|| format!("was created by no request that can have succeeded: {customer:?}"))?;
        if self.by_nonce(&nonce).is_some() {
            return Err(format!("was created twice by one request: {customer:?}"));
        }
        let state = State::created(&create.patch);
        if state != State::of(&customer) {
            return Err(format!("was created as {customer:?} instead of {state:?}"));
        }
        if self.customers.last_key_value().is_some_and(|(_, last)| {
            last.customer.number < customer.number && last.customer.created_at > customer.created_at
        }) {
            return Err("was created before a lower number".into());
        }
        self.customers.insert(customer.number, Known { customer, history: vec![state], changed_at: 0 });
        Ok(())
    }

    fn check_creates(&self, writes: &Writes) -> Result<(), Violation> {
        let mut commits: BTreeMap<usize, BTreeSet<bool>> = BTreeMap::new();
        for create in &writes.creates {
            let found = self.by_nonce(&create.nonce);
            if let Some(commit) = create.commit {
                commits.entry(commit).or_default().insert(found.is_some());
            }
            if let (Ended::Done(_), None) = (create.ended, found) {
                return Err(format!("an acknowledged customer does not exist: {create:?}"));
            }
            if let (Some(uuid), Some(found)) = (&create.uuid, found)
                && *uuid != found.customer.uuid.to_string()
            {
                return Err(format!(
                    "the response {create:?} names another customer than {:?}",
                    found.customer
                ));
            }
        }
        match commits.values().all(|written| written.len() == 1) {
            true => Ok(()),
            false => Err(format!("an import was written in part: {:?}", writes.creates)),
        }
    }
}
