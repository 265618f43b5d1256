//! Readers of the log: interrupted at any call, several at a time, and at positions from which the log does not continue.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;

use clientele_shared::store::{FullPassReason, LogBatch, LogEntry, LogPosition, LogRead, Store};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::keys::{self, Slot, attribute};

use super::{ALL, CUSTOMERS, Reader};
use crate::support::{FaultAction, Faults, Stack, john, numbered};

/// How long entries are kept.
const DAYS_90: i64 = 90 * 24 * 3600;

/// Returns a store on the stack's table whose calls get these faults.
fn faulty_store(stack: &Stack, faults: &Faults) -> Store {
    let config = faults.without_retries(Connection::local(&stack.url).config().unwrap()).build();
    Store::new(Client::from_conf(config), &stack.table, stack.clock.ambient())
}

async fn batch(stack: &Stack, from: &LogPosition) -> LogBatch {
    match stack.store.log_read(&stack.tenant(), from, ALL).await.unwrap() {
        LogRead::Entries(batch) => batch,
        LogRead::FullPass(reason) => panic!("a full pass is needed: {reason}"),
    }
}

/// Reads from a position that needs a full pass; returns why.
async fn full_pass(stack: &Stack, from: &LogPosition) -> FullPassReason {
    match stack.store.log_read(&stack.tenant(), from, ALL).await.unwrap() {
        LogRead::FullPass(reason) => reason,
        LogRead::Entries(batch) => panic!("no full pass is needed: {batch:?}"),
    }
}

/// Deletes the log entry of one commit, as DynamoDB does when it has expired.
async fn delete_entry(stack: &Stack, slot: Slot, seq: u64) {
    let key = keys::log_entry(&stack.tenant(), slot, seq);
    let delete = stack.client.delete_item().table_name(&stack.table);
    let delete = delete.key(attribute::PK, AttributeValue::S(key.pk));
    delete.key(attribute::SK, AttributeValue::S(key.sk)).send().await.unwrap();
}

