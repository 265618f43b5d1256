//! Contacts: each row adds or changes one contact of one customer, and importing a file again changes nothing.

use std::path::Path;

use clientele_shared::model::{Contact, Mode, Timestamp};
use clientele_sync_agent::import::contacts::Contacts;
use clientele_sync_agent::import::contacts::key::ContactKey;
use clientele_sync_agent::import::{ImportCounts, ImportOptions, ImportOutcome, Importer};
use serde_json::Value;

use crate::engine::{Engine, counts, id};

fn updated(written: u64, updated: u64, present: u64, rejected: u64) -> ImportCounts {
    ImportCounts { updated, ..counts(written, present, rejected) }
}

impl Engine {
    async fn import_contacts(&self, tenant: &str, kind: Contacts, file: &Path) -> ImportOutcome {
        let options = ImportOptions::default();
        let importer = Importer::new(self.store.clone(), id(tenant), Mode::Live, kind, options);
        importer.run(file, &mut |_| {}).await.unwrap()
    }

    async fn contacts(&self, tenant: &str, number: u32) -> Vec<Contact> {
        self.customers(tenant).await.0[&number].fields.contacts.clone()
    }

    /// Creates two customers of the source `crm`, with the ids A and B.
    async fn two_customers(&self, tenant: &str) {
        let file = self.file("crm", "id,email\nA,a@example.com\nB,b@example.com\n");
        assert_eq!(self.import(tenant, &file).await.counts.written, 2);
    }
}

