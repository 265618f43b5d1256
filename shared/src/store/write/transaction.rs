//! The transaction builder: the one way in which customers, prices and tags are written. It groups steps into a
//! transaction, passes it through a slot, logs it, and knows which failures can be retried.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::model::{CounterCell, Customer, CustomerNumber, Tenant};
use crate::store::Store;
use crate::store::calls::{FailedCondition, contended};
use crate::store::counts::cells::CellDelta;
use crate::store::counts::ranks::RankDelta;
use crate::store::counts::slots::Lane;
use crate::store::items::record;
use crate::store::log::entry::Change;
use crate::table::keys::{Key, attribute};
use crate::{Error, Result};

/// The most items that DynamoDB takes in one transaction.
pub(in crate::store) const MAX_ITEMS: usize = 100;

/// The most bytes of items in one transaction; DynamoDB's limit is 4 MB.
const MAX_BYTES: usize = 3_000_000;

/// Up to this many obsolete search entries of a step are deleted in its transaction for sure; of more, as many as happen
/// to find room.
const MAX_OBSOLETE: usize = 20;

/// The items that a logged transaction has besides its steps: its slot and its log entry.
const OVERHEAD: usize = 2;

/// Writes that are applied together or not at all: one customer's change, one imported row, one price.
#[derive(Debug, Default)]
pub(in crate::store) struct Step {
    /// Writes with a condition, and what it means that the condition fails.
    pub(in crate::store) guarded: Vec<(TransactWriteItem, Guard)>,
    /// Writes without a condition.
    pub(in crate::store) writes: Vec<TransactWriteItem>,
    /// Obsolete search entries, deleted as far as the transaction has room.
    pub(in crate::store) obsolete: Vec<Key>,
    /// The move between cells that slots and ranks count.
    pub(in crate::store) cell_move: Option<CellMove>,
    /// The entries for the log of changes.
    pub(in crate::store) changes: Vec<Change>,
}

impl Step {
    fn items(&self) -> impl Iterator<Item = &TransactWriteItem> {
        self.guarded.iter().map(|(item, _)| item).chain(&self.writes)
    }

    fn bytes(&self) -> usize {
        self.items().map(size_of).sum()
    }
}

/// A customer's move between cells; `None` means that it does not exist on that side.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct CellMove {
    pub(in crate::store) number: CustomerNumber,
    pub(in crate::store) from: Option<CounterCell>,
    pub(in crate::store) to: Option<CounterCell>,
}

/// The meaning of a condition that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Guard {
    /// Another writer changed the record since it was read.
    Unchanged,
    /// Another customer claimed the email since it was read.
    EmailFree,
    /// The same request took effect elsewhere.
    FirstRequest,
    /// The item exists already.
    Absent,
    /// The item does not exist.
    Present,
    /// The tenant has as many of these as it can have.
    Room,
}

/// How a transaction ended.
#[derive(Debug)]
pub(in crate::store) enum Outcome {
    /// Everything is written; these obsolete entries of each step found no room.
    Applied { left_over: Vec<Vec<Key>> },
    /// Nothing is written, because these guards of these steps do not hold.
    Refused(Vec<(usize, Guard)>),
}

impl Outcome {
    /// Whether this guard does not hold.
    pub(in crate::store) fn is_refused_by(&self, guard: Guard) -> bool {
        matches!(self, Self::Refused(failed) if failed.iter().any(|(_, failed)| *failed == guard))
    }
}

/// A transaction that is being assembled.
pub(in crate::store) struct Transaction<'a> {
    store: &'a Store,
    tenant: &'a Tenant,
    steps: Vec<Step>,
    keys: HashSet<Key>,
    items: usize,
    bytes: usize,
    ranks: RankDelta,
}

/// A transaction as it is sent: the items, and which guard of which step each of the first ones is.
struct Assembled {
    items: Vec<TransactWriteItem>,
    guards: Vec<(usize, Guard)>,
    left_over: Vec<Vec<Key>>,
}

