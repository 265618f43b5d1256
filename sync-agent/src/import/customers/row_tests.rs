//! Conversion of rows to customers: sample rows, rejected rows, and the round trip with an export.

use clientele_shared::csv::customer_row::{self, TagNames};
use clientele_shared::csv::{FormulaGuard, rows};
use clientele_shared::model::{
    Color, Customer, CustomerNumber, Mode, Money, NotifyVia, Status, Tag, TagId, Tenant,
};
use clientele_shared::rules::text::is_blank;
use proptest::prelude::*;

use super::*;
use crate::import::mapping::HeaderRules;
use crate::import::source::MappingRules;

const NOW: Timestamp = Timestamp::from_millis(1_705_314_600_000);
const RULES: ReadRules = ReadRules { now: NOW, unguard: true };

fn record(text: &str) -> StringRecord {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().next().unwrap().unwrap()
}

fn read_customer(header: &str, row: &str) -> Result<RowCustomer, Vec<FieldError>> {
    let mapping =
        Mapping::of(&record(header), &[], &[], &MappingRules::default(), &HeaderRules::COMMON).unwrap();
    customer(&mapping, &record(row), RULES, false)
}

fn read(header: &str, row: &str) -> Result<CustomerFields, Vec<FieldError>> {
    read_customer(header, row).map(|customer| customer.fields)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn chinook_row_becomes_a_person_with_a_company() {
    let fields = read(
        "CustomerId,FirstName,LastName,Company,Address,City,State,Country,PostalCode,Phone,Fax,Email",
        "1,Luís,Gonçalves,Embraer S.A.,\"Av. Lima, 2170\",São José,SP,Brazil,12227-000,+55 (12) \
         3923-5555,+55 (12) 3923-5566,luisg@embraer.com.br",
    );
    let expected = CustomerFields {
        first_name: some("Luís"),
        last_name: some("Gonçalves"),
        company_name: some("Embraer S.A."),
        email: some("luisg@embraer.com.br"),
        phone: some("+55 (12) 3923-5555"),
        fax: some("+55 (12) 3923-5566"),
        customer_type: CustomerType::Commercial,
        physical: Address {
            line1: some("Av. Lima, 2170"),
            city: some("São José"),
            state: some("SP"),
            postal_code: some("12227-000"),
            country: some("Brazil"),
            ..Address::default()
        },
        ..CustomerFields::default()
    };
    assert_eq!(fields, Ok(expected));
}

#[test]
fn northwind_row_becomes_a_company_with_a_contact() {
    let fields = read(
        "CustomerID,CompanyName,ContactName,ContactTitle,City,Region",
        "PRINI,Princesa Isabel Vinhos,Isabel de Castro,Sales Representative,Lisboa,",
    )
    .unwrap();
    assert_eq!(fields.company_name, some("Princesa Isabel Vinhos"));
    assert_eq!((fields.first_name, fields.last_name), (some("Isabel de"), some("Castro")));
    assert_eq!((fields.customer_type, fields.physical.state), (CustomerType::Commercial, None));
    let contact = &fields.contacts[0];
    assert_eq!(
        (contact.name.as_str(), contact.title.as_deref()),
        ("Isabel de Castro", Some("Sales Representative"))
    );
    assert!(contact.is_primary && contact.created_at == NOW);
}

#[test]
fn trades_row_with_many_fields_is_read() {
    let RowCustomer { fields, tags, .. } = read_customer(
        "first_name,customer_type,company_name,is_vip,billing_city,internal_flags,on_my_way_notify_via,\
         status,tags,credit_limit,discount_rate,created_at,customer_since",
        "Ann,residential,ACME,Yes,Paris,\"{\"\"a\"\":1}\",SMS,lead,x; y;;x,10000,2.5,\
         2024-01-15T10:30:00Z,2023-06-15",
    )
    .unwrap();
    assert_eq!(fields.customer_type, CustomerType::Residential);
    assert!(fields.is_vip);
    assert_eq!(fields.billing.city, some("Paris"));
    assert_eq!(fields.internal_flags.unwrap().as_str(), "{\"a\":1}");
    assert_eq!((fields.on_my_way_notify_via, fields.status), (Some(NotifyVia::Sms), Status::Lead));
    assert_eq!(tags, ["x", "y"]);
    assert_eq!(fields.credit_limit, Some(Money::from_cents(1_000_000)));
    assert_eq!(fields.discount_rate, "2.5".parse().ok());
    assert_eq!(fields.customer_since.map(Timestamp::to_rfc3339_seconds), some("2023-06-15T00:00:00Z"));
}

#[test]
fn customer_since_defaults_to_the_creation_time_in_the_source() {
    let fields = read("email,createdAt", "a@example.com,2024-01-15T10:30:00Z").unwrap();
    assert_eq!(fields.customer_since, Some(NOW));
}

#[test]
fn full_name_that_differs_from_the_other_names_becomes_a_contact() {
    let contacts = |row| read("first_name,last_name,contact_name", row).unwrap().contacts;
    assert_eq!(contacts("Ann,Lee,Ann Lee"), []);
    assert_eq!(contacts("Ann,Lee,Bob Ray")[0].name, "Bob Ray");
}

#[test]
fn full_name_is_split_at_the_last_space() {
    assert_eq!(split_name("Maria Anders"), (some("Maria"), some("Anders")));
    assert_eq!(split_name("José Pedro  Freyre"), (some("José Pedro"), some("Freyre")));
    assert_eq!(split_name("Val2"), (some("Val2"), None));
}

#[test]
fn values_are_trimmed_but_otherwise_unchanged() {
    let fields = read("email,phone,address", " a@b , (5) 555-4729 ,Mataderos  2312").unwrap();
    assert_eq!((fields.email, fields.phone), (some("a@b"), some("(5) 555-4729")));
    assert_eq!(fields.physical.line1, some("Mataderos  2312"));
}

#[track_caller]
fn check_rejected(header: &str, row: &str, expected: &[(&str, &str)]) {
    let errors = read(header, row).unwrap_err();
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for (error, (field, message)) in errors.iter().zip(expected) {
        assert_eq!(error.field, *field);
        assert!(error.message.contains(message), "{}", error.message);
    }
}

#[test]
fn all_invalid_values_of_a_row_are_reported() {
    check_rejected(
        "first name,Status,Customer_Type,is_vip,credit-limit,discountRate,created_at,onmywaynotifyvia",
        "Ann,GONE,Household,maybe,12.345,101,yesterday,pigeon",
        &[
            ("Status", "must be ACTIVE, INACTIVE or LEAD, not `GONE`"),
            ("Customer_Type", "must be Residential or Commercial"),
            ("is_vip", "must be true or false"),
            ("created_at", "must be a time such as"),
            ("credit-limit", "at most two decimal places"),
            ("discountRate", "must be a percentage from 0 to 100, not `101`"),
            ("onmywaynotifyvia", "must be email, sms or both"),
        ],
    );
}

#[test]
fn nameless_and_deleted_customers_are_rejected() {
    check_rejected(
        "first_name,phone",
        " ,555-0123",
        &[("row", "no first name, last name, company or email")],
    );
    check_rejected("first_name,deleted_at", "Ann,2024-01-15", &[("deleted_at", "--map \"deleted_at=-\"")]);
    check_rejected("company,contact_title", "ACME,Owner", &[("contact_title", "needs a name")]);
}

#[test]
fn length_limits_count_characters_not_bytes() {
    let longest = "é".repeat(1_000);
    assert!(read("email,phone", &format!("a,{longest}")).is_ok());
    check_rejected("email,phone", &format!("a,{longest}x"), &[("phone", "at most 1000 characters")]);
    assert!(read("email,notes", &format!("a,{}", "é".repeat(20_000))).is_ok());
    check_rejected(
        "email,notes",
        &format!("a,{}", "x".repeat(20_001)),
        &[("notes", "at most 20000 characters")],
    );
}

#[test]
fn formula_guard_is_removed_unless_disabled() {
    let mapping =
        Mapping::of(&record("email,phone"), &[], &[], &MappingRules::default(), &HeaderRules::COMMON)
            .unwrap();
    let phone = |unguard, row| {
        customer(&mapping, &record(row), ReadRules { now: NOW, unguard }, false).unwrap().fields.phone
    };
    assert_eq!(phone(true, "a,'+55 (12)"), some("+55 (12)"));
    assert_eq!(phone(true, "a,+55 (12)"), some("+55 (12)"));
    assert_eq!(phone(true, "a,''+55"), some("'+55"));
    assert_eq!(phone(false, "a,'+55"), some("'+55"));
}

/// A text on one line without surrounding white space, often one that a spreadsheet would run as a formula.
fn any_text() -> impl Strategy<Value = Option<String>> {
    let text = prop_oneof![
        "'{0,2}[=+@-][^\\s\\p{Cc}]{0,8}",
        "[^\\s\\p{Cc}][^\\p{Cc}]{0,10}[^\\s\\p{Cc}]",
        "[^\\s\\p{Cc}]"
    ];
    let text = text.prop_filter("a blank text is no text", |text| !is_blank(text));
    prop_oneof![1 => Just(None), 3 => text.prop_map(Some)]
}

/// Tag numbers and names.
const TAGS: [(u64, &str); 4] = [(1, "weekly"), (2, "=1+1"), (3, "-x"), (10, "Ü 2")];

fn name_of(id: &TagId) -> String {
    TAGS.iter().find(|(number, _)| TagId::from_number(*number) == *id).unwrap().1.to_owned()
}

fn any_fields() -> impl Strategy<Value = CustomerFields> {
    let texts = prop::collection::vec(any_text(), 13);
    let tags = prop::sample::subsequence(
        TAGS.map(|(number, _)| TagId::from_number(number)).to_vec(),
        0..=TAGS.len(),
    );
    (texts, prop::sample::select(&Status::ALL[..]), tags).prop_map(|(texts, status, tags)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        CustomerFields {
            first_name: next(),
            last_name: next(),
            company_name: next(),
            email: next().or_else(|| some("a@example.com")),
            phone: next(),
            mobile_phone: next(),
            physical: Address {
                line1: next(),
                city: next(),
                state: next(),
                postal_code: next(),
                ..Address::default()
            },
            notes: next().map(|line| format!("{line}\r\n\t{line}")),
            quickbooks_id: next(),
            status,
            tag_ids: tags,
            ..CustomerFields::default()
        }
    })
}

