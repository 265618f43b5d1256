//! Sales and prices of QuickBooks: what the erp API shows of them.

use std::collections::BTreeMap;

use clientele_shared::model::{MirroredEntity, ParkedObject, QuickBooksId, Timestamp};
use clientele_sync_agent::mirror::{MirrorStatus, SyncOptions};
use serde_json::{Value, json};

use super::world::World;

fn line(item: &str, quantity: u32, price: f64) -> Value {
    json!({
        "Amount": f64::from(quantity) * price, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": { "ItemRef": { "value": item }, "Qty": quantity, "UnitPrice": price },
    })
}

/// The orders of a customer as the erp API shows them.
async fn orders(world: &World, customer: &str) -> Vec<Value> {
    let answer = world.stack.acme.get(&format!("/api/customers/{customer}/orders")).await.expect(200);
    answer["data"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
}

#[tokio::test]
async fn invoice_becomes_an_order_and_its_payments_settle_it() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let payer = world.counterpart(ann).await["Id"].clone();
    let item = world
        .edit(
            "Item",
            "create",
            json!({ "Name": "Filter clean", "Sku": "FC-1", "Type": "Service", "UnitPrice": 80,
        "IncomeAccountRef": { "value": "1" } }),
        )
        .await["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    let invoice =
        json!({ "CustomerRef": { "value": payer }, "TxnDate": "2026-11-01", "Line": [line(&item, 2, 80.0)] });
    let invoice = world.edit("Invoice", "create", invoice).await;
    let report = world.sync().await;
    assert_eq!((report.pulled.orders, report.pulled.prices), (1, 1), "{report:#?}");
    let id = format!("cust_{ann}");
    let customer = world.stack.acme.get(&format!("/api/customers/{id}")).await.expect(200);
    assert!(customer.to_string().contains("160"), "{customer:#}");
    let balance =
        world.store().figures_get(&world.tenant(), world.get(ann).await.uuid).await.unwrap().balance;
    assert_eq!(balance.to_string(), "160.00");
    let shown = orders(&world, &id).await;
    assert_eq!(shown.len(), 1, "{shown:#?}");
    for (amount, day) in [(100, "2026-11-11"), (60, "2026-11-21")] {
        let payment = json!({
            "CustomerRef": { "value": payer }, "TotalAmt": amount, "TxnDate": day,
            "Line": [{ "Amount": amount, "LinkedTxn": [{ "TxnId": invoice["Id"], "TxnType": "Invoice" }] }],
        });
        world.edit("Payment", "create", payment).await;
    }
    let report = world.sync().await;
    assert_eq!((report.pulled.orders, report.pulled.payments), (1, 2));
    let figures = world.store().figures_get(&world.tenant(), world.get(ann).await.uuid).await.unwrap();
    assert_eq!(
        (figures.balance.to_string().as_str(), figures.paid_orders, figures.payment_days),
        ("0.00", 1, 20)
    );
    world.check_balances().await;
}

#[tokio::test]
async fn document_that_is_voided_deleted_or_moved_leaves_the_figures() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    let bob = world.add(json!({ "first_name": "Bob", "last_name": "Lee" })).await;
    world.sync().await;
    let (first, second) =
        (world.counterpart(ann).await["Id"].clone(), world.counterpart(bob).await["Id"].clone());
    let mut invoices = Vec::new();
    for price in [10.0, 20.0, 40.0] {
        let invoice = json!({ "CustomerRef": { "value": first }, "Line": [line("1", 1, price)] });
        invoices.push(world.edit("Invoice", "create", invoice).await["Id"].clone());
    }
    world.sync().await;
    world.check_balances().await;
    world.edit("Invoice", "void", json!({ "Id": invoices[0] })).await;
    world.edit("Invoice", "delete", json!({ "Id": invoices[1] })).await;
    world.edit("Invoice", "update", json!({ "Id": invoices[2], "CustomerRef": { "value": second } })).await;
    world.sync().await;
    world.check_balances().await;
    let figures = world.store().figures_get(&world.tenant(), world.get(bob).await.uuid).await.unwrap();
    assert_eq!((figures.orders, figures.lifetime_value.to_string().as_str()), (1, "40.00"));
    let figures = world.store().figures_get(&world.tenant(), world.get(ann).await.uuid).await.unwrap();
    assert_eq!((figures.orders, figures.balance.to_string().as_str()), (0, "0.00"));
    // A full sync finds what was deleted while no sync ran.
    world.edit("Invoice", "delete", json!({ "Id": invoices[2] })).await;
    world.advance(40 * 24 * 3600).await;
    world.sync().await;
    let figures = world.store().figures_get(&world.tenant(), world.get(bob).await.uuid).await.unwrap();
    assert_eq!(figures.orders, 0);
}

#[tokio::test]
async fn sales_of_a_job_are_those_of_the_customer_above_it() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let parent = world.counterpart(ann).await["Id"].clone();
    let job = json!({ "DisplayName": "Pool house", "Job": true, "ParentRef": { "value": parent } });
    let job = world.customer_there(job).await;
    let invoice = json!({ "CustomerRef": { "value": job }, "Line": [line("1", 1, 70.0)] });
    world.edit("Invoice", "create", invoice).await;
    let report = world.sync().await;
    assert_eq!((report.pulled.customers, report.pulled.orders), (0, 1), "{report:#?}");
    world.check_balances().await;
    world.check_agreement().await;
}

