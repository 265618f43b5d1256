//! A file as rows: each good to be written, or rejected with its line and the reason.

use std::io::Read;

use clientele_shared::Error as StoreError;
use csv::{ByteRecord, StringRecord};

use super::import_kind::{Classified, Session, Target};
use super::lines::Lines;
use super::mapping::{ColumnChoice, Mapping, MappingError};

/// How much of the file is read at a time.
const BUFFER: usize = 64 * 1024;

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file has no header.
    #[error("the file is empty: its first line must name the columns")]
    NoHeader,
    /// The header is in another encoding.
    #[error("the first line, which names the columns, is not UTF-8: save the file as \"CSV UTF-8\"")]
    HeaderNotUtf8,
    /// The header does not say what the columns hold.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The file cannot be read.
    #[error("cannot read on: {0}")]
    Broken(#[from] csv::Error),
}

/// A row that was left out, and why.
#[derive(Debug)]
pub struct RejectedRow {
    /// The line it begins on; the header is on the first.
    pub line: u64,
    /// What is wrong with it: `field: what would be right`, parted by `; `.
    pub reason: String,
    /// Its cells as they are in the file.
    pub cells: ByteRecord,
}

pub(super) enum Row<T> {
    Good(T),
    Rejected(RejectedRow),
}

/// The rows of a file, one after the other.
pub(super) struct Rows<R, S: Session> {
    reader: csv::Reader<Lines<R>>,
    header: StringRecord,
    mapping: Mapping<S::Field>,
    session: S,
}

impl<R: Read, S: Session> Rows<R, S> {
    /// Reads the header.
    pub(super) fn open(
        input: R,
        delimiter: u8,
        choices: &[ColumnChoice<S::Field>],
        also: Option<(S::Field, &str)>,
        session: S,
    ) -> Result<Self, ReadError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            // Rows of another length than the header's are rejected here, with their reason.
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(BUFFER)
            .from_reader(Lines::new(input));
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header)? {
            return Err(ReadError::NoHeader);
        }
        let header = StringRecord::from_byte_record(header).map_err(|_| ReadError::HeaderNotUtf8)?;
        let mapping = Mapping::of(&header, choices, also)?;
        let mut rows = Self { reader, header, mapping, session };
        rows.row_ended();
        Ok(rows)
    }

    pub(super) fn header(&self) -> &StringRecord {
        &self.header
    }

    pub(super) fn mapping(&self) -> &Mapping<S::Field> {
        &self.mapping
    }

    pub(super) fn session(&mut self) -> &mut S {
        &mut self.session
    }

    /// Sorts rows by what is in the table.
    pub(super) async fn classify(
        &mut self,
        target: &Target,
        rows: Vec<S::Row>,
    ) -> Result<Classified<S::New>, StoreError> {
        self.session.classify(target, &self.mapping, rows).await
    }

    /// How much of the file is read, in bytes.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next row, or `None` at the end of the file.
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
            let reason = format!("{field}: is not UTF-8: save the file as \"CSV UTF-8\"");
            reject(reason, error.into_byte_record())
        })?;
        self.session
            .read(&self.mapping, &record, line)
            .map_err(|reason| reject(reason, record.into_byte_record()))
    }

    fn wrong_width(&self, cells: &ByteRecord) -> String {
        let (has, must) = (cells.len(), self.mapping.width());
        let mut reason = format!("row: has {has} fields, and the header {must}");
        if cells.iter().any(|cell| cell.contains(&b'\n')) {
            reason.push_str("; it goes over several lines: is a quotation mark not closed?");
        }
        reason
    }
}
