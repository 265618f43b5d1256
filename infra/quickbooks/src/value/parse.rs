//! Parses JSON. `serde_json` splits a document into its fields; their numbers are then read as decimals.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Object, Value};

/// Deepest nesting that is read. The deepest object of the API, an invoice with groups, has fewer than 12
/// levels.
const MAX_DEPTH: usize = 32;

/// Most fields of an object. Fields are found by a scan, so that more would take quadratic time.
pub const MAX_FIELDS: usize = 1000;

/// The reason why a text is not a usable JSON document.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The text is not JSON.
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    /// A number is too large.
    #[error("the number {0} is out of range")]
    Number(String),
    /// Objects or lists are nested too deeply.
    #[error("more than {MAX_DEPTH} levels of nesting")]
    Depth,
    /// An object has too many fields.
    #[error("more than {MAX_FIELDS} fields in an object")]
    Fields,
}

pub(super) fn parse(text: &str) -> Result<Value, ParseError> {
    from_raw(serde_json::from_str(text)?, 0)
}

/// Numbers must be smaller than 10 to this power. The sums of a request, of at most 8 MiB, and of a company's
/// transactions then fit into a decimal, which ends at 7.9 * 10^28.
const MAX_POWER: u32 = 18;

/// Parses a decimal in plain or scientific notation. `None` if its size is 10^18 or more.
#[must_use]
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().or_else(|_| Decimal::from_scientific(text)).ok().filter(|number| is_in_range(*number))
}

/// Returns whether a number has the size of one that a request can hold.
#[must_use]
pub fn is_in_range(number: Decimal) -> bool {
    number.abs() < Decimal::from(10_i64.pow(MAX_POWER))
}

fn from_raw(raw: &RawValue, depth: usize) -> Result<Value, ParseError> {
    if depth > MAX_DEPTH {
        return Err(ParseError::Depth);
    }
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let mut object = Object::new();
            let Fields(fields) = serde_json::from_str(text)?;
            if fields.len() > MAX_FIELDS {
                return Err(ParseError::Fields);
            }
            for (name, raw) in fields {
                object.set(&name, from_raw(raw, depth + 1)?);
            }
            Value::Object(object)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            Value::List(items.into_iter().map(|raw| from_raw(raw, depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Value::Text(serde_json::from_str(text)?),
        Some(b't' | b'f') => Value::Bool(serde_json::from_str(text)?),
        Some(b'n') => Value::Null,
        _ => Value::Number(parse_decimal(text).ok_or_else(|| ParseError::Number(text.to_owned()))?),
    })
}

/// The fields of an object, with their values unparsed.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}
