//! Syncs: what goes to QuickBooks, what comes from there, and what is left alone.

use clientele_shared::model::{Deactivation, Status};
use clientele_sync_agent::mirror::{MirrorStatus, SyncOptions};
use serde_json::{Value, json};

use super::world::World;

#[tokio::test]
async fn first_sync_creates_takes_over_and_leaves_nothing_for_the_second() {
    let world = World::start().await;
    let ann = json!({
        "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "phone": "206-555-0123",
        "physical": { "line1": "1 Main St", "city": "Reno", "state": "NV", "postal_code": "89501", "country": "US" },
    });
    let ann = world.add(ann).await;
    world.add(json!({ "company_name": "Acme: Pools", "notes": "gate code 1" })).await;
    let demo = world.theirs().len();
    let report = world.sync().await;
    assert_eq!((report.pushed.created, report.pushed.linked), (2, 0));
    assert_eq!(world.theirs().len(), demo + 2);
    let there = world.there("Ann Lee");
    assert_eq!(there["PrimaryEmailAddr"]["Address"], "ann@example.com");
    assert_eq!(there["ShipAddr"]["CountrySubDivisionCode"], "NV");
    assert_eq!(world.there("Acme- Pools")["Notes"], "gate code 1");
    // The id in QuickBooks shows in the API that has a field for it.
    assert_eq!(world.get(ann).await.fields.quickbooks_id.as_deref(), there["Id"].as_str());
    world.check_agreement().await;
    let again = world.sync().await;
    assert_eq!((again.pushed.created, again.pushed.updated, again.pulled.customers), (0, 0, 0));
    assert_eq!((again.calls.reads, again.calls.writes), (1, 0));
}

#[tokio::test]
async fn changes_of_different_fields_on_both_sides_are_merged() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee", "phone": "206-555-0123" })).await;
    world.sync().await;
    let id = world.counterpart(ann).await["Id"].clone();
    world.change(ann, json!({ "email": "ann@example.com", "phone": null })).await;
    world.edit("Customer", "update", json!({ "Id": id, "Notes": "prefers mornings" })).await;
    let report = world.sync().await;
    assert_eq!((report.pushed.updated, report.pulled.customers, report.conflicts), (1, 1, 0));
    let there = world.counterpart(ann).await;
    assert_eq!(there["PrimaryEmailAddr"]["Address"], "ann@example.com");
    assert_eq!(there.get("PrimaryPhone"), None);
    assert_eq!(world.get(ann).await.fields.notes.as_deref(), Some("prefers mornings"));
    world.check_agreement().await;
}

#[tokio::test]
async fn customer_that_both_sides_have_is_linked_by_email_or_name_and_not_created_again() {
    let world = World::start().await;
    let by_email = world
        .customer_there(
            json!({ "DisplayName": "A. Lee", "PrimaryEmailAddr": { "Address": "ann@example.com" } }),
        )
        .await;
    let by_name = world.customer_there(json!({ "DisplayName": "bob  stone", "Notes": "VIP" })).await;
    let inactive = world.customer_there(json!({ "DisplayName": "Carl Old" })).await;
    world.edit("Customer", "deactivate", json!({ "Id": inactive })).await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee", "email": "Ann@Example.com" })).await;
    let bob = world.add(json!({ "first_name": "Bob", "last_name": "Stone", "phone": "206-555-0199" })).await;
    let carl = world.add(json!({ "first_name": "Carl", "last_name": "Old" })).await;
    let report = world.sync().await;
    assert_eq!((report.pushed.created, report.pushed.linked), (0, 3), "{report:?}");
    for (number, id) in [(ann, &by_email), (bob, &by_name), (carl, &inactive)] {
        assert_eq!(world.get(number).await.fields.quickbooks_id.as_ref(), Some(id));
    }
    assert_eq!(world.get(bob).await.fields.notes.as_deref(), Some("VIP"));
    assert_eq!(world.counterpart(bob).await["PrimaryPhone"]["FreeFormNumber"], "206-555-0199");
    world.check_agreement().await;
}

