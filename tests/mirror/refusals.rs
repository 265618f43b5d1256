//! Customers that QuickBooks cannot take, and companies that cannot be used: a plain message, and nothing is written.

use clientele_sync_agent::mirror::{MirrorError, SyncOptions};
use clientele_sync_agent::quickbooks::QuickBooksError;
use serde_json::json;

use super::world::World;

async fn reasons(world: &World) -> Vec<String> {
    let parked = world.store().mirror_parked(&world.tenant(), &world.connection.realm).await.unwrap();
    parked.into_iter().map(|parked| parked.reason).collect()
}

#[tokio::test]
async fn customer_that_quickbooks_cannot_take_is_named_and_written_once_it_can() {
    let world = World::start().await;
    world.sync().await;
    let before = world.theirs().len();
    let nameless = world.add(json!({ "notes": "no name" })).await;
    let email = world.add(json!({ "first_name": "Ann", "email": "not an email" })).await;
    let currency = world.add(json!({ "first_name": "Bob", "currency": "EUR" })).await;
    let report = world.sync().await;
    assert_eq!((report.refused, report.pushed.created, report.calls.writes), (3, 0, 0));
    assert_eq!(world.theirs().len(), before);
    let all = reasons(&world).await;
    for (reason, words) in
        all.iter().zip(["requires a name; add one", "email is not an email address", "is in EUR"])
    {
        assert!(reason.contains(words), "{reason}");
    }
    world.change(nameless, json!({ "company_name": "Now Named" })).await;
    world.change(email, json!({ "email": "ann@example.com" })).await;
    world.change(currency, json!({ "currency": null })).await;
    let report = world.sync().await;
    assert_eq!((report.refused, report.pushed.created), (0, 3));
    assert!(reasons(&world).await.is_empty());
    world.check_agreement().await;
}

#[tokio::test]
async fn corrected_customer_is_created_once_and_under_its_own_name() {
    let world = World::start().await;
    world.sync().await;
    let euro = world.add(json!({ "company_name": "Euro Pools", "currency": "EUR" })).await;
    assert_eq!(world.sync().await.refused, 1);
    // It is both among the refused ones and among those that changed.
    world.change(euro, json!({ "currency": "USD" })).await;
    let created: Vec<String> = world.plan().await.create.into_iter().map(|planned| planned.name).collect();
    assert_eq!(created, ["Euro Pools"]);
    let report = world.sync().await;
    assert_eq!((report.refused, report.pushed.created), (0, 1));
    assert_eq!(world.counterpart(euro).await["DisplayName"], "Euro Pools");
    world.check_agreement().await;
}

#[tokio::test]
async fn currency_of_another_country_needs_multicurrency() {
    let mut world = World::start().await;
    world.connection.is_multicurrency = true;
    let bob = world.add(json!({ "first_name": "Bob", "currency": "EUR" })).await;
    assert_eq!(world.sync().await.refused, 0);
    assert_eq!(world.counterpart(bob).await["CurrencyRef"]["value"], "EUR");
}

#[tokio::test]
async fn multicurrency_that_is_turned_on_later_is_noticed() {
    let world = World::start().await;
    let bob = world.add(json!({ "first_name": "Bob", "currency": "EUR" })).await;
    assert_eq!(world.sync().await.refused, 1);
    assert_eq!(world.sync().await.refused, 1);
    let currencies = json!({ "MultiCurrencyEnabled": true, "HomeCurrency": { "value": "USD" } });
    world.edit("Preferences", "update", json!({ "Id": "1", "CurrencyPrefs": currencies })).await;
    assert_eq!(world.sync().await.refused, 0);
    assert_eq!(world.counterpart(bob).await["CurrencyRef"]["value"], "EUR");
    let carl = world.add(json!({ "first_name": "Carl", "currency": "CAD" })).await;
    assert_eq!(world.sync().await.refused, 0);
    assert_eq!(world.counterpart(carl).await["CurrencyRef"]["value"], "CAD");
}

#[tokio::test]
async fn masked_tax_number_survives_every_write() {
    for clears in ["empty_or_null", "empty", "null", "never"] {
        let world = World::start().await;
        world.switch("sparse_clear", json!(clears)).await;
        let ann = world
            .add(json!({ "first_name": "Ann", "last_name": "Lee", "notes": "n", "phone": "206-555-0123" }))
            .await;
        world.sync().await;
        let id = world.counterpart(ann).await["Id"].clone();
        let edit = json!({ "Id": id, "PrimaryTaxIdentifier": "123-45-6789", "ResaleNum": "R-1" });
        world.edit("Customer", "update", edit).await;
        world.sync().await;
        world.change(ann, json!({ "notes": null, "phone": "206-555-0199" })).await;
        let report = world.sync().await;
        let there = world.counterpart(ann).await;
        assert_eq!(
            (&there["PrimaryTaxIdentifier"], &there["ResaleNum"]),
            (&json!("123-45-6789"), &json!("R-1"))
        );
        assert_eq!(there["PrimaryPhone"]["FreeFormNumber"], "206-555-0199");
        // Where a sparse update does not clear a field, only a full one would, which would lose the tax number.
        let is_cleared = !there.contains_key("Notes");
        assert_eq!(report.refused, usize::from(!is_cleared), "{clears}: {report:?}");
        if !is_cleared {
            let reason = reasons(&world).await.remove(0);
            assert!(reason.contains("does not clear notes"), "{reason}");
        }
    }
}

