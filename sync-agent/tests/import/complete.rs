//! Complete customers: every stored field is imported from the columns of a full export, to the character.

use clientele_shared::csv::{FormulaGuard, rows};
use clientele_shared::model::{
    Address, Color, Contact, Customer, CustomerFields, CustomerType, JsonObject, Mode, Money, NotifyVia,
    Status, Tenant, Timestamp,
};
use clientele_shared::store::Write;
use uuid::Uuid;

use crate::engine::{Engine, counts, id};

/// The columns of a full export.
const COLUMNS: &str = "id,firstName,lastName,companyName,email,phone,mobilePhone,fax,website,status,customerType,isVip,\
    street,street2,city,state,zipCode,country,area,recipientFirstName,recipientLastName,recipientEmail,recipientPhone,\
    billingStreet,billingStreet2,billingCity,billingState,billingZipCode,billingCountry,billingArea,billingFirstName,\
    billingLastName,billingEmail,billingPhone,tags,notes,internalFlags,custom,acceptsMarketing,onMyWayNotifyVia,\
    primaryServiceLocationUuid,quickbooksId,taxId,paymentTerms,currency,creditLimit,discountRate,preferredShipping,\
    customerSince,contacts,contactSequence,createdAt,updatedAt";

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
fn sparse() -> [CustomerFields; 3] {
    [
        CustomerFields { first_name: some("Only"), ..CustomerFields::default() },
        // No API creates a customer without any name, but the store can hold one.
        CustomerFields { phone: some("555"), ..CustomerFields::default() },
        CustomerFields {
            company_name: some("A household with a company"),
            customer_type: CustomerType::Residential,
            ..CustomerFields::default()
        },
    ]
}

fn address_cells(address: &Address) -> [Option<String>; 11] {
    let Address {
        line1,
        line2,
        city,
        state,
        postal_code,
        country,
        area,
        first_name,
        last_name,
        email,
        phone,
    } = address.clone();
    [line1, line2, city, state, postal_code, country, area, first_name, last_name, email, phone]
}

/// The cells of a customer in the columns of a full export, with this cell of tags.
fn cells(customer: &Customer, tags: &str) -> Vec<String> {
    let fields = customer.fields.clone();
    let show = |is_set: bool| some(if is_set { "true" } else { "false" });
    let json = |object: Option<JsonObject>| object.map(|object| object.as_str().to_owned());
    let contacts = (!fields.contacts.is_empty()).then(|| serde_json::to_string(&fields.contacts).unwrap());
    let names = [
        some(&customer.number.to_customer_id()),
        fields.first_name,
        fields.last_name,
        fields.company_name,
        fields.email,
        fields.phone,
        fields.mobile_phone,
        fields.fax,
        fields.website,
        some(fields.status.as_str()),
        some(fields.customer_type.as_str()),
        show(fields.is_vip),
    ];
    let others = [
        some(tags),
        fields.notes,
        json(fields.internal_flags),
        json(fields.custom),
        show(fields.accepts_marketing),
        fields.on_my_way_notify_via.map(|via| via.as_str().to_owned()),
        fields.primary_service_location_uuid.map(|uuid| uuid.to_string()),
        fields.quickbooks_id,
        fields.tax_id,
        fields.payment_terms,
        fields.currency,
        fields.credit_limit.map(|money| money.to_string()),
        fields.discount_rate.map(|rate| rate.to_string()),
        fields.preferred_shipping,
        fields.customer_since.map(Timestamp::to_rfc3339),
        contacts,
        some(&fields.contact_sequence.to_string()),
        some(&customer.created_at.to_rfc3339()),
        some(&customer.updated_at.to_rfc3339()),
    ];
    let addresses = address_cells(&fields.physical).into_iter().chain(address_cells(&fields.billing));
    names.into_iter().chain(addresses).chain(others).map(Option::unwrap_or_default).collect()
}

/// Writes a file as a full export does.
fn export(customers: &[(Customer, &str)], guard: FormulaGuard) -> String {
    let guarded = |cells: Vec<String>| -> Vec<String> {
        cells.into_iter().map(|cell| guard.apply(cell.into()).into_owned()).collect()
    };
    let body = customers.iter().map(|(customer, tags)| guarded(cells(customer, tags)));
    let header = COLUMNS.split(',').map(|name| name.trim().to_owned()).collect();
    String::from_utf8(rows(std::iter::once(header).chain(body)).unwrap()).unwrap()
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_export_gives_the_same_records_in_another_tenant() {
    let engine = Engine::start().await;
    let (demo, other) = (Tenant::new(&id("demo"), Mode::Live), Tenant::new(&id("other"), Mode::Live));
    let mut tags = Vec::new();
    for name in ["a;b", " spaced ", "say \"hi\"", "plain"] {
        let authorization = Write::plain().authorization;
        let tag = engine.store.tag_create(&demo, name.into(), Color::default(), None, authorization).await;
        tags.push(tag.unwrap());
    }
    let tagged = CustomerFields { tag_ids: tags.iter().map(|tag| tag.id.clone()).collect(), ..full() };
    let mut created =
        vec![(engine.create(&demo, tagged).await, "\"a;b\";\" spaced \";\"say \"\"hi\"\"\";plain")];
    for fields in sparse() {
        created.push((engine.create(&demo, fields).await, ""));
    }
    for (guard, name) in [(FormulaGuard::On, "on.csv"), (FormulaGuard::Off, "off.csv")] {
        let file = engine.file(name, &export(&created, guard));
        let arguments = ["import", "customers", name, "--tenant", "other", "--json"];
        let no_guard = ["--no-formula-guard"];
        let is_off = guard == FormulaGuard::Off;
        let all: Vec<&str> = arguments.into_iter().chain(no_guard.into_iter().filter(|_| is_off)).collect();
        assert!(file.exists());
        let output = engine.run(&all).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let names: Vec<(String, String)> = engine
        .store
        .tags_list(&other)
        .await
        .unwrap()
        .into_iter()
        .map(|tag| (tag.id.to_string(), tag.name))
        .collect();
    let (customers, total) = engine.customers("other").await;
    assert_eq!(total, 2 * created.len() as u64);
    for (at, read) in customers.into_values().enumerate() {
        let (original, _) = &created[at % created.len()];
        let mut expected = original.fields.clone();
        // A customer without a date of its own has been one since it was created.
        expected.customer_since = expected.customer_since.or(Some(original.created_at));
        let name = |id: &str| names.iter().find(|(other, _)| other == id).unwrap().1.clone();
        let read_tags: Vec<String> = read.fields.tag_ids.iter().map(|id| name(id.as_str())).collect();
        let expected_tags: Vec<String> = (expected.tag_ids.iter())
            .map(|id| tags.iter().find(|tag| tag.id == *id).unwrap().name.clone())
            .collect();
        assert_eq!(read_tags, expected_tags);
        expected.tag_ids.clone_from(&read.fields.tag_ids);
        assert_eq!(read.fields, expected);
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