impl<'a> Transaction<'a> {
    pub(in crate::store) fn new(store: &'a Store, tenant: &'a Tenant) -> Self {
        let (ranks, keys) = (RankDelta::default(), HashSet::new());
        Self { store, tenant, steps: Vec::new(), keys, items: 0, bytes: 0, ranks }
    }

    /// Whether the items of a step are too large for a transaction.
    pub(in crate::store) fn is_too_large(step: &Step) -> bool {
        step.bytes() > MAX_BYTES
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether a reader of the log has to know about it.
    pub(in crate::store) fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| !step.changes.is_empty())
    }

    /// A transaction with its first step.
    pub(in crate::store) fn of(store: &'a Store, tenant: &'a Tenant, step: Step) -> Self {
        let mut transaction = Self::new(store, tenant);
        // A first step is always taken.
        drop(transaction.add(step));
        transaction
    }

    /// Adds a step. Gives it back if the transaction would exceed 100 items or 3 MB, or has one of its keys already.
    ///
    /// A first step is always taken: what is too large for DynamoDB is DynamoDB's to refuse.
    pub(in crate::store) fn add(&mut self, step: Step) -> std::result::Result<(), Box<Step>> {
        let keys: Vec<Key> = step.items().filter_map(key_of).chain(step.obsolete.iter().cloned()).collect();
        let obsolete = Some(step.obsolete.len()).filter(|count| *count <= MAX_OBSOLETE).unwrap_or(0);
        let items = self.items + step.guarded.len() + step.writes.len() + obsolete;
        let bytes = self.bytes + step.bytes();
        let moved = step.cell_move.filter(|moved| moved.from != moved.to);
        let ranks = moved.map_or(self.ranks.len(), |moved| self.ranks.len_with(moved.number));
        let fits = items + ranks + OVERHEAD <= MAX_ITEMS && bytes <= MAX_BYTES;
        if !self.is_empty() && (!fits || keys.iter().any(|key| self.keys.contains(key))) {
            return Err(Box::new(step));
        }
        if let Some(moved) = moved {
            self.ranks.record_move(moved.number, moved.from, moved.to);
        }
        self.keys.extend(keys);
        (self.items, self.bytes) = (items, bytes);
        self.steps.push(step);
        Ok(())
    }

    /// The same transaction without the steps that were refused.
    pub(in crate::store) fn without(self, refused: &[(usize, Guard)]) -> Self {
        let mut rest = Self::new(self.store, self.tenant);
        for (at, step) in self.steps.into_iter().enumerate() {
            if !refused.iter().any(|(failed, _)| *failed == at) {
                // A part of a transaction fits where the whole did.
                drop(rest.add(step));
            }
        }
        rest
    }

    /// Writes everything or nothing, however often it meets other writers in its slot. Leaves the lane ready for the
    /// next commit.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] if nothing was written because of throttling or conflicts that outlast the retry
    /// policy, [`Error::Unavailable`] if it is unknown whether it was written, and [`Error::Invalid`] if an item is
    /// too large.
    pub(in crate::store) async fn commit(&self, lane: &mut Lane) -> Result<Outcome> {
        self.run(Some(lane)).await
    }

    /// The same for steps that change nothing a reader of the log has to know: without slot and log entry.
    pub(in crate::store) async fn commit_unlogged(&self) -> Result<Outcome> {
        self.run(None).await
    }

    async fn run(&self, mut lane: Option<&mut Lane>) -> Result<Outcome> {
        let mut attempts = self.store.attempts();
        loop {
            let assembled = self.assemble(lane.as_deref())?;
            let failed = self.store.transact(&assembled.items, &mut attempts).await?;
            if failed.is_empty() {
                if let Some(lane) = lane {
                    lane.advance(self.created());
                }
                return Ok(Outcome::Applied { left_over: assembled.left_over });
            }
            let refused = assembled.refused(&failed);
            if !refused.is_empty() {
                return Ok(Outcome::Refused(refused));
            }
            // Only the slot has moved. Its new head came with the failure.
            let slot = failed.into_iter().next().and_then(|failed| failed.item);
            if let Some(lane) = &mut lane {
                lane.moved(slot.as_ref(), &self.store.ambient)?;
            }
            attempts.back_off(contended).await?;
        }
    }

    fn assemble(&self, lane: Option<&Lane>) -> Result<Assembled> {
        let mut items = Vec::with_capacity(MAX_ITEMS);
        let mut guards = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            items.extend(step.guarded.iter().map(|(item, _)| item.clone()));
            guards.extend(step.guarded.iter().map(|(_, guard)| (at, *guard)));
        }
        items.extend(self.steps.iter().flat_map(|step| step.writes.iter().cloned()));
        if let Some(lane) = lane {
            self.assemble_log(lane, &mut items)?;
        }
        let mut left_over = vec![Vec::new(); self.steps.len()];
        let mut by_count: Vec<(usize, &Step)> = self.steps.iter().enumerate().collect();
        // Those that were counted as items come first.
        by_count.sort_by_key(|(_, step)| step.obsolete.len());
        for (at, step) in by_count {
            let room = MAX_ITEMS.saturating_sub(items.len()).min(step.obsolete.len());
            for key in &step.obsolete[..room] {
                items.push(self.store.delete_always(key)?);
            }
            left_over[at] = step.obsolete[room..].to_vec();
        }
        Ok(Assembled { items, guards, left_over })
    }

    /// The newest customer that the transaction creates.
    fn created(&self) -> Option<CustomerNumber> {
        let moved = self.steps.iter().filter_map(|step| step.cell_move);
        moved.filter(|moved| moved.from.is_none()).map(|moved| moved.number).max()
    }

    /// Adds slot, log entry and ranks.
    fn assemble_log(&self, lane: &Lane, items: &mut Vec<TransactWriteItem>) -> Result<()> {
        let mut cells = CellDelta::default();
        for moved in self.steps.iter().filter_map(|step| step.cell_move) {
            cells.record_move(moved.from, moved.to);
        }
        let changes: Vec<Change> = self.steps.iter().flat_map(|step| step.changes.iter().cloned()).collect();
        items.push(self.store.slot_update(self.tenant, lane, &cells, self.created())?);
        items.push(self.store.log_put(self.tenant, lane, &changes)?);
        items.extend(self.store.rank_updates(self.tenant, lane.slot(), &self.ranks)?);
        Ok(())
    }
}

