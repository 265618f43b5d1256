//! CSV that people and spreadsheets can open safely: RFC 4180 with CRLF, in UTF-8.
//!
//! # The formula guard
//!
//! A spreadsheet runs a cell that starts with `=`, `+`, `-`, `@`, a tab or a line break as a formula,
//! and a customer can type one into a web form. A guarded cell starts with an apostrophe, which tells the
//! spreadsheet that the cell is text. The guard applies to every cell, even to a phone number such as
//! `+55 (12) 3923-5555`: a spreadsheet takes it for a formula and would show an error, or a number without
//! its plus sign.
//!
//! The guard is exactly reversible. [`guarded`] adds one apostrophe to such a cell and to one that starts with an
//! apostrophe itself, and [`unguarded`] removes it: an import restores what an export wrote. A name such as `'t Hart` in a
//! file of other software keeps its apostrophe, because no export writes a single one there. To read an export with other
//! software, turn the guard off.

pub mod cell;
pub mod customer_row;

use std::borrow::Cow;

use crate::rules::text::is_invisible;
use crate::{Error, Result};

/// Whether cells that a spreadsheet would run as formulas are marked as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FormulaGuard {
    /// Such cells start with an apostrophe.
    #[default]
    On,
    /// Every cell is written unchanged.
    Off,
}

impl FormulaGuard {
    /// Returns the cell, guarded if the guard is on.
    #[must_use]
    pub fn apply(self, cell: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::On => guarded(cell),
            Self::Off => cell,
        }
    }
}

/// Formats rows of cells as CSV: separated by commas, ended by CRLF, and quoted where necessary.
///
/// # Errors
/// Returns [`Error::Internal`] if the CSV writer fails. It writes to memory, so only a bug can cause that.
pub fn rows<R>(rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>>
where
    R: IntoIterator<Item: AsRef<str>>,
{
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        for cell in row {
            writer.write_field(cell.as_ref()).map_err(write_error)?;
        }
        writer.write_record(None::<&[u8]>).map_err(write_error)?;
    }
    writer.into_inner().map_err(write_error)
}

fn write_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("writing CSV", error)
}

/// Returns the cell, with a further apostrophe if a spreadsheet would run it as a formula or if it starts with one.
#[must_use]
pub fn guarded(cell: Cow<'_, str>) -> Cow<'_, str> {
    if cell.starts_with('\'') || is_formula(&cell) { format!("'{cell}").into() } else { cell }
}

/// Returns the cell without the apostrophe that [`guarded`] adds.
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with('\'') || is_formula(rest) => rest,
        _ => cell,
    }
}

/// Whether a spreadsheet could run a cell. Some remove white space and invisible characters from its start, and some take
/// the full-width signs of East Asian keyboards for the signs themselves.
fn is_formula(cell: &str) -> bool {
    // Most cells are empty or begin with a letter or digit.
    if cell.bytes().next().is_none_or(|first| first.is_ascii_alphanumeric()) {
        return false;
    }
    let shown = cell.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c));
    cell.starts_with(['\t', '\r', '\n']) || shown.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_quoted_where_necessary() {
        let cells = ["a", "", "b,c", "d\"e", "f\r\ng", " h "];
        let written = rows([cells, cells]).unwrap();
        let row = "a,,\"b,c\",\"d\"\"e\",\"f\r\ng\", h \r\n";
        assert_eq!(String::from_utf8(written).unwrap(), row.repeat(2));
    }

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_guarded() {
        for cell in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\n=1",
            " =1",
            "\u{85}=1",
            "\u{200b}=1",
            "\u{feff}=1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            " \u{200b} ＝1",
        ] {
            assert_eq!(guarded(cell.into()), format!("'{cell}"));
        }
        for cell in ["", "O'Reilly", "1-2", "t Hart"] {
            assert_eq!(guarded(cell.into()), cell);
            assert_eq!(unguarded(cell), cell);
        }
        for cell in ["'t Hart", "'", "'=1"] {
            assert_eq!(guarded(cell.into()), format!("'{cell}"));
        }
        // Other software writes such a cell.
        assert_eq!(unguarded("'t Hart"), "'t Hart");
    }

    proptest! {
        #[test]
        fn unguarding_restores_the_original_cell(cell in "'{0,3}[=+@\t\r\n ＝\u{200b}-]{0,2}\\PC{0,8}") {
            let guarded = guarded(cell.as_str().into());
            prop_assert_eq!(unguarded(&guarded), &cell);
        }
    }
}
