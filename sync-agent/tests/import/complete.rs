//! Complete customers: every stored field is imported from the columns of a full export, to the character.

use std::collections::BTreeMap;
use std::path::Path;

use clientele_shared::csv::FormulaGuard;
use clientele_shared::model::{
    Address, Color, Contact, Customer, CustomerFields, CustomerType, ExportColumns, ExportContent,
    ExportFormat, JsonObject, Mode, Money, NotifyVia, Status, TagId, Tenant, Timestamp,
};
use clientele_shared::store::Write;
use clientele_sync_agent::export::{ExportDestination, ExportOptions, Exporter};
use clientele_sync_agent::import::{ImportEvent, ImportOptions};
use proptest::prelude::*;
use uuid::Uuid;

use crate::engine::{Engine, counts, id};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn address(prefix: &str) -> Address {
    let part = |name: &str| Some(format!("{prefix} {name}"));
    Address {
        line1: part("Straße 1"),
        line2: part("=2.Stock"),
        city: part("São Paulo"),
        state: part("SP"),
        postal_code: part("01310"),
        country: part("BR"),
        area: part("Centro"),
        first_name: part("Ana"),
        last_name: part("Lima"),
        email: part("ana@example.com"),
        phone: part("+55 11"),
    }
}

fn contact(number: u32, is_primary: bool) -> Contact {
    Contact {
        id: format!("cont_{number}"),
        name: format!("Person, \"{number}\" "),
        title: some("CFO"),
        email: some("p@example.com"),
        phone: some("+1 206"),
        is_primary,
        created_at: Timestamp::from_millis(1_700_000_000_001),
        updated_at: Timestamp::from_millis(1_700_000_000_002),
    }
}

/// A customer with a value in every field, several of them with white space around them.
fn full() -> CustomerFields {
    CustomerFields {
        first_name: some(" Zoë "),
        last_name: some("O'Neil"),
        company_name: some("'=Quoted GmbH\u{a0}"),
        email: some("zoe@example.com"),
        phone: some("+55 (12) 3923-5555"),
        mobile_phone: some("'t"),
        fax: some("-1"),
        website: some("https://example.com/?a=1,2"),
        status: Status::Lead,
        customer_type: CustomerType::Residential,
        is_vip: true,
        physical: address(""),
        billing: address("Billing"),
        tag_ids: Vec::new(),
        notes: some("\tfirst line\r\n\r\n=second \"line\"\n "),
        internal_flags: Some(JsonObject::parse("{\"gate\": \"47\\u000111\",\n \"dog\":true}").unwrap()),
        custom: Some(
            JsonObject::parse(&format!("{{\"a\":[1.10,null],\"long\":\"{}\"}}", "x".repeat(2_000))).unwrap(),
        ),
        accepts_marketing: true,
        on_my_way_notify_via: Some(NotifyVia::Both),
        primary_service_location_uuid: Some(Uuid::from_u128(7)),
        quickbooks_id: some("QB-1"),
        tax_id: some("DE 123"),
        payment_terms: some("net_30"),
        currency: some("EUR"),
        credit_limit: Some(Money::from_cents(125_000)),
        discount_rate: "2.5".parse().ok(),
        preferred_shipping: some("UPS_GROUND"),
        customer_since: Some(Timestamp::from_millis(1_234_567_890_123)),
        contacts: vec![contact(3, false), contact(9, true)],
        contact_sequence: 12,
    }
}

/// Customers with few values.
fn sparse() -> [CustomerFields; 4] {
    [
        CustomerFields { first_name: some("Only"), ..CustomerFields::default() },
        // No API creates a customer without any name, but the store can hold one.
        CustomerFields { phone: some("555"), ..CustomerFields::default() },
        // Renaming a person can leave a first name that shows nothing.
        CustomerFields {
            first_name: some("\u{200b}"),
            last_name: some("Lee"),
            notes: some(" \n"),
            tax_id: some("\u{e01b3}"),
            ..CustomerFields::default()
        },
        CustomerFields {
            company_name: some("A household with a company"),
            customer_type: CustomerType::Residential,
            ..CustomerFields::default()
        },
    ]
}

impl Engine {
    async fn create(&self, tenant: &Tenant, fields: CustomerFields) -> Customer {
        use clientele_shared::store::WriteOutcome;
        match self.store.customer_create(tenant, fields, Write::plain()).await.unwrap() {
            WriteOutcome::Applied(customer) => *customer,
            WriteOutcome::Replayed(reply) => panic!("{reply}"),
        }
    }
}

/// The names of a tenant's tags by id.
async fn tag_names(engine: &Engine, tenant: &Tenant) -> BTreeMap<TagId, String> {
    let tags = engine.store.tags_list(tenant).await.unwrap();
    tags.into_iter().map(|tag| (tag.id, tag.name)).collect()
}