impl Assembled {
    /// The guards that failed; without the slot's, which comes after all of them.
    fn refused(&self, failed: &[FailedCondition]) -> Vec<(usize, Guard)> {
        failed.iter().filter_map(|failed| self.guards.get(failed.position).copied()).collect()
    }
}

fn key_of(item: &TransactWriteItem) -> Option<Key> {
    let attributes = (item.put().map(|put| put.item()))
        .or_else(|| item.update().map(|update| update.key()))
        .or_else(|| item.delete().map(|delete| delete.key()))?;
    let text = |name: &str| attributes.get(name)?.as_s().ok().cloned();
    Some(Key { pk: text(attribute::PK)?, sk: text(attribute::SK)? })
}

fn size_of(item: &TransactWriteItem) -> usize {
    item.put().map_or(0, |put| record::size(put.item()))
}

/// The step of a customer's cells and log entry.
impl Step {
    /// A step that writes `new` in place of `old`; a created customer has no `old`.
    pub(in crate::store) fn for_customer(old: Option<&Customer>, new: &Customer) -> Self {
        let cell_move = CellMove { number: new.number, from: old.map(Customer::cell), to: Some(new.cell()) };
        let changes = vec![Change::Customer { number: new.number, version: new.version }];
        Self { cell_move: Some(cell_move), changes, ..Self::default() }
    }

    /// Adds a write whose condition has this meaning.
    #[must_use]
    pub(in crate::store) fn guarded(mut self, item: TransactWriteItem, guard: Guard) -> Self {
        self.guarded.push((item, guard));
        self
    }
}

/// The error of an outcome that no other writer can have caused.
pub(in crate::store) fn unexpected(outcome: &Outcome) -> Error {
    Error::broken(format!("a transaction ended unexpectedly: {outcome:?}"))
}
