//! A file while it is read as CSV: which line a byte is on, and an end to rows that never end.
//!
//! The CSV reader's own line numbers are one too low after CRLF and count blank lines to the row after them, and
//! it takes a row of any length: an unclosed quotation mark would bring the rest of a file into memory.

use std::collections::VecDeque;
use std::io::{self, Read};

/// The longest row, in bytes.
pub(super) const MAX_ROW: u64 = 4 * 1024 * 1024;

/// A row that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the row that begins on line {line} does not end within 4 MB: is a quotation mark not closed?")]
pub(super) struct EndlessRow {
    line: u64,
}

/// Counts what is read through it.
#[derive(Debug)]
pub(super) struct Lines<R> {
    inner: R,
    /// How many bytes were handed out.
    offset: u64,
    /// The line that the next byte is on.
    line: u64,
    after_cr: bool,
    is_blank: bool,
    /// For each line that is not blank, from the present row on: the offset of its first byte, and its number.
    starts: VecDeque<(u64, u64)>,
    /// Where the present row begins, or blank lines before it.
    row_start: u64,
}

impl<R> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            offset: 0,
            line: 1,
            after_cr: false,
            is_blank: true,
            starts: VecDeque::new(),
            row_start: 0,
        }
    }

    /// The line on which the row that was read from this offset on begins.
    pub(super) fn line_of(&self, offset: u64) -> u64 {
        self.starts.iter().find(|(start, _)| *start >= offset).map_or(self.line, |(_, line)| *line)
    }

    /// Everything before this offset is read.
    pub(super) fn row_ended(&mut self, offset: u64) {
        self.row_start = offset;
        while self.starts.front().is_some_and(|(start, _)| *start < offset) {
            self.starts.pop_front();
        }
    }

    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
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
            let endless = EndlessRow { line: self.line_of(self.row_start) };
            return Err(io::Error::new(io::ErrorKind::InvalidData, endless));
        }
        let length = self.inner.read(buffer)?;
        self.count(&buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines on which the rows of a text begin, read in pieces of this size.
    fn starts(text: &str, capacity: usize) -> Vec<u64> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(capacity)
            .from_reader(Lines::new(text.as_bytes()));
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
    fn rows_begin_where_an_editor_shows_them() {
        for capacity in [4, 7, 1024] {
            assert_eq!(starts("a,b\r\n1,2\r\n\r\n\r\n3,\"x\r\ny\"\r\n4,5\r\n", capacity), [1, 2, 5, 7]);
            assert_eq!(starts("a\n\n1\n\"x\n\ny\"\n2", capacity), [1, 3, 4, 7]);
            assert_eq!(starts("\u{feff}a\r1\r2", capacity), [1, 2, 3]);
        }
    }

    #[test]
    fn a_row_without_end_is_refused_with_its_line() {
        let text = io::repeat(b'x').take(2 * MAX_ROW);
        let mut lines = Lines::new(io::Cursor::new(b"a\n\"".to_vec()).chain(text));
        let mut head = [0; 3];
        lines.read_exact(&mut head).unwrap();
        lines.row_ended(2);
        let error = lines.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("begins on line 2"), "{error}");
    }
}
