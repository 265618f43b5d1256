//! CSV as people and spreadsheets take it: RFC 4180 with CRLF, in UTF-8, and safe to open.
//!
//! # The guard
//!
//! Spreadsheets run a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, and a
//! customer can type one into a web form. A guarded cell has an apostrophe before it, which spreadsheets take
//! for "this is text". That goes for every cell, so also for a phone such as `+55 (12) 3923-5555`: to a
//! spreadsheet it is a formula, and would be shown as an error or a number without its plus sign.
//!
//! Guarding can be undone exactly: [`guarded`] adds one apostrophe before such a cell, also before one that has
//! apostrophes there already, and [`unguarded`] takes one away. An import does so, and brings back what an export
//! took out; whoever reads the file by other means switches the guard off.

pub mod customer_row;

use std::borrow::Cow;

use crate::{Error, Result};

/// Whether cells that a spreadsheet would run are marked as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FormulaGuard {
    /// They are.
    #[default]
    On,
    /// Every cell is what the record holds.
    Off,
}

impl FormulaGuard {
    /// The cell as this guard leaves it.
    #[must_use]
    pub fn apply(self, cell: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::On => guarded(cell),
            Self::Off => cell,
        }
    }
}

/// Rows of cells: commas, CRLF, quotation marks where they are needed.
///
/// # Errors
/// [`Error::Internal`] when the writer fails, which has no cause outside this process.
pub fn rows<R>(rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>>
where
    R: IntoIterator<Item: AsRef<str>>,
{
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        for cell in row {
            writer.write_field(cell.as_ref()).map_err(unwritable)?;
        }
        writer.write_record(None::<&[u8]>).map_err(unwritable)?;
    }
    writer.into_inner().map_err(unwritable)
}

fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("writing CSV", error)
}

/// The cell as text to a spreadsheet.
#[must_use]
pub fn guarded(cell: Cow<'_, str>) -> Cow<'_, str> {
    if is_formula(cell.trim_start_matches('\'')) { format!("'{cell}").into() } else { cell }
}

/// The cell without the mark of [`guarded`].
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_needs_quotation_marks_has_them() {
        let cells = ["a", "", "b,c", "d\"e", "f\r\ng", " h "];
        let written = rows([cells, cells]).unwrap();
        let row = "a,,\"b,c\",\"d\"\"e\",\"f\r\ng\", h \r\n";
        assert_eq!(String::from_utf8(written).unwrap(), row.repeat(2));
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_marked() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert_eq!(guarded(cell.into()), format!("'{cell}"));
        }
        for cell in ["", "O'Reilly", "'t Hart", "1-2", "'"] {
            assert_eq!(guarded(cell.into()), cell);
            assert_eq!(unguarded(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn the_mark_can_be_taken_away_exactly(cell in "'{0,3}[=+@\t\r-]?\\PC{0,8}") {
            let guarded = guarded(cell.as_str().into());
            prop_assert_eq!(unguarded(&guarded), &cell);
        }
    }
}