#[tokio::test]
async fn email_that_two_customers_have_links_nobody() {
    let world = World::start().await;
    world
        .customer_there(
            json!({ "DisplayName": "Office", "PrimaryEmailAddr": { "Address": "office@example.org" } }),
        )
        .await;
    world.add(json!({ "first_name": "Ann", "last_name": "Lee", "email": "office@example.org" })).await;
    world.add(json!({ "first_name": "Bob", "last_name": "Lee", "email": "office@example.org" })).await;
    let report = world.sync().await;
    assert_eq!((report.pushed.created, report.pushed.linked), (2, 0));
    world.check_agreement().await;
}

#[tokio::test]
async fn name_that_somebody_else_has_gets_our_id() {
    let world = World::start().await;
    world.edit("Vendor", "create", json!({ "DisplayName": "Ann Lee" })).await;
    let first = world.add(json!({ "first_name": "Ann", "last_name": "Lee", "email": "a@example.com" })).await;
    let second =
        world.add(json!({ "first_name": "Ann", "last_name": "Lee", "email": "b@example.com" })).await;
    let report = world.sync().await;
    assert_eq!((report.pushed.created, report.refused), (2, 0));
    for number in [first, second] {
        assert_eq!(world.counterpart(number).await["DisplayName"], format!("Ann Lee (cust_{number})"));
    }
    // A vendor takes the name of a customer that is about to be renamed.
    world.edit("Vendor", "create", json!({ "DisplayName": "Ann Stone" })).await;
    world.change(first, json!({ "last_name": "Stone" })).await;
    world.sync().await;
    assert_eq!(world.counterpart(first).await["DisplayName"], format!("Ann Stone (cust_{first})"));
    world.check_agreement().await;
}

#[tokio::test]
async fn name_that_a_person_gave_in_quickbooks_stays() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let id = world.counterpart(ann).await["Id"].clone();
    world.edit("Customer", "update", json!({ "Id": id, "DisplayName": "Lee, Ann (pool)" })).await;
    world.sync().await;
    world.change(ann, json!({ "last_name": "Stone" })).await;
    world.sync().await;
    let there = world.counterpart(ann).await;
    assert_eq!((&there["DisplayName"], &there["FamilyName"]), (&json!("Lee, Ann (pool)"), &json!("Stone")));
    world.check_agreement().await;
}

#[tokio::test]
async fn deletion_and_inactivity_deactivate_there_and_back() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    let bob = world.add(json!({ "first_name": "Bob", "last_name": "Stone" })).await;
    let carl = world.add(json!({ "first_name": "Carl", "last_name": "Old", "status": "INACTIVE" })).await;
    world.sync().await;
    assert_eq!(world.counterpart(carl).await["Active"], json!(false));
    world.delete(ann).await;
    world.change(bob, json!({ "status": "INACTIVE" })).await;
    let report = world.sync().await;
    assert_eq!(report.pushed.deactivated, 2);
    world.check_agreement().await;
    let id = world.counterpart(bob).await["Id"].clone();
    world.edit("Customer", "update", json!({ "Id": id, "Active": true })).await;
    world.sync().await;
    assert_eq!(world.get(bob).await.fields.status, Status::Active);
    let id = world.counterpart(bob).await["Id"].clone();
    world.edit("Customer", "deactivate", json!({ "Id": id })).await;
    world.sync().await;
    assert_eq!(world.get(bob).await.fields.status, Status::Inactive);
    // An older state of ours does not revive it.
    world.sync().await;
    assert_eq!(world.counterpart(bob).await["Active"], json!(false));
    world.check_agreement().await;
}

