//! Fields that both sides change: one value wins, the other is kept and can be put back.

use clientele_shared::model::{MirrorSide, MirroredFields};
use clientele_sync_agent::mirror::{MirrorError, Resolution, fields::Field};
use serde_json::json;

use super::world::World;

/// A world in which both sides have changed the notes and the billing address of one customer.
async fn in_conflict(winner: MirrorSide) -> (World, clientele_shared::model::CustomerNumber) {
    let mut world = World::start().await;
    world.connection.settings.winner = winner;
    let address = json!({ "line1": "1 Main St", "city": "Reno", "country": "US" });
    let ann = json!({ "first_name": "Ann", "last_name": "Lee", "notes": "base", "billing": address });
    let ann = world.add(ann).await;
    world.sync().await;
    let id = world.counterpart(ann).await["Id"].clone();
    let address = json!({ "line1": "1 Main St", "line2": "Unit 2", "city": "Reno", "country": "US" });
    world.change(ann, json!({ "notes": "ours", "billing": address, "phone": "206-555-0123" })).await;
    let address = json!({ "Line1": "1 Main St", "City": "Sparks", "Country": "US" });
    world.edit("Customer", "update", json!({ "Id": id, "Notes": "theirs", "BillAddr": address })).await;
    let report = world.sync().await;
    assert_eq!(report.conflicts, 2);
    world.check_agreement().await;
    (world, ann)
}

fn text(fields: &MirroredFields, name: &str) -> String {
    fields[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn winner_is_a_setting_and_the_losing_value_is_kept() {
    for (winner, kept, line2, city) in
        [(MirrorSide::Ours, "ours", Some("Unit 2"), "Reno"), (MirrorSide::Theirs, "theirs", None, "Sparks")]
    {
        let (world, ann) = in_conflict(winner).await;
        let customer = world.get(ann).await.fields;
        assert_eq!(customer.notes.as_deref(), Some(kept));
        assert_eq!(
            (customer.billing.line2.as_deref(), customer.billing.city.as_deref()),
            (line2, Some(city))
        );
        // A field that only one side has changed is not affected.
        assert_eq!(world.counterpart(ann).await["PrimaryPhone"]["FreeFormNumber"], "206-555-0123");
        let conflicts =
            world.store().mirror_conflicts(&world.tenant(), &world.connection.realm).await.unwrap();
        let conflicts: Vec<_> = conflicts.iter().map(|one| serde_json::to_value(one).unwrap()).collect();
        let fields: Vec<_> = conflicts.iter().map(|one| text(one.as_object().unwrap(), "field")).collect();
        assert_eq!(fields, ["billing_address", "notes"]);
        let notes = &conflicts[1];
        assert_eq!(
            (&notes["base"], &notes["ours"], &notes["theirs"]),
            (&json!("base"), &json!("ours"), &json!("theirs"))
        );
        // A conflict stays until a person decides, and does not come again.
        assert_eq!(world.sync().await.conflicts, 2);
    }
}

#[tokio::test]
async fn losing_value_can_be_put_back_on_both_sides() {
    for (winner, keep, note) in [
        (MirrorSide::Ours, MirrorSide::Theirs, "theirs"),
        (MirrorSide::Theirs, MirrorSide::Ours, "ours"),
        (MirrorSide::Ours, MirrorSide::Ours, "ours"),
    ] {
        let (world, ann) = in_conflict(winner).await;
        let (store, tenant) = (world.store(), world.tenant());
        let resolution = Resolution { number: ann, keep, field: Some(Field::Notes) };
        resolution.apply(store, &tenant, &world.connection).await.unwrap();
        assert_eq!(world.sync().await.conflicts, 1);
        assert_eq!(world.counterpart(ann).await["Notes"], note);
        assert_eq!(world.get(ann).await.fields.notes.as_deref(), Some(note));
        let resolution = Resolution { number: ann, keep, field: None };
        resolution.apply(store, &tenant, &world.connection).await.unwrap();
        assert_eq!(world.sync().await.conflicts, 0);
        let city = if keep == MirrorSide::Ours { "Reno" } else { "Sparks" };
        assert_eq!(world.counterpart(ann).await["BillAddr"]["City"], city);
        world.check_agreement().await;
        let error = resolution.apply(store, &tenant, &world.connection).await.unwrap_err();
        assert!(
            matches!(&error, MirrorError::NoConflict(text) if text.contains(&format!("cust_{ann}"))),
            "{error}"
        );
    }
}

#[tokio::test]
async fn equal_changes_of_both_sides_are_no_conflict() {
    let world = World::start().await;
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee" })).await;
    world.sync().await;
    let id = world.counterpart(ann).await["Id"].clone();
    world.change(ann, json!({ "phone": "206-555-0123", "notes": "same" })).await;
    let edit = json!({ "Id": id, "PrimaryPhone": { "FreeFormNumber": "(206) 555-0123" }, "Notes": "same" });
    world.edit("Customer", "update", edit).await;
    let report = world.sync().await;
    assert_eq!((report.conflicts, report.pushed.updated), (0, 0));
    assert_eq!(report.calls.writes, 0);
}

#[tokio::test]
async fn second_conflict_about_a_field_keeps_the_values_of_the_first() {
    let (world, ann) = in_conflict(MirrorSide::Ours).await;
    let (store, tenant, realm) = (world.store(), world.tenant(), &world.connection.realm);
    let id = world.counterpart(ann).await["Id"].clone();
    world.change(ann, json!({ "notes": "ours again" })).await;
    world.edit("Customer", "update", json!({ "Id": id, "Notes": "theirs again" })).await;
    assert_eq!(world.sync().await.conflicts, 2);
    let kept = store.mirror_conflicts_kept(&tenant, realm).await.unwrap();
    let notes = kept.iter().find(|one| one.latest.field == "notes").unwrap();
    assert_eq!((&notes.latest.ours, &notes.latest.theirs), (&json!("ours again"), &json!("theirs again")));
    let earlier: Vec<_> = notes.earlier.iter().map(|one| (one.ours.clone(), one.theirs.clone())).collect();
    assert_eq!(earlier, [(json!("ours"), json!("theirs"))]);
    let resolution = Resolution { number: ann, keep: MirrorSide::Theirs, field: None };
    resolution.apply(store, &tenant, &world.connection).await.unwrap();
    assert_eq!(world.sync().await.conflicts, 0);
    assert_eq!(world.counterpart(ann).await["Notes"], "theirs again");
    assert!(store.mirror_conflicts_kept(&tenant, realm).await.unwrap().is_empty());
}

#[tokio::test]
async fn change_of_notes_that_were_cut_keeps_the_whole_text() {
    let world = World::start().await;
    let whole = "Gate code 4711. ".repeat(150).trim().to_owned();
    let ann = world.add(json!({ "first_name": "Ann", "last_name": "Lee", "notes": whole })).await;
    world.sync().await;
    let there = world.counterpart(ann).await;
    let cut = there["Notes"].as_str().unwrap();
    assert!(cut.len() <= 2_000 && whole.starts_with(cut), "{cut}");
    let edited = format!("Call first. {}", &cut[..1_900]);
    world.edit("Customer", "update", json!({ "Id": there["Id"], "Notes": edited })).await;
    assert_eq!(world.sync().await.conflicts, 1);
    assert_eq!(world.get(ann).await.fields.notes, Some(whole));
    world.check_agreement().await;
    let conflicts = world.store().mirror_conflicts(&world.tenant(), &world.connection.realm).await.unwrap();
    assert_eq!(conflicts[0].theirs, json!(edited));
    assert_eq!(world.sync().await.conflicts, 1);
}
