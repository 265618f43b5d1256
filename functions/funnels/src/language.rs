//! The language of the argument `query`: `order_by:email order_dir:asc tags:vip smith`.
//!
//! ```text
//! query = [term {space term}]
//! term  = key ":" value | flag | word
//! value = '"' {character | '\"'} '"' | {character other than space}
//! ```
//!
//! A word is searched for. A later term replaces an earlier one of the same key, but all conditions on `created_at` hold.
//! Terms with an unknown key are ignored with a warning.

use clientele_shared::model::{Date, Timestamp};
use clientele_shared::rules::condition::Period;
use clientele_shared::rules::entries::Sort;
use clientele_shared::rules::text::{MAX_LINE, within};
use clientele_shared::store::Direction;
use clientele_shared::{Error, Result};

/// The name of the argument.
pub(crate) const QUERY: &str = "query";

/// Maximum length of a `query`, in characters.
const MAX_QUERY: usize = 2_000;

/// The columns that lists can be ordered by.
const COLUMNS: [(&str, Column); 9] = [
    ("id", Column::Id),
    ("created_at", Column::CreatedAt),
    ("updated_at", Column::By(Sort::Updated)),
    ("email", Column::By(Sort::Email)),
    ("first_name", Column::By(Sort::FirstName)),
    ("last_name", Column::By(Sort::LastName)),
    ("full_name", Column::By(Sort::FullName)),
    ("expenses", Column::By(Sort::Expenses)),
    ("orders_count", Column::By(Sort::OrdersCount)),
];

/// The flags that select the customers created in the last days, and the number of days.
const FLAGS: [(&str, i64); 4] =
    [("last_week", 7), ("last_month", 30), ("last_3_months", 90), ("last_year", 365)];

const SECONDS_PER_DAY: i64 = 24 * 3_600;

/// A column that a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Column {
    /// The number.
    #[default]
    Id,
    /// The time of creation. Numbers are given in the order of creation, so it is also the order by number.
    CreatedAt,
    /// Any other.
    By(Sort),
}

impl Column {
    /// Returns the order in which the store reads the list.
    pub(crate) fn sort(self) -> Sort {
        match self {
            Self::Id | Self::CreatedAt => Sort::Number,
            Self::By(sort) => sort,
        }
    }
}

/// The order, the conditions and the search that a `query` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) column: Column,
    pub(crate) direction: Direction,
    /// The name of a tag.
    pub(crate) tag: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) accepts_marketing: Option<bool>,
    /// The period of creation.
    pub(crate) created: Period,
    /// The words to search for.
    pub(crate) search: String,
    pub(crate) warnings: Vec<String>,
}

impl ListQuery {
    /// Reads the argument. Relative conditions are relative to `now`.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`], naming the argument, if a known key has a value that it cannot have.
    pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Self> {
        within(text, MAX_QUERY).map_err(|message| Error::invalid(QUERY, message))?;
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (term, after) = next_term(rest)?;
            query.add(&term, now)?;
            rest = after.trim_start();
        }
        Ok(query)
    }

    fn add(&mut self, term: &Term<'_>, now: Timestamp) -> Result<()> {
        let Some(key) = term.key else {
            let flag = FLAGS.iter().find(|(name, _)| term.value.eq_ignore_ascii_case(name));
            match flag.filter(|_| !term.is_quoted) {
                Some((_, days)) => {
                    let from = Some(now.plus_seconds(-days * SECONDS_PER_DAY));
                    self.created = both(self.created, Period { from, to: None });
                }
                None => {
                    self.search.push_str(&term.value);
                    self.search.push(' ');
                }
            }
            return Ok(());
        };
        let value = term.value.as_str();
        match key {
            "order_by" => self.column = column(value)?,
            "order_dir" => self.direction = direction(value)?,
            "tags" => self.tag = Some(text(key, value)?),
            "email" => self.email = Some(text(key, value)?),
            "accepts_marketing" => self.accepts_marketing = Some(flag(key, value)?),
            "created_at" => self.created = both(self.created, period(value)?),
            _ => {
                let key = within(key, MAX_LINE).unwrap_or_else(|_| "a key".into());
                self.warnings.push(format!("query: the unknown key `{key}` is ignored"));
            }
        }
        Ok(())
    }
}

/// One term.
struct Term<'a> {
    key: Option<&'a str>,
    value: String,
    is_quoted: bool,
}

/// Splits off the first term of a text that does not begin with white space.
fn next_term(text: &str) -> Result<(Term<'_>, &str)> {
    let key_end = text.find(|c: char| !matches!(c, 'a'..='z' | '_' | '0'..='9')).unwrap_or(text.len());
    let (key, rest) = match text[key_end..].strip_prefix(':') {
        Some(rest) if key_end > 0 => (Some(&text[..key_end]), rest),
        _ => (None, text),
    };
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, after) = unquote(quoted)?;
        return Ok((Term { key, value, is_quoted: true }, after));
    }
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    Ok((Term { key, value: rest[..end].to_owned(), is_quoted: false }, &rest[end..]))
}

