//! Tests of the query language's grammar.

use proptest::prelude::*;

use super::test::is_like;
use super::*;
use crate::entities::{Kind, Named};

fn parsed(query: &str) -> Query {
    parse(query).unwrap_or_else(|fault| panic!("{query}: {}", fault.detail))
}

#[test]
fn documented_forms_are_parsed() {
    let query = parsed(
        "SELECT * FROM Customer WHERE Active IN (true, false) AND DisplayName LIKE 'A%' \
         ORDERBY MetaData.LastUpdatedTime DESC, Id STARTPOSITION 101 MAXRESULTS 50",
    );
    assert_eq!(query.entity, Named::Kept(Kind::Customer));
    assert_eq!(query.conditions.len(), 2);
    assert_eq!(query.conditions[0].values, ["true", "false"]);
    assert_eq!(query.order[0], ("MetaData.LastUpdatedTime".to_owned(), Direction::Descending));
    assert_eq!(query.order[1], ("Id".to_owned(), Direction::Ascending));
    assert_eq!((query.start, query.max), (101, Some(50)));
    assert_eq!(parsed("select count(*) from Invoice").selection, Selection::Count);
}

#[test]
fn forms_of_real_clients_are_parsed() {
    let query = parsed(
        r"select * from customer where DisplayName = 'King\'s \\ Groceries' startposition 0 maxresults 1000",
    );
    assert_eq!(query.conditions[0].values, [r"King's \ Groceries"]);
    assert_eq!(query.start, 1);
    let query = parsed(
        "SELECT * FROM Customer WHERE Metadata.LastUpdatedTime >= '2026-01-01T00:00:00Z' AND Active IN (true, false) \
         ORDER BY Metadata.LastUpdatedTime ASC STARTPOSITION 1 MAXRESULTS 1000",
    );
    assert_eq!(query.order.len(), 1);
    assert_eq!(parsed("SELECT *, Sku FROM Item").selection, Selection::All);
    let columns = ["Id", "SyncToken", "Active"].map(str::to_owned).to_vec();
    assert_eq!(parsed("SELECT Id, SyncToken, Active FROM Customer").selection, Selection::Columns(columns));
}

#[test]
fn what_the_language_lacks_is_a_parser_error() {
    for query in [
        "",
        "SELECT",
        "SELECT * FROM Customer WHERE Id = '1' OR Id = '2'",
        "SELECT * FROM Customer, Vendor",
        "SELECT * FROM Customer GROUP BY Active",
        "SELECT * FROM Customer WHERE DisplayName = 'open",
        "SELECT * FROM Customer WHERE DisplayName != 'x'",
        "SELECT * FROM Customer MAXRESULTS many",
        "DELETE FROM Customer",
        "SELECT * FROM Customer;",
    ] {
        assert_eq!(parse(query).unwrap_err().code, "4000", "{query}");
    }
    assert_eq!(parse("SELECT * FROM Nothing").unwrap_err().code, "4001");
}

#[test]
fn parser_errors_name_the_column_in_characters() {
    let fault = parse("SELECT * FROM Customer WHERE DisplayName = 'Zoë' OR").unwrap_err();
    assert!(fault.detail.contains("Encountered \" OR \" at line 1, column 50."), "{}", fault.detail);
}

/// Counting the characters before each token took 27 s here; a parse in one pass takes less than a second.
#[test]
fn long_lists_are_parsed_in_linear_time() {
    let start = std::time::Instant::now();
    let query = parsed(&format!("SELECT * FROM Customer WHERE Id IN ({}'1')", "'1',".repeat(300_000)));
    assert_eq!(query.conditions[0].values.len(), 300_001);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn like_matches_with_percent_signs() {
    for (text, pattern, expected) in [
        ("abc", "abc", true),
        ("abc", "a%", true),
        ("abc", "%c", true),
        ("abc", "%b%", true),
        ("abc", "a%c", true),
        ("abc", "%", true),
        ("", "%", true),
        ("abc", "ab", false),
        ("abc", "a%b", false),
        ("aa", "a%a%a", false),
        ("a_c", "a_c", true),
        ("abc", "a_c", false),
    ] {
        assert_eq!(is_like(text, pattern), expected, "{text} LIKE {pattern}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(query in "(?s).{0,200}") {
        drop(parse(&query));
    }

    #[test]
    fn almost_valid_queries_never_panic(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "SELECT", "*", "count(*)", "FROM", "Customer", "WHERE", "AND", "IN", "(", ")", ",", "LIKE", "=", "<=",
                "'a%'", "'\\''", "ORDERBY", "ORDER BY", "DESC", "STARTPOSITION", "MAXRESULTS", "1", "true", "'",
            ]),
            0..20,
        ),
    ) {
        drop(parse(&words.join(" ")));
    }

    #[test]
    fn any_text_can_be_quoted(text in any::<String>()) {
        let quoted = text.replace('\\', r"\\").replace('\'', r"\'");
        let query = parsed(&format!("SELECT * FROM Customer WHERE DisplayName = '{quoted}'"));
        prop_assert_eq!(&query.conditions[0].values[0], &text);
    }

    #[test]
    fn like_without_percent_signs_is_equality(text in "[a-c]{0,4}", pattern in "[a-c]{0,4}") {
        prop_assert_eq!(is_like(&text, &pattern), text == pattern);
    }

    #[test]
    fn like_agrees_with_a_backtracking_matcher(text in "[ab]{0,8}", pattern in "[ab%]{0,6}") {
        fn matches(text: &[u8], pattern: &[u8]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some((b'%', rest)) => (0..=text.len()).any(|at| matches(&text[at..], rest)),
                Some((c, rest)) => text.first() == Some(c) && matches(&text[1..], rest),
            }
        }
        prop_assert_eq!(is_like(&text, &pattern), matches(text.as_bytes(), pattern.as_bytes()));
    }
}
