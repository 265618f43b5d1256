//! The first rows of a file, by which a person chooses the fields of its columns.

use std::fs::File;
use std::path::Path;

use csv::ByteRecord;

use super::field::ImportField;
use super::outcome::{ImportError, ImportOptions};
use super::reader::{ReadError, open};

/// The columns of a file and its first rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview<F> {
    /// The delimiter that was used: that of the options, or the one that the file names.
    pub delimiter: u8,
    /// The name of each column, and the field that it seems to hold. Each field is proposed for one column.
    pub columns: Vec<(String, Option<F>)>,
    /// The cells of the first rows. A row can have fewer or more cells than there are columns.
    pub rows: Vec<Vec<String>>,
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
    let mut columns: Vec<(String, Option<F>)> = Vec::new();
    for name in &opened.header {
        let field =
            F::of_header(name).filter(|field| columns.iter().all(|(_, taken)| *taken != Some(*field)));
        columns.push((name.trim().to_owned(), field));
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
