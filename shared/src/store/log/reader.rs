//! Reading the log: every change after a position, once and without gaps, in a number of calls that follows the number
//! of slots that have moved.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::entry::{self, Change, TTL_SECONDS};
use super::epoch::epoch_in;
use super::position::{Epoch, LogPosition};
use crate::model::{Tenant, Timestamp};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::counts::slots;
use crate::store::items::{Item, integer_in, text, text_in};
use crate::table::keys::{self, SLOTS, Slot, attribute};
use crate::{Error, Result};

/// How long a committed entry can be invisible, with room for clocks that differ, in seconds. On AWS the items of a
/// transaction become visible within milliseconds of each other. An entry that is missing for longer has expired.
const MAX_INVISIBLE_SECONDS: i64 = 3600;

/// How many slots are read concurrently.
pub(super) const MAX_CONCURRENT_SLOTS: usize = 16;

/// The most entries that are read from one slot in one call.
const MAX_PER_CALL: usize = 1000;

/// How many entries are read in each call that looks for the first one that has not expired.
const FIRST_PAGE: usize = 10;

/// The entry of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The slot that the commit passed through.
    pub slot: Slot,
    /// The commit's number in its slot. Numbers follow each other without gaps.
    pub seq: u64,
    /// The moment of the commit by the clock of its writer.
    pub at: Timestamp,
    /// The commit's changes.
    pub changes: Vec<Change>,
}

/// Entries that follow a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogBatch {
    /// The entries in order of time. Entries of one slot are in order of their numbers, even if clocks differ.
    pub entries: Vec<LogEntry>,
    /// The position after these entries. Store it after handling them.
    pub position: LogPosition,
    /// Whether these were all entries. If it is false and there are no entries, a commit is still becoming visible: read
    /// again later.
    pub is_caught_up: bool,
}

/// The result of reading from a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogRead {
    /// The log continues from the position.
    Entries(LogBatch),
    /// The log does not continue from the position. Take [`Store::log_head`], read all records, and continue from the
    /// position taken.
    FullPass(FullPassReason),
}

/// The reason why the log does not continue from a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FullPassReason {
    /// The table was restored since the position was read, or the position belongs to another tenant.
    #[error("the table has been restored since this position, or the position is of another tenant's log")]
    Restored,
    /// Entries after the position are no longer in the log, which keeps them for 90 days.
    #[error("entries after this position have expired, 90 days after they were written")]
    Expired,
}

/// A slot's last commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
}

/// The last commits of all slots.
pub(super) struct Heads {
    pub(super) position: LogPosition,
    times: [Timestamp; SLOTS as usize],
}

/// The entries of one slot.
struct SlotRead {
    slot: Slot,
    entries: Vec<LogEntry>,
    /// If an entry is missing after these, a moment at or after its commit.
    missing_since: Option<Timestamp>,
}

impl Heads {
    pub(super) fn get(&self, slot: Slot) -> Head {
        Head { seq: self.position.seq(slot), at: self.times[usize::from(slot.get())] }
    }

    /// Whether a position was read in this history of the table.
    fn include(&self, position: &LogPosition) -> bool {
        self.position.epoch == position.epoch
            && Slot::all().all(|slot| position.seq(slot) <= self.position.seq(slot))
    }

    /// The slots with entries after the position; at most `limit`, those with the most entries first, so that no slot
    /// waits forever.
    pub(super) fn moved_since(&self, position: &LogPosition, limit: usize) -> Vec<Slot> {
        let backlog = |slot: &Slot| self.position.seq(*slot) - position.seq(*slot);
        let mut moved: Vec<Slot> = Slot::all().filter(|slot| backlog(slot) > 0).collect();
        moved.sort_by_key(|slot| std::cmp::Reverse(backlog(slot)));
        moved.truncate(limit);
        moved
    }
}

impl Store {
    /// Returns the position after all changes of a tenant: one strongly consistent query of at most 4 read units.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached, and
    /// [`Error::Internal`] for any other failure.
    pub async fn log_head(&self, tenant: &Tenant) -> Result<LogPosition> {
        Ok(self.log_heads(tenant).await?.position)
    }