#[tokio::test]
async fn item_keeps_its_product_when_it_is_renamed() {
    let world = World::start().await;
    world.sync().await;
    let item =
        json!({ "Name": "Filter", "Type": "Service", "UnitPrice": 30, "IncomeAccountRef": { "value": "1" } });
    let item = world.edit("Item", "create", item).await["Id"].clone();
    assert_eq!(world.sync().await.pulled.prices, 1);
    world.edit("Item", "update", json!({ "Id": item, "Name": "Filter, large", "UnitPrice": 35 })).await;
    assert_eq!(world.sync().await.pulled.prices, 1);
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    let csv = world.stack.acme.get(&format!("/customers/cust_{ann}/pricing/csv")).await;
    assert_eq!(csv.body.matches("Filter").count(), csv.body.matches("35.00").count() + 1, "{}", csv.body);
}

#[tokio::test]
async fn invoice_that_cannot_be_mirrored_is_told_until_it_is_corrected_or_gone() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let payer = world.counterpart(ann).await["Id"].clone();
    let lines: Vec<Value> = (0..501).map(|_| line("1", 1, 1.0)).collect();
    let mut invoices = Vec::new();
    for _ in 0..2 {
        let invoice = json!({ "CustomerRef": { "value": payer }, "Line": lines });
        invoices.push(world.edit("Invoice", "create", invoice).await["Id"].clone());
    }
    for reads in [1, 2] {
        let report = world.sync().await;
        assert_eq!((report.refused, report.pulled.orders, report.calls.reads), (2, 0, reads), "{report:?}");
        assert!(report.unreadable[0].contains("must be at most 500 lines"), "{report:?}");
    }
    let push = SyncOptions { pull: false, ..SyncOptions::default() };
    assert_eq!(world.try_sync(push).await.unwrap().refused, 2);
    let status = MirrorStatus::read(world.store(), &world.tenant(), &world.connection).await.unwrap();
    assert_eq!((status.refused, status.pending), (2, 0));
    world.advance(16).await;
    let found = world.mirror().doctor(false, &mut |_| {}).await.unwrap();
    assert_eq!(found.iter().map(|finding| finding.kind).collect::<Vec<_>>(), ["unreadable"; 2]);
    world.edit("Invoice", "update", json!({ "Id": invoices[0], "Line": [line("1", 1, 1.0)] })).await;
    let report = world.sync().await;
    assert_eq!((report.refused, report.pulled.orders), (1, 1), "{report:?}");
    world.edit("Invoice", "delete", json!({ "Id": invoices[1] })).await;
    assert_eq!(world.sync().await.refused, 0);
    world.check_balances().await;
}

#[tokio::test]
async fn many_documents_that_cannot_be_mirrored_cost_few_reads_and_each_gets_its_turn() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let payer = world.counterpart(ann).await["Id"].clone();
    for _ in 0..120 {
        let invoice = json!({ "CustomerRef": { "value": payer }, "TxnDate": "0001-01-01", "Line": [line("1", 1, 1.0)] });
        world.edit("Invoice", "create", invoice).await;
    }
    assert_eq!(world.sync().await.refused, 120);
    let at = |objects: Vec<ParkedObject>| objects.into_iter().map(|object| (object.id, object.at)).collect();
    let (tenant, realm) = (world.tenant(), &world.connection.realm);
    let parked = || world.store().mirror_parked_objects(&tenant, realm);
    let first: BTreeMap<QuickBooksId, Timestamp> = at(parked().await.unwrap());
    for _ in 0..2 {
        world.advance(16).await;
        let report = world.sync().await;
        // One call for the changes, and one for 100 of the invoices.
        assert_eq!((report.refused, report.calls.reads), (120, 2), "{report:?}");
    }
    let last: BTreeMap<QuickBooksId, Timestamp> = at(parked().await.unwrap());
    assert!(first.iter().all(|(id, at)| last[id] > *at), "one was never tried again");
}

#[tokio::test]
async fn invoice_that_waits_for_its_turn_and_is_mirrored_earlier_is_not_reported() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let payer = world.counterpart(ann).await["Id"].clone();
    let invoice = json!({ "CustomerRef": { "value": payer }, "Line": [line("1", 1, 50.0)] });
    let invoice = world.edit("Invoice", "create", invoice).await["Id"].clone();
    world.sync().await;
    // A hundred that do not exist are tried before it.
    let (tenant, realm) = (world.tenant(), &world.connection.realm);
    let ids = (1..=100).map(|n| format!("{}", 90_000 + n)).chain([invoice.as_str().unwrap().to_owned()]);
    let parked = ids.zip(1..).map(|(id, at)| ParkedObject {
        entity: MirroredEntity::Invoice,
        id: id.parse().unwrap(),
        reason: "was not readable".into(),
        at: Timestamp::from_millis(at),
    });
    let parked: Vec<ParkedObject> = parked.collect();
    world.store().mirror_parked_objects_put(&tenant, realm, &parked).await.unwrap();
    let payment = json!({
        "CustomerRef": { "value": payer }, "TotalAmt": 20,
        "Line": [{ "Amount": 20, "LinkedTxn": [{ "TxnId": invoice, "TxnType": "Invoice" }] }],
    });
    world.edit("Payment", "create", payment).await;
    let report = world.sync().await;
    assert_eq!((report.refused, report.pulled.payments), (0, 1), "{report:?}");
    assert_eq!(world.store().mirror_parked_objects(&tenant, realm).await.unwrap(), []);
    world.check_balances().await;
}
