//! Search follows its rules on the engine. Customers with awkward texts are inserted, renamed and deleted,
//! and the results of random searches are compared with a simple model of the rules.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use uuid::Uuid;

use clientele_shared::model::{Address, CustomerFields, CustomerNumber, CustomerType, Mode, Tenant};
use clientele_shared::store::{ImportedRow, RowKey, Write};

use crate::support::{Stack, uuid_of};

/// Customers, and searches among them.
#[derive(Debug, Clone)]
struct Case {
    customers: Vec<CustomerFields>,
    /// New fields of the first customers.
    renamed: Vec<CustomerFields>,
    /// Whether the last customer is deleted.
    is_last_deleted: bool,
    searches: Vec<Search>,
}

/// A text to search for, mostly built from existing data.
#[derive(Debug, Clone)]
enum Search {
    /// Pieces of inserted texts: which customer, which text, its start, its length, and whether it is in
    /// capitals.
    Pieces(Vec<(prop::sample::Index, prop::sample::Index, prop::sample::Index, usize, bool)>),
    /// Any text.
    Noise(String),
    /// A customer's number, and whether it has the prefix `cust_`.
    Number(u32, bool),
    /// The start of a customer's uuid: which customer, its length, and whether it is in capitals.
    Uuid(prop::sample::Index, usize, bool),
}

/// A customer in the model.
struct ModelCustomer {
    number: u32,
    uuid: Uuid,
    is_deleted: bool,
    fields: CustomerFields,
}

#[tokio::test]
async fn search_has_at_most_255_characters_and_any_number_of_words() {
    let stack = Stack::start().await;
    let words: Vec<String> = (0..50).map(|n| format!("w{n}")).collect();
    let body = serde_json::json!({"first_name": words.join(" "), "last_name": "Doe"});
    stack.acme.post("/api/v1/customers", &body).await.expect(201);
    let found = stack.acme.get(&format!("/api/v1/customers?search={}", words.join("+"))).await.data();
    assert_eq!(found["customers"].as_array().unwrap().len(), 1);
    let missed = stack.acme.get(&format!("/api/v1/customers?search={}+w50", words.join("+"))).await.data();
    assert_eq!(missed["customers"].as_array().unwrap().len(), 0);
    let long = stack.acme.get(&format!("/api/v1/customers?search={}", "x".repeat(256))).await;
    assert_eq!(long.invalid_fields(), ["search"]);
}

