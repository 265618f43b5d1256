//! A file as rows: each a customer to be, or rejected with its line and the reason.

use std::io::Read;

use base16ct::lower;
use clientele_shared::model::CustomerFields;
use csv::{ByteRecord, StringRecord};
use sha2::{Digest, Sha256};

use super::lines::Lines;
use super::mapping::{ColumnChoice, Mapping, MappingError};
use super::row::{self, RowRules};
use super::seen::Seen;

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

/// A row that can become a customer.
#[derive(Debug)]
pub(super) struct GoodRow {
    /// What names the row in its source.
    pub(super) id: String,
    pub(super) fields: CustomerFields,
    /// How many bytes it has in the file.
    pub(super) size: usize,
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

pub(super) enum Row {
    Good(Box<GoodRow>),
    Rejected(RejectedRow),
}

/// The rows of a file, one after the other.
pub(super) struct Rows<R> {
    reader: csv::Reader<Lines<R>>,
    header: StringRecord,
    mapping: Mapping,
    rules: RowRules,
    seen: Seen,
}

impl<R: Read> Rows<R> {
    /// Reads the header.
    pub(super) fn open(
        input: R,
        delimiter: u8,
        choices: &[ColumnChoice],
        id_column: Option<&str>,
        rules: RowRules,
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
        let mapping = Mapping::of(&header, choices, id_column)?;
        let mut rows = Self { reader, header, mapping, rules, seen: Seen::default() };
        rows.row_ended();
        Ok(rows)
    }

    pub(super) fn header(&self) -> &StringRecord {
        &self.header
    }

    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// How much of the file is read, in bytes.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next row, or `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Row>, ReadError> {
        let mut cells = ByteRecord::new();
        if !self.reader.read_byte_record(&mut cells)? {
            return Ok(None);
        }
        let start = cells.position().map_or(0, csv::Position::byte);
        let line = self.reader.get_ref().line_of(start);
        self.row_ended();
        Ok(Some(match self.read(cells, line) {
            Ok(row) => Row::Good(Box::new(row)),
            Err(rejected) => Row::Rejected(*rejected),
        }))
    }

    fn row_ended(&mut self) {
        let end = self.reader.position().byte();
        self.reader.get_mut().row_ended(end);
    }

    fn read(&mut self, cells: ByteRecord, line: u64) -> Result<GoodRow, Box<RejectedRow>> {
        let reject = |reason, cells| Box::new(RejectedRow { line, reason, cells });
        if cells.len() != self.mapping.width() {
            return Err(reject(self.wrong_width(&cells), cells));
        }
        let record = StringRecord::from_byte_record(cells).map_err(|error| {
            let field = self.mapping.column_name(error.utf8_error().field());
            let reason = format!("{field}: is not UTF-8: save the file as \"CSV UTF-8\"");
            reject(reason, error.into_byte_record())
        })?;
        match self.checked(&record, line) {
            Ok((id, fields)) => Ok(GoodRow { id, fields, size: record.as_slice().len() }),
            Err(reason) => Err(reject(reason, record.into_byte_record())),
        }
    }

    fn checked(&mut self, record: &StringRecord, line: u64) -> Result<(String, CustomerFields), String> {
        let fields = row::customer_fields(&self.mapping, record, self.rules).map_err(|wrong| {
            let reasons: Vec<String> =
                wrong.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
            reasons.join("; ")
        })?;
        let id = row::id(&self.mapping, record);
        let (id, what) = match id {
            Some(id) => (id.to_owned(), format!("{}: the id `{id}` is", self.id_name())),
            None => (digest(record), "row: the same row is".to_owned()),
        };
        match self.seen.note(&id, line) {
            None => Ok((id, fields)),
            Some(first) => Err(format!("{what} on line {first} already")),
        }
    }

    fn id_name(&self) -> String {
        self.mapping.name_of(super::fields::Field::Id)
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

/// What names a row that has no id: the SHA-256 over its cells.
fn digest(record: &StringRecord) -> String {
    let mut hash = Sha256::new();
    for cell in record {
        // With its length before it, no cell can be taken for two.
        hash.update((cell.len() as u64).to_be_bytes());
        hash.update(cell.as_bytes());
    }
    format!("sha256:{}", lower::encode_string(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::Timestamp;

    use super::*;

    fn rows(file: &[u8]) -> Result<(Vec<GoodRow>, Vec<RejectedRow>), ReadError> {
        let rules = RowRules { now: Timestamp::from_millis(0), unguard: true };
        let mut rows = Rows::open(file, b',', &[], None, rules)?;
        let (mut good, mut rejected) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            match row {
                Row::Good(row) => good.push(*row),
                Row::Rejected(row) => rejected.push(row),
            }
        }
        Ok((good, rejected))
    }

    #[track_caller]
    fn check_rejected(file: &[u8], expected: &[(u64, &str)]) {
        let (_, rejected) = rows(file).unwrap();
        assert_eq!(rejected.len(), expected.len(), "{rejected:?}");
        for (row, (line, reason)) in rejected.iter().zip(expected) {
            assert_eq!(row.line, *line);
            assert!(row.reason.contains(reason), "{}", row.reason);
        }
    }

    #[test]
    fn a_byte_order_mark_and_blank_lines_are_nothing() {
        let (good, rejected) = rows("\u{feff}id,email\r\n\r\n1,a\r\n".as_bytes()).unwrap();
        assert_eq!((good[0].id.as_str(), rejected.len()), ("1", 0));
        assert_eq!(good[0].fields.email.as_deref(), Some("a"));
    }

    #[test]
    fn a_bad_row_is_rejected_and_the_next_one_read() {
        let file = b"id,email,status\n1,a,LEAD\n2,b\n3,c,,\n4,\xff,\n5,,LEAD\n6,f,gone\n7,g,\n";
        let expected = [
            (3, "has 2 fields, and the header 3"),
            (4, "has 4 fields"),
            (5, "email: is not UTF-8"),
            (6, "row: has no first name"),
            (7, "status: must be ACTIVE"),
        ];
        check_rejected(file, &expected);
        assert_eq!(rows(file).unwrap().0.len(), 2);
    }

    #[test]
    fn an_unclosed_quotation_mark_is_suspected() {
        check_rejected(b"id,email\n1,\"a\n2,b\n", &[]);
        check_rejected(b"id,email,phone\n1,\"a\n2,b,c\n", &[(2, "is a quotation mark not closed?")]);
    }

    #[test]
    fn the_second_row_of_an_id_is_rejected_with_the_line_of_the_first() {
        check_rejected(b"id,email\n1,a\n2,b\n 1 ,c\n", &[(4, "id: the id `1` is on line 2 already")]);
        check_rejected(b"email\na\nb\na\n", &[(4, "row: the same row is on line 2 already")]);
    }

    #[test]
    fn a_row_without_id_is_named_by_all_of_its_cells() {
        let id = |file: &str| rows(file.as_bytes()).unwrap().0.remove(0).id;
        assert!(id("email\na\n").starts_with("sha256:"));
        assert_ne!(id("email,phone\nab,c\n"), id("email,phone\na,bc\n"));
        assert!(id("id,email\n,a\n").starts_with("sha256:"));
    }

    #[test]
    fn a_file_without_a_usable_header_is_refused() {
        assert!(matches!(rows(b""), Err(ReadError::NoHeader)));
        assert!(matches!(rows(b"e\xffmail\n"), Err(ReadError::HeaderNotUtf8)));
        assert!(matches!(rows(b"x,y\n1,2\n"), Err(ReadError::Mapping(_))));
    }
}