    /// Returns the position before the oldest entries that the log still holds and will hold for another hour.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached, and
    /// [`Error::Internal`] for any other failure.
    pub async fn log_start(&self, tenant: &Tenant) -> Result<LogPosition> {
        let heads = self.log_heads(tenant).await?;
        let mut start = LogPosition::before_all(heads.position.epoch);
        let used = heads.moved_since(&start, usize::from(SLOTS));
        let firsts: Vec<_> =
            used.into_iter().map(|slot| self.slot_start(tenant, slot, heads.get(slot))).collect();
        let mut firsts = stream::iter(firsts).buffer_unordered(MAX_CONCURRENT_SLOTS);
        while let Some((slot, seq)) = firsts.try_next().await? {
            start.set_seq(slot, seq);
        }
        Ok(start)
    }

    /// Reads at most `limit` entries after a position; an idle log is one strongly consistent query of at most 4 read
    /// units.
    ///
    /// Nothing is written, so the same position can be read again and by several readers. An entry names a version that
    /// is committed but can still be becoming visible: a reader that finds the record at a lower version reads the
    /// record again.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached, and
    /// [`Error::Internal`] for any other failure.
    pub async fn log_read(&self, tenant: &Tenant, from: &LogPosition, limit: usize) -> Result<LogRead> {
        let heads = self.log_heads(tenant).await?;
        if !heads.include(from) {
            return Ok(LogRead::FullPass(FullPassReason::Restored));
        }
        let moved = heads.moved_since(from, limit.max(1));
        let per_slot = limit.max(1) / moved.len().max(1);
        let reads: Vec<_> = (moved.into_iter())
            .map(|slot| self.slot_read(tenant, slot, from.seq(slot), heads.get(slot), per_slot))
            .collect();
        let reads: Vec<SlotRead> =
            stream::iter(reads).buffer_unordered(MAX_CONCURRENT_SLOTS).try_collect().await?;
        if reads.iter().filter_map(|read| read.missing_since).any(|since| self.is_settled(since)) {
            return Ok(LogRead::FullPass(FullPassReason::Expired));
        }
        let mut position = from.clone();
        for read in &reads {
            if let Some(last) = read.entries.last() {
                position.set_seq(read.slot, last.seq);
            }
        }
        let is_caught_up = position == heads.position;
        Ok(LogRead::Entries(LogBatch { entries: in_order(reads), position, is_caught_up }))
    }

    pub(super) async fn log_heads(&self, tenant: &Tenant) -> Result<Heads> {
        let mut heads = Heads {
            position: LogPosition::before_all(Epoch::default()),
            times: [Timestamp::from_millis(0); SLOTS as usize],
        };
        for item in self.slots_read(tenant).await? {
            if let Some(epoch) = epoch_in(&item)? {
                heads.position.epoch = epoch;
            } else if let Some(slot) = keys::slot_of(text_in(&item, attribute::SK)?) {
                heads.position.set_seq(slot, slots::head_in(&item)?);
                heads.times[usize::from(slot.get())] = Timestamp::from_millis(integer_in(&item, slots::AT)?);
            }
        }
        Ok(heads)
    }

    /// Reads up to `limit` entries of one slot in one call, up to its head and without a gap.
    async fn slot_read(
        &self,
        tenant: &Tenant,
        slot: Slot,
        after: u64,
        head: Head,
        limit: usize,
    ) -> Result<SlotRead> {
        let (found, is_complete) = self.slot_query(tenant, slot, after + 1, head.seq, limit).await?;
        let mut read = SlotRead { slot, entries: Vec::with_capacity(found.len()), missing_since: None };
        let mut next = after + 1;
        for entry in found {
            if entry.seq != next {
                read.missing_since = Some(entry.at);
                return Ok(read);
            }
            next += 1;
            read.entries.push(entry);
        }
        if is_complete && next <= head.seq {
            read.missing_since = Some(head.at);
        }
        Ok(read)
    }

