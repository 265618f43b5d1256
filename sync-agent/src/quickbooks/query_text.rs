//! Text literals of the query language.

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

#[cfg(test)]
mod tests {
    use clientele_infra_quickbooks::query::{Operator, parse};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(quoted(r"O'Neill \ Sons"), r"'O\'Neill \\ Sons'");
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
