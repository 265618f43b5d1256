//! Keys of slots, ranks and the log of changes.

use super::Key;
use crate::model::{CounterCell, CustomerNumber, CustomerType, Status, Tenant};

/// How many slots a tenant has.
pub const SLOTS: u8 = 64;

/// One of a tenant's slots, 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u8);

impl Slot {
    /// The slot with this number, which wraps around at 64.
    #[must_use]
    pub fn new(slot: u8) -> Self {
        Self(slot % SLOTS)
    }

    /// The slot's number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }

    /// All slots.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SLOTS).map(Self)
    }
}

/// The partition of a tenant's slots and of its epoch.
#[must_use]
pub fn slots_partition(tenant: &Tenant) -> String {
    format!("T#{}#SLOTS", tenant.as_str())
}

/// One slot.
#[must_use]
pub fn slot(tenant: &Tenant, slot: Slot) -> Key {
    Key::new(slots_partition(tenant), format!("{:0>2}", slot.0))
}

/// The slot in a sort key of the slots' partition; `None` for the epoch.
#[must_use]
pub fn slot_of(sk: &str) -> Option<Slot> {
    sk.parse().ok().filter(|slot| *slot < SLOTS).map(Slot)
}

/// The tenant's epoch. A restore of the table renews it, so that readers of the log start over.
#[must_use]
pub fn epoch(tenant: &Tenant) -> Key {
    Key::new(slots_partition(tenant), "EPOCH")
}

/// How many consecutive customer numbers a rank counts.
pub const RANK_NUMBERS: u32 = 1024;

/// How many items the rank of one block is spread over.
const RANK_SHARDS: u8 = 16;

/// A block of consecutive customer numbers that is counted together: block 1 is 1024 to 2047.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RankBlock(u32);

impl RankBlock {
    /// The block that a number belongs to.
    #[must_use]
    pub fn of(number: CustomerNumber) -> Self {
        Self(number.get() / RANK_NUMBERS)
    }

    /// The highest number of the block.
    #[must_use]
    pub fn last_number(self) -> u32 {
        self.0 * RANK_NUMBERS + (RANK_NUMBERS - 1)
    }

    /// The lowest number of the block; 0 for the first block, although no customer has it.
    #[must_use]
    pub fn first_number(self) -> u32 {
        self.0 * RANK_NUMBERS
    }
}

/// The partition of a tenant's ranks.
#[must_use]
pub fn ranks_partition(tenant: &Tenant) -> String {
    format!("T#{}#RANKS", tenant.as_str())
}

/// The rank of a block of numbers, as far as commits through this slot (and those 16 apart) count it.
#[must_use]
pub fn rank(tenant: &Tenant, block: RankBlock, slot: Slot) -> Key {
    Key::new(ranks_partition(tenant), format!("{:0>7}#{:0>2}", block.0, slot.0 % RANK_SHARDS))
}

/// The block in the sort key of a rank.
#[must_use]
pub fn rank_block(sk: &str) -> Option<RankBlock> {
    sk.split_once('#')?.0.parse().ok().map(RankBlock)
}

/// The partition of the log entries of one slot.
#[must_use]
pub fn log_partition(tenant: &Tenant, slot: Slot) -> String {
    format!("T#{}#LOG#{:0>2}", tenant.as_str(), slot.0)
}

/// The log entry of one commit.
#[must_use]
pub fn log_entry(tenant: &Tenant, slot: Slot, seq: u64) -> Key {
    Key::new(log_partition(tenant, slot), log_sort(seq))
}

/// The sort key of the log entry of the commit with this number.
#[must_use]
pub fn log_sort(seq: u64) -> String {
    format!("{seq:0>12}")
}

/// The number of the commit in the sort key of a log entry.
#[must_use]
pub fn log_seq(sk: &str) -> Option<u64> {
    sk.parse().ok()
}

/// The attribute of a slot or rank that counts a cell, e.g. `ACv-` for active, commercial, vip, not deleted.
#[must_use]
pub fn cell_attribute(cell: CounterCell) -> String {
    let status = &cell.status.as_str()[..1];
    let customer_type = &cell.customer_type.as_str()[..1];
    let vip = if cell.is_vip { 'v' } else { '-' };
    let deleted = if cell.is_deleted { 'd' } else { '-' };
    format!("{status}{customer_type}{vip}{deleted}")
}

/// Returns the cell whose attribute has this name.
#[must_use]
pub fn cell_of(attribute: &str) -> Option<CounterCell> {
    let &[status, customer_type, vip, deleted] = attribute.as_bytes() else { return None };
    let is_set = |mark: u8, set: u8| (mark == set || mark == b'-').then_some(mark == set);
    Some(CounterCell {
        status: Status::ALL.into_iter().find(|one| one.as_str().as_bytes()[0] == status)?,
        customer_type: CustomerType::ALL
            .into_iter()
            .find(|one| one.as_str().as_bytes()[0] == customer_type)?,
        is_vip: is_set(vip, b'v')?,
        is_deleted: is_set(deleted, b'd')?,
    })
}