proptest! {
    #[test]
    fn import_reads_what_an_export_writes(fields in any_fields(), guarded: bool) {
        let number = CustomerNumber::new(7).unwrap();
        let uuid = Tenant::new(&"acme".parse().unwrap(), Mode::Live).customer_uuid(number);
        let customer =
            Customer { number, uuid, version: 1, created_at: NOW, updated_at: NOW, deleted_at: None, fields };
        let guard = if guarded { FormulaGuard::On } else { FormulaGuard::Off };
        let names: TagNames = TAGS.map(|(number, name)| Tag {
            id: TagId::from_number(number),
            name: name.to_owned(),
            color: Color::default(),
        }).into_iter().collect();
        let header = customer_row::COLUMNS.map(Into::into);
        let file = rows([header, customer_row::cells(&customer, &names, guard)]).unwrap();

        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&file[..]);
        let records: Vec<StringRecord> = reader.records().map(Result::unwrap).collect();
        let mapping = Mapping::of(&records[0], &[], &[], &MappingRules::default(), &HeaderRules::COMMON).unwrap();
        let read = super::customer(&mapping, &records[1], ReadRules { now: NOW, unguard: guarded }, false).unwrap();

        let customer_type = if customer.fields.company_name.is_some() {
            CustomerType::Commercial
        } else {
            CustomerType::Residential
        };
        let tags = customer.fields.tag_ids.iter().map(name_of).collect();
        let customer_since = Some(customer.created_at);
        let fields =
            CustomerFields { customer_type, customer_since, tag_ids: Vec::new(), ..customer.fields };
        prop_assert_eq!((&read.fields, &read.tags), (&fields, &tags));
        prop_assert_eq!(id(&mapping, &records[1]), Some("cust_7"));
    }
}