#[test]
fn search_results_match_the_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stack = runtime.block_on(Stack::start());
    let config = Config { cases: 48, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tenants = AtomicUsize::new(0);
    let result = TestRunner::new_with_rng(config, seed).run(&any_case(), |case| {
        let tenant = format!("t{}", tenants.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(check(&stack, &tenant, case))
    });
    // The reason is sufficient; the case is too long to read.
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
}

async fn check(stack: &Stack, tenant: &str, case: Case) -> Result<(), TestCaseError> {
    let caller = stack.caller(tenant, Mode::Live, "read").await;
    let known = insert(stack, &caller.key.tenant(), &case).await;
    for search in &case.searches {
        let text = search.text(&known);
        for include_deleted in [false, true] {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let query =
                format!("search={escaped}&limit=100&include_deleted={include_deleted}&filter=residential");
            let found = caller.get(&format!("/api/v1/customers?{query}")).await.data();
            let found: Vec<String> = found["customers"].as_array().unwrap().iter().map(uuid_of).collect();
            let is_found = |customer: &&ModelCustomer| {
                (include_deleted || !customer.is_deleted)
                    && customer.fields.customer_type == CustomerType::Residential
                    && model::finds(&text, customer)
            };
            let expected: Vec<String> =
                known.iter().rev().filter(is_found).map(|customer| customer.uuid.to_string()).collect();
            let texts: Vec<_> = known.iter().map(|known| (known.uuid, model::texts(&known.fields))).collect();
            prop_assert_eq!(found, expected, "for {:?} among {:#?}", text, texts);
        }
    }
    Ok(())
}

/// Writes the customers of a case; returns them in their final state, in ascending order of number.
async fn insert(stack: &Stack, tenant: &Tenant, case: &Case) -> Vec<ModelCustomer> {
    let count = u32::try_from(case.customers.len()).unwrap();
    let allocated = stack.store.customer_numbers_allocate(tenant, count).await.unwrap();
    let number = |at: usize| CustomerNumber::new(u64::from(allocated.first.get()) + at as u64).unwrap();
    let row = |(at, fields): (usize, &CustomerFields)| {
        let key = RowKey::new("search", &at.to_string());
        ImportedRow { key, number: number(at), at: allocated.at, fields: fields.clone() }
    };
    let rows = case.customers.iter().enumerate().map(row).collect();
    assert!(stack.store.customers_import(tenant, rows).await.unwrap());
    let known = |(at, fields): (usize, &CustomerFields)| {
        let (number, uuid) = (number(at).get(), tenant.customer_uuid(number(at)));
        ModelCustomer { number, uuid, is_deleted: false, fields: fields.clone() }
    };
    let mut known: Vec<ModelCustomer> = case.customers.iter().enumerate().map(known).collect();
    for (customer, fields) in known.iter_mut().zip(&case.renamed) {
        let change = |_| Ok(fields.clone());
        stack.store.customer_update(tenant, customer.uuid, change, Write::plain()).await.unwrap();
        customer.fields = fields.clone();
    }
    if let (true, Some(last)) = (case.is_last_deleted, known.last_mut()) {
        stack.store.customer_delete(tenant, last.uuid, Write::plain()).await.unwrap();
        last.is_deleted = true;
    }
    known
}

impl Search {
    fn text(&self, known: &[ModelCustomer]) -> String {
        match self {
            Self::Noise(text) => text.clone(),
            Self::Number(number, has_prefix) => format!("{}{number}", if *has_prefix { "Cust_" } else { "" }),
            Self::Uuid(customer, length, in_capitals) => {
                let start = customer.get(known).uuid.to_string()[..*length].to_owned();
                if *in_capitals { start.to_uppercase() } else { start }
            }
            Self::Pieces(pieces) => {
                let piece = |(customer, text, from, length, in_capitals): &_| {
                    let texts = model::texts(&prop::sample::Index::get(customer, known).fields);
                    let text: Vec<char> = match texts.len() {
                        0 => return String::new(),
                        _ => prop::sample::Index::get(text, &texts).chars().collect(),
                    };
                    let from = prop::sample::Index::index(from, text.len());
                    let piece: String = text[from..].iter().take(*length).collect();
                    if *in_capitals { piece.to_uppercase() } else { piece }
                };
                pieces.iter().map(piece).collect::<Vec<String>>().join(" ")
            }
        }
    }
}

/// Letters that are folded, apostrophes that are removed, punctuation that splits words, and plain letters.
const AWKWARD: &str = "[a-dA-DéÉüñßØłÅçŒæÐþйЙσΣςﬁ²１0-3日本'’`´.@&/_#, -]";

fn awkward(how_many: &str) -> impl Strategy<Value = String> + use<> {
    prop::string::string_regex(&format!("{AWKWARD}{how_many}")).unwrap()
}

fn any_word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "Ann", "Anna", "O'Brien", "O’Brien", "Jean-Luc", "S.A.", "São", "José", "Müller", "Mueller", "Straße",
            "ΣΙΣΥΦΟΣ", "Łódź", "d'Arc", "Smith", "smithson", "A", "Bo", "e\u{301}e", "İpek", "12", "1",
        ]).prop_map(str::to_owned),
        4 => awkward("{1,8}"),
        1 => "[a-c]{28,40}",
    ]
}

fn any_text() -> impl Strategy<Value = Option<String>> {
    let text = prop::collection::vec(any_word(), 1..4).prop_map(|words| words.join(" "));
    prop_oneof![2 => Just(None), 3 => text.prop_map(Some)]
}

fn any_phone() -> impl Strategy<Value = Option<String>> {
    let phones =
        ["206-555-0123", "+55 (12) 3923-5555", "5550123", "(0) 12 / 34 56", "1.2.3", "ext 9", "-", "٣４５"];
    prop_oneof![
        2 => Just(None),
        3 => prop::sample::select(phones.to_vec()).prop_map(|phone| Some(phone.to_owned())),
        2 => "[0-9+() ./-]{1,16}".prop_map(Some),
    ]
}

fn any_address() -> impl Strategy<Value = Address> {
    let texts = (any_text(), any_text(), any_text(), any_text(), any_text());
    let address = |(line1, line2, city, state, postal_code)| Address {
        line1,
        line2,
        city,
        state,
        postal_code,
        ..Address::default()
    };
    prop_oneof![Just(Address::default()), texts.prop_map(address)]
}

fn any_customer() -> impl Strategy<Value = CustomerFields> {
    let names = (any_text(), any_text(), any_text(), any_text());
    let others = (any_phone(), any_phone(), any_address(), any_address(), any_text(), 0..4_u8);
    (names, others).prop_map(
        |(
            (first_name, last_name, company_name, email),
            (phone, mobile_phone, physical, billing, notes, kind),
        )| {
            let customer_type = if kind == 0 { CustomerType::Commercial } else { CustomerType::Residential };
            let names =
                CustomerFields { first_name, last_name, company_name, email, ..CustomerFields::default() };
            CustomerFields { phone, mobile_phone, physical, billing, notes, customer_type, ..names }
        },
    )
}

