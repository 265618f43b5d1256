//! Syncs: what goes to QuickBooks, what comes from there, and what is left alone.

use serde_json::json;

use super::world::World;

#[tokio::test]
async fn first_sync_creates_links_and_takes_over() {
    let world = World::start().await;
    let ann = json!({ "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "phone": "206-555-0123" });
    world.stack.acme.create(&ann).await;
    world.stack.acme.create(&json!({ "company_name": "Acme: Pools", "notes": "gate code 1" })).await;
    let demo = world.theirs().len();
    let report = world.sync().await;
    println!("{report:#?}");
    assert_eq!(report.pushed.created, 2);
    assert_eq!(world.theirs().len(), demo + 2);
    world.check_agreement().await;
    let there = world.there("Ann Lee");
    assert_eq!(there["PrimaryEmailAddr"]["Address"], "ann@example.com");
    assert_eq!(world.there("Acme- Pools")["Notes"], "gate code 1");
    let again = world.sync().await;
    println!("{again:#?}");
    assert_eq!((again.pushed.created, again.pushed.updated, again.pulled.customers), (0, 0, 0));
    assert_eq!((again.calls.reads, again.calls.writes), (1, 0));
}
