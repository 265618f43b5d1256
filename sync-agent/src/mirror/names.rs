//! Display names: the names under which QuickBooks lists customers. They are unique across its customers, vendors and
//! employees, and cannot have every character.
//!
//! A customer is listed under its first and last name, else under its company's. If that name is taken in
//! QuickBooks, our id is appended: `Ann Lee (cust_456)`.

use clientele_shared::model::CustomerNumber;
use unicode_normalization::UnicodeNormalization as _;

use super::fields::{Field, Fields};

/// Length of the longest name that is written, in characters. Intuit's page says 500; import tools say 100.
pub const MAX_NAME: usize = 100;

/// The text that QuickBooks appends to the name of a customer that is made inactive.
const DELETED: &str = " (deleted)";

/// Returns the name under which a customer is to be listed, or `None` if it has no name.
#[must_use]
pub fn display_name(fields: &Fields) -> Option<String> {
    let parts: Vec<&str> =
        [Field::FirstName, Field::LastName].into_iter().filter_map(|field| fields.text(field)).collect();
    let person = legal_name(&parts.join(" "));
    let name = if person.is_empty() {
        legal_name(fields.text(Field::CompanyName).unwrap_or_default())
    } else {
        person
    };
    Some(cut(&name, MAX_NAME)).filter(|name| !name.is_empty())
}

/// Returns the name with our id, for a name that is taken.
#[must_use]
pub fn with_id(name: &str, number: CustomerNumber) -> String {
    let suffix = format!(" (cust_{number})");
    cut(name, MAX_NAME - suffix.len()) + &suffix
}

/// Returns a text without the characters that QuickBooks refuses in names: a colon, which separates the levels of a full
/// name there, becomes a hyphen; line breaks and other white space become one space each.
#[must_use]
pub fn legal_name(text: &str) -> String {
    let replaced: String = text
        .chars()
        .map(|c| match c {
            ':' => '-',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    replaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a text without characters beyond ISO 8859-1, which some companies are said to refuse: letters lose their
/// accents if that helps, and others are left out.
#[must_use]
pub fn latin1(text: &str) -> String {
    let is_latin1 = |c: char| u32::from(c) <= 0xff;
    let folded = text.chars().flat_map(|c| {
        let stem: Vec<char> = if is_latin1(c) { vec![c] } else { std::iter::once(c).nfkd().collect() };
        stem.into_iter().filter(|c| is_latin1(*c))
    });
    folded.collect::<String>().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns a name in the form in which names are compared, whether or not their customers are active.
#[must_use]
pub fn key(name: &str) -> String {
    listed_key(without_deleted(name))
}

/// Returns a name in the form in which QuickBooks compares it with others: without case and surrounding white space.
#[must_use]
pub fn listed_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Returns a name without the text that QuickBooks appends to it when the customer is made inactive.
#[must_use]
pub fn without_deleted(name: &str) -> &str {
    let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(' ');
    let stem = [Some(name), numbered].into_iter().flatten().find_map(|name| name.strip_suffix(DELETED));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(name)
}

/// Returns the first `max` characters of a text, without white space at the end.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(first: &str, last: &str, company: &str) -> Option<String> {
        let mut fields = Fields::default();
        for (field, text) in
            [(Field::FirstName, first), (Field::LastName, last), (Field::CompanyName, company)]
        {
            fields.set(field, Some(text).filter(|text| !text.is_empty()).into());
        }
        display_name(&fields)
    }

    #[test]
    fn customer_is_listed_under_its_person_else_under_its_company() {
        assert_eq!(name("Ann", "Lee", "Acme").as_deref(), Some("Ann Lee"));
        assert_eq!(name("", "Lee", "Acme").as_deref(), Some("Lee"));
        assert_eq!(name("", "", "Acme: Pools\t& Spas").as_deref(), Some("Acme- Pools & Spas"));
        assert_eq!(name("", "", ""), None);
        assert_eq!(name("\n", " \t", ""), None);
    }

    #[test]
    fn long_names_are_cut_to_100_characters_before_the_id() {
        let long = "é".repeat(120);
        let number = CustomerNumber::new(456).unwrap();
        assert_eq!(name(&long, "", "").unwrap().chars().count(), 100);
        let unique = with_id(&long, number);
        assert!(unique.ends_with("é (cust_456)"), "{unique}");
        assert_eq!(unique.chars().count(), 100);
        assert_eq!(with_id("Ann Lee", number), "Ann Lee (cust_456)");
    }

    #[test]
    fn names_beyond_latin_1_lose_accents_or_characters() {
        assert_eq!(latin1("František Wichterlová 🏊 Pools"), "Frantisek Wichterlová Pools");
        assert_eq!(latin1("日本"), "");
    }

    #[test]
    fn names_are_compared_without_case_space_and_deletion() {
        for same in ["Ann Lee", " ann  LEE ", "Ann Lee (deleted)", "Ann Lee (deleted) 2"] {
            assert_eq!(key(same), "ann lee", "{same}");
        }
        assert_ne!(key("Ann Lee 2"), key("Ann Lee"));
    }
}
