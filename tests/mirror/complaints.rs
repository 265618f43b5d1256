//! The ten complaints that people have most often about connectors to QuickBooks: each is handled, or reported in plain words.

use clientele_sync_agent::mirror::{MirrorError, SyncOptions};
use clientele_sync_agent::quickbooks::QuickBooksError;
use http::Method;
use serde_json::{Value, json};

use super::world::World;

/// A world with a linked customer.
async fn with_ann() -> (World, clientele_shared::model::CustomerNumber) {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    (world, ann)
}

async fn failure(world: &World) -> QuickBooksError {
    match world.try_sync(SyncOptions::default()).await.unwrap_err() {
        MirrorError::QuickBooks(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn c01_lost_authorization_is_reported_and_nothing_is_lost() {
    let (world, ann) = with_ann().await;
    world.change(ann, json!({ "notes": "n" })).await;
    world.control(Method::POST, "/stand-in/revoke", Value::Null).await;
    let error = failure(&world).await;
    assert!(matches!(error, QuickBooksError::AuthorizationEnded), "{error}");
    assert!(error.to_string().contains("sync-agent connect"), "{error}");
    world.reconnect();
    assert_eq!(world.sync().await.pushed.updated, 1);
    world.check_agreement().await;
}

#[tokio::test]
async fn c02_rotated_tokens_are_kept_from_run_to_run() {
    let (world, ann) = with_ann().await;
    world.switch("refresh_token_rotation", json!("every_time")).await;
    for day in 0..4 {
        world.advance(26 * 3600).await;
        world.change(ann, json!({ "notes": format!("day {day}") })).await;
        assert_eq!(world.sync().await.pushed.updated, 1);
    }
}

#[tokio::test]
async fn c03_lost_answer_makes_no_duplicate() {
    for fault in ["drop_after", "timeout", "drop_before", "status_500", "fault_in_200"] {
        let world = World::start().await;
        world.sync().await;
        for n in 0..35 {
            world.add(json!({ "first_name": "Cus", "last_name": format!("Tomer {n}") })).await;
        }
        world.fault(json!({ "match": { "operation": "batch" }, "after": 0, "times": 1, "do": fault })).await;
        let first = world.try_sync(SyncOptions::default()).await;
        let second = world.sync().await;
        world.check_agreement().await;
        assert_eq!(
            world.theirs().iter().filter(|c| c.get("GivenName") == Some(&json!("Cus"))).count(),
            35,
            "{fault} {first:?} {second:?}"
        );
    }
}

#[tokio::test]
async fn c04_name_of_a_vendor_or_employee_gets_our_id() {
    let (world, _) = with_ann().await;
    world.edit("Vendor", "create", json!({ "DisplayName": "Pool Parts" })).await;
    world.edit("Employee", "create", json!({ "GivenName": "Bob", "FamilyName": "Stone" })).await;
    let parts = world.add(json!({ "company_name": "Pool Parts" })).await;
    let bob = world.add(json!({ "first_name": "Bob", "last_name": "Stone" })).await;
    assert_eq!(world.sync().await.refused, 0);
    assert_eq!(world.counterpart(parts).await["DisplayName"], format!("Pool Parts (cust_{parts})"));
    assert_eq!(world.counterpart(bob).await["DisplayName"], format!("Bob Stone (cust_{bob})"));
}

#[tokio::test]
async fn c05_stale_object_is_read_again_and_merged() {
    let (world, ann) = with_ann().await;
    let id = world.counterpart(ann).await["Id"].clone();
    world.change(ann, json!({ "phone": "206-555-0123" })).await;
    world.edit("Customer", "update", json!({ "Id": id, "Notes": "typed while we wrote" })).await;
    // Without a pull, the run does not know of the edit before QuickBooks refuses its version.
    let push = SyncOptions { pull: false, ..SyncOptions::default() };
    assert_eq!(world.try_sync(push).await.unwrap().pushed.updated, 1);
    world.check_agreement().await;
    assert_eq!(world.get(ann).await.fields.notes.as_deref(), Some("typed while we wrote"));
}

#[tokio::test]
async fn c06_throttling_is_waited_out() {
    let (world, ann) = with_ann().await;
    world.change(ann, json!({ "notes": "n" })).await;
    world.fault(json!({ "match": {}, "after": 0, "times": 3, "do": "throttle" })).await;
    assert_eq!(world.sync().await.pushed.updated, 1);
    world.check_agreement().await;
}

#[tokio::test]
async fn c07_deleted_and_inactive_objects_are_seen() {
    let (world, ann) = with_ann().await;
    let id = world.counterpart(ann).await["Id"].clone();
    let line = json!({ "Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": { "ItemRef": { "value": "1" } } });
    let invoice = json!({ "CustomerRef": { "value": id }, "Line": [line] });
    let invoice = world.edit("Invoice", "create", invoice).await["Id"].clone();
    world.sync().await;
    world.edit("Invoice", "delete", json!({ "Id": invoice })).await;
    world.edit("Customer", "deactivate", json!({ "Id": id })).await;
    let report = world.sync().await;
    assert_eq!((report.pulled.orders, report.pulled.customers), (1, 1));
    world.check_agreement().await;
    world.check_balances().await;
}

#[tokio::test]
async fn c08_customer_that_was_made_inactive_is_not_written_to_blindly() {
    let (world, ann) = with_ann().await;
    let id = world.counterpart(ann).await["Id"].clone();
    world.edit("Customer", "deactivate", json!({ "Id": id })).await;
    world.change(ann, json!({ "notes": "n" })).await;
    let report = world.sync().await;
    assert_eq!((report.refused, report.conflicts), (0, 0), "{report:?}");
    world.check_agreement().await;
    assert_eq!(world.counterpart(ann).await["Active"], json!(false));
}

#[tokio::test]
async fn c09_illegal_characters_are_replaced_and_never_block_others() {
    let (world, _) = with_ann().await;
    world.switch("character_set", json!("iso_8859_1")).await;
    let odd = world
        .add(json!({ "first_name": "Rob:\tBarnett", "last_name": "Wichterlová 🏊", "notes": "čau" }))
        .await;
    let foreign = world.add(json!({ "company_name": "日本プール" })).await;
    let plain = world.add(json!({ "first_name": "Plain", "last_name": "Jane" })).await;
    let report = world.sync().await;
    assert_eq!((report.pushed.created, report.refused), (2, 1), "{report:?}");
    assert_eq!(world.counterpart(odd).await["DisplayName"], "Rob- Barnett Wichterlová");
    assert_eq!(world.counterpart(odd).await["Notes"], "cau");
    // Our own record keeps what was typed.
    assert_eq!(world.get(odd).await.fields.first_name.as_deref(), Some("Rob:\tBarnett"));
    world.counterpart(plain).await;
    let parked = world.store().mirror_parked(&world.tenant(), &world.connection.realm).await.unwrap();
    assert_eq!((parked.len(), parked[0].number), (1, foreign));
    world.check_agreement().await;
}

#[tokio::test]
async fn c10_odd_error_bodies_are_understood() {
    for fault in ["xml_error", "fault_in_200", "status_503", "unauthorized"] {
        let (world, ann) = with_ann().await;
        world.change(ann, json!({ "notes": "n" })).await;
        world.fault(json!({ "match": {}, "after": 1, "times": 1, "do": fault })).await;
        let first = world.try_sync(SyncOptions::default()).await;
        world.sync().await;
        world.check_agreement().await;
        assert_eq!(world.counterpart(ann).await["Notes"], "n", "{fault}: {first:?}");
    }
}
