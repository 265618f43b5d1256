//! A reader that sits below the CSV reader, counts lines and limits the length of a row.
//!
//! The CSV reader's own line numbers are one too low after CRLF, and count blank lines as part of the next
//! row. It also accepts rows of any length, so an unclosed quotation mark would load the rest of the file
//! into memory.

use std::collections::VecDeque;
use std::io::{self, Read};

/// Maximum length of a row, in bytes.
pub(super) const MAX_ROW: u64 = 4 * 1024 * 1024;

/// A row that is longer than [`MAX_ROW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the row starting on line {line} is longer than 4 MB; check for an unclosed quotation mark")]
pub(super) struct RowTooLong {
    line: u64,
}

/// A reader that tracks the line numbers of the bytes read through it.
#[derive(Debug)]
pub(super) struct Lines<R> {
    inner: R,
    /// Number of bytes read so far.
    offset: u64,
    /// Line of the next byte.
    line: u64,
    after_cr: bool,
    /// Whether the current line is blank so far.
    is_blank: bool,
    /// Offset of the first byte and number of each non-blank line, from the current row on.
    starts: VecDeque<(u64, u64)>,
    /// Offset of the current row, or of the blank lines before it.
    row_start: u64,
    delimiter: u8,
    place: Place,
    is_ended: bool,
}

/// A place in a row, as the CSV reader sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Unquoted,
    Quoted,
    /// After a quotation mark within a quoted cell, which ends it unless another one follows.
    AfterQuote,
}

impl<R> Lines<R> {
    /// Creates the reader of a text whose first line has this number.
    pub(super) fn new(inner: R, line: u64, delimiter: u8) -> Self {
        Self {
            inner,
            delimiter,
            place: Place::CellStart,
            is_ended: false,
            offset: 0,
            line,
            after_cr: false,
            is_blank: true,
            starts: VecDeque::new(),
            row_start: 0,
        }
    }

    /// Returns the line on which the row at this offset starts.
    pub(super) fn line_of(&self, offset: u64) -> u64 {
        self.starts.iter().find(|(start, _)| *start >= offset).map_or(self.line, |(_, line)| *line)
    }

    /// Marks everything before this offset as processed.
    pub(super) fn row_ended(&mut self, offset: u64) {
        self.row_start = offset;
        while self.starts.front().is_some_and(|(start, _)| *start < offset) {
            self.starts.pop_front();
        }
    }

    /// Returns whether the text has been read to its end, and ends within a quoted cell.
    pub(super) fn ends_quoted(&self) -> bool {
        self.is_ended && self.place == Place::Quoted
    }

    fn advance(&mut self, byte: u8) {
        // The CSV reader skips the byte order mark.
        if self.offset < 3 && !byte.is_ascii() {
            return;
        }
        self.place = match (self.place, byte) {
            (Place::CellStart, b'"') | (Place::AfterQuote, b'"') => Place::Quoted,
            (Place::Quoted, b'"') => Place::AfterQuote,
            (Place::Quoted, _) => Place::Quoted,
            (_, b'\n' | b'\r') => Place::CellStart,
            (_, byte) if byte == self.delimiter => Place::CellStart,
            _ => Place::Unquoted,
        };
    }

    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.advance(*byte);
            match byte {
                b'\n' if self.after_cr => {}
                b'\n' | b'\r' => {
                    self.line += 1;
                    self.is_blank = true;
                }
                _ if self.is_blank => {
                    self.starts.push_back((self.offset, self.line));
                    self.is_blank = false;
                }
                _ => {}
            }
            self.after_cr = *byte == b'\r';
            self.offset += 1;
        }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.offset - self.row_start > MAX_ROW {
            let too_long = RowTooLong { line: self.line_of(self.row_start) };
            return Err(io::Error::new(io::ErrorKind::InvalidData, too_long));
        }
        let length = self.inner.read(buffer)?;
        self.is_ended |= length == 0 && !buffer.is_empty();
        self.count(&buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the line on which each row starts, reading through a buffer of this capacity.
    fn starts(text: &str, capacity: usize) -> Vec<u64> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(capacity)
            .from_reader(Lines::new(text.as_bytes(), 1, b','));
        let mut record = csv::ByteRecord::new();
        let mut found = Vec::new();
        while reader.read_byte_record(&mut record).unwrap() {
            found.push(reader.get_ref().line_of(record.position().unwrap().byte()));
            let end = reader.position().byte();
            reader.get_mut().row_ended(end);
        }
        found
    }

    #[test]
    fn line_numbers_match_those_of_an_editor() {
        for capacity in [4, 7, 1024] {
            assert_eq!(starts("a,b\r\n1,2\r\n\r\n\r\n3,\"x\r\ny\"\r\n4,5\r\n", capacity), [1, 2, 5, 7]);
            assert_eq!(starts("a\n\n1\n\"x\n\ny\"\n2", capacity), [1, 3, 4, 7]);
            assert_eq!(starts("\u{feff}a\r1\r2", capacity), [1, 2, 3]);
        }
    }

    #[test]
    fn unclosed_quotation_mark_is_noticed() {
        let is_quoted = |text: &str| {
            let mut lines = Lines::new(text.as_bytes(), 1, b';');
            lines.read_to_end(&mut Vec::new()).unwrap();
            lines.ends_quoted()
        };
        for open in ["a;\"b", "\"", "\u{feff}\"a\n", "a\n\"b\"\"", "\"a\nb;c"] {
            assert!(is_quoted(open), "{open}");
        }
        for closed in ["a;\"b\"", "5\" pipe;x", "\"a\"b\"", "\"a\"\"b\"", ""] {
            assert!(!is_quoted(closed), "{closed}");
        }
    }

    #[test]
    fn overlong_row_is_rejected_with_its_line() {
        let text = io::repeat(b'x').take(2 * MAX_ROW);
        let mut lines = Lines::new(io::Cursor::new(b"a\n\"".to_vec()).chain(text), 1, b',');
        let mut head = [0; 3];
        lines.read_exact(&mut head).unwrap();
        lines.row_ended(2);
        let error = lines.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("starting on line 2"), "{error}");
    }
}
