//! `sync-scheduled`: on a schedule.

use clientele_shared::model::Mode;
use clientele_sync_agent::scheduled::sync::ScheduledError;
use serde_json::json;

use super::COMPANY;
use super::schedule::Schedule;
use crate::support::Stack;

/// A second company.
const OTHER: &str = "9341453908217615";

/// How long a lease is held after its run was interrupted, in seconds.
const LEASE: i64 = 15;

#[tokio::test]
async fn all_connected_companies_are_synced_each_with_its_own_tenant() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config);
    let acme = schedule.company("acme", Mode::Live, COMPANY).await;
    let bolt = schedule.company("bolt", Mode::Test, OTHER).await;
    stack.store.tenant_create(&"unconnected".parse().unwrap()).await.unwrap();
    acme.add("Ann", 2).await;
    bolt.add("Bob", 1).await;
    let all_synced = json!({ "companies": 2, "synced": 2, "later": 0 });
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), all_synced);
    assert_eq!((acme.count_there("Ann"), acme.count_there("Bob")), (2, 0));
    assert_eq!((bolt.count_there("Ann"), bolt.count_there("Bob")), (0, 1));
    // The customers of the demo company came to both.
    let linked = acme.count_linked().await;
    assert!(linked > 2, "{linked}");
    assert_eq!(bolt.count_linked().await, linked - 1);
    // An event can name one of them.
    let (before, other) = (acme.calls(), bolt.calls());
    let one = json!({ "tenant": "bolt", "mode": "test" });
    assert_eq!(schedule.invoke(one).await.unwrap(), json!({ "companies": 1, "synced": 1, "later": 0 }));
    assert_eq!((acme.calls(), bolt.calls()), (before, other + 1));
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), all_synced);
    assert_eq!((acme.calls(), bolt.calls()), (before + 1, other + 2));
}

#[tokio::test]
async fn company_that_needs_a_person_fails_the_invocation_after_the_others_are_synced() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config);
    let acme = schedule.company("acme", Mode::Live, COMPANY).await;
    let bolt = schedule.company("bolt", Mode::Live, OTHER).await;
    bolt.add("Bob", 1).await;
    acme.revoke();
    let error = schedule.invoke(json!({})).await.unwrap_err();
    assert!(matches!(error, ScheduledError::Failed { failed: 1, companies: 2 }), "{error}");
    assert_eq!(error.to_string(), "1 of 2 companies cannot be synced; the log has the reason of each");
    assert_eq!(bolt.count_there("Bob"), 1);
    assert!(schedule.invoke(json!({ "tenant": "bolt" })).await.is_ok());
}

#[tokio::test]
async fn first_sync_whose_time_runs_out_is_continued_without_duplicates() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config);
    let acme = schedule.company("acme", Mode::Live, COMPANY).await;
    let bolt = schedule.company("bolt", Mode::Live, OTHER).await;
    acme.add("Ann", 70).await;
    // Of 70 seconds, 30 are in reserve.
    acme.jump_at_batch(2, 50);
    let response = schedule.invoke_for(json!({}), 70).await.unwrap();
    assert_eq!(response, json!({ "companies": 2, "synced": 0, "later": 2 }));
    assert_eq!((acme.count_there("Ann"), bolt.calls()), (60, 0));
    let response = schedule.invoke(json!({})).await.unwrap();
    assert_eq!(response, json!({ "companies": 2, "synced": 2, "later": 0 }));
    assert_eq!(acme.count_there("Ann"), 70);
    assert_eq!(acme.count_linked().await, 70 + bolt.count_linked().await);
}

#[tokio::test]
async fn sync_that_is_interrupted_within_a_call_is_continued_when_its_lease_has_ended() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config);
    let acme = schedule.company("acme", Mode::Live, COMPANY).await;
    acme.add("Ann", 70).await;
    acme.jump_at_batch(2, 66);
    let later = json!({ "companies": 1, "synced": 0, "later": 1 });
    assert_eq!(schedule.invoke_for(json!({}), 70).await.unwrap(), later);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), later, "the lease is still held");
    stack.clock.advance_seconds(LEASE + 1);
    let response = schedule.invoke(json!({})).await.unwrap();
    assert_eq!(response, json!({ "companies": 1, "synced": 1, "later": 0 }));
    assert_eq!(acme.count_there("Ann"), 70);
}

#[tokio::test]
async fn busy_company_is_synced_later_and_fails_after_a_day() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config);
    let acme = schedule.company("acme", Mode::Live, COMPANY).await;
    acme.occupy(48 * 3600).await;
    let later = json!({ "companies": 1, "synced": 0, "later": 1 });
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), later);
    stack.clock.advance_seconds(24 * 3600);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), later);
    stack.clock.advance_seconds(1);
    assert!(schedule.invoke(json!({})).await.is_err());
    stack.clock.advance_seconds(24 * 3600);
    // The access token has ended by then, and is refreshed.
    let response = schedule.invoke(json!({})).await.unwrap();
    assert_eq!(response, json!({ "companies": 1, "synced": 1, "later": 0 }));
}

#[tokio::test]
async fn wrong_events_are_refused_with_what_to_correct() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), json!({ "companies": 0, "synced": 0, "later": 0 }));
    for (event, expected) in [
        (json!({ "tenant": "acme" }), "tenant acme is not connected to QuickBooks"),
        (json!({ "tenant": "bolt", "mode": "test" }), "tenant bolt is not connected to QuickBooks"),
        (json!({ "tenant": "Acme!" }), "correct the schedule"),
        (json!({ "mode": "sandbox" }), "correct the schedule"),
        (json!({ "tenants": ["acme"] }), "correct the schedule"),
        (json!("acme"), "correct the schedule"),
    ] {
        let error = schedule.invoke(event).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
