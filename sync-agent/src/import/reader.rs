//! The rows of a file: each is either accepted, or rejected with its line and the reason.

use std::io::{self, Read};
use std::marker::PhantomData;

use csv::{ByteRecord, StringRecord};

use super::field::ImportField;
use super::import_kind::ReadRow;
use super::lines::Lines;
use super::mapping::{HeaderRules, Mapping, MappingError};
use super::outcome::ImportOptions;
use super::source::Product;
use super::text::Text;

/// Maximum number of rows among which a product's header is found.
const MAX_HEADER_ROWS: usize = 10;

/// Size of the read buffer, in bytes.
const BUFFER_SIZE: usize = 64 * 1024;

/// Why a row is rejected that never ends.
const UNCLOSED: &str = "row: a quotation mark that is opened in it is not closed by the end of the file; close it, or write \
    it twice if it belongs to the text";

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file has no header.
    #[error("the file is empty; its first line must name the columns")]
    NoHeader,
    /// The header is not UTF-8.
    #[error(
        "the first line, which names the columns, is not UTF-8; save the file as \"CSV UTF-8\", or name its encoding, \
         such as --encoding windows-1252"
    )]
    HeaderNotUtf8,
    /// The file is a workbook of Excel.
    #[error("the file is an Excel workbook, not CSV; open it in Excel and save it as \"CSV UTF-8\"")]
    Workbook,
    /// The file is in another format.
    #[error("the file {0}")]
    OtherFormat(&'static str),
    /// The file is UTF-16 and does not say so.
    #[error("the file seems to be UTF-16 without a byte order mark; add --encoding {0}")]
    UnmarkedUtf16(String),
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
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
    reader: csv::Reader<Lines<Text<R>>>,
    header: StringRecord,
    mapping: Mapping<S::Field>,
    /// The number of cells of each column that are not empty.
    filled: Vec<u64>,
    session: S,
}

/// Reads rows without looking at them.
pub(super) struct Skim<F>(PhantomData<F>);

impl<F> Skim<F> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<F: ImportField> ReadRow for Skim<F> {
    type Field = F;
    type Row = ();

    fn read(&mut self, _: &Mapping<F>, _: &StringRecord, _: u64) -> Result<(), String> {
        Ok(())
    }
}

impl<R: Read, S: ReadRow> Rows<R, S> {
    /// Reads the header and maps its columns.
    pub(super) fn open(
        input: R,
        options: &ImportOptions<S::Field>,
        rules: &HeaderRules<'_, S::Field>,
        session: S,
    ) -> Result<Self, ReadError> {
        let Opened { reader, header, .. } = open(input, options)?;
        let mapping = Mapping::of(&header, &options.columns, &options.constants, &options.rules, rules)?;
        let filled = vec![0; mapping.width()];
        let mut rows = Self { reader, header, mapping, filled, session };
        rows.row_ended();
        Ok(rows)
    }

    /// Returns the header as the file has it.
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

    /// Returns how many cells of a column are not empty so far.
    pub(super) fn filled(&self, column: usize) -> u64 {
        self.filled.get(column).copied().unwrap_or_default()
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
        for (filled, cell) in self.filled.iter_mut().zip(&cells) {
            *filled += u64::from(!cell.trim_ascii().is_empty());
        }
        if self.reader.get_ref().ends_quoted() {
            let reason = UNCLOSED.to_owned();
            return Ok(Some(Row::Rejected(RejectedRow { line, reason, cells })));
        }
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
            let reason = format!(
                "{field}: is not UTF-8; save the file as \"CSV UTF-8\", or name its encoding, such as --encoding windows-1252"
            );
            reject(reason, error.into_byte_record())
        })?;
        if let Some(column) = record.iter().position(|cell| cell.contains('\0')) {
            let field = self.mapping.column_name(column);
            let reason = format!(
                "{field}: contains NUL bytes, so the file is damaged or not plain text; export it again as \"CSV UTF-8\""
            );
            return Err(reject(reason, record.into_byte_record()));
        }
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

/// A file whose header has been read.
pub(super) struct Opened<R> {
    /// The rows after the header.
    pub(super) reader: csv::Reader<Lines<Text<R>>>,
    pub(super) header: StringRecord,
    pub(super) delimiter: u8,
}

/// Reads the header of a file.
pub(super) fn open<R: Read, F>(input: R, options: &ImportOptions<F>) -> Result<Opened<R>, ReadError> {
    let (text, first) = Text::open(input, options.encoding)?;
    let delimiter = first.delimiter.unwrap_or(options.delimiter);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        // [`Rows`] rejects rows whose length differs from the header's, with a better reason.
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(BUFFER_SIZE)
        .from_reader(Lines::new(text, first.line, delimiter));
    let header = read_header(&mut reader, options.rules.product.as_ref())?;
    if header.iter().any(|name| name.contains(&0)) {
        return Err(MappingError::NotText.into());
    }
    if reader.get_ref().ends_quoted() {
        return Err(MappingError::UnclosedQuote.into());
    }
    let header = StringRecord::from_byte_record(header).map_err(|_| ReadError::HeaderNotUtf8)?;
    Ok(Opened { reader, header, delimiter })
}

/// Reads the header: the first line, or the one with the product's columns if there are lines above it.
fn read_header<R: Read>(
    reader: &mut csv::Reader<R>,
    product: Option<&Product>,
) -> Result<ByteRecord, ReadError> {
    let mut header = ByteRecord::new();
    for _ in 0..if product.is_some() { MAX_HEADER_ROWS } else { 1 } {
        if !reader.read_byte_record(&mut header)? {
            break;
        }
        let Some(product) = product else { return Ok(header) };
        if let Ok(names) = StringRecord::from_byte_record(header.clone())
            && product.matches(names.iter().map(str::trim))
        {
            return Ok(header);
        }
    }
    match product {
        None => Err(ReadError::NoHeader),
        Some(product) => {
            let (product, expected) = (product.name.clone(), product.columns.join(", "));
            Err(MappingError::OtherProduct { product, expected }.into())
        }
    }
}
