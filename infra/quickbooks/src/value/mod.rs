//! JSON values with exact decimal numbers.
//!
//! `serde_json::Value` reads numbers as binary floats, which cannot hold amounts such as 0.10 exactly.
//! This type reads them as decimals. Field names are interned, because every object of a company has the
//! same ones.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rust_decimal::Decimal;

mod parse;

pub use parse::{MAX_FIELDS, ParseError, is_in_range, parse_decimal};

/// Number of field names that are interned. Further names are stored with each object.
const MAX_INTERNED: usize = 4096;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the variants are JSON's own types")]
pub enum Value {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Box<str>),
    List(Vec<Value>),
    Object(Object),
}

/// A JSON object that keeps the order of its fields. Objects have few fields, at most [`MAX_FIELDS`] in a
/// request, so a field is found by a scan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(Vec<(Arc<str>, Value)>);

impl Value {
    /// Parses a JSON document.
    ///
    /// # Errors
    ///
    /// Returns [`ParseError::Syntax`] if the text is not JSON, [`ParseError::Number`] if a number does not
    /// fit into a decimal, [`ParseError::Depth`] if the nesting is too deep, and [`ParseError::Fields`] if an
    /// object has too many fields.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text)
    }

    /// Returns the text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a number, also one that is written as a string, as several clients do.
    #[must_use]
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => parse_decimal(text),
            _ => None,
        }
    }

    /// Returns a truth value, also one that is written as a string.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// Returns the object, if the value is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the items of a list, or none.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Returns whether the value is `null` or an empty string, which clients send for an absent field.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// Returns a number, a truth value or a string as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            other => other.to_string(),
        }
    }

    fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(number) => write!(out, "{}", number.normalize()),
            Self::Text(text) => write_string(text, out),
            Self::List(items) => {
                out.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.write_char(',')?;
                    }
                    item.write(out)?;
                }
                out.write_char(']')
            }
            Self::Object(object) => object.write(out),
        }
    }
}

/// The value as compact JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// The object as compact JSON.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Object {
    /// Returns an empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a JSON object; `None` if the document is not an object.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Value::parse`].
    pub fn parse(text: &str) -> Result<Option<Self>, ParseError> {
        Ok(match Value::parse(text)? {
            Value::Object(object) => Some(object),
            _ => None,
        })
    }

    /// Returns a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// Returns a field for change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// Returns the text of a field.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Returns the number in a field, or zero.
    #[must_use]
    pub fn decimal(&self, name: &str) -> Decimal {
        self.get(name).and_then(Value::as_decimal).unwrap_or_default()
    }

    /// Returns the truth value of a field.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    /// Returns the id that a reference field such as `CustomerRef` holds.
    #[must_use]
    pub fn reference(&self, name: &str) -> Option<String> {
        let value = self.get(name)?.as_object()?.get("value")?;
        (!value.is_blank()).then(|| value.to_text())
    }

    /// Returns the items of a list field, or none.
    #[must_use]
    pub fn list(&self, name: &str) -> &[Value] {
        self.get(name).map_or(&[], Value::items)
    }

    /// Sets a field in its place, or appends it.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.get_mut(name) {
            Some(old) => *old = value,
            None => self.0.push((intern(name), value)),
        }
    }

    /// Removes a field and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(key, _)| **key == *name)?;
        Some(self.0.remove(at).1)
    }

    /// Returns the fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Returns the number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the object has no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_char('{')?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            if at > 0 {
                out.write_char(',')?;
            }
            write_string(name, out)?;
            out.write_char(':')?;
            value.write(out)?;
        }
        out.write_char('}')
    }
}

impl<'a> FromIterator<(&'a str, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (&'a str, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (intern(name), value)).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number.into())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items)
    }
}

/// Creates an [`Object`] from field names and values.
#[macro_export]
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {{
        #[allow(unused_mut, reason = "the object can be empty")]
        let mut object = $crate::value::Object::new();
        $(object.set($name, $value);)*
        object
    }};
}

/// Returns the shared copy of a field name.
fn intern(name: &str) -> Arc<str> {
    static NAMES: LazyLock<Mutex<HashSet<Arc<str>>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = names.get(name) {
        return Arc::clone(shared);
    }
    let shared: Arc<str> = name.into();
    if names.len() < MAX_INTERNED {
        names.insert(Arc::clone(&shared));
    }
    shared
}

fn write_string(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    if !text.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        out.write_str(text)?;
        return out.write_char('"');
    }
    let mut plain = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| matches!(c, '"' | '\\' | '\0'..='\u{1f}')) {
        out.write_str(&text[plain..at])?;
        match c {
            '"' | '\\' => write!(out, "\\{c}")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c => write!(out, "\\u{:04x}", u32::from(c))?,
        }
        plain = at + c.len_utf8();
    }
    out.write_str(&text[plain..])?;
    out.write_char('"')
}

#[cfg(test)]
mod tests;
