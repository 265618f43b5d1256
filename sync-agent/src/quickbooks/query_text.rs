//! Text literals of the query language.

/// How many bytes of literals a query has at most: a URL with three bytes for each of them stays below 8 KiB.
const MAX_BYTES: usize = 2000;

/// Returns a text as a literal of the query language, in single quotes, with `'` and `\` escaped.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            literal.push('\\');
        }
        literal.push(c);
    }
    literal.push('\'');
    literal
}

/// Returns values as lists of at most `max` literals for `IN (…)`. Each list fits into one query, unless it is a single value
/// that is too long for one.
pub fn literal_lists<'a>(values: impl IntoIterator<Item = &'a String>, max: usize) -> Vec<String> {
    let mut lists = Vec::new();
    let (mut list, mut count) = (String::new(), 0);
    for value in values {
        let literal = quoted(value);
        if count == max || (count > 0 && list.len() + literal.len() + 2 > MAX_BYTES) {
            lists.push(std::mem::take(&mut list));
            count = 0;
        }
        if count > 0 {
            list.push_str(", ");
        }
        list.push_str(&literal);
        count += 1;
    }
    lists.extend(Some(list).filter(|list| !list.is_empty()));
    lists
}

#[cfg(test)]
mod tests {
    use clientele_infra_quickbooks::query::{Operator, parse};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(quoted(r"O'Neill \ Sons"), r"'O\'Neill \\ Sons'");
    }

    fn texts(count: usize, text: &str) -> Vec<String> {
        (0..count).map(|n| format!("{text}{n:03}")).collect()
    }

    fn counts(values: &[String], max: usize) -> Vec<usize> {
        literal_lists(values, max).iter().map(|list| list.split(", ").count()).collect()
    }

    #[test]
    fn values_are_split_by_number_and_length() {
        assert!(literal_lists(&texts(0, ""), 40).is_empty());
        assert_eq!(literal_lists(&texts(2, "O'"), 40), [r"'O\'000', 'O\'001'"]);
        assert_eq!(counts(&texts(90, "Ann Lee "), 40), [40, 40, 10]);
        assert_eq!(counts(&texts(250, ""), 100), [100, 100, 50]);
        // Nine of these, with quotes and commas, have 1,861 bytes.
        let long = texts(20, &"č".repeat(100));
        assert_eq!(counts(&long, 40), [9, 9, 2]);
        assert!(literal_lists(&long, 40).iter().all(|list| list.len() <= MAX_BYTES));
        assert_eq!(counts(&texts(2, &"x".repeat(3000)), 40), [1, 1]);
    }

    proptest! {
        #[test]
        fn stand_in_reads_any_text_back(text in r"['\\a-z%() é\t\n]{0,20}|\PC{0,20}") {
            let query = format!("SELECT * FROM Customer WHERE DisplayName = {}", quoted(&text));
            let parsed = parse(&query).unwrap();
            let [condition] = parsed.conditions.as_slice() else { panic!("{parsed:?}") };
            prop_assert_eq!(condition.operator, Operator::Equal);
            prop_assert_eq!(&condition.values, &[text]);
        }
    }
}
