//! Texts for people: values from records on one line of the terminal.

use std::borrow::Cow;

use clientele_shared::model::Timestamp;
use serde_json::Value;

/// Most characters of a value.
const MAX_VALUE: usize = 60;

/// Returns a text as one line of at most `max` characters. Control characters, which a terminal would obey, become
/// spaces.
pub(super) fn line(text: &str, max: usize) -> String {
    let is_plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.chars().map(is_plain).take(max).collect();
    if text.chars().nth(max).is_some() {
        line.push('…');
    }
    line
}

/// Returns a name of a record as one line.
pub(super) fn name(text: &str) -> String {
    line(text, MAX_VALUE)
}

/// Returns the value of a mirrored field: `–` if it is empty, and an address on one line.
pub(super) fn value(value: &Value) -> String {
    let text: Cow<'_, str> = match value {
        Value::Null => return "–".to_owned(),
        Value::Bool(true) => return "yes".to_owned(),
        Value::Bool(false) => return "no".to_owned(),
        Value::String(text) => text.into(),
        Value::Object(parts) => address(parts).into(),
        other => other.to_string().into(),
    };
    if text.is_empty() { "–".to_owned() } else { line(&text, MAX_VALUE) }
}

/// Returns the parts of an address in the order in which people write them.
fn address(parts: &serde_json::Map<String, Value>) -> String {
    let known =
        crate::mirror::fields::ADDRESS_PARTS.iter().filter_map(|(ours, _)| parts.get(*ours)?.as_str());
    known.collect::<Vec<_>>().join(", ")
}

/// Returns a moment for people, or `unknown`.
pub(super) fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "unknown".to_owned(), Timestamp::to_rfc3339_seconds)
}

/// Returns a moment for scripts: RFC 3339, or `None`.
pub(super) fn rfc3339(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_on_one_line() {
        assert_eq!(value(&json!(null)), "–");
        assert_eq!(value(&json!("")), "–");
        assert_eq!(value(&json!("a\u{1b}[31m\nb")), "a [31m b");
        let address = json!({ "city": "Seattle", "line1": "1 Main St", "postal_code": "98101" });
        assert_eq!(value(&address), "1 Main St, Seattle, 98101");
        assert_eq!(value(&json!("x".repeat(61))), format!("{}…", "x".repeat(60)));
    }
}
