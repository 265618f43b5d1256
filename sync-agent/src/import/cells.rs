//! The cells of a row while they are read, and what is wrong with them.

use clientele_shared::csv::unguarded;
use clientele_shared::error::FieldError;
use clientele_shared::model::Money;
use csv::StringRecord;

use super::field::ImportField;
use super::mapping::Mapping;

/// The longest text, in characters.
const MAX_TEXT: usize = 1_000;
/// How much of a wrong value is shown, in characters.
const SHOWN: usize = 40;

/// The cells of a row, and what was found wrong with them so far.
pub(super) struct Cells<'a, F> {
    mapping: &'a Mapping<F>,
    record: &'a StringRecord,
    /// Whether the mark of [`clientele_shared::csv::guarded`] is taken away.
    unguard: bool,
    wrong: Vec<FieldError>,
}

impl<'a, F: ImportField> Cells<'a, F> {
    /// The cells of a row that has as many as the header.
    pub(super) fn new(mapping: &'a Mapping<F>, record: &'a StringRecord, unguard: bool) -> Self {
        Self { mapping, record, unguard, wrong: Vec::new() }
    }

    /// What was made of the cells, unless one of them is wrong; `None` is made of wrong ones only.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Vec<FieldError>> {
        made.filter(|_| self.wrong.is_empty()).ok_or(self.wrong)
    }

    /// A cell without white space around it; `None` when nothing is left.
    pub(super) fn cell(&self, field: F) -> Option<&'a str> {
        let cell = self.record.get(self.mapping.column(field)?)?.trim();
        let cell = if self.unguard { unguarded(cell) } else { cell };
        (!cell.is_empty()).then_some(cell)
    }

    pub(super) fn text(&mut self, field: F) -> Option<String> {
        self.text_up_to(field, MAX_TEXT)
    }

    pub(super) fn text_up_to(&mut self, field: F, longest: usize) -> Option<String> {
        let cell = self.cell(field)?;
        // Bytes are counted first: most texts are short in bytes already.
        if cell.len() > longest && cell.chars().count() > longest {
            self.refuse(field, format!("must have at most {longest} characters"));
            return None;
        }
        Some(cell.to_owned())
    }

    pub(super) fn read<T>(&mut self, field: F, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(field)?;
        read(&text).map_err(|message| self.refuse(field, format!("{message}, not `{}`", shown(&text)))).ok()
    }

    /// What a field is called in this file.
    pub(super) fn name_of(&self, field: F) -> String {
        self.mapping.name_of(field)
    }

    pub(super) fn refuse(&mut self, field: F, message: impl Into<String>) {
        self.wrong.push(FieldError::new(self.name_of(field), message));
    }

    /// Says what is wrong with the row, and not with one cell.
    pub(super) fn refuse_row(&mut self, message: impl Into<String>) {
        self.wrong.push(FieldError::new("row", message));
    }
}

/// An amount of money that is not negative.
pub(super) fn amount(text: &str) -> Result<Money, String> {
    let money: Money = text.parse().map_err(|why| format!("{why}, such as 1250.00"))?;
    if money < Money::default() { Err("must not be less than zero".into()) } else { Ok(money) }
}

/// The start of a value, for a message.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What is wrong with a row, in one line.
pub(super) fn reason(wrong: &[FieldError]) -> String {
    let reasons: Vec<String> =
        wrong.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    reasons.join("; ")
}