fn any_search() -> impl Strategy<Value = Search> {
    let index = any::<prop::sample::Index>;
    let piece = (index(), index(), index(), prop_oneof![1..8_usize, 30..40_usize], any::<bool>());
    prop_oneof![
        8 => prop::collection::vec(piece, 1..4).prop_map(Search::Pieces),
        2 => prop_oneof![awkward("{0,6}"), any_word()].prop_map(Search::Noise),
        1 => (0..9_u32, any::<bool>()).prop_map(|(number, has_prefix)| Search::Number(number, has_prefix)),
        1 => (index(), 1..=36_usize, any::<bool>()).prop_map(|(at, length, up)| Search::Uuid(at, length, up)),
    ]
}

fn any_case() -> impl Strategy<Value = Case> {
    let customers = prop::collection::vec(any_customer(), 1..6);
    let renamed = prop::collection::vec(any_customer(), 0..3);
    let searches = prop::collection::vec(any_search(), 1..16);
    (customers, renamed, any::<bool>(), searches).prop_map(
        |(customers, renamed, is_last_deleted, searches)| Case {
            customers,
            renamed,
            is_last_deleted,
            searches,
        },
    )
}

/// The documented rules of search, applied to each customer without an index.
mod model {
    use clientele_shared::model::CustomerFields;

    use super::ModelCustomer;

    /// Returns every text of a customer, including those that are not searched.
    pub(super) fn texts(fields: &CustomerFields) -> Vec<&String> {
        let CustomerFields { first_name, last_name, company_name, email, phone, mobile_phone, notes, .. } =
            fields;
        let addresses = [&fields.physical, &fields.billing];
        let addresses =
            addresses.into_iter().flat_map(|a| [&a.line1, &a.line2, &a.city, &a.state, &a.postal_code]);
        let own = [first_name, last_name, company_name, email, phone, mobile_phone, notes];
        own.into_iter().chain(addresses).flatten().collect()
    }

    /// Returns whether a search finds a customer. A blank search finds all customers.
    pub(super) fn finds(search: &str, customer: &ModelCustomer) -> bool {
        let search = search.trim();
        let (lower, words) = (search.to_lowercase(), words(search));
        let number = customer.number.to_string();
        search.is_empty()
            || lower == number
            || lower == format!("cust_{number}")
            || lower.len() >= 8 && customer.uuid.to_string().starts_with(&lower)
            || !words.is_empty() && words.iter().all(|word| finds_word(word, &customer.fields))
    }

    fn finds_word(word: &str, fields: &CustomerFields) -> bool {
        let is_long = word.chars().count() >= 3;
        let names = [&fields.first_name, &fields.last_name, &fields.company_name].into_iter().flatten();
        let phones = [&fields.phone, &fields.mobile_phone];
        let addresses = [&fields.physical, &fields.billing].into_iter();
        let mut anywhere: Vec<String> = names.flat_map(|name| name.split(' ')).flat_map(name_words).collect();
        anywhere.extend(fields.email.iter().flat_map(|email| words(email)));
        anywhere.extend(phones.into_iter().flatten().map(|phone| digits(phone)));
        let places = addresses.flat_map(|a| [&a.line1, &a.line2, &a.city, &a.postal_code]).chain(phones);
        let at_start: Vec<String> = places.flatten().flat_map(|text| words(text)).collect();
        anywhere.iter().any(|own| own.starts_with(word) || is_long && own.contains(word))
            || at_start.iter().any(|own| own.starts_with(word))
    }

    /// Returns the words of a part of a name, and these words joined into one.
    fn name_words(part: &str) -> Vec<String> {
        let words = words(part);
        let together = words.concat();
        words.into_iter().chain([together]).collect()
    }

    fn words(text: &str) -> Vec<String> {
        let plain: String = text.chars().map(plain).collect();
        plain
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn digits(phone: &str) -> String {
        phone.chars().map(plain).collect::<String>().chars().filter(char::is_ascii_digit).collect()
    }

    /// Removes case and accents from a letter of the test's alphabet.
    fn plain(c: char) -> String {
        c.to_lowercase().map(unaccented).collect()
    }

    fn unaccented(lower: char) -> String {
        let plain = match lower {
            '\'' | '’' | '`' | '´' | '\u{301}' | '\u{307}' => "",
            'å' | 'ã' => "a",
            'æ' => "ae",
            'ç' => "c",
            'ð' => "d",
            'é' => "e",
            'ﬁ' => "fi",
            'ł' => "l",
            'ñ' => "n",
            'ó' | 'ø' => "o",
            'œ' => "oe",
            'ß' => "ss",
            'þ' => "th",
            'ü' => "u",
            'ź' => "z",
            'й' => "и",
            'ς' => "σ",
            '１' => "1",
            '²' => "2",
            '４' => "4",
            '５' => "5",
            other => return other.to_string(),
        };
        plain.to_owned()
    }
}