/// Exports all columns of the customers of `demo`, imports the file into `other`, and checks that the records are the same.
async fn check_round_trip(engine: &Engine, format: ExportFormat, guard: FormulaGuard) {
    let content = ExportContent { columns: ExportColumns::Full, format, ..ExportContent::default() };
    let options = ExportOptions { content, guard };
    let exporter = Exporter::new(engine.store.clone(), id("demo"), Mode::Live, options);
    let to = ExportDestination::Folder(engine.folder.path().join("out"));
    let file = exporter.run(&to, &mut |_| {}).await.unwrap().place;
    let importer = engine
        .importer("other", ImportOptions { unguard: guard == FormulaGuard::On, ..ImportOptions::default() });
    let mut reasons = Vec::new();
    let mut collect = |event: ImportEvent<'_>| {
        if let ImportEvent::Rejected(row) = event {
            reasons.push(row.reason.clone());
        }
    };
    let outcome = importer.run(Path::new(&file), &mut collect).await.unwrap();
    assert_eq!((reasons, outcome.columns_left_out), (Vec::new(), vec!["updatedAt".to_owned()]));
    let [demo, other] = ["demo", "other"].map(|tenant| Tenant::new(&id(tenant), Mode::Live));
    let (ours, theirs) = (tag_names(engine, &demo).await, tag_names(engine, &other).await);
    let (originals, _) = engine.customers("demo").await;
    let (read, _) = engine.customers("other").await;
    assert_eq!(originals.len(), read.len());
    // An export is in descending order of number, so importing it reverses the numbers.
    for (original, read) in originals.into_values().rev().zip(read.into_values()) {
        let mut expected = original.fields;
        // A customer without a date of its own has been one since it was created, to the second.
        let created_at = Timestamp::from_millis(original.created_at.as_seconds() * 1_000);
        expected.customer_since = expected.customer_since.or(Some(created_at));
        let names = |ids: &[TagId], names: &BTreeMap<TagId, String>| -> Vec<String> {
            ids.iter().map(|id| names[id].clone()).collect()
        };
        assert_eq!(names(&read.fields.tag_ids, &theirs), names(&expected.tag_ids, &ours));
        expected.tag_ids.clone_from(&read.fields.tag_ids);
        assert_eq!(read.fields, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_export_gives_the_same_records_in_another_tenant() {
    let names = ["a;b", " spaced ", "say \"hi\"", "\"quoted", "plain"];
    for (format, guard) in [(ExportFormat::Csv, FormulaGuard::On), (ExportFormat::Csv, FormulaGuard::Off)] {
        let engine = Engine::start().await;
        let demo = Tenant::new(&id("demo"), Mode::Live);
        let mut tag_ids = Vec::new();
        for name in names {
            let authorization = Write::plain().authorization;
            let tag =
                engine.store.tag_create(&demo, name.into(), Color::default(), None, authorization).await;
            tag_ids.push(tag.unwrap().id);
        }
        for fields in sparse().into_iter().chain([CustomerFields { tag_ids, ..full() }]) {
            engine.create(&demo, fields).await;
        }
        check_round_trip(&engine, format, guard).await;
    }
}

/// A text of one line that files, spreadsheets and imports could change.
fn text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[ '\"]{0,2}[=+@;,\\-]?\\PC{1,12}[ \"]{0,2}")
}

/// A customer with any values.
fn any_customer() -> impl Strategy<Value = CustomerFields> {
    let texts = proptest::collection::vec(text(), 24);
    let notes = proptest::option::of("[ =\t\n\r']{0,3}\\PC{1,12}[ \n\r\t\"]{0,3}");
    let closed = (0..3_usize, any::<[bool; 4]>(), proptest::option::of(0..3_usize));
    let numbers = (proptest::option::of(0..100_000_000_i64), proptest::option::of(0..4_000_000_000_000_i64));
    (texts, notes, closed, numbers).prop_map(|(mut texts, notes, (status, flags, notify), (cents, since))| {
        let mut next = || texts.pop().flatten();
        let [is_vip, is_commercial, accepts_marketing, has_contact] = flags;
        let mut address = || Address {
            line1: next(),
            line2: next(),
            city: next(),
            state: next(),
            postal_code: next(),
            country: next(),
            ..Address::default()
        };
        let (physical, billing) = (address(), address());
        let mut next = || texts.pop().flatten();
        CustomerFields {
            last_name: Some(next().unwrap_or_else(|| "Lee".into())),
            first_name: next(),
            company_name: next(),
            email: next(),
            phone: next(),
            mobile_phone: next(),
            website: next(),
            notes,
            tax_id: next(),
            physical,
            billing,
            status: Status::ALL[status],
            customer_type: CustomerType::ALL[usize::from(is_commercial)],
            is_vip,
            accepts_marketing,
            on_my_way_notify_via: notify.map(|at| [NotifyVia::Email, NotifyVia::Sms, NotifyVia::Both][at]),
            credit_limit: cents.map(Money::from_cents),
            customer_since: since.map(Timestamp::from_millis),
            contacts: has_contact.then(|| contact(2, true)).into_iter().collect(),
            contact_sequence: if has_contact { 2 } else { 0 },
            ..CustomerFields::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_customers_are_the_same_after_an_export_and_an_import(
        customers in proptest::collection::vec(any_customer(), 1..25),
        is_guarded in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let engine = Engine::start().await;
            let demo = Tenant::new(&id("demo"), Mode::Live);
            for fields in customers {
                engine.create(&demo, fields).await;
            }
            let guard = if is_guarded { FormulaGuard::On } else { FormulaGuard::Off };
            check_round_trip(&engine, ExportFormat::Csv, guard).await;
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_with_more_than_500_tags_is_imported() {
    let engine = Engine::start().await;
    let header = "id,companyName,tags,createdAt,updatedAt";
    let tags: Vec<String> = (1..=510).map(|at| format!("t{at}")).collect();
    let rows = format!("cust_1,ACME,{},2024-01-15T10:30:00Z,2024-01-15T10:30:00Z\n", tags.join(";"));
    let file = engine.file("export.csv", &format!("{header}\n{rows}"));
    assert_eq!(engine.import("demo", &file).await.counts, counts(1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_of_a_row_is_the_contact_that_was_added_last() {
    let engine = Engine::start().await;
    let file = engine.file("rows.csv", "company,contact name,contact title\nACME,Ann Lee,CFO\n");
    engine.import("demo", &file).await;
    let (customers, _) = engine.customers("demo").await;
    let fields = &customers[&1].fields;
    assert_eq!((fields.contacts[0].id.as_str(), fields.contact_sequence), ("cont_1", 1));
}