#[tokio::test]
async fn field_that_a_sparse_update_does_not_clear_is_cleared_by_a_full_one() {
    for clears in ["empty", "null", "never"] {
        let world = World::start().await;
        world.switch("sparse_clear", json!(clears)).await;
        world.switch("sparse_sub_object", json!("merge")).await;
        let address = json!({ "line1": "1 Main St", "line2": "Unit 2", "city": "Reno" });
        let ann = json!({ "first_name": "Ann", "last_name": "Lee", "notes": "n", "billing": address });
        let ann = world.add(ann).await;
        world.sync().await;
        let id = world.counterpart(ann).await["Id"].clone();
        world.edit("Customer", "update", json!({ "Id": id, "ResaleNum": "R-1" })).await;
        world
            .change(ann, json!({ "notes": null, "billing": { "line1": "1 Main St", "city": "Reno" } }))
            .await;
        assert_eq!(world.sync().await.refused, 0);
        let there = world.counterpart(ann).await;
        assert!(!there.contains_key("Notes"), "{clears}: {there:#?}");
        assert_eq!(there["ResaleNum"], "R-1");
        world.check_agreement().await;
    }
}

#[tokio::test]
async fn company_that_cannot_be_used_stops_the_run_before_anything_is_written() {
    for (status, is_expected) in [
        (
            "lapsed",
            (|error| matches!(error, QuickBooksError::SubscriptionLapsed(_))) as fn(&QuickBooksError) -> bool,
        ),
        ("access_lost", |error| matches!(error, QuickBooksError::AccessLost)),
    ] {
        let world = World::start().await;
        world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
        let before = world.theirs().len();
        world.switch("company_status", json!(status)).await;
        let error = world.try_sync(SyncOptions::default()).await.unwrap_err();
        assert!(matches!(&error, MirrorError::QuickBooks(error) if is_expected(error)), "{status}: {error}");
        assert_eq!(world.theirs().len(), before);
        world.switch("company_status", json!("active")).await;
        assert_eq!(world.sync().await.pushed.created, 1);
        world.check_agreement().await;
    }
}

#[tokio::test]
async fn offline_is_told_and_the_next_run_goes_on() {
    let world = World::start().await;
    world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.set_offline(true);
    let error = world.try_sync(SyncOptions::default()).await.unwrap_err();
    assert!(matches!(error, MirrorError::QuickBooks(QuickBooksError::Offline)), "{error}");
    world.set_offline(false);
    assert_eq!(world.sync().await.pushed.created, 1);
    world.check_agreement().await;
}

#[tokio::test]
async fn second_run_waits_for_the_first_and_for_a_killed_one_no_longer_than_15_seconds() {
    let world = World::start().await;
    world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    assert!(world.sync_killed(super::world::Kill { at: 12, after: false }).await);
    let busy = world.mirror().sync(SyncOptions::default(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(busy, MirrorError::Busy(_)), "{busy}");
    world.advance(16).await;
    world.mirror().sync(SyncOptions::default(), &mut |_| {}).await.unwrap();
    world.check_agreement().await;
}

#[tokio::test]
async fn customer_that_becomes_too_large_waits_and_the_others_go_on() {
    let world = World::start().await;
    let large = json!({ "text": "x".repeat(43_500) }).to_string();
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee", "custom": large })).await;
    let bob = world.add(json!({ "first_name": "Bob", "last_name": "Lee" })).await;
    world.sync().await;
    for (number, notes) in [(ann, "n".repeat(2_000)), (bob, "new".to_owned())] {
        let id = world.counterpart(number).await["Id"].clone();
        world.edit("Customer", "update", json!({ "Id": id, "Notes": notes })).await;
    }
    world.change(ann, json!({ "phone": "206-555-0123" })).await;
    let report = world.sync().await;
    assert_eq!((report.refused, report.pulled.customers, report.pushed.updated), (1, 1, 0), "{report:?}");
    let reason = reasons(&world).await.remove(0);
    assert!(reason.contains("custom: makes the customer larger than 48 KB; shorten it"), "{reason}");
    assert_eq!(world.get(bob).await.fields.notes.as_deref(), Some("new"));
    // The changes since the checkpoint lack it from now on, and its values are not forgotten.
    assert_eq!(world.sync().await.refused, 1);
    world.change(ann, json!({ "custom": null })).await;
    let report = world.sync().await;
    assert_eq!((report.refused, report.pulled.customers, report.pushed.updated), (0, 1, 1), "{report:?}");
    assert_eq!(world.get(ann).await.fields.notes.map(|notes| notes.len()), Some(2_000));
    world.check_agreement().await;
}
