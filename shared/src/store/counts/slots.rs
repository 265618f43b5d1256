//! Slots: 64 items per tenant that every commit passes through one of. A slot numbers its commits and holds the
//! commits' cells; the sum over the slots is the total of a list. A slot also names the newest customer that was created
//! through it, so one query finds where a list begins and how long it is.
//!
//! Commits conflict only if they meet in one slot. A process starts with a random slot, its concurrent writes take
//! the slots after it, and a process that met another moves to a new random slot.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};

use super::cells::{CellCounts, CellDelta};
use crate::model::{CounterCell, CustomerNumber, Tenant};
use crate::store::items::{Item, integer_in, key_item, number, optional_integer_in, projection};
use crate::store::{CustomerFilter, Store};
use crate::table::keys::{self, SLOTS, Slot};
use crate::{Ambient, Error, Result};

/// The attribute with the number of the slot's last commit.
const SEQ: &str = "seq";

/// The attribute with the moment of the slot's last commit, in milliseconds.
pub(in crate::store) const AT: &str = "at";

/// The attribute with the highest number of a customer that was created through the slot. Lists begin with it, so every
/// program that creates customers must set it.
const NEWEST: &str = "newest";

/// The slots that this process is using.
#[derive(Debug, Clone)]
pub(in crate::store) struct SlotChooser(Arc<Mutex<Choice>>);

#[derive(Debug)]
struct Choice {
    base: u8,
    /// One bit for each slot after the base that a write of this process holds.
    in_use: u64,
}

impl SlotChooser {
    pub(in crate::store) fn new(ambient: &Ambient) -> Self {
        Self(Arc::new(Mutex::new(Choice { base: random_slot(ambient), in_use: 0 })))
    }

    /// Takes the first slot, from the process's own onwards, that no other write of this process holds.
    fn take(&self) -> SlotLease {
        let mut choice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // With all slots in use, two writes share one and meet there.
        let offset = choice.in_use.trailing_ones() % u32::from(SLOTS);
        let slot = (choice.base + offset as u8) % SLOTS;
        choice.in_use |= 1 << slot_bit(choice.base, slot);
        SlotLease { chooser: self.clone(), slot: Slot::new(slot) }
    }

    fn release(&self, slot: Slot) {
        let mut choice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bit = slot_bit(choice.base, slot.get());
        choice.in_use &= !(1 << bit);
    }

    /// Moves the process to another slot, for its next writes.
    fn move_on(&self, ambient: &Ambient) {
        let mut choice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let base = random_slot(ambient);
        // The bits are relative to the base.
        choice.in_use = choice.in_use.rotate_right(u32::from((base + SLOTS - choice.base) % SLOTS));
        choice.base = base;
    }
}

fn slot_bit(base: u8, slot: u8) -> u32 {
    u32::from((slot + SLOTS - base) % SLOTS)
}

fn random_slot(ambient: &Ambient) -> u8 {
    (ambient.random() % u64::from(SLOTS)) as u8
}

/// A slot that one write of this process holds.
#[derive(Debug)]
struct SlotLease {
    chooser: SlotChooser,
    slot: Slot,
}

impl Drop for SlotLease {
    fn drop(&mut self) {
        self.chooser.release(self.slot);
    }
}

/// The slot that a write commits through, and the slot's last commit as it was read.
#[derive(Debug)]
pub(in crate::store) struct Lane {
    lease: SlotLease,
    head: Head,
}

/// A slot as its last commit left it.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    /// The number of the commit; 0 before the first one.
    seq: u64,
    newest: Option<CustomerNumber>,
}

impl Head {
    fn of(item: &Item) -> Result<Self> {
        Ok(Self { seq: head_in(item)?, newest: newest_in(item)? })
    }
}

/// The slots' part of the answer to a list.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Totals {
    pub(in crate::store) cells: CellCounts,
    /// The newest customer of all cells; `None` if no slot names one.
    pub(in crate::store) newest: Option<CustomerNumber>,
}

impl Lane {
    pub(in crate::store) fn slot(&self) -> Slot {
        self.lease.slot
    }

    /// The number of the commit that is next in this slot.
    pub(in crate::store) fn next_seq(&self) -> u64 {
        self.head.seq + 1
    }

    /// The newest customer of the slot after a commit that creates customers up to this one. Commits reach a slot in
    /// another order than their numbers were allocated in.
    fn newest_with(&self, created: Option<CustomerNumber>) -> Option<CustomerNumber> {
        self.head.newest.max(created)
    }

    /// Goes on after the commit that was made, which created customers up to this one.
    pub(in crate::store) fn advance(&mut self, created: Option<CustomerNumber>) {
        self.head = Head { seq: self.next_seq(), newest: self.newest_with(created) };
    }

    /// Takes the head from the item that a failed condition returned; the process's next writes take other slots.
    pub(in crate::store) fn moved(&mut self, item: Option<&Item>, ambient: &Ambient) -> Result<()> {
        self.head = item.map(Head::of).transpose()?.unwrap_or_default();
        self.lease.chooser.move_on(ambient);
        Ok(())
    }
}

