//! The text of a file: its bytes in UTF-8, whatever encoding the file has, without the line `sep=;` that some spreadsheets put
//! before the header.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::reader::ReadError;

/// Number of bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// Number of bytes by which a file's encoding is recognised.
const HEAD: usize = 1024;
/// The first bytes of a ZIP archive, which an Excel workbook is, and of a workbook of older versions of Excel.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];
/// The first bytes of files that are exports too, with what they are and what makes CSV of them.
const OTHER_FORMATS: [(&[u8], &str); 2] = [
    (b"\x1f\x8b", "is compressed with gzip; unpack it first, such as with gunzip"),
    (b"PAR1", "is Parquet, not CSV; export it as CSV"),
];
const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";

/// A byte sequence that the file's encoding does not have.
#[derive(Debug, thiserror::Error)]
#[error("the file is not {0}; name its encoding, such as --encoding windows-1252")]
struct NotInEncoding(&'static str);

/// A reader of a file's text.
pub(super) struct Text<R> {
    inner: R,
    /// Decoder of a file that is not UTF-8.
    decoder: Option<Decoder>,
    /// Bytes that have been read and not yet decoded.
    raw: Vec<u8>,
    /// Text that has been decoded and not yet read.
    text: Vec<u8>,
    text_at: usize,
    is_ended: bool,
}

/// The delimiter that a file names, and the number of its first line after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FirstLine {
    pub(super) delimiter: Option<u8>,
    pub(super) line: u64,
}

impl<R: Read> Text<R> {
    /// Recognises the encoding of a file, unless the caller names it.
    pub(super) fn open(
        inner: R,
        encoding: Option<&'static Encoding>,
    ) -> Result<(Self, FirstLine), ReadError> {
        let mut text =
            Self { inner, decoder: None, raw: Vec::new(), text: Vec::new(), text_at: 0, is_ended: false };
        while text.raw.len() < HEAD && text.read_raw()? > 0 {}
        text.decoder = decoder_of(&text.raw, encoding)?;
        let first = text.skip_separator_line()?;
        Ok((text, first))
    }

    fn read_raw(&mut self) -> io::Result<usize> {
        let start = self.raw.len();
        self.raw.resize(start + CHUNK, 0);
        let read = self.inner.read(&mut self.raw[start..]);
        self.raw.truncate(start + *read.as_ref().unwrap_or(&0));
        read
    }

    /// Decodes more of the file; returns whether there is more text.
    fn fill(&mut self) -> io::Result<bool> {
        self.text.drain(..self.text_at);
        self.text_at = 0;
        let before = self.text.len();
        while self.text.len() == before && !self.is_ended {
            if self.raw.is_empty() && self.read_raw()? == 0 {
                self.is_ended = true;
            }
            self.decode()?;
        }
        Ok(self.text.len() > before)
    }

    fn decode(&mut self) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else {
            self.text.append(&mut self.raw);
            return Ok(());
        };
        let mut decoded = String::with_capacity(
            decoder.max_utf8_buffer_length_without_replacement(self.raw.len()).unwrap_or(4 * CHUNK),
        );
        let (result, _) =
            decoder.decode_to_string_without_replacement(&self.raw, &mut decoded, self.is_ended);
        self.raw.clear();
        self.text.extend_from_slice(decoded.as_bytes());
        match result {
            DecoderResult::InputEmpty => Ok(()),
            // The buffer is as long as the longest text.
            DecoderResult::OutputFull => Err(io::Error::other("the decoded text is too long")),
            DecoderResult::Malformed(..) => {
                let name = decoder.encoding().name();
                Err(io::Error::new(io::ErrorKind::InvalidData, NotInEncoding(name)))
            }
        }
    }

    /// Skips a first line such as `sep=;`.
    fn skip_separator_line(&mut self) -> io::Result<FirstLine> {
        while self.text.len() < UTF_8_MARK.len() + b"\"sep=;\"\r\n".len() && self.fill()? {}
        let (delimiter, length) = separator_line(&self.text).unzip();
        self.text_at = length.unwrap_or(0);
        Ok(FirstLine { delimiter, line: 1 + u64::from(delimiter.is_some()) })
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text_at == self.text.len() && !self.fill()? {
            return Ok(0);
        }
        let length = buffer.len().min(self.text.len() - self.text_at);
        buffer[..length].copy_from_slice(&self.text[self.text_at..self.text_at + length]);
        self.text_at += length;
        Ok(length)
    }
}

fn decoder_of(head: &[u8], encoding: Option<&'static Encoding>) -> Result<Option<Decoder>, ReadError> {
    if WORKBOOKS.iter().any(|mark| head.starts_with(mark)) {
        return Err(ReadError::Workbook);
    }
    if let Some((_, what)) = OTHER_FORMATS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Err(ReadError::OtherFormat(what));
    }
    let marked = || Encoding::for_bom(head).map(|(encoding, _)| encoding);
    let encoding = match encoding.or_else(marked) {
        Some(encoding) => encoding,
        None => match unmarked_utf_16(head) {
            Some(encoding) => return Err(ReadError::UnmarkedUtf16(encoding.name().to_lowercase())),
            None => UTF_8,
        },
    };
    // The CSV reader checks UTF-8 row by row, so that one bad row is rejected alone.
    Ok((encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal()))
}

