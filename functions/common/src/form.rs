//! Forms: the members of an object that a client sent, which set fields. Every wrong member is reported, and a member equal
//! to the field's value is not a change and is not validated, so that a client can send back what it read.
//!
//! [`Form`] reads a JSON object. GraphQL inputs give each [`Member`] by itself.

use serde_json::{Map, Value};

use clientele_shared::error::FieldError;
use clientele_shared::rules::text::{Rule, is_blank};
use clientele_shared::{Error, Result};

/// The value that a client sent for a text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member<'a> {
    /// Nothing: the field keeps its value.
    Absent,
    /// `null`: the field is cleared.
    Null,
    /// A text. A blank one clears the field.
    Text(&'a str),
    /// A value of another type.
    Other,
}

impl<'a> From<Option<&'a Value>> for Member<'a> {
    fn from(value: Option<&'a Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(Value::String(text)) => Self::Text(text),
            Some(_) => Self::Other,
        }
    }
}

/// How a text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Without surrounding white space.
    Trimmed,
    /// As it was sent.
    Kept,
}

/// The errors found in an object so far.
#[derive(Debug, Default)]
pub struct FormErrors {
    /// Precedes each name in errors: `billing_address.`.
    prefix: String,
    errors: Vec<FieldError>,
}

impl FormErrors {
    /// Starts to read an object that is a part of another one; `path` names it in errors.
    #[must_use]
    pub fn nested(path: &str) -> Self {
        Self { prefix: format!("{path}."), errors: Vec::new() }
    }

    /// Sets a text, or clears it if the member is blank.
    pub fn text(
        &mut self,
        name: &str,
        member: Member<'_>,
        target: &mut Option<String>,
        (rule, spacing): (Rule, Spacing),
    ) {
        match member {
            Member::Absent => {}
            Member::Null => *target = None,
            Member::Text(text) if Some(text) == target.as_deref() => {}
            Member::Text(text) if is_blank(text) => *target = None,
            Member::Text(text) => match rule(if spacing == Spacing::Trimmed { text.trim() } else { text }) {
                Ok(value) => *target = Some(value),
                Err(message) => self.add(name, message),
            },
            Member::Other => self.add(name, "must be a string or null"),
        }
    }

    /// Records what is wrong with a member.
    pub fn add(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(format!("{}{name}", self.prefix), message));
    }

    /// Returns whether something is wrong with a member.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.errors.iter().any(|error| error.field.strip_prefix(self.prefix.as_str()) == Some(name))
    }

    /// Adds the errors of an object that is a part of this one, named in full.
    pub fn absorb(&mut self, nested: Self) {
        self.errors.extend(nested.errors);
    }

    /// Returns `result`, if nothing is wrong.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] naming every member that is wrong.
    pub fn finish<T>(self, result: T) -> Result<T> {
        if self.errors.is_empty() { Ok(result) } else { Err(Error::Invalid(self.errors)) }
    }
}

/// A JSON object being read, and the errors found so far.
#[derive(Debug)]
pub struct Form<'a> {
    body: &'a Map<String, Value>,
    errors: FormErrors,
}

impl<'a> Form<'a> {
    /// Starts to read a body.
    #[must_use]
    pub fn new(body: &'a Map<String, Value>) -> Self {
        Self { body, errors: FormErrors::default() }
    }

    /// Starts to read an object that is a part of a body; `path` names it in errors.
    #[must_use]
    pub fn nested(body: &'a Map<String, Value>, path: &str) -> Self {
        Self { body, errors: FormErrors::nested(path) }
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
        self.errors.finish(result)
    }

    /// Adds the errors of an object that is a part of this one, named in full.
    pub fn absorb(&mut self, nested: Self) {
        self.errors.absorb(nested.errors);
    }

    /// Sets a text, or clears it if the member is blank.
    pub fn text(&mut self, name: &str, target: &mut Option<String>, rule: Rule) {
        self.errors.text(name, self.body.get(name).into(), target, (rule, Spacing::Trimmed));
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
        self.errors.add(name, message);
    }

    /// Returns whether something is wrong with a member.
    #[must_use]
    pub fn has_error(&self, name: &str) -> bool {
        self.errors.has(name)
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
