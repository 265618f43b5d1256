//! Reading of the fields of a QuickBooks object, with errors that name the object.

use std::str::FromStr;

use clientele_shared::model::{Date, Money, Timestamp};
use clientele_shared::rules::text::{escaped, is_blank};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Object, Unreadable};

/// Maximum length of a text, in characters.
const MAX_TEXT: usize = 1_000;

/// Maximum length of an invalid value in a message, in characters.
const MAX_SHOWN: usize = 40;

/// Reads fields of one object and of the objects within it.
pub(super) struct Reader {
    /// The object in messages, such as `Invoice 123`.
    document: String,
    /// The object's id.
    pub(super) id: String,
}

impl Reader {
    /// Creates the reader of an object of this entity.
    pub(super) fn open(entity: &str, object: &Object) -> Result<Self, Unreadable> {
        let mut reader = Self { document: entity.to_owned(), id: String::new() };
        let id = reader.required(object, "Id")?;
        reader.document = format!("{entity} {id}");
        reader.id = id;
        Ok(reader)
    }

    /// Returns the error for this object.
    pub(super) fn unreadable(&self, reason: impl Into<String>) -> Unreadable {
        Unreadable { document: self.document.clone(), reason: reason.into() }
    }

    /// Returns a text on one line: control characters become spaces. `None` if it is absent or blank.
    pub(super) fn text(&self, object: &Object, field: &str) -> Result<Option<String>, Unreadable> {
        let text = text_of(object, field).map(|text| one_line(&text)).filter(|text| !is_blank(text));
        match text {
            // Counting bytes first avoids counting the characters of most texts.
            Some(text) if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT => {
                Err(self.unreadable(format!("{field}: must have at most {MAX_TEXT} characters")))
            }
            text => Ok(text),
        }
    }

    /// Returns a text that must not be blank.
    pub(super) fn required(&self, object: &Object, field: &str) -> Result<String, Unreadable> {
        let missing = || self.unreadable(format!("{field}: must not be empty"));
        self.text(object, field)?.ok_or_else(missing)
    }

    /// Returns a number.
    pub(super) fn number(&self, object: &Object, field: &str) -> Result<Option<Decimal>, Unreadable> {
        let Some(text) = self.text(object, field)? else { return Ok(None) };
        let invalid = || self.invalid(field, "must be a number below 1000000000000", &text);
        decimal(&text).map(Some).ok_or_else(invalid)
    }

    /// Returns an amount of money, rounded to cents, that is not negative.
    pub(super) fn amount(&self, object: &Object, field: &str) -> Result<Option<Money>, Unreadable> {
        let amount = self.signed_amount(object, field)?;
        if amount.is_some_and(|amount| amount < Money::default()) {
            return Err(self.unreadable(format!("{field}: must not be negative")));
        }
        Ok(amount)
    }

    /// Returns an amount of money, rounded to cents.
    pub(super) fn signed_amount(&self, object: &Object, field: &str) -> Result<Option<Money>, Unreadable> {
        let Some(number) = self.number(object, field)? else { return Ok(None) };
        let too_large = || self.unreadable(format!("{field}: must be below 1000000000000"));
        Money::rounded(number).map(Some).ok_or_else(too_large)
    }

    /// Returns a day.
    pub(super) fn day(&self, object: &Object, field: &str) -> Result<Option<Date>, Unreadable> {
        let Some(text) = self.text(object, field)? else { return Ok(None) };
        let years = Timestamp::from_month("1000-01")..Timestamp::from_month("9999-01");
        let day = text.parse::<Date>().ok().filter(|day| years.contains(&Some(day.start())));
        let invalid = || self.invalid(field, "must be a date such as 2024-01-15", &text);
        day.map(Some).ok_or_else(invalid)
    }

    fn invalid(&self, field: &str, rule: &str, text: &str) -> Unreadable {
        let shown: String = text.chars().take(MAX_SHOWN).collect();
        self.unreadable(format!("{field}: {rule}, not `{}`", escaped(&shown)))
    }
}

/// Returns the text of a field, or of a number as it is written. `None` for any other value.
pub(super) fn text_of(object: &Object, field: &str) -> Option<String> {
    match object.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the text on one line, without surrounding white space: control characters become spaces.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Returns the object in a field.
pub(super) fn object_in<'a>(object: &'a Object, field: &str) -> Option<&'a Object> {
    object.get(field)?.as_object()
}

/// Returns the objects in a list.
pub(super) fn list<'a>(object: &'a Object, field: &str) -> impl Iterator<Item = &'a Object> {
    let list = object.get(field).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

/// Returns the id in a reference such as `{"value": "12", "name": "Filter"}`.
pub(super) fn reference(object: &Object, field: &str) -> Option<String> {
    let id = one_line(&text_of(object_in(object, field)?, "value")?);
    (!id.is_empty()).then_some(id)
}

/// Parses a decimal number, with or without an exponent.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()
}