#[tokio::test]
async fn customer_that_is_merged_there_becomes_inactive_here_and_is_not_created_again() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    let double = world.add(json!({ "first_name": "Anne", "last_name": "Lee" })).await;
    world.sync().await;
    let (survivor, merged) =
        (world.counterpart(ann).await["Id"].clone(), world.counterpart(double).await["Id"].clone());
    world.edit("Customer", "merge", json!({ "Id": survivor, "deletedId": merged })).await;
    for _ in 0..2 {
        world.sync().await;
        let gone = world.get(double).await;
        assert_eq!((gone.fields.status, gone.fields.quickbooks_id), (Status::Inactive, None));
    }
    world.change(double, json!({ "status": "ACTIVE" })).await;
    let report = world.sync().await;
    assert_eq!(report.pushed.created, 1);
    world.check_agreement().await;
}

#[tokio::test]
async fn one_direction_leaves_the_other_for_later() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let id = world.counterpart(ann).await["Id"].clone();
    world.change(ann, json!({ "phone": "206-555-0123" })).await;
    world.edit("Customer", "update", json!({ "Id": id, "Notes": "n" })).await;
    let pull = SyncOptions { push: false, ..SyncOptions::default() };
    let report = world.try_sync(pull).await.unwrap();
    assert_eq!((report.pushed.updated, report.pulled.customers), (0, 1));
    assert_eq!(world.counterpart(ann).await.get("PrimaryPhone"), None);
    let push = SyncOptions { pull: false, ..SyncOptions::default() };
    assert_eq!(world.try_sync(push).await.unwrap().pushed.updated, 1);
    world.check_agreement().await;
}

#[tokio::test]
async fn plan_tells_every_change_and_makes_none() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let id = world.counterpart(ann).await["Id"].clone();
    world.change(ann, json!({ "phone": "206-555-0123", "email": "ours@example.com" })).await;
    let edit = json!({ "Id": id, "Notes": "n", "PrimaryEmailAddr": { "Address": "theirs@example.com" } });
    world.edit("Customer", "update", edit).await;
    world.add(json!({ "first_name": "Bob", "last_name": "Stone" })).await;
    world.add(json!({ "notes": "nameless" })).await;
    world.customer_there(json!({ "DisplayName": "Acme" })).await;
    let (ours, theirs) = (world.ours().await, world.theirs());
    let before = world.calls_after(0).await.len();
    let plan = serde_json::to_value(world.plan().await).unwrap();
    let calls = world.calls_after(0).await;
    assert!(calls[before..].iter().all(|call| call["method"] == "GET"), "{calls:#?}");
    assert_eq!((world.ours().await, world.theirs()), (ours, theirs));
    let names = |list: &str| -> Vec<Value> {
        plan[list].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect()
    };
    assert_eq!(names("create"), [json!("Bob Stone")]);
    assert_eq!(plan["update"][0]["changes"]["phone"], json!({ "old": null, "new": "206-555-0123" }));
    assert_eq!(plan["pull"][0]["changes"]["notes"], json!({ "old": null, "new": "n" }));
    assert_eq!(names("pull"), [json!("Ann Lee"), json!("Acme")]);
    assert_eq!(plan["conflicts"][0]["field"], "email");
    assert_eq!(plan["conflicts"][0]["id"], format!("cust_{ann}"));
    assert_eq!(plan["refused"].as_array().unwrap().len(), 1);
    // The sync does what was planned.
    let report = world.sync().await;
    assert_eq!(
        (report.pushed.created, report.pushed.updated, report.conflicts, report.refused),
        (1, 1, 1, 1)
    );
}

#[tokio::test]
async fn other_setting_of_deactivation_applies_to_every_customer() {
    let mut world = World::start().await;
    world.connection.settings.deactivation = Deactivation::Deleted;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee", "status": "INACTIVE" })).await;
    world.sync().await;
    assert_eq!(world.counterpart(ann).await["Active"], true);
    assert_eq!(world.sync().await.calls.reads, 1);
    world.connection.settings.deactivation = Deactivation::Inactive;
    let status = MirrorStatus::read(world.store(), &world.tenant(), &world.connection).await.unwrap();
    assert_ne!(status.pending, 0);
    assert_eq!(world.sync().await.pushed.deactivated, 1);
    assert_eq!(world.counterpart(ann).await["Active"], false);
    assert_eq!(world.sync().await.calls.reads, 1);
    world.check_agreement().await;
}