/// Recognises UTF-16 without a byte order mark: most of the letters that people write have a byte 0 in it.
fn unmarked_utf_16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    let is_mostly = |zeros: usize, others: usize| half >= 4 && zeros * 10 >= half * 7 && others * 10 <= half;
    match () {
        () if is_mostly(odd, even) => Some(UTF_16LE),
        () if is_mostly(even, odd) => Some(UTF_16BE),
        () => None,
    }
}

/// Returns the delimiter that a first line such as `sep=;` names, and the length of the line.
fn separator_line(text: &[u8]) -> Option<(u8, usize)> {
    let rest = text.strip_prefix(UTF_8_MARK).unwrap_or(text);
    let unquoted = rest.strip_prefix(b"\"").unwrap_or(rest);
    let is_quoted = unquoted.len() < rest.len();
    let (name, rest) = unquoted.split_at_checked(4)?;
    let (&delimiter, rest) = rest.split_first()?;
    let rest = if is_quoted { rest.strip_prefix(b"\"")? } else { rest };
    let end = rest
        .strip_prefix(b"\r\n")
        .or_else(|| rest.strip_prefix(b"\n"))
        .or_else(|| rest.strip_prefix(b"\r"))?;
    let is_delimiter =
        delimiter.is_ascii() && !delimiter.is_ascii_alphanumeric() && !b"\"\r\n".contains(&delimiter);
    (name.eq_ignore_ascii_case(b"sep=") && is_delimiter).then_some((delimiter, text.len() - end.len()))
}

/// Returns the encoding with this name, as browsers know it; `macroman` is the one of old Macs.
///
/// # Errors
/// Returns a message if there is no encoding with this name.
pub fn encoding(name: &str) -> Result<&'static Encoding, String> {
    let label = match name.to_ascii_lowercase().as_str() {
        "macroman" | "mac-roman" | "mac" => "macintosh".to_owned(),
        other => other.to_owned(),
    };
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        "must be an encoding such as utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15 or macroman".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file through a reader that returns a few bytes at a time.
    fn read(bytes: &[u8], name: Option<&str>) -> Result<(String, FirstLine), String> {
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let length = buffer.len().min(3).min(self.0.len());
                buffer[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        let encoding = name.map(|name| encoding(name).unwrap());
        let (mut text, first) = Text::open(Slow(bytes), encoding).map_err(|error| error.to_string())?;
        let mut read = String::new();
        text.read_to_string(&mut read).map_err(|error| error.to_string())?;
        Ok((read, first))
    }

    fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn encodings_are_decoded() {
        let text = "name,città\nZoë,Łódź € 🏊\n".repeat(500);
        let marked = format!("\u{feff}{text}");
        for (bytes, name) in [
            (text.clone().into_bytes(), None),
            (utf_16(&marked, u16::to_le_bytes), None),
            (utf_16(&marked, u16::to_be_bytes), None),
            (utf_16(&text, u16::to_le_bytes), Some("utf-16le")),
            (utf_16(&text, u16::to_be_bytes), Some("UTF-16BE")),
        ] {
            assert_eq!(read(&bytes, name).unwrap().0, text);
        }
        assert_eq!(read(b"Zo\xeb \x80", Some("windows-1252")).unwrap().0, "Zoë €");
        assert_eq!(read(b"Zo\x91", Some("macroman")).unwrap().0, "Zoë");
        assert!(encoding("klingon").unwrap_err().contains("windows-1252"));
    }

    #[test]
    fn files_that_are_no_text_are_named() {
        assert!(read(b"PK\x03\x04\x14\0", None).unwrap_err().contains("workbook"));
        assert!(read(b"\x1f\x8b\x08\0", None).unwrap_err().contains("gzip"));
        assert!(read(b"PAR1\x15\0", None).unwrap_err().contains("Parquet"));
        for (to_bytes, name) in
            [(u16::to_le_bytes as fn(u16) -> [u8; 2], "utf-16le"), (u16::to_be_bytes, "utf-16be")]
        {
            let error = read(&utf_16("id,email\n1,a@b\n", to_bytes), None).unwrap_err();
            assert!(error.contains(&format!("--encoding {name}")), "{error}");
        }
        let odd = [utf_16("id,email\n", u16::to_le_bytes), vec![0x00, 0xd8]].concat();
        assert!(read(&odd, Some("utf-16le")).unwrap_err().contains("is not UTF-16LE"));
    }

    #[test]
    fn separator_line_names_the_delimiter() {
        for (file, delimiter, rest, line) in [
            ("sep=;\r\nid;email\n", Some(b';'), "id;email\n", 2),
            ("\u{feff}SEP=\t\nid\n", Some(b'\t'), "id\n", 2),
            ("\"sep=,\"\nid\n", Some(b','), "id\n", 2),
            ("sep,email\n", None, "sep,email\n", 1),
            ("sep=;", None, "sep=;", 1),
            ("", None, "", 1),
        ] {
            assert_eq!(
                read(file.as_bytes(), None).unwrap(),
                (rest.to_owned(), FirstLine { delimiter, line })
            );
        }
    }
}