#[tokio::test]
async fn reader_interrupted_at_any_call_continues_without_a_gap() {
    let stack = Stack::start().await;
    let faults = Faults::default();
    let store = faulty_store(&stack, &faults);
    let mut reader = Reader::new(&store, &stack.tenant()).await;
    for action in [FaultAction::DropRequest, FaultAction::DropResponse] {
        for call in 1.. {
            // Concurrent writes of one process pass through different slots.
            let new: Vec<_> = (0..3).map(numbered).collect();
            join_all(new.iter().map(|new| stack.acme.create(new))).await;
            let stored = reader.clone();
            faults.inject(call, action.clone());
            let mut result = Ok(false);
            while let Ok(false) = result {
                result = reader.read(&store, 2).await;
            }
            let call_count = faults.clear().len();
            if result.is_ok() {
                assert!(call_count > 3, "only {call_count} calls; are all of them recorded?");
                break;
            }
            // The next process starts with the position stored last, or even with the one before.
            reader = if call % 2 == 0 { reader } else { stored };
        }
    }
    reader.catch_up(&stack.store, 2).await;
    reader.check_order();
    reader.check_records(&stack.acme).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_disturb_each_other_or_writers() {
    let stack = Stack::start().await;
    let tenant = stack.tenant();
    let mut readers = Vec::new();
    for limit in [1, 3, 50] {
        readers.push((limit, Reader::new(&stack.store, &tenant).await));
    }
    let write = async {
        for round in 0..6 {
            let new: Vec<_> = (0..8).map(|n| numbered(round * 8 + n)).collect();
            let uuids = join_all(new.iter().map(|new| stack.acme.create(new))).await;
            stack.acme.delete(&format!("{CUSTOMERS}/{}", uuids[0])).await.expect(200);
        }
    };
    let read = join_all(readers.iter_mut().map(|(limit, reader)| {
        let store = &stack.store;
        async move {
            while reader.entries.len() < 54 {
                reader.read(store, *limit).await.unwrap();
            }
        }
    }));
    tokio::join!(write, read);
    let key = |entry: &LogEntry| (entry.slot, entry.seq);
    let mut all: Vec<Vec<_>> = Vec::new();
    for (limit, reader) in &mut readers {
        assert!(reader.catch_up(&stack.store, *limit).await.is_empty());
        reader.check_order();
        reader.check_records(&stack.acme).await;
        let mut read: Vec<_> = reader.entries.iter().map(key).collect();
        read.sort_unstable();
        all.push(read);
    }
    assert!(all.windows(2).all(|two| two[0] == two[1]), "{all:?}");
}

#[tokio::test]
async fn idle_poll_is_one_call() {
    let stack = Stack::start().await;
    let faults = Faults::default();
    let (store, tenant) = (faulty_store(&stack, &faults), stack.tenant());
    stack.acme.create(&john()).await;
    let head = store.log_head(&tenant).await.unwrap();
    for (writes, expected) in [(0, 1), (1, 2), (3, 2)] {
        for number in 0..writes {
            stack.acme.create(&numbered(number)).await;
        }
        faults.plan(|_| FaultAction::Pass);
        drop(store.log_read(&tenant, &head, ALL).await.unwrap());
        assert_eq!(faults.clear(), vec!["Query"; expected], "after {writes} writes in one slot");
    }
}

#[tokio::test]
async fn reader_stops_before_an_entry_that_is_not_visible_yet() {
    let stack = Stack::start().await;
    for number in 1..=4 {
        stack.acme.create(&numbered(number)).await;
    }
    let start = stack.store.log_start(&stack.tenant()).await.unwrap();
    let all = batch(&stack, &start).await.entries;
    let slot = all[0].slot;
    for (missing, visible) in [(4, 3), (3, 2), (1, 0)] {
        delete_entry(&stack, slot, missing).await;
        let read = batch(&stack, &start).await;
        assert_eq!((&read.entries[..], read.is_caught_up), (&all[..visible], false));
        let read = batch(&stack, &read.position).await;
        assert_eq!((read.entries.len(), read.position.seq(slot)), (0, missing - 1));
    }
    // Commits become visible within milliseconds of each other. An entry that is missing for hours is lost.
    stack.clock.advance_seconds(2 * 3600);
    assert_eq!(full_pass(&stack, &start).await, FullPassReason::Expired);
}

#[tokio::test]
async fn end_of_the_log_has_a_position_before_all_recent_changes() {
    let stack = Stack::start().await;
    let end = async || {
        let since = stack.clock.ambient().now().plus_seconds(-60);
        stack.store.log_end(&stack.tenant(), since).await.unwrap()
    };
    for number in 1..=40 {
        stack.acme.create(&numbered(number)).await;
    }
    let all_recent = end().await;
    assert_eq!(batch(&stack, &all_recent.before_recent).await.entries.len(), 40);
    stack.clock.advance_seconds(61);
    let none_recent = end().await;
    assert_eq!((&none_recent.head, &none_recent.before_recent), (&all_recent.head, &all_recent.head));
    for number in 41..=43 {
        stack.acme.create(&numbered(number)).await;
    }
    let some_recent = end().await;
    let entries = batch(&stack, &some_recent.before_recent).await.entries;
    // Entries before the recent ones can be among them, but not all.
    assert!((3..43).contains(&entries.len()), "{}", entries.len());
    assert!(batch(&stack, &some_recent.head).await.is_caught_up);
}

#[tokio::test]
async fn reader_that_is_behind_expired_entries_needs_a_full_pass() {
    let stack = Stack::start().await;
    let tenant = stack.tenant();
    let start = stack.store.log_start(&tenant).await.unwrap();
    for number in 1..=3 {
        stack.acme.create(&numbered(number)).await;
        stack.clock.advance_seconds(DAYS_90 / 2);
    }
    let all = batch(&stack, &start).await.entries;
    let slot = all[0].slot;
    // Entries that DynamoDB has not deleted yet can be read.
    assert_eq!(all.len(), 3);
    let oldest = stack.store.log_start(&tenant).await.unwrap();
    assert_eq!(batch(&stack, &oldest).await.entries, all[2..]);
    // DynamoDB deletes expired entries in no order.
    delete_entry(&stack, slot, 2).await;
    assert_eq!(full_pass(&stack, &start).await, FullPassReason::Expired);
    delete_entry(&stack, slot, 1).await;
    assert_eq!(full_pass(&stack, &start).await, FullPassReason::Expired);
    assert_eq!(batch(&stack, &oldest).await.entries, all[2..]);
    // With every entry gone, the moment of the slot's last commit decides.
    delete_entry(&stack, slot, 3).await;
    assert_eq!(full_pass(&stack, &oldest).await, FullPassReason::Expired);
    // The log continues from its head.
    let head = stack.store.log_head(&tenant).await.unwrap();
    stack.clock.advance_seconds(DAYS_90);
    assert_eq!(stack.store.log_start(&tenant).await.unwrap(), head);
    assert!(batch(&stack, &head).await.is_caught_up);
    stack.acme.create(&numbered(4)).await;
    assert_eq!(batch(&stack, &head).await.entries.len(), 1);
}

#[tokio::test]
async fn position_of_another_epoch_needs_a_full_pass() {
    let stack = Stack::start().await;
    let tenant = stack.tenant();
    stack.acme.create(&john()).await;
    let mut positions = vec![stack.store.log_start(&tenant).await.unwrap()];
    for _ in 0..2 {
        positions.push(stack.store.log_head(&tenant).await.unwrap());
        stack.store.log_epoch_renew(&tenant).await.unwrap();
        for position in &positions {
            assert_eq!(full_pass(&stack, position).await, FullPassReason::Restored);
        }
    }
    let head = stack.store.log_head(&tenant).await.unwrap();
    stack.acme.create(&numbered(1)).await;
    assert_eq!(batch(&stack, &head).await.entries.len(), 1);
    // The totals, which are read from the same partition, do not change.
    assert_eq!(stack.acme.get(CUSTOMERS).await.data()["pagination"]["total"], 2);

    // A position ahead of the log belongs to a history that a restore has discarded, or to another tenant.
    let ahead = stack.store.log_head(&tenant).await.unwrap();
    let key = keys::slot(&tenant, batch(&stack, &head).await.entries[0].slot);
    let update = stack.client.update_item().table_name(&stack.table);
    let update =
        update.key(attribute::PK, AttributeValue::S(key.pk)).key(attribute::SK, AttributeValue::S(key.sk));
    let update = update.update_expression("SET seq = :one");
    update.expression_attribute_values(":one", AttributeValue::N("1".into())).send().await.unwrap();
    assert_eq!(full_pass(&stack, &ahead).await, FullPassReason::Restored);
}
