//! The model: the customers of one tenant in memory, told what was acknowledged.
//!
//! A response that was lost leaves several possible states of a customer. The next strongly consistent read decides.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{Customer, CustomerNumber};
use clientele_shared::rules::fold;
use clientele_shared::store::CustomerFilter;

use super::explain::{Action, Change, Ended, Explained, IsTaken, Moment, Replies, State};
use super::patch::Patch;

/// The description of an invariant that does not hold.
pub(crate) type Violation = String;

/// Everything known about one tenant.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) customers: BTreeMap<CustomerNumber, Known>,
    /// The creates that were sent with an idempotency key.
    pub(crate) keyed_creates: Vec<KeyedCreate>,
    /// The changes that were sent with an idempotency key.
    pub(crate) keyed_changes: Vec<Change>,
    pub(crate) imports: Vec<Import>,
    /// How many customers were named.
    pub(crate) nonces: usize,
    /// How many creates were sent, and how many rows were to be imported.
    pub(crate) creates_sent: usize,
    /// Whether no two customers are allowed to have the same email.
    pub(crate) has_unique_emails: bool,
    /// How many of a hundred names are long.
    pub(crate) long_names: usize,
    /// The step whose writes were observed last.
    pub(crate) observed_at: usize,
}

/// A customer as it was last read.
pub(crate) struct Known {
    pub(crate) customer: Customer,
    /// Every state that the customer can have been in; the last one is its state now.
    pub(crate) history: Vec<State>,
    /// Where the states of the step begin in which the customer was last written to.
    recent_from: usize,
    /// The step in which the customer was last written to.
    pub(crate) changed_at: usize,
    /// The idempotency keys that can have taken effect.
    replies: Vec<Replies>,
    /// The states that changes without a success can have prepared, and so have left search entries of.
    pub(crate) interrupted: Vec<State>,
}

/// A create that was sent with an idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct KeyedCreate {
    pub(crate) key: String,
    pub(crate) nonce: String,
    pub(crate) patch: Patch,
    pub(crate) is_pool: bool,
}

/// Rows that were imported, or not, in one commit.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    pub(crate) rows: Vec<(String, Patch)>,
}

