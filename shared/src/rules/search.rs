//! Search: the words by which a customer is found, and whether a query matches. The index supplies candidates
//! and each one is checked against its record; this module holds both halves of that rule.
//!
//! - Case, accents and punctuation are ignored, and every word of the query must match.
//! - A word of three or more characters matches anywhere inside a word of the first name, last name, company
//!   or email, or inside the digits of a phone number. A shorter word matches only at their start.
//! - Words of the street, city and postal code, and the groups in which a phone number is written, match at
//!   their start.
//! - `cust_456`, the bare number, the UUID, and the first eight or more characters of the UUID find that
//!   customer.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use uuid::Uuid;

use super::fold;
use crate::model::{Customer, CustomerFields, CustomerNumber, Tenant};
use crate::{Error, Result};

/// Minimum length of a query word that matches inside other words, in characters.
const MIN_SUBSTRING: usize = 3;

/// Number of leading characters of a word that the index holds; the rest is checked against the record.
const MAX_INDEXED: usize = 32;

/// Number of leading UUID digits in the index, and the minimum that a query must contain.
const UUID_DIGITS: usize = 8;

/// Maximum length of a query, in characters.
const MAX_QUERY: usize = 255;

/// Maximum number of words of a query that are looked up in the index; the others are checked against the record.
const MAX_LOOKED_UP: usize = 5;

/// How many characters a complete uuid has.
const UUID_LENGTH: usize = 36;

/// The text of a search box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    words: Vec<String>,
    customer_id: Option<CustomerNumber>,
    number: Option<CustomerNumber>,
    uuid_prefix: Option<String>,
}

impl SearchQuery {
    /// Parses a query. Returns `None` if it is blank, which means that there is no search.
    ///
    /// A query without a letter or digit, such as `--`, is a search that matches nothing.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] for `search` if the query is longer than 255 characters.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > MAX_QUERY {
            return Err(Error::invalid("search", format!("must have at most {MAX_QUERY} characters")));
        }
        let lower = text.to_ascii_lowercase();
        let customer_id = CustomerNumber::from_customer_id(&lower);
        let number = customer_id.or_else(|| CustomerNumber::from_digits(&lower));
        let uuid_prefix = is_uuid_prefix(&lower).then_some(lower);
        let mut words = fold::words(text);
        words.sort();
        words.dedup();
        Ok(Some(Self { words, customer_id, number, uuid_prefix }))
    }

    /// The texts to look up in the index, for each of the longest words, which most likely find the fewest: every
    /// customer that the query matches has, for each of these lists, a
    /// term that begins with one of the list's texts, or the number that the query names.
    #[must_use]
    pub fn prefixes(&self) -> Vec<Vec<String>> {
        let uuid = self.uuid_prefix.as_ref().map(|prefix| prefix[..UUID_DIGITS].to_owned());
        let of_word = |word: &String| {
            let mut prefixes = vec![first(word, MAX_INDEXED).to_owned()];
            prefixes.extend(uuid.clone());
            prefixes.dedup();
            prefixes
        };
        let mut longest: Vec<&String> = self.words.iter().collect();
        longest.sort_by_key(|word| Reverse(word.chars().count()));
        longest.into_iter().take(MAX_LOOKED_UP).map(of_word).collect()
    }

    /// The customer that the query names by its bare number, among others that it can find.
    #[must_use]
    pub fn number(&self) -> Option<CustomerNumber> {
        self.number
    }

    /// The one customer that a query such as `cust_456` or a complete uuid names.
    #[must_use]
    pub fn identity(&self, tenant: &Tenant) -> Option<Uuid> {
        let by_uuid = || self.uuid_prefix.as_deref().filter(|uuid| uuid.len() == UUID_LENGTH)?.parse().ok();
        let by_number = || self.customer_id.map(|number| tenant.customer_uuid(number));
        by_number().or_else(by_uuid)
    }

    /// Whether the query finds this customer.
    #[must_use]
    pub fn matches(&self, customer: &Customer) -> bool {
        self.number == Some(customer.number)
            || self.uuid_prefix.as_ref().is_some_and(|prefix| customer.uuid.to_string().starts_with(prefix))
            || (!self.words.is_empty() && FoldedWords::of(&customer.fields).matches_all(&self.words))
    }

    /// Returns a text that is equal for queries with the same meaning.
    #[must_use]
    pub fn canonical(&self) -> String {
        let number = self.number.map(|n| n.to_string()).unwrap_or_default();
        format!("{}|{number}|{}", self.words.join(" "), self.uuid_prefix.as_deref().unwrap_or_default())
    }
}

