//! Forms: a JSON object whose members set fields. Every wrong member is reported, and a member equal to the field's
//! value is not a change and is not validated, so that a client can send back what it read.

use serde_json::{Map, Value};

use clientele_shared::error::FieldError;
use clientele_shared::rules::text::{Rule, is_blank};
use clientele_shared::{Error, Result};

/// A JSON object being read, and the errors found so far.
#[derive(Debug)]
pub struct Form<'a> {
    body: &'a Map<String, Value>,
    /// Precedes each name in errors: `billing_address.`.
    prefix: String,
    errors: Vec<FieldError>,
}

impl<'a> Form<'a> {
    /// Starts to read a body.
    #[must_use]
    pub fn new(body: &'a Map<String, Value>) -> Self {
        Self { body, prefix: String::new(), errors: Vec::new() }
    }

    /// Starts to read an object that is a part of a body; `path` names it in errors.
    #[must_use]
    pub fn nested(body: &'a Map<String, Value>, path: &str) -> Self {
        Self { prefix: format!("{path}."), ..Self::new(body) }
    }

    /// Returns a member of the object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.body.get(name)
    }

    /// Returns `result`, if nothing is wrong.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] naming every member that is wrong.
    pub fn finish<T>(self, result: T) -> Result<T> {
        if self.errors.is_empty() { Ok(result) } else { Err(Error::Invalid(self.errors)) }
    }

    /// Adds the errors of an object that is a part of this one, named in full.
    pub fn absorb(&mut self, nested: Self) {
        self.errors.extend(nested.errors);
    }

    /// Sets a text, or clears it if the member is blank.
    pub fn text(&mut self, name: &str, target: &mut Option<String>, rule: Rule) {
        match self.body.get(name) {
            None => {}
            Some(Value::Null) => *target = None,
            Some(Value::String(text)) if Some(text) == target.as_ref() => {}
            Some(Value::String(text)) if is_blank(text) => *target = None,
            Some(Value::String(text)) => match rule(text.trim()) {
                Ok(value) => *target = Some(value),
                Err(message) => self.add_error(name, message),
            },
            Some(_) => self.add_error(name, "must be a string or null"),
        }
    }

    /// Sets a field that is not text. `null` resets it to its default.
    pub fn set<T: Default>(&mut self, name: &str, target: &mut T, read: fn(&Value) -> Result<T, String>) {
        match self.body.get(name) {
            None => {}
            Some(Value::Null) => *target = T::default(),
            Some(value) => match read(value) {
                Ok(value) => *target = value,
                Err(message) => self.add_error(name, message),
            },
        }
    }

    /// Records what is wrong with a member.
    pub fn add_error(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(format!("{}{name}", self.prefix), message));
    }

    /// Returns whether something is wrong with a member.
    #[must_use]
    pub fn has_error(&self, name: &str) -> bool {
        self.errors.iter().any(|error| error.field.strip_prefix(self.prefix.as_str()) == Some(name))
    }
}

/// Reads a boolean, also one that is written as a string.
///
/// # Errors
/// Returns a message if the value is anything else.
pub fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
        _ => Err("must be true or false".into()),
    }
}
