//! The states in which concurrent requests can have left a customer, given the responses to them.

use std::collections::BTreeMap;

use clientele_shared::model::{Customer, CustomerFields, CustomerNumber};

use super::patch::Patch;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It took effect, now or when it was sent before; this is the version, if the response has it.
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
    /// The idempotency key.
    pub(crate) key: Option<String>,
    pub(crate) ended: Ended,
}

/// The effect of a change.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Update(Patch),
    Delete,
    Restore,
}

/// The part of a customer that writes change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) fields: CustomerFields,
    pub(crate) is_deleted: bool,
    pub(crate) version: u64,
}

/// The idempotency keys that took effect on a customer, with the version in the response that is kept for each.
pub(crate) type Replies = BTreeMap<String, u64>;

/// A state, and the keys that have taken effect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moment {
    pub(crate) state: State,
    pub(crate) replies: Replies,
}

/// Tells whether another customer can have had the email of a state, so that the state can have been refused.
pub(crate) type IsTaken<'a> = &'a dyn Fn(&State) -> bool;

/// The possible history of a customer.
#[derive(Default)]
pub(crate) struct Explained {
    /// The moments that the requests can have led to.
    pub(crate) finals: Vec<Moment>,
    /// Every state before and between.
    pub(crate) seen: Vec<State>,
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

    /// Returns a customer in this state.
    pub(crate) fn customer(&self, now: &Customer) -> Customer {
        let deleted_at = self.is_deleted.then_some(now.updated_at);
        Customer { fields: self.fields.clone(), version: self.version, deleted_at, ..now.clone() }
    }

    /// Returns the state for which a change can have put search entries, whether it took effect or not.
    pub(crate) fn prepared(&self, change: &Change) -> Self {
        let mut new = self.clone();
        match &change.action {
            Action::Update(patch) => new.fields = patch.apply(new.fields),
            Action::Delete => new.is_deleted = true,
            Action::Restore => new.is_deleted = false,
        }
        new
    }

    /// Returns the state after a change, or the status with which the change is refused.
    fn after(&self, change: &Change) -> Result<Self, u16> {
        if self.is_deleted && !matches!(change.action, Action::Restore) {
            return Err(404);
        }
        let mut new = self.prepared(change);
        if change.if_match.is_some_and(|version| version != self.version) {
            return Err(412);
        }
        if new != *self {
            new.version += 1;
        }
        Ok(new)
    }
}

impl Moment {
    /// Adds every moment to which changes that ran concurrently can have led, and all states between.
    pub(crate) fn explain(&self, changes: &[&Change], is_taken: IsTaken<'_>, explained: &mut Explained) {
        if !explained.seen.contains(&self.state) {
            explained.seen.push(self.state.clone());
        }
        if changes.is_empty() && !explained.finals.contains(self) {
            explained.finals.push(self.clone());
        }
        for at in 0..changes.len() {
            let mut rest = changes.to_vec();
            let change = rest.remove(at);
            for next in self.after(change, is_taken) {
                next.explain(&rest, is_taken, explained);
            }
        }
    }

    /// The moments that can follow if this change is the next one; none if its response does not fit.
    fn after(&self, change: &Change, is_taken: IsTaken<'_>) -> Vec<Self> {
        let reply = change.key.as_ref().and_then(|key| self.replies.get(key));
        let effect = match reply {
            Some(version) => Ok((self.clone(), *version)),
            None => self.state.after(change).map(|state| {
                let (mut replies, version) = (self.replies.clone(), state.version);
                replies.extend(change.key.iter().map(|key| (key.clone(), version)));
                (Self { state, replies }, version)
            }),
        };
        match (change.ended, effect) {
            (Ended::Done(shown), Ok((new, version))) if shown.is_none_or(|shown| shown == version) => {
                vec![new]
            }
            (Ended::Refused(409), Ok((new, _))) if reply.is_none() && is_taken(&new.state) => {
                vec![self.clone()]
            }
            (Ended::Refused(status), Err(expected)) if status == expected => vec![self.clone()],
            (Ended::Unknown, Ok((new, _))) => vec![self.clone(), new],
            (Ended::Throttled, _) | (Ended::Unknown, Err(_)) => vec![self.clone()],
            _ => Vec::new(),
        }
    }
}