/// Returns whether a text could be the first eight or more characters of a hyphenated UUID.
fn is_uuid_prefix(text: &str) -> bool {
    (UUID_DIGITS..=UUID_LENGTH).contains(&text.len())
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The terms under which the index holds a customer, in order: the suffixes of the words that match anywhere, the words
/// that match at their start, and the uuid's first digits. No term is the start of another, because a look-up of the
/// shorter one finds the longer one.
#[must_use]
pub fn terms(uuid: Uuid, fields: &CustomerFields) -> BTreeSet<String> {
    let findable = FoldedWords::of(fields);
    let mut all: BTreeSet<String> = BTreeSet::new();
    for word in &findable.inside {
        for (at, _) in word.char_indices() {
            let suffix = &word[at..];
            if at == 0 || suffix.chars().nth(MIN_SUBSTRING - 1).is_some() {
                all.insert(first(suffix, MAX_INDEXED).to_owned());
            }
        }
    }
    all.extend(findable.at_start.iter().map(|word| first(word, MAX_INDEXED).to_owned()));
    all.insert(uuid.to_string()[..UUID_DIGITS].to_owned());
    without_prefixes(all)
}

fn without_prefixes(sorted: BTreeSet<String>) -> BTreeSet<String> {
    let mut kept: Vec<String> = Vec::with_capacity(sorted.len());
    for term in sorted {
        if kept.last().is_some_and(|last| term.starts_with(last.as_str())) {
            kept.pop();
        }
        kept.push(term);
    }
    kept.into_iter().collect()
}

/// Returns the first `count` characters of a text.
fn first(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

/// A customer's folded words, by how they match.
struct FoldedWords {
    inside: Vec<String>,
    at_start: Vec<String>,
}

impl FoldedWords {
    fn of(fields: &CustomerFields) -> Self {
        let mut inside = Vec::new();
        for name in [&fields.first_name, &fields.last_name, &fields.company_name].into_iter().flatten() {
            inside.extend(fold::name_words(name));
        }
        inside.extend(fields.email.iter().flat_map(|email| fold::words(email)));
        let mut at_start = Vec::new();
        for phone in [&fields.phone, &fields.mobile_phone].into_iter().flatten() {
            inside.push(fold::digits(phone));
            at_start.extend(fold::words(phone));
        }
        for address in [&fields.physical, &fields.billing] {
            for part in
                [&address.line1, &address.line2, &address.city, &address.postal_code].into_iter().flatten()
            {
                at_start.extend(fold::words(part));
            }
        }
        inside.retain(|word| !word.is_empty());
        Self { inside, at_start }
    }

    fn matches_all(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.matches(word))
    }

    fn matches(&self, word: &str) -> bool {
        let anywhere = word.chars().count() >= MIN_SUBSTRING;
        self.inside.iter().any(|own| if anywhere { own.contains(word) } else { own.starts_with(word) })
            || self.at_start.iter().any(|own| own.starts_with(word))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Address, Mode, Tenant, Timestamp};

    fn customer(fields: CustomerFields) -> Customer {
        let number = CustomerNumber::new(456).unwrap();
        let now = Timestamp::from_millis(0);
        let uuid = Tenant::new(&"acme".parse().unwrap(), Mode::Live).customer_uuid(number);
        Customer { number, uuid, version: 1, created_at: now, updated_at: now, deleted_at: None, fields }
    }

    fn luis() -> Customer {
        customer(CustomerFields {
            first_name: Some("Luís".into()),
            last_name: Some("Gonçalves".into()),
            company_name: Some("Embraer - Empresa Brasileira de Aeronáutica S.A.".into()),
            email: Some("luisg@embraer.com.br".into()),
            phone: Some("+55 (12) 3923-5555".into()),
            physical: Address {
                line1: Some("Av. Brigadeiro Faria Lima, 2170".into()),
                city: Some("São José dos Campos".into()),
                postal_code: Some("12227-000".into()),
                ..Address::default()
            },
            ..CustomerFields::default()
        })
    }

    fn is_candidate(query: &SearchQuery, terms: &BTreeSet<String>) -> bool {
        let finds =
            |prefixes: &Vec<String>| prefixes.iter().any(|p| terms.iter().any(|term| term.starts_with(p)));
        query.prefixes().iter().all(finds)
    }

    fn parse(query: &str) -> SearchQuery {
        SearchQuery::parse(query).unwrap().unwrap()
    }

    #[track_caller]
    fn check(query: &str, expected: bool) {
        let customer = luis();
        let query = parse(query);
        assert_eq!(query.matches(&customer), expected);
        let terms = terms(customer.uuid, &customer.fields);
        let is_candidate = query.number() == Some(customer.number) || is_candidate(&query, &terms);
        assert!(is_candidate || !expected, "matches, and is no candidate");
    }

    #[test]
    fn queries_match_names_emails_and_phones() {
        for query in
            ["luis", "LUÍS", "goncalves", "onçal", "lu", "5555", "aeronautica", "embraer.com", "sa", "S.A."]
        {
            check(query, true);
        }
        for query in ["luis@gmail", "gonzales", "ui", "xyz", "--", "lima faria x"] {
            check(query, false);
        }
    }

    #[test]
    fn phones_match_as_written_and_by_their_digits() {
        for query in ["+55 (12) 3923-5555", "551239235555", "3923 5555", "(12)"] {
            check(query, true);
        }
    }

    #[test]
    fn addresses_match_only_at_the_start_of_a_word() {
        check("campo sao", true);
        check("12227", true);
        check("ampos", false);
    }

    #[test]
    fn every_word_of_a_query_must_match() {
        check("luis embraer campos", true);
        check("luis microsoft", false);
    }

    #[test]
    fn customers_are_found_by_each_of_their_ids() {
        let uuid = luis().uuid.to_string();
        for query in ["cust_456", "CUST_456", "456", &uuid, &uuid.to_uppercase(), &uuid[..8], &uuid[..20]] {
            check(query, true);
        }
        check("cust_457", false);
    }

    #[test]
    fn blank_query_is_not_a_search() {
        assert_eq!(SearchQuery::parse("  ").unwrap(), None);
        assert!(SearchQuery::parse("--").unwrap().is_some());
    }

    #[test]
    fn long_query_is_rejected_and_of_many_words_the_longest_are_looked_up() {
        assert!(
            SearchQuery::parse(&"é".repeat(255)).is_ok() && SearchQuery::parse(&"é".repeat(256)).is_err()
        );
        let looked_up = parse("av s sao brigadeiro campos faria lima jose").prefixes();
        assert_eq!(looked_up.concat(), ["brigadeiro", "campos", "faria", "jose", "lima"]);
        check("av s sao brigadeiro campos faria lima jose", true);
        check("av x sao brigadeiro campos faria lima jose", false);
    }

    #[test]
    fn complete_identities_name_one_customer() {
        let tenant = Tenant::new(&"acme".parse().unwrap(), Mode::Live);
        let uuid = luis().uuid;
        for query in ["cust_456", "CUST_456", &uuid.to_string(), &uuid.to_string().to_uppercase()] {
            assert_eq!(parse(query).identity(&tenant), Some(uuid), "{query}");
        }
        for query in ["456", "cust", &uuid.to_string()[..35]] {
            assert_eq!(parse(query).identity(&tenant), None, "{query}");
        }
    }

    #[test]
    fn typical_customer_has_20_to_45_terms() {
        let typical = CustomerFields {
            first_name: Some("John".into()),
            last_name: Some("Doe".into()),
            email: Some("john@example.com".into()),
            phone: Some("206-555-1234".into()),
            physical: Address {
                line1: Some("123 Main St".into()),
                city: Some("Seattle".into()),
                postal_code: Some("98101".into()),
                ..Address::default()
            },
            ..CustomerFields::default()
        };
        let count = terms(Uuid::nil(), &typical).len();
        assert!((20..=45).contains(&count), "{count}");
    }

    fn any_text() -> impl Strategy<Value = Option<String>> {
        prop_oneof![Just(None), "[a-zA-Zéß0-9 .'-]{0,24}".prop_map(Some), "\\PC{0,12}".prop_map(Some)]
    }

    proptest! {
        /// The index can return too many candidates, never too few.
        #[test]
        fn every_match_is_a_candidate(
            first_name in any_text(), company_name in any_text(), email in any_text(), phone in any_text(),
            city in any_text(), query in "[a-z0-9é .-]{1,10}",
        ) {
            let physical = Address { city, ..Address::default() };
            let customer =
                customer(CustomerFields { first_name, company_name, email, phone, physical, ..CustomerFields::default() });
            if let Some(query) = SearchQuery::parse(&query).unwrap()
                && query.matches(&customer)
            {
                let terms = terms(customer.uuid, &customer.fields);
                prop_assert!(
                    query.number().is_some() || is_candidate(&query, &terms)
                );
            }
        }

        #[test]
        fn any_three_letters_of_a_name_match(name in "[A-Za-zäöüéñ]{3,20}", at in 0_usize..17) {
            let letters: Vec<char> = name.chars().collect();
            let at = at.min(letters.len() - 3);
            let piece: String = letters[at..at + 3].iter().collect();
            let customer = customer(CustomerFields { last_name: Some(name), ..CustomerFields::default() });
            prop_assert!(parse(&piece).matches(&customer));
        }
    }
}
