//! A free-form JSON object that a client stores with a customer.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Maximum depth of objects and lists.
const MAX_DEPTH: usize = 32;

/// `serde_json` gives objects with a member of this prefix a meaning of its own.
const RESERVED: &str = "$serde_json::private::";

/// A JSON object as the client wrote it, including the digits of its numbers and the order of its members.
///
/// In the table it is one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonObject(String);

/// A text that cannot be stored as a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonObjectError {
    /// The text is not a JSON object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// Objects and lists are nested too deeply.
    #[error("must not nest objects and lists deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// A member has a reserved name.
    #[error("must not have members whose names start with `{RESERVED}`")]
    Reserved,
}

impl JsonObject {
    /// Accepts a JSON object.
    ///
    /// # Errors
    /// Returns what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, JsonObjectError> {
        if text.contains(RESERVED) {
            return Err(JsonObjectError::Reserved);
        }
        if depth(text) > MAX_DEPTH {
            return Err(JsonObjectError::TooDeep);
        }
        // Only a parsed text has no half surrogates and no numbers that are too large.
        match serde_json::from_str(text) {
            Ok(Value::Object(_)) => Ok(Self(text.trim().to_owned())),
            _ => Err(JsonObjectError::NotAnObject),
        }
    }

    /// Returns the JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the JSON as a value that is serialised unchanged; `None` if it is no JSON, which only a fault of the table
    /// can cause.
    #[must_use]
    pub fn to_raw(&self) -> Option<&RawValue> {
        serde_json::from_str(&self.0).ok()
    }
}

/// The depth of brackets outside strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl Serialize for JsonObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str::<&RawValue>(&text).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn objects_are_kept_to_the_digit() {
        let text = r#"{"b": 1.10, "a": [12345678901234567890123, 1e3], "b": null}"#;
        let object = JsonObject::parse(&format!(" {text}\n")).unwrap();
        assert_eq!(object.as_str(), text);
        assert_eq!(object.to_raw().unwrap().get(), text);
        let stored = serde_json::to_string(&object).unwrap();
        assert_eq!(serde_json::from_str::<JsonObject>(&stored).unwrap(), object);
    }

    #[test]
    fn texts_that_a_later_answer_could_not_contain_are_refused() {
        use JsonObjectError::{NotAnObject, Reserved, TooDeep};
        let nested =
            |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(JsonObject::parse(&nested(32)).is_ok());
        assert_eq!(JsonObject::parse(&nested(33)), Err(TooDeep));
        assert_eq!(JsonObject::parse(&"[".repeat(100_000)), Err(TooDeep));
        assert_eq!(JsonObject::parse(r#"{"$serde_json::private::RawValue": "1"}"#), Err(Reserved));
        for text in ["", "1", "[]", "{", "{} x", r#"{"a":"\ud800"}"#, r#"{"a":1e999}"#, "null"] {
            assert_eq!(JsonObject::parse(text), Err(NotAnObject), "{text}");
        }
        assert!(
            JsonObject::parse(&format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(99), "{".repeat(99))).is_ok()
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "[\\[\\]{}\",:\\\\a1$\u{e9} ]{0,60}") {
            if let Ok(object) = JsonObject::parse(&text) {
                prop_assert!(object.to_raw().is_some());
            }
        }
    }
}
