//! The first rows of a file, by which a person chooses the fields of its columns.

use std::fs::File;
use std::path::Path;

use clientele_shared::csv::unguarded;
use csv::ByteRecord;

use super::field::ImportField;
use super::outcome::{ImportError, ImportOptions};
use super::reader::{ReadError, open};

/// The columns of a file and its first rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview<F> {
    /// The delimiter that was used: that of the options, or the one that the file names.
    pub delimiter: u8,
    /// The columns.
    pub columns: Vec<PreviewColumn<F>>,
    /// The cells of the first rows. A row can have fewer or more cells than there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewColumn<F> {
    /// Its name; empty if it has none.
    pub name: String,
    /// The field that it seems to hold. Each field is proposed for one column.
    pub field: Option<F>,
    /// Whether an import recognizes the name, and fills the field unless another column does.
    pub is_known: bool,
}

/// Reads the header and the first rows of a file, as an import with these options would.
///
/// # Errors
/// Returns [`ImportError::Unopened`] or [`ImportError::Unreadable`] if the file cannot be read.
pub fn preview<F: ImportField>(
    file: &Path,
    options: &ImportOptions<F>,
    rows: usize,
) -> Result<Preview<F>, ImportError> {
    let input = File::open(file);
    let input = input.map_err(|source| ImportError::Unopened { path: file.to_owned(), source })?;
    read(input, options, rows).map_err(|source| ImportError::Unreadable { path: file.to_owned(), source })
}

fn read<F: ImportField>(
    input: File,
    options: &ImportOptions<F>,
    count: usize,
) -> Result<Preview<F>, ReadError> {
    let mut opened = open(input, options)?;
    let mut columns: Vec<PreviewColumn<F>> = Vec::new();
    for name in &opened.header {
        let name = unguarded(name.trim());
        let known = F::of_header(name);
        let field = known.filter(|field| columns.iter().all(|column| column.field != Some(*field)));
        columns.push(PreviewColumn { name: name.to_owned(), field, is_known: known.is_some() });
    }
    let mut rows = Vec::new();
    let mut cells = ByteRecord::new();
    while rows.len() < count && opened.reader.read_byte_record(&mut cells)? {
        rows.push(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        let end = opened.reader.position().byte();
        opened.reader.get_mut().row_ended(end);
    }
    Ok(Preview { delimiter: opened.delimiter, columns, rows })
}