    /// Returns the number before the first entry of a slot that has not expired.
    async fn slot_start(&self, tenant: &Tenant, slot: Slot, head: Head) -> Result<(Slot, u64)> {
        let mut from = 0;
        loop {
            let (found, is_complete) = self.slot_query(tenant, slot, from, head.seq, FIRST_PAGE).await?;
            let stays = |entry: &&LogEntry| !self.is_expired(entry.at.plus_seconds(-MAX_INVISIBLE_SECONDS));
            if let Some(first) = found.iter().find(stays) {
                return Ok((slot, first.seq.saturating_sub(1)));
            }
            match found.last() {
                Some(last) if !is_complete => from = last.seq + 1,
                _ if self.is_settled(head.at) => return Ok((slot, head.seq)),
                _ => return Ok((slot, head.seq - 1)),
            }
        }
    }

    /// Reads the first entries with these numbers, strongly consistent, in one call; and whether these were all.
    pub(super) async fn slot_query(
        &self,
        tenant: &Tenant,
        slot: Slot,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<(Vec<LogEntry>, bool)> {
        let limit = i32::try_from(limit.min(MAX_PER_CALL)).unwrap_or(1);
        let response = self
            .partition_query(keys::log_partition(tenant, slot))
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":from", text(keys::log_sort(from)))
            .expression_attribute_values(":to", text(keys::log_sort(to)))
            .consistent_read(true)
            .limit(limit)
            .send()
            .await
            .map_err(|e| failed("reading the log", e))?;
        let items = response.items.unwrap_or_default();
        let entries = items.iter().map(|item| entry_of(slot, item)).collect::<Result<_>>()?;
        Ok((entries, response.last_evaluated_key.is_none()))
    }

    /// Whether every item of a commit at this moment is visible.
    fn is_settled(&self, commit: Timestamp) -> bool {
        commit.plus_seconds(MAX_INVISIBLE_SECONDS) < self.ambient.now()
    }

    /// Whether DynamoDB is allowed to delete the entry of a commit at this moment.
    fn is_expired(&self, commit: Timestamp) -> bool {
        commit.plus_seconds(TTL_SECONDS) <= self.ambient.now()
    }
}

fn entry_of(slot: Slot, item: &Item) -> Result<LogEntry> {
    let broken = || Error::broken("an entry of the log is not one that this version can read");
    let seq = keys::log_seq(text_in(item, attribute::SK)?).ok_or_else(broken)?;
    let changes = item.get(entry::CHANGES).and_then(|changes| changes.as_l().ok()).ok_or_else(broken)?;
    let change = |change: &aws_sdk_dynamodb::types::AttributeValue| {
        let text = change.as_s().map_err(|_| broken())?;
        text.parse().map_err(|e: entry::ChangeError| Error::internal("reading the log", e))
    };
    let changes = changes.iter().map(change).collect::<Result<_>>()?;
    Ok(LogEntry { slot, seq, at: Timestamp::from_millis(integer_in(item, entry::AT)?), changes })
}

/// Merges the entries of slots by time, without changing the order inside a slot.
fn in_order(reads: Vec<SlotRead>) -> Vec<LogEntry> {
    let mut timed = Vec::new();
    for read in reads {
        let mut latest = Timestamp::from_millis(i64::MIN);
        for entry in read.entries {
            latest = latest.max(entry.at);
            timed.push((latest, entry));
        }
    }
    timed.sort_by_key(|(at, entry)| (*at, entry.slot, entry.seq));
    timed.into_iter().map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_ordered_by_time_and_within_a_slot_by_number() {
        let read = |slot: u8, times: &[i64]| {
            let slot = Slot::new(slot);
            let entries = (1..).zip(times).map(|(seq, at)| LogEntry {
                slot,
                seq,
                at: Timestamp::from_millis(*at),
                changes: Vec::new(),
            });
            SlotRead { slot, entries: entries.collect(), missing_since: None }
        };
        let order = |entry: LogEntry| (entry.slot.get(), entry.seq);
        // The clock of the writer of the second entry of slot 3 was behind.
        let ordered = in_order(vec![read(3, &[20, 10, 30]), read(1, &[5, 20, 25])]);
        let ordered: Vec<_> = ordered.into_iter().map(order).collect();
        assert_eq!(ordered, [(1, 1), (1, 2), (3, 1), (3, 2), (1, 3), (3, 3)]);
    }
}
