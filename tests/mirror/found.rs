//! Sequences that the simulation found, as short as they can be.

use clientele_shared::model::Deactivation;
use serde_json::{Value, json};

use super::world::{Kill, World};

/// How long it takes until a change is no longer read again, in seconds.
const LATER: i64 = 60;

fn invoice(customer: &Value, price: i64) -> Value {
    json!({
        "CustomerRef": { "value": customer },
        "Line": [{
            "Amount": price, "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": { "ItemRef": { "value": "1" }, "Qty": 1, "UnitPrice": price },
        }],
    })
}

/// A world with two customers, of which the second has a job with an invoice. Returns the ids of the three in QuickBooks.
async fn with_job() -> (World, [Value; 3]) {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    let bob = world.add(json!({ "first_name": "Bob", "last_name": "Stone" })).await;
    world.sync().await;
    world.advance(LATER).await;
    let (ann, bob) = (world.counterpart(ann).await["Id"].clone(), world.counterpart(bob).await["Id"].clone());
    let job = json!({ "DisplayName": "Pool house", "Job": true, "ParentRef": { "value": bob } });
    let job = Value::from(world.customer_there(job).await);
    world.edit("Invoice", "create", invoice(&job, 70)).await;
    assert_eq!(world.sync().await.unreadable, [""; 0]);
    world.check_balances().await;
    world.advance(LATER).await;
    (world, [ann, bob, job])
}

#[tokio::test]
async fn sales_of_a_job_follow_the_customer_into_which_the_one_above_it_is_merged() {
    let (world, [ann, bob, _]) = with_job().await;
    world.edit("Customer", "merge", json!({ "Id": ann, "deletedId": bob })).await;
    world.sync().await;
    world.check_balances().await;
    world.check_agreement().await;
}

#[tokio::test]
async fn sales_of_a_job_follow_it_to_another_customer() {
    let (world, [ann, _, job]) = with_job().await;
    world.edit("Customer", "update", json!({ "Id": job, "Job": true, "ParentRef": { "value": ann } })).await;
    world.sync().await;
    world.check_balances().await;
}

#[tokio::test]
async fn job_that_becomes_a_customer_of_its_own_is_one_here() {
    let (world, [_, _, job]) = with_job().await;
    world.edit("Customer", "update", json!({ "Id": job, "Job": false, "ParentRef": null })).await;
    assert_eq!(world.sync().await.pulled.customers, 1);
    assert_eq!(world.here(job.as_str().unwrap()).await.fields.company_name.as_deref(), Some("Pool house"));
    world.check_balances().await;
    world.check_agreement().await;
}

#[tokio::test]
async fn customer_that_becomes_a_job_stays_a_customer_here() {
    let (world, [ann, bob, _]) = with_job().await;
    let job = json!({ "Id": bob, "Job": true, "ParentRef": { "value": ann }, "Notes": "n" });
    world.edit("Customer", "update", job).await;
    world.sync().await;
    assert_eq!(world.here(bob.as_str().unwrap()).await.fields.notes.as_deref(), Some("n"));
}

#[tokio::test]
async fn customer_that_is_restored_gets_another_name_if_its_own_is_taken() {
    let world = World::start().await;
    let acme = world.customer_there(json!({ "DisplayName": "Acme" })).await;
    world.sync().await;
    let number = world.here(&acme).await.number;
    world.delete(number).await;
    world.sync().await;
    assert_eq!(world.counterpart(number).await["DisplayName"], "Acme (deleted)");
    world.edit("Vendor", "create", json!({ "DisplayName": "Acme" })).await;
    let uuid = world.tenant().customer_uuid(number);
    let restored = clientele_shared::store::Write::plain();
    world.store().customer_restore(&world.tenant(), uuid, restored).await.unwrap();
    assert_eq!(world.sync().await.refused, 0);
    assert_eq!(world.counterpart(number).await["DisplayName"], format!("Acme (cust_{number})"));
    world.check_agreement().await;
}

#[tokio::test]
async fn merged_customer_is_not_created_again_whichever_customers_are_deactivated() {
    for deactivation in [Deactivation::Deleted, Deactivation::Never] {
        let mut world = World::start().await;
        world.connection.settings.deactivation = deactivation;
        let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
        let double = world.add(json!({ "first_name": "Anne", "last_name": "Lee" })).await;
        world.sync().await;
        let (ann, merged) =
            (world.counterpart(ann).await["Id"].clone(), world.counterpart(double).await["Id"].clone());
        world.edit("Customer", "merge", json!({ "Id": ann, "deletedId": merged })).await;
        for _ in 0..2 {
            assert_eq!(world.sync().await.pushed.created, 0);
        }
        world.change(double, json!({ "notes": "still inactive" })).await;
        assert_eq!(world.sync().await.pushed.created, 0);
        world.change(double, json!({ "status": "ACTIVE" })).await;
        assert_eq!(world.sync().await.pushed.created, 1);
    }
}

#[tokio::test]
async fn customer_that_was_refused_is_not_forgotten_by_an_interrupted_run() {
    let world = World::start().await;
    world.switch("deactivate_with_balance", json!("refused")).await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let id = world.counterpart(ann).await["Id"].clone();
    let invoice = world.edit("Invoice", "create", invoice(&id, 70)).await;
    world.delete(ann).await;
    assert_eq!(world.sync().await.refused, 1);
    let mut at = 1;
    while world.sync_killed(Kill { at, after: true }).await {
        let parked = world.store().mirror_parked(&world.tenant(), &world.connection.realm).await.unwrap();
        assert_eq!(parked.len(), 1, "killed after {:?}", world.death.names());
        at += 1;
    }
    world.edit("Invoice", "delete", json!({ "Id": invoice["Id"] })).await;
    assert_eq!(world.sync().await.pushed.deactivated, 1);
    world.check_agreement().await;
}