/// The number of a slot's last commit.
pub(in crate::store) fn head_in(item: &Item) -> Result<u64> {
    u64::try_from(integer_in(item, SEQ)?).map_err(|e| Error::internal("reading the head of a slot", e))
}

fn newest_in(item: &Item) -> Result<Option<CustomerNumber>> {
    let newest = optional_integer_in(item, NEWEST)?.map(i64::unsigned_abs);
    Ok(newest.and_then(CustomerNumber::new))
}

impl Store {
    /// Takes a slot and reads its head, strongly consistent: one read unit.
    pub(in crate::store) async fn lane(&self, tenant: &Tenant) -> Result<Lane> {
        let lease = self.slots.take();
        let head = self.slot_head(tenant, lease.slot).await?;
        Ok(Lane { lease, head })
    }

    async fn slot_head(&self, tenant: &Tenant, slot: Slot) -> Result<Head> {
        let item = self.item_get(&keys::slot(tenant, slot), "reading the head of a slot").await?;
        Ok(item.as_ref().map(Head::of).transpose()?.unwrap_or_default())
    }

    /// The update that passes a commit through its slot: it numbers the commit and adds its cells. `created` is the newest
    /// customer that the commit creates.
    pub(in crate::store) fn slot_update(
        &self,
        tenant: &Tenant,
        lane: &Lane,
        delta: &CellDelta,
        created: Option<CustomerNumber>,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::slot(tenant, lane.slot()))))
            .expression_attribute_names("#seq", SEQ)
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":next", number(lane.next_seq()))
            .expression_attribute_values(":at", number(self.ambient.now().as_millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match lane.head.seq {
            0 => update.condition_expression("attribute_not_exists(#seq)"),
            head => {
                update.condition_expression("#seq = :head").expression_attribute_values(":head", number(head))
            }
        };
        let (update, newest) = match created.and_then(|created| lane.newest_with(Some(created))) {
            Some(newest) => {
                let update = update.expression_attribute_names("#newest", NEWEST);
                (update.expression_attribute_values(":newest", number(newest)), ", #newest = :newest")
            }
            None => (update, ""),
        };
        let (update, clause) = delta.add_to(update);
        let update = update
            .update_expression(format!("SET #seq = :next, #at = :at{newest} {clause}").trim_end())
            .build()
            .map_err(|e| Error::internal("building the update of a slot", e))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Reads the totals of a filter's cells and the newest customer: one strongly consistent query of at most 4 read units.
    pub(in crate::store) async fn totals_get(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
    ) -> Result<Totals> {
        // Up to 64 slots are read with every list, and everything else in them would be parsed for nothing.
        let cells = CounterCell::all().filter(|cell| filter.selects_cell(*cell));
        let cells: Vec<String> = cells.map(keys::cell_attribute).collect();
        // Contradictory conditions select none, and DynamoDB takes no empty projection.
        if cells.is_empty() {
            return Ok(Totals::default());
        }
        let attributes: Vec<&str> = cells.iter().map(String::as_str).chain([NEWEST]).collect();
        let (expression, names) = projection(&attributes);
        let query = self.partition_query(keys::slots_partition(tenant)).consistent_read(true);
        let query = names
            .into_iter()
            .fold(query, |query, (name, value)| query.expression_attribute_names(name, value))
            .projection_expression(expression);
        let mut totals = Totals::default();
        for item in self.query_items(query, "reading the totals").await? {
            totals.cells.add_item(&item)?;
            totals.newest = totals.newest.max(newest_in(&item)?);
        }
        Ok(totals)
    }

    /// Reads all slots of a tenant, and its epoch.
    pub(in crate::store) async fn slots_read(&self, tenant: &Tenant) -> Result<Vec<Item>> {
        self.partition_items(&keys::slots_partition(tenant), "reading the slots").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn chooser(base: u64) -> (SlotChooser, Ambient) {
        let ambient = Ambient::new(|| Timestamp::from_millis(0), move || base);
        (SlotChooser::new(&ambient), ambient)
    }

    #[test]
    fn concurrent_writes_of_a_process_take_consecutive_slots() {
        let (chooser, _) = chooser(62);
        let leases: Vec<SlotLease> = (0..4).map(|_| chooser.take()).collect();
        assert_eq!(leases.iter().map(|lease| lease.slot.get()).collect::<Vec<_>>(), [62, 63, 0, 1]);
        drop(leases);
        assert_eq!(chooser.take().slot.get(), 62);
    }

    #[test]
    fn process_that_moves_keeps_the_slots_that_its_writes_hold() {
        let (chooser, _) = chooser(3);
        let held = chooser.take();
        chooser.move_on(&Ambient::new(|| Timestamp::from_millis(0), || 2));
        let slots: Vec<SlotLease> = (0..2).map(|_| chooser.take()).collect();
        assert_eq!(slots.iter().map(|lease| lease.slot.get()).collect::<Vec<_>>(), [2, 4]);
        drop(held);
        assert_eq!(chooser.take().slot.get(), 3);
    }

    #[test]
    fn more_writes_than_slots_share_slots() {
        let (chooser, _) = chooser(0);
        let leases: Vec<SlotLease> = (0..65).map(|_| chooser.take()).collect();
        assert_eq!(leases[64].slot.get(), 0);
    }
}
