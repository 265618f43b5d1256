//! The rows of a file: each is either accepted, or rejected with its line and the reason.

use std::io::Read;

use csv::{ByteRecord, StringRecord};

use super::import_kind::ReadRow;
use super::lines::Lines;
use super::mapping::{HeaderRules, Mapping, MappingError};
use super::outcome::ImportOptions;

/// Size of the read buffer, in bytes.
const BUFFER_SIZE: usize = 64 * 1024;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file has no header.
    #[error("the file is empty; its first line must name the columns")]
    NoHeader,
    /// The header is not UTF-8.
    #[error("the first line, which names the columns, is not UTF-8; save the file as \"CSV UTF-8\"")]
    HeaderNotUtf8,
    /// The columns cannot be mapped to fields.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Csv(#[from] csv::Error),
}

/// A rejected row.
#[derive(Debug)]
pub struct RejectedRow {
    /// Line on which the row starts; the header is on line 1.
    pub line: u64,
    /// The errors, each as `field: what would be valid`, separated by `; `.
    pub reason: String,
    /// The unmodified cells.
    pub cells: ByteRecord,
}

/// A row that has been read.
pub(super) enum Row<T> {
    Good(T),
    Rejected(RejectedRow),
}

/// A reader of a file's rows.
pub(super) struct Rows<R, S: ReadRow> {
    reader: csv::Reader<Lines<R>>,
    header: StringRecord,
    mapping: Mapping<S::Field>,
    session: S,
}

impl<R: Read, S: ReadRow> Rows<R, S> {
    /// Reads the header and maps its columns.
    pub(super) fn open(
        input: R,
        options: &ImportOptions<S::Field>,
        rules: &HeaderRules<'_, S::Field>,
        session: S,
    ) -> Result<Self, ReadError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            // `read` rejects rows whose length differs from the header's, with a better reason.
            .flexible(true)
            .delimiter(options.delimiter)
            .buffer_capacity(BUFFER_SIZE)
            .from_reader(Lines::new(input));
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header)? {
            return Err(ReadError::NoHeader);
        }
        let header = StringRecord::from_byte_record(header).map_err(|_| ReadError::HeaderNotUtf8)?;
        let mapping = Mapping::of(&header, &options.columns, &options.constants, rules)?;
        let mut rows = Self { reader, header, mapping, session };
        rows.row_ended();
        Ok(rows)
    }

    pub(super) fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Returns the mapping of the file's columns.
    pub(super) fn into_mapping(self) -> Mapping<S::Field> {
        self.mapping
    }

    /// Returns the mapping of the file's columns, and what reads its rows.
    pub(super) fn parts(&mut self) -> (&Mapping<S::Field>, &mut S) {
        (&self.mapping, &mut self.session)
    }

    /// Returns the number of bytes read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.position().byte()
    }

    /// Returns the next row, or `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Row<S::Row>>, ReadError> {
        let mut cells = ByteRecord::new();
        if !self.reader.read_byte_record(&mut cells)? {
            return Ok(None);
        }
        let start = cells.position().map_or(0, csv::Position::byte);
        let line = self.reader.get_ref().line_of(start);
        self.row_ended();
        Ok(Some(match self.read(cells, line) {
            Ok(row) => Row::Good(row),
            Err(rejected) => Row::Rejected(*rejected),
        }))
    }

    fn row_ended(&mut self) {
        let end = self.reader.position().byte();
        self.reader.get_mut().row_ended(end);
    }

    fn read(&mut self, cells: ByteRecord, line: u64) -> Result<S::Row, Box<RejectedRow>> {
        let reject = |reason, cells| Box::new(RejectedRow { line, reason, cells });
        if cells.len() != self.mapping.width() {
            return Err(reject(self.wrong_width(&cells), cells));
        }
        let record = StringRecord::from_byte_record(cells).map_err(|error| {
            let field = self.mapping.column_name(error.utf8_error().field());
            let reason = format!("{field}: is not UTF-8; save the file as \"CSV UTF-8\"");
            reject(reason, error.into_byte_record())
        })?;
        self.session
            .read(&self.mapping, &record, line)
            .map_err(|reason| reject(reason, record.into_byte_record()))
    }

    fn wrong_width(&self, cells: &ByteRecord) -> String {
        let (actual, expected) = (cells.len(), self.mapping.width());
        let mut reason = format!("row: has {actual} cells, but the header has {expected}");
        if cells.iter().any(|cell| cell.contains(&b'\n')) {
            reason.push_str("; it spans several lines, so check for an unclosed quotation mark");
        }
        reason
    }
}