/// Reads a quoted value after its first quotation mark.
fn unquote(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\\\"") {
            value.push('"');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('"') {
            return Ok((value, after));
        } else {
            value.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Err(Error::invalid(QUERY, "has a quotation mark that is not closed"))
}

fn column(value: &str) -> Result<Column> {
    let found = COLUMNS.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
    found.map(|(_, column)| *column).ok_or_else(|| {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        Error::invalid(QUERY, format!("order_by must be one of {}", names.join(", ")))
    })
}

fn direction(value: &str) -> Result<Direction> {
    match value.to_ascii_lowercase().as_str() {
        "asc" => Ok(Direction::Ascending),
        "desc" => Ok(Direction::Descending),
        _ => Err(Error::invalid(QUERY, "order_dir must be asc or desc")),
    }
}

fn text(key: &str, value: &str) -> Result<String> {
    if value.trim().is_empty() {
        return Err(Error::invalid(QUERY, format!("{key} must have a value")));
    }
    within(value.trim(), MAX_LINE).map_err(|message| Error::invalid(QUERY, format!("{key} {message}")))
}

fn flag(key: &str, value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Error::invalid(QUERY, format!("{key} must be true or false"))),
    }
}

/// Returns the period that is in both periods.
fn both(one: Period, other: Period) -> Period {
    // `None` is less than every moment.
    let to = [one.to, other.to].into_iter().flatten().min();
    Period { from: one.from.max(other.from), to }
}

/// Reads a condition on a time: a day or a moment, after an operator.
fn period(value: &str) -> Result<Period> {
    let operators = [">=", "<=", ">", "<", "="];
    let (operator, time) = operators
        .into_iter()
        .find_map(|operator| Some((operator, value.strip_prefix(operator)?)))
        .unwrap_or(("=", value));
    let (first, last) = match (time.parse::<Date>(), Timestamp::from_rfc3339(time)) {
        (Ok(day), _) => (day.start(), day.start().plus_seconds(SECONDS_PER_DAY - 1)),
        (Err(_), Some(moment)) => {
            let second = Timestamp::from_millis(moment.as_seconds() * 1_000);
            (second, second)
        }
        (Err(_), None) => {
            let message =
                "created_at must be a date such as >=2024-01-31, or a time such as 2024-01-31T09:00:00Z";
            return Err(Error::invalid(QUERY, message));
        }
    };
    let (from, to) = match operator {
        ">=" => (Some(first), None),
        "<=" => (None, Some(last)),
        ">" => (Some(last.plus_seconds(1)), None),
        "<" => (None, Some(first.plus_seconds(-1))),
        _ => (Some(first), Some(last)),
    };
    Ok(Period { from, to })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn parse(text: &str) -> ListQuery {
        ListQuery::parse(text, NOW).unwrap()
    }

    fn error(text: &str) -> String {
        ListQuery::parse(text, NOW).unwrap_err().to_string()
    }

    fn at(text: &str) -> Option<Timestamp> {
        Timestamp::from_rfc3339(text)
    }

    #[test]
    fn nothing_means_the_newest_first() {
        assert_eq!(parse("  "), ListQuery::default());
        assert_eq!(parse("order_by:id order_dir:desc"), ListQuery::default());
    }

    #[test]
    fn last_term_of_a_key_wins_and_case_of_values_is_ignored() {
        let query = parse("order_by:email ORDER order_by:Full_Name order_dir:DESC order_dir:Asc");
        assert_eq!((query.column, query.direction), (Column::By(Sort::FullName), Direction::Ascending));
        assert_eq!(query.search, "ORDER ");
    }

    #[test]
    fn values_can_be_quoted() {
        let query = parse(r#"tags:"big \"x\" spender" email:"a@b.c" "last_week""#);
        assert_eq!(
            (query.tag.as_deref(), query.email.as_deref()),
            (Some("big \"x\" spender"), Some("a@b.c"))
        );
        assert_eq!((query.search.as_str(), query.created), ("last_week ", Period::default()));
    }

    #[test]
    fn bounds_of_days_include_whole_days_and_all_hold() {
        let created = |text| parse(text).created;
        let both = created("created_at:>=2024-01-31 created_at:<2024-02-02T09:00:00.500Z");
        let expected = Period { from: at("2024-01-31T00:00:00Z"), to: at("2024-02-02T08:59:59Z") };
        assert_eq!(both, expected);
        let day = Period { from: at("2024-01-31T00:00:00Z"), to: at("2024-01-31T23:59:59Z") };
        assert_eq!(created("created_at:2024-01-31"), day);
        assert_eq!(created("created_at:>2024-01-31").from, at("2024-02-01T00:00:00Z"));
        assert_eq!(created("created_at:<=2024-01-31 created_at:<=2024-03-01").to, day.to);
        assert_eq!(created("last_week last_year").from, Some(NOW.plus_seconds(-7 * 86_400)));
    }

    #[test]
    fn unknown_keys_are_ignored_with_a_warning() {
        let query = parse("product_id:\"15858\" status:paid http://x");
        assert_eq!(query.warnings.len(), 3);
        assert_eq!(query.warnings[0], "query: the unknown key `product_id` is ignored");
        assert_eq!(query.search, "");
    }

    #[test]
    fn wrong_values_name_the_key() {
        assert!(error("order_by:phone").starts_with("query: order_by must be one of id, created_at"));
        assert_eq!(error("order_dir:up"), "query: order_dir must be asc or desc");
        assert_eq!(error("accepts_marketing:maybe"), "query: accepts_marketing must be true or false");
        assert!(error("created_at:2024-02-30").starts_with("query: created_at must be a date"));
        assert_eq!(error("tags:"), "query: tags must have a value");
        assert_eq!(error("tags:\"a"), "query: has a quotation mark that is not closed");
        assert_eq!(error(&"k:1 ".repeat(501)), "query: must be at most 2000 characters");
    }

    proptest! {
        #[test]
        fn every_text_is_read_or_refused(text in "(order_by|tags|created_at|x|:|\"|\\\\| |>=|2024-01-01|\\PC){0,12}") {
            drop(ListQuery::parse(&text, NOW));
        }
    }
}