fn shown(contacts: &[Contact]) -> Vec<String> {
    let show = |contact: &Contact| {
        let star = if contact.is_primary { "*" } else { "" };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}{star} {} {} {}", contact.id, contact.name, text(&contact.title), text(&contact.phone))
    };
    contacts.iter().map(show).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_added_and_changed_by_id_or_name() {
    let engine = Engine::start().await;
    engine.two_customers("demo").await;
    let uuid = engine.customers("demo").await.0[&2].uuid;
    let rows = format!(
        "customerId,name,title,phone\ncust_1,Ann Lee,CFO,1\na@example.com,Bob Ray,,2\n{uuid},Carl,,\n"
    );
    let file = engine.file("contacts.csv", &rows);
    let import = async |file: &Path| engine.import_contacts("demo", Contacts::default(), file).await.counts;
    assert_eq!(import(&file).await, updated(3, 0, 0, 0));
    assert_eq!(import(&file).await, updated(0, 0, 3, 0));
    assert_eq!(shown(&engine.contacts("demo", 1).await), ["cont_1* Ann Lee CFO 1", "cont_2 Bob Ray  2"]);
    // An empty cell leaves its field, and a new primary contact replaces the old one.
    let rows = "customerId,contactId,name,title,isPrimary\ncust_1,cont_2,Bob Roy,COO,yes\ncust_1,,Ann Lee,,\n\
                cust_1,cont_7,Dan,,\ncust_1,cont_9,,,\ncust_1,,Eve,,true\n";
    let outcome = import(&engine.file("contacts.csv", rows)).await;
    // Of the rejected rows, one adds a contact without a name, and one is a second primary contact.
    assert_eq!(outcome, updated(1, 1, 1, 2));
    assert_eq!(
        shown(&engine.contacts("demo", 1).await),
        ["cont_1 Ann Lee CFO 1", "cont_2* Bob Roy COO 2", "cont_7 Dan  "]
    );
    assert_eq!(engine.customers("demo").await.0[&1].fields.contact_sequence, 7);
    let file = engine.file("contacts.csv", "customerId,name,title,phone\ncust_1,Ann Lee,,\n");
    let clearing = Contacts { clear_empty: true, ..Contacts::default() };
    assert_eq!(engine.import_contacts("demo", clearing, &file).await.counts, updated(0, 1, 0, 0));
    assert_eq!(shown(&engine.contacts("demo", 1).await)[0], "cont_1 Ann Lee  ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_changed_by_the_key_that_is_named() {
    let engine = Engine::start().await;
    engine.two_customers("demo").await;
    let rows = "customerId,name,email,phone\ncust_1,Ann Lee,ann@example.com,206-555-0101\n\
                cust_1,Bob Ray,bob@example.com,206-555-0102\ncust_2,Ann Lee,ann@example.com,206-555-0103\n";
    let kind = Contacts::default();
    engine.import_contacts("demo", kind.clone(), &engine.file("contacts.csv", rows)).await;

    // Ann has married; the second row is of an email that only the other customer's contact has.
    let rows = "customerId,name,email\ncust_1,Ann Cole,ANN@example.com\ncust_2,Bob Ray,bob@example.com\ncust_1,Eve,\n";
    let by_email = Contacts { key: ContactKey::Email, ..kind.clone() };
    let outcome = engine.import_contacts("demo", by_email.clone(), &engine.file("emails.csv", rows)).await;
    assert_eq!(outcome.counts, updated(1, 1, 0, 1));
    // A file without names changes contacts, and adds none.
    let rows = "customerId,email,title\ncust_1,bob@example.com,CFO\ncust_1,eve@example.com,COO\n";
    let outcome = engine.import_contacts("demo", by_email, &engine.file("titles.csv", rows)).await;
    assert_eq!(outcome.counts, updated(0, 1, 0, 1));

    let rows = "customerId,phone,name\ncust_2,(206) 555 0103,Ann Low\ncust_2,none,Eve\n";
    let by_phone = Contacts { key: ContactKey::Phone, ..kind.clone() };
    let outcome = engine.import_contacts("demo", by_phone, &engine.file("phones.csv", rows)).await;
    assert_eq!(outcome.counts, updated(0, 1, 0, 1));
    let rows = "customerId,contactId,title\ncust_2,cont_1,CEO\ncust_2,,COO\n";
    let by_id = Contacts { key: ContactKey::Id, ..kind };
    let outcome = engine.import_contacts("demo", by_id, &engine.file("ids.csv", rows)).await;
    assert_eq!(outcome.counts, updated(0, 1, 0, 1));
    assert_eq!(
        shown(&engine.contacts("demo", 1).await),
        ["cont_1* Ann Cole  206-555-0101", "cont_2 Bob Ray CFO 206-555-0102"]
    );
    assert_eq!(
        shown(&engine.contacts("demo", 2).await),
        ["cont_1* Ann Low CEO (206) 555 0103", "cont_2 Bob Ray  "]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rows_about_one_contact_are_told_and_reasons_name_the_column() {
    let engine = Engine::start().await;
    engine.two_customers("demo").await;
    let rows = "customerId,name,email\ncust_1,Ann,a@example.com\ncust_1,Bob,b@example.com\ncust_1,Rob,B@example.com\n";
    engine.import_contacts("demo", Contacts::default(), &engine.file("contacts.csv", rows)).await;
    engine.file(
        "changes.csv",
        "customerId,contactId,name,E-mail,title\ncust_1,,Ann,a@example.com,CFO\ncust_1,cont_1,Ann,c@example.com,\n\
         cust_1,,Eve,b@example.com,\ncust_1,,,eve@example.com,\n",
    );
    for again in [false, true] {
        let arguments = ["import", "contacts", "changes.csv", "--key", "email", "--rejects", "rejects.csv"];
        let output = engine.run(&arguments).await;
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        for expected in [
            "line 3: row: is about the same contact as line 2",
            "line 4: E-mail: is that of several contacts of the customer: cont_2, cont_3; fill in contactId",
            "line 5: name: must not be empty, because the customer has no such contact",
        ] {
            assert!(told.contains(expected), "{again}: {told}");
        }
        let contacts = shown(&engine.contacts("demo", 1).await);
        assert_eq!(contacts, ["cont_1* Ann CFO ", "cont_2 Bob  ", "cont_3 Rob  "], "{again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_imports_take_the_options_of_an_update() {
    let engine = Engine::start().await;
    engine.two_customers("demo").await;
    engine.file("contacts.csv", "customerId,phone\ncust_1,206-555-0101\n");
    engine.file("orders.csv", "id,customerId,orderDate,total\n1,A,2026-01-15,10\n");
    engine.file("prices.csv", "productId,name,defaultPrice,currency\n1,Visit,10,USD\n");
    let run = async |arguments: &[&str], code: i32| {
        let output = engine.run(&[&["import"], arguments].concat()).await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let missing = run(&["contacts", "contacts.csv", "--update", "--key", "email"], 2).await;
    assert!(missing.contains("email addresses, which are the --key"), "{missing}");
    run(&["orders", "orders.csv", "--source", "crm", "--update", "--key", "ID"], 0).await;
    run(&["prices", "prices.csv", "--update", "--key", "productId"], 0).await;
    let other = run(&["prices", "prices.csv", "--update", "--key", "name"], 2).await;
    assert!(other.contains("productId"), "{other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_of_contacts_is_imported_into_another_tenant_by_its_source() {
    let engine = Engine::start().await;
    engine.two_customers("demo").await;
    // The customers of the other tenant have other numbers.
    engine.import("other", &engine.file("one.csv", "email\nz@example.com\n")).await;
    let customers = "id,email,createdAt,updatedAt\ncust_2,b@example.com,,\ncust_1,a@example.com,,\n";
    engine.import("other", &engine.file("export.csv", customers)).await;
    let rows = "customerId,customerEmail,contactId,name,title,email,phone,isPrimary,createdAt,updatedAt\n\
                cust_2,b@example.com,cont_4,\" Zoë \",\"a \"\"b\"\"\",z@example.com,'+1 206,true,2024-01-15T10:30:00.123Z,2024-02-15T10:30:00.456Z\n\
                cust_2,b@example.com,cont_5,Zoë,,,,false,2024-01-15T10:30:00.123Z,2024-02-15T10:30:00.456Z\n";
    let file = engine.file("contacts.csv", rows);
    let kind = Contacts { source: Some("export.csv".into()), ..Contacts::default() };
    let outcome = engine.import_contacts("other", kind.clone(), &file).await;
    assert_eq!((outcome.counts, outcome.warnings), (updated(2, 0, 0, 0), Vec::new()));
    assert_eq!(engine.import_contacts("other", kind, &file).await.counts, updated(0, 0, 2, 0));
    let contacts = engine.contacts("other", 2).await;
    let expected = Contact {
        id: "cont_4".into(),
        name: " Zoë ".into(),
        title: Some("a \"b\"".into()),
        email: Some("z@example.com".into()),
        phone: Some("+1 206".into()),
        is_primary: true,
        created_at: Timestamp::from_millis(1_705_314_600_123),
        updated_at: Timestamp::from_millis(1_707_993_000_456),
    };
    assert_eq!((contacts.len(), &contacts[0]), (2, &expected));
    assert!(engine.contacts("demo", 2).await.is_empty());
    let unknown = Contacts { source: Some("crm".into()), ..Contacts::default() };
    let file = engine.file("unknown.csv", "customerId,name\nQ,Ann\n");
    assert_eq!(engine.import_contacts("demo", unknown, &file).await.counts, updated(0, 0, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_reports_contacts_like_any_import() {
    let engine = Engine::start().await;
    engine.two_customers("demo").await;
    engine.file("first.csv", "customerId,name,email,colour\nA,Ann,ann@example.com,red\n");
    let run = async |file: &str, code: i32, more: &[&str]| -> Value {
        let arguments = [&["import", "contacts", file, "--source", "crm", "--json"], more].concat();
        let output = engine.run(&arguments).await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let json = run("first.csv", 0, &[]).await;
    assert_eq!((&json["created"], &json["ignored_columns"][0]), (&1.into(), &"colour".into()));
    engine.file("second.csv", "customerId,name,email\nA,Ann,new@example.com\nC,Bob,none\n");
    let json = run("second.csv", 3, &["--dry-run"]).await;
    let change = serde_json::json!({"field": "email", "old": "ann@example.com", "new": "new@example.com"});
    assert_eq!(
        json["changes"],
        serde_json::json!([{"id": "cust_1 cont_1", "key": "Ann", "changes": [change]}])
    );
    assert_eq!((&json["updated"], &json["rejected"]), (&1.into(), &1.into()));
    assert_eq!(json["questionable"]["emails"], 1);
}
