//! Updates: rows change the customers that exist already, found by a key, and nothing but the mapped fields.

use std::path::Path;

use clientele_shared::model::{CustomerFields, Mode, Tenant};
use clientele_shared::store::Write;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::customers::key::Key;
use clientele_sync_agent::import::{ImportCounts, ImportOptions, ImportOutcome, Importer};
use serde_json::Value;

use crate::engine::{Engine, counts, email, generated, id};

fn by(key: Key) -> Customers {
    Customers { key: Some(key), update: true, ..Customers::default() }
}

fn updated(written: u64, updated: u64, present: u64, rejected: u64) -> ImportCounts {
    ImportCounts { updated, ..counts(written, present, rejected) }
}

impl Engine {
    async fn import_as(&self, kind: Customers, file: &Path) -> ImportOutcome {
        let options = ImportOptions::default();
        let importer = Importer::new(self.store.clone(), id("demo"), Mode::Live, kind, options);
        importer.run(file, &mut |_| {}).await.unwrap()
    }

    async fn fields(&self, number: u32) -> CustomerFields {
        self.customers("demo").await.0[&number].fields.clone()
    }

    async fn json(&self, arguments: &[&str], code: i32) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let output = self.run(&arguments).await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn update_changes_only_the_mapped_fields_of_the_customer_with_the_key() {
    let engine = Engine::start().await;
    let first = "id,first_name,email,phone,notes,tags,isVip,created_at\n\
                 1,Ann,ann@example.com,555-0100,old,weekly,true,2024-01-15\n2,Bob,bob@example.com,,,,,\n";
    engine.import("demo", &engine.file("first.csv", first)).await;
    let before = engine.fields(1).await;
    let second = "Email,Phone,Tags,status\nANN@example.com,555-0199,salt,LEAD\n\
                  carl@example.com,555-0300,,ACTIVE\nbob@example.com,,,\n";
    let file = engine.file("second.csv", second);
    let outcome = engine.import_as(by(Key::Email), &file).await;
    assert_eq!(outcome.counts, updated(1, 1, 1, 0));
    let after = engine.fields(1).await;
    assert_eq!(after.phone.as_deref(), Some("555-0199"));
    assert_eq!(after.email.as_deref(), Some("ANN@example.com"));
    assert_eq!((after.first_name.clone(), after.notes.clone()), (before.first_name, before.notes));
    assert_eq!((after.is_vip, after.customer_since), (true, before.customer_since));
    assert_ne!(after.tag_ids, before.tag_ids);
    assert_eq!(engine.import_as(by(Key::Email), &file).await.counts, updated(0, 0, 3, 0));
    assert_eq!(engine.customers("demo").await.1, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_cell_leaves_its_field_unless_it_is_to_clear_it() {
    let engine = Engine::start().await;
    let first = "id,company,email,phone,notes,city,tags,is_vip,status,credit_limit\n\
                 1,ACME,a@example.com,555-0100,old,Paris,weekly,yes,LEAD,10\n";
    engine.import("demo", &engine.file("rows.csv", first)).await;
    let before = engine.fields(1).await;
    let edited =
        engine.file("rows.csv", "id,company,phone,city,tags,is_vip,status,credit_limit\n1,ACME,,,,,,\n");
    let update = Customers { update: true, ..Customers::default() };
    assert_eq!(engine.import_as(update.clone(), &edited).await.counts, updated(0, 0, 1, 0));
    assert_eq!(engine.fields(1).await, before);
    let clearing = Customers { clear_empty: true, ..update };
    assert_eq!(engine.import_as(clearing.clone(), &edited).await.counts, updated(0, 1, 0, 0));
    let after = engine.fields(1).await;
    assert_eq!((after.phone, after.physical.city, after.credit_limit), (None, None, None));
    assert_eq!((after.tag_ids, after.is_vip), (Vec::new(), false));
    assert_eq!((after.notes, after.status), (before.notes, before.status));
    // A customer keeps a name.
    let nameless = engine.file("rows.csv", "id,company,email\n1,,\n");
    assert_eq!(engine.import_as(clearing, &nameless).await.counts, updated(0, 0, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_that_matches_several_customers_is_rejected_with_their_ids() {
    let engine = Engine::start().await;
    let file = "email,phone\nann@example.com,\nann@example.com,1\ncarl@example.com,(555) 0100\ndan@example.com,5550100\n";
    engine.import("demo", &engine.file("first.csv", file)).await;
    for (key, row) in [("email", "email,fax\nann@example.com,1\n"), ("phone", "phone,fax\n555-0100,1\n")] {
        engine.file("second.csv", row);
        let json = engine.json(&["import", "customers", "second.csv", "--update", "--key", key], 3).await;
        assert_eq!((&json["updated"], &json["rejected"]), (&0.into(), &1.into()));
        let rejects = engine.folder.path().join(json["rejects_file"].as_str().unwrap());
        let report = std::fs::read_to_string(rejects).unwrap();
        let ids = if key == "email" { "cust_1, cust_2" } else { "cust_3, cust_4" };
        assert!(report.contains("2 customers: ") && report.contains(ids), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_found_by_each_key() {
    let engine = Engine::start().await;
    let first = "id,company,phone,quickbooksId,taxId\na,Alpha,+1 (206) 555-0100,QB1,DE 1\nb,Beta,,QB2,DE 2\n";
    engine.import("demo", &engine.file("first.csv", first)).await;
    let uuid = engine.customers("demo").await.0[&2].uuid;
    for (step, (key, header, value, number)) in [
        (Key::Phone, "phone", "1.206.555.0100", 1),
        (Key::QuickbooksId, "quickbooksId", "QB2", 2),
        (Key::TaxId, "taxId", "DE 2", 2),
        (Key::Id, "id", "cust_1", 1),
        (Key::Id, "id", uuid.to_string().as_str(), 2),
    ]
    .into_iter()
    .enumerate()
    {
        let notes = format!("step {step}");
        let file = engine.file("second.csv", &format!("{header},notes\n{value},{notes}\n"));
        let outcome = engine.import_as(by(key), &file).await;
        assert_eq!(outcome.counts, updated(0, 1, 0, 0), "{key}");
        assert_eq!(engine.fields(number).await.notes.as_deref(), Some(notes.as_str()), "{key}");
    }
    // In its own source, an id is that of the source.
    let own = "id,company,notes\ncust_2,Gamma,own\n";
    engine.import("demo", &engine.file("other.csv", own)).await;
    let edited = engine.file("other.csv", "id,company,notes\ncust_2,Gamma,edited\n");
    assert_eq!(engine.import_as(by(Key::Id), &edited).await.counts, updated(0, 1, 0, 0));
    assert_eq!(engine.fields(3).await.notes.as_deref(), Some("edited"));
    // A row that changes nothing and creates nothing is rejected for want of a name.
    let unknown = engine.file("second.csv", "quickbooksId,notes\nQB9,x\n");
    assert_eq!(engine.import_as(by(Key::QuickbooksId), &unknown).await.counts, updated(0, 0, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_alone_recognises_customers_of_another_file() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("first.csv", "id,email\n1,ann@example.com\n")).await;
    let file = engine.file(
        "second.csv",
        "id,email,notes\n7,Ann@Example.com,x\n8,bob@example.com,\n9,,\n10,bob@example.com,\n",
    );
    let kind = Customers { key: Some(Key::Email), ..Customers::default() };
    let outcome = engine.import_as(kind, &file).await;
    // Of the rejected rows, one has no key and one repeats the key of another.
    assert_eq!(outcome.counts, updated(1, 0, 1, 2));
    assert_eq!(outcome.findings.differing, 1);
    assert_eq!(engine.fields(1).await.notes, None);
    let output = engine.run(&["import", "customers", "second.csv", "--key", "email"]).await;
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("add --update"), "{stdout}");
    let output = engine.run(&["import", "customers", "second.csv", "--key", "colour"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = engine.run(&["import", "customers", "second.csv", "--key", "phone"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_customer_is_not_changed() {
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", "id,email\n1,ann@example.com\n");
    engine.import("demo", &file).await;
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let uuid = engine.customers("demo").await.0[&1].uuid;
    engine.store.customer_delete(&tenant, uuid, Write::plain()).await.unwrap();
    assert_eq!(engine.import("demo", &file).await.counts, counts(0, 1, 0));
    assert_eq!(engine.import_as(by(Key::Id), &file).await.counts, updated(0, 0, 0, 1));
    // No living customer has the email, but the row was imported.
    assert_eq!(engine.import_as(by(Key::Email), &file).await.counts, updated(0, 0, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_updates_of_different_fields_all_take_effect() {
    const ROWS: usize = 60;
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(ROWS))).await;
    let column = |name: &str| {
        let rows: String = (0..ROWS).map(|row| format!("{},{name} {row}\n", email(row))).collect();
        engine.file(&format!("{name}.csv"), &format!("email,{name}\n{rows}"))
    };
    let (notes, fax) = (column("notes"), column("fax"));
    let (one, other) =
        tokio::join!(engine.import_as(by(Key::Email), &notes), engine.import_as(by(Key::Email), &fax));
    assert_eq!((one.counts, other.counts), (updated(0, 60, 0, 0), updated(0, 60, 0, 0)));
    for customer in engine.customers("demo").await.0.into_values() {
        assert!(customer.fields.notes.is_some() && customer.fields.fax.is_some());
    }
}