/// A create, by request or import.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    pub(crate) nonce: String,
    pub(crate) patch: Patch,
    pub(crate) ended: Ended,
    /// The uuid of the customer in the response.
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

    /// Returns how many customers a filter can have selected during the last step: at least and at most.
    pub(crate) fn count_during(&self, filter: &CustomerFilter) -> (u64, u64) {
        let (mut least, mut most) = (0, 0);
        for known in self.customers.values() {
            let states = known.during(self.observed_at);
            let matches = |state: &State| filter.matches(&state.customer(&known.customer));
            let was_there = !known.is_new(self.observed_at);
            least += u64::from(was_there && states.iter().all(matches));
            most += u64::from(states.iter().any(matches));
        }
        (least, most)
    }

    /// Returns the name of the next customer.
    pub(crate) fn nonce(&mut self) -> String {
        self.nonces += 1;
        format!("nonce{}", self.nonces)
    }

    /// Compares the whole table of a tenant with the model after a move, and takes over what was left open.
    pub(crate) fn observe(
        &mut self,
        observed: Vec<Customer>,
        writes: &Writes,
        step: usize,
    ) -> Result<(), Violation> {
        self.observed_at = step;
        let rivals = self.rivals(&observed, writes);
        let is_taken = |state: &State| {
            let (owner, email) = (&state.fields.notes, state.fields.email.as_deref().map(fold::email));
            let is_rival =
                |email: &String| rivals.iter().any(|(other, taken)| other != owner && taken == email);
            self.has_unique_emails && email.is_some_and(|email| is_rival(&email))
        };
        check_refused_creates(writes, &is_taken)?;
        let mut rest: BTreeMap<CustomerNumber, Customer> =
            observed.into_iter().map(|customer| (customer.number, customer)).collect();
        let mut customers = std::mem::take(&mut self.customers);
        for (number, known) in &mut customers {
            let customer = rest.remove(number).ok_or_else(|| format!("customer {number} has vanished"))?;
            let changes: Vec<&Change> =
                writes.changes.iter().filter(|change| change.number == *number).collect();
            known.observe(&customer, &changes, &is_taken, step)?;
        }
        self.customers = customers;
        for (number, customer) in rest {
            self.admit(customer, writes, step).map_err(|reason| format!("customer {number} {reason}"))?;
        }
        self.check_creates(writes)?;
        self.check_emails()
    }

    /// The emails that customers can have had during the step, each with the notes that its owner is recognized by.
    fn rivals(&self, observed: &[Customer], writes: &Writes) -> Vec<(Option<String>, String)> {
        let email = |customer: &Customer| {
            let email = customer.fields.email.as_deref().filter(|_| customer.deleted_at.is_none());
            email.map(|email| (customer.fields.notes.clone(), fold::email(email)))
        };
        let known = || self.customers.values().map(|known| &known.customer);
        let mut rivals: Vec<_> = observed.iter().chain(known()).filter_map(email).collect();
        for create in &writes.creates {
            let email = create.patch.email().map(fold::email);
            rivals.extend(email.map(|email| (Some(create.nonce.clone()), email)));
        }
        for change in &writes.changes {
            let Some(known) = self.customers.get(&change.number) else { continue };
            // A restored customer has its email again.
            let own = known.customer.fields.email.as_deref();
            let new = match &change.action {
                Action::Update(patch) => patch.email(),
                _ => None,
            };
            let emails = own.into_iter().chain(new).map(fold::email);
            rivals.extend(emails.map(|email| (known.customer.fields.notes.clone(), email)));
        }
        rivals
    }

    /// Takes over customers whose changes another model explains.
    pub(crate) fn take_over(&mut self, observed: Vec<Customer>, step: usize) {
        self.observed_at = step;
        let known = |customer: Customer| {
            let state = State::of(&customer);
            (customer.number, Known::created(customer, state, step))
        };
        self.customers = observed.into_iter().map(known).collect();
    }

    fn check_emails(&self) -> Result<(), Violation> {
        let mut owners: BTreeMap<String, CustomerNumber> = BTreeMap::new();
        for customer in self.select(|customer| self.has_unique_emails && customer.deleted_at.is_none()) {
            let Some(email) = customer.fields.email.as_deref().map(fold::email) else { continue };
            if let Some(other) = owners.insert(email, customer.number) {
                return Err(format!("customers {other} and {} have one email", customer.number));
            }
        }
        Ok(())
    }

    /// Takes over a customer that was not there before.
    fn admit(&mut self, customer: Customer, writes: &Writes, step: usize) -> Result<(), Violation> {
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
        self.customers.insert(customer.number, Known::created(customer, state, step));
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

/// Checks that creates were refused only where another customer can have had the email.
fn check_refused_creates(writes: &Writes, is_taken: IsTaken<'_>) -> Result<(), Violation> {
    let refused = writes.creates.iter().filter(|create| matches!(create.ended, Ended::Refused(_)));
    for create in refused {
        if create.ended != Ended::Refused(409) || !is_taken(&State::created(&create.patch)) {
            return Err(format!("a valid create was refused: {create:?}"));
        }
    }
    Ok(())
}

impl Known {
    fn created(customer: Customer, state: State, step: usize) -> Self {
        let (history, replies) = (vec![state], vec![Replies::new()]);
        Self { customer, history, recent_from: 0, changed_at: step, replies, interrupted: Vec::new() }
    }

    /// Returns every state that the customer can have been in during the last step, which is this one.
    pub(crate) fn during(&self, step: usize) -> &[State] {
        let from = if self.changed_at == step { self.recent_from } else { self.history.len() - 1 };
        &self.history[from..]
    }

    /// Returns whether the customer was created in this step.
    pub(crate) fn is_new(&self, step: usize) -> bool {
        self.changed_at == step && self.recent_from == 0
    }

    /// Compares a customer with the states that it can be in, and takes over its state.
    fn observe(
        &mut self,
        observed: &Customer,
        changes: &[&Change],
        is_taken: IsTaken<'_>,
        step: usize,
    ) -> Result<(), Violation> {
        let mut explained = Explained::default();
        let before = State::of(&self.customer);
        for replies in &self.replies {
            let moment = Moment { state: before.clone(), replies: replies.clone() };
            moment.explain(changes, is_taken, &mut explained);
        }
        let (finals, state) = (explained.finals, State::of(observed));
        if finals.is_empty() {
            return Err(format!(
                "no order of the requests explains their responses: {changes:#?}\nbefore: {before:?} {:?}\nnow: {state:?}",
                self.replies
            ));
        }
        self.replies =
            finals.iter().filter(|one| one.state == state).map(|one| one.replies.clone()).collect();
        self.replies.dedup();
        if self.replies.is_empty() {
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
        for change in changes.iter().filter(|one| !matches!(one.ended, Ended::Done(_))) {
            self.interrupted.extend(explained.seen.iter().map(|state| state.prepared(change)));
        }
        if !changes.is_empty() {
            (self.changed_at, self.recent_from) = (step, self.history.len());
            self.history.extend(explained.seen);
            self.history.push(state);
            self.customer = observed.clone();
        }
        Ok(())
    }
}
