//! The cells of one row, and the errors found while reading them.

use std::borrow::Cow;

use clientele_shared::csv::unguarded;
use clientele_shared::error::FieldError;
use clientele_shared::model::{Money, Timestamp};
use clientele_shared::rules::text::{escaped, is_blank, lines};
use csv::StringRecord;

use super::field::ImportField;
use super::mapping::Mapping;

/// Maximum length of a text, in characters.
const MAX_TEXT: usize = 1_000;
/// Maximum length of an invalid value in a message, in characters.
const MAX_SHOWN: usize = 40;

/// The cells of one row, with the errors found so far.
pub(super) struct Cells<'a, F> {
    mapping: &'a Mapping<F>,
    record: &'a StringRecord,
    /// Whether to remove the apostrophe that [`clientele_shared::csv::guarded`] adds.
    unguard: bool,
    errors: Vec<FieldError>,
}

impl<'a, F: ImportField> Cells<'a, F> {
    /// Creates the reader of a row that has as many cells as the header.
    pub(super) fn new(mapping: &'a Mapping<F>, record: &'a StringRecord, unguard: bool) -> Self {
        Self { mapping, record, unguard, errors: Vec::new() }
    }

    /// Returns the value read from the cells, or the errors if there are any. `None` implies an error.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        value.filter(|_| self.errors.is_empty()).ok_or(self.errors)
    }

    /// Returns the value of a field, or `None` if it is empty or the file has no column for it. The cell is trimmed, unless the
    /// file is an export. A constant takes the place of the cell.
    pub(super) fn cell(&self, field: F) -> Option<Cow<'a, str>> {
        if let Some(constant) = self.mapping.constant(field) {
            return Some(constant.into());
        }
        let translated = |value: &str| self.mapping.translation(field, value).map(str::to_owned);
        let value = match self.mapping.source(field) {
            Some(source) if field.is_list() => {
                let items = source.items(|column| self.raw(column)).into_iter();
                let items = items.map(|item| translated(item).unwrap_or_else(|| item.to_owned()));
                let items: Vec<String> =
                    items.filter(|item| !is_blank(item)).map(|item| quoted_item(&item)).collect();
                return (!items.is_empty()).then(|| items.join(";").into());
            }
            Some(source) => {
                source.value(|column| self.raw(column), |column| self.mapping.column_name(column))?
            }
            None => self.raw(self.mapping.column(field)?)?.into(),
        };
        match translated(&value) {
            Some(translation) => (!is_blank(&translation)).then(|| translation.into()),
            None => Some(value),
        }
    }

    /// Returns a cell as it is read, unless it is empty. A blank cell of an export is a stored value, like any other.
    fn raw(&self, column: usize) -> Option<&'a str> {
        let cell = self.record.get(column)?;
        let is_export = self.mapping.is_export();
        let cell = if is_export { cell } else { cell.trim() };
        let cell = if self.unguard { unguarded(cell) } else { cell };
        let is_empty = if is_export { cell.is_empty() } else { is_blank(cell) };
        (!is_empty).then_some(cell)
    }

    /// Returns a text on one line.
    pub(super) fn text(&mut self, field: F) -> Option<String> {
        if self.cell(field)?.chars().any(char::is_control) {
            self.reject(field, "must be one line without control characters");
            return None;
        }
        self.text_up_to(field, MAX_TEXT)
    }

    /// Returns a text on any number of lines.
    pub(super) fn text_up_to(&mut self, field: F, max: usize) -> Option<String> {
        let cell = self.cell(field)?;
        if let Err(message) = lines(&cell) {
            self.reject(field, message);
            return None;
        }
        // Counting bytes first avoids counting the characters of most texts.
        if cell.len() > max && cell.chars().count() > max {
            self.reject(field, format!("must have at most {max} characters"));
            return None;
        }
        Some(cell.into_owned())
    }

    /// Returns a text on one line that must not be empty.
    pub(super) fn required(&mut self, field: F) -> Option<String> {
        if self.cell(field).is_none() {
            self.reject(field, "must not be empty");
            return None;
        }
        self.text(field)
    }

    pub(super) fn read<T>(&mut self, field: F, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(field)?;
        read(&text).map_err(|message| self.reject(field, format!("{message}, not `{}`", shown(&text)))).ok()
    }

    /// Reads a cell of any length and with any characters, which `read` checks.
    pub(super) fn parse<T>(&mut self, field: F, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let cell = self.cell(field)?;
        read(&cell).map_err(|message| self.reject(field, message)).ok()
    }

    /// Returns whether the file is an export of these records.
    pub(super) fn is_export(&self) -> bool {
        self.mapping.is_export()
    }

    /// Returns the name of the field's column, or the field's own name if it has no column.
    pub(super) fn name_of(&self, field: F) -> String {
        self.mapping.name_of(field)
    }

    pub(super) fn reject(&mut self, field: F, message: impl Into<String>) {
        self.errors.push(FieldError::new(self.name_of(field), message));
    }

    /// Adds an error that concerns the row rather than one cell.
    pub(super) fn reject_row(&mut self, message: impl Into<String>) {
        self.errors.push(FieldError::new("row", message));
    }
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match text {
        _ if is_one_of(&["true", "yes", "1"]) => Ok(true),
        _ if is_one_of(&["false", "no", "0"]) => Ok(false),
        _ => Err("must be true or false (yes, no, 1 and 0 are accepted too)".into()),
    }
}

/// Parses a time or a date.
pub(super) fn timestamp(text: &str) -> Result<Timestamp, String> {
    let time = text.parse::<jiff::Timestamp>();
    // A date is midnight, and a time without an offset is in UTC.
    let civil = || {
        let civil = text.parse::<jiff::civil::DateTime>()?.to_zoned(jiff::tz::TimeZone::UTC)?;
        Ok::<_, jiff::Error>(civil.timestamp())
    };
    let timestamp = time.or_else(|_| civil());
    let timestamp =
        timestamp.map_err(|_| "must be a time such as 2024-01-15T10:30:00Z or a date such as 2024-01-15")?;
    Ok(Timestamp::from_millis(timestamp.as_millisecond()))
}

/// Quotes an item of a list if it could not be told from several.
fn quoted_item(item: &str) -> String {
    if item.contains([';', '"']) { format!("\"{}\"", item.replace('"', "\"\"")) } else { item.to_owned() }
}

/// Parses an amount of money that is not negative.
pub(super) fn amount(text: &str) -> Result<Money, String> {
    let money: Money = text.parse().map_err(|error| format!("{error}, such as 1250.00"))?;
    if money < Money::default() { Err("must not be negative".into()) } else { Ok(money) }
}

/// Returns the start of a value, for a message.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", escaped(&text[..end])),
        None => escaped(text),
    }
}

/// Joins the errors of a row into one line.
pub(super) fn reason(errors: &[FieldError]) -> String {
    let reasons: Vec<String> =
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    reasons.join("; ")
}
