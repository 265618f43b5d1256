//! Formats: rows of cells become the bytes of a file.

mod csv;
mod parquet;

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use clientele_shared::csv::FormulaGuard;
use clientele_shared::csv::cell::Cell;
use clientele_shared::model::ExportFormat;
use flate2::Compression;
use flate2::write::GzEncoder;

use self::csv::CsvEncoder;
use self::parquet::ParquetEncoder;
use super::layout::Layout;

/// The encoder of a file. Bytes can be taken at any time; the file is complete after [`Encoder::finish`].
pub(super) struct Encoder {
    bytes: Bytes,
    format: FormatEncoder,
}

enum FormatEncoder {
    Csv(Box<CsvEncoder<Bytes>>),
    CsvGz(Box<CsvEncoder<GzEncoder<Bytes>>>),
    Parquet(Box<ParquetEncoder>),
}

impl Encoder {
    /// Starts a file with the header of these columns.
    pub(super) fn new(layout: &Layout, format: ExportFormat, guard: FormulaGuard) -> io::Result<Self> {
        let bytes = Bytes::default();
        let format = match format {
            ExportFormat::Csv => FormatEncoder::Csv(Box::new(CsvEncoder::new(bytes.clone(), layout, guard)?)),
            ExportFormat::CsvGz => {
                let gzip = GzEncoder::new(bytes.clone(), Compression::default());
                FormatEncoder::CsvGz(Box::new(CsvEncoder::new(gzip, layout, guard)?))
            }
            ExportFormat::Parquet => {
                FormatEncoder::Parquet(Box::new(ParquetEncoder::new(bytes.clone(), &layout.columns)?))
            }
        };
        Ok(Self { bytes, format })
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: Vec<Cell<'_>>) -> io::Result<()> {
        match &mut self.format {
            FormatEncoder::Csv(csv) => csv.row(cells),
            FormatEncoder::CsvGz(csv) => csv.row(cells),
            FormatEncoder::Parquet(parquet) => parquet.row(cells),
        }
    }

    /// Takes the bytes that are ready.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.bytes.take()
    }

    /// Ends the file; returns its last bytes.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self.format {
            FormatEncoder::Csv(csv) => drop(csv.finish()?),
            FormatEncoder::CsvGz(csv) => drop(csv.finish()?.finish()?),
            FormatEncoder::Parquet(parquet) => parquet.finish()?,
        }
        Ok(self.bytes.take())
    }
}

/// Bytes between an encoder and the destination.
#[derive(Debug, Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
