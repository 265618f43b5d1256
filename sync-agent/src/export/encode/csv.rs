//! CSV as RFC 4180 has it: commas, CRLF, UTF-8, and quotation marks where they are necessary.

use std::io::{self, Write};

use clientele_shared::csv::FormulaGuard;
use clientele_shared::csv::cell::Cell;
use csv::{Terminator, Writer, WriterBuilder};

use crate::export::layout::Layout;

pub(super) struct CsvEncoder<W: Write> {
    writer: Writer<W>,
    guard: FormulaGuard,
}

impl<W: Write> CsvEncoder<W> {
    pub(super) fn new(to: W, layout: &Layout, guard: FormulaGuard) -> io::Result<Self> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(to);
        writer.write_record(layout.columns.iter().map(|column| column.name)).map_err(io_error)?;
        Ok(Self { writer, guard })
    }

    pub(super) fn row(&mut self, cells: Vec<Cell<'_>>) -> io::Result<()> {
        for cell in cells {
            self.writer.write_field(&*self.guard.apply(cell.into_text())).map_err(io_error)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(io_error)
    }

    pub(super) fn finish(self) -> io::Result<W> {
        self.writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

fn io_error(error: csv::Error) -> io::Error {
    io::Error::other(error)
}
