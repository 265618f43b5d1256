//! The doctor: what it finds and repairs, and what is no finding.

use clientele_shared::model::{CustomerFields, MirroredEntity};
use clientele_shared::rules::size;
use clientele_sync_agent::mirror::Finding;
use serde_json::{Value, json};

use super::world::World;

async fn findings(world: &World, repairs: bool) -> Vec<Finding> {
    world.advance(16).await;
    world.death.plan(None);
    world.mirror().doctor(repairs, &mut |_| {}).await.unwrap()
}

#[tokio::test]
async fn names_that_quickbooks_keeps_apart_or_writes_otherwise_are_no_findings() {
    let world = World::start().await;
    let first = world.customer_there(json!({ "DisplayName": "Lagoon Pools" })).await;
    world.edit("Customer", "deactivate", json!({ "Id": first })).await;
    for name in ["Lagoon Pools", "Two  Spaces", &"x".repeat(150)] {
        world.customer_there(json!({ "DisplayName": name })).await;
    }
    world.sync().await;
    assert_eq!(findings(&world, false).await, []);
}

#[tokio::test]
async fn repaired_is_what_is_repaired() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let (tenant, realm) = (world.tenant(), &world.connection.realm);
    let id = world.get(ann).await.fields.quickbooks_id.unwrap().parse().unwrap();
    world.store().link_delete(&tenant, realm, MirroredEntity::Customer, &id).await.unwrap();
    let found = findings(&world, false).await;
    let missing = found.iter().find(|finding| finding.kind == "missing_link").unwrap();
    assert!(!missing.repaired && missing.message.ends_with("; doctor --repair repairs it"), "{missing:?}");
    let found = findings(&world, true).await;
    let missing = found.iter().find(|finding| finding.kind == "missing_link").unwrap();
    assert!(missing.repaired && !missing.message.contains("--repair"), "{missing:?}");
    assert_eq!(findings(&world, false).await, []);
}

/// A customer whose record has no room for another byte.
fn full() -> Value {
    let with_text = |length: usize| {
        let custom = json!({ "text": "x".repeat(length) }).to_string();
        json!({ "first_name": "Ann", "last_name": "Lee", "custom": custom })
    };
    let fits = |length: &usize| {
        size::check(&serde_json::from_value::<CustomerFields>(with_text(*length)).unwrap()).is_ok()
    };
    let most = size::MAX_JSON - 4 * 1024;
    with_text((0..most).rev().find(fits).unwrap())
}

#[tokio::test]
async fn record_without_room_for_the_id_is_mirrored_and_not_repaired() {
    let world = World::start().await;
    world.add(full()).await;
    assert_eq!(world.sync().await.pushed.created, 1);
    assert_eq!(world.sync().await.pushed.created, 0);
    let found = findings(&world, true).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let Finding { kind, message, repaired, .. } = &found[0];
    assert_eq!((*kind, *repaired), ("missing_id", false));
    assert!(message.ends_with("for which it has no room; shorten the customer here"), "{message}");
}
