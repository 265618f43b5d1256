//! Apache Parquet: a type for each column, values that are missing as nulls, and row groups of some megabytes.

use std::io;
use std::sync::Arc;

use clientele_shared::csv::cell::{Cell, CellType};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use rust_decimal::prelude::ToPrimitive as _;

use super::Bytes;
use crate::export::layout::Column;

/// Number of rows after which a row group is written.
const GROUP_ROWS: usize = 50_000;

/// Size of the values in bytes after which a row group is written.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// Digits of an amount or number: 12 before the decimal point and 2 or 4 after it.
const PRECISION: i32 = 18;

pub(super) struct ParquetEncoder {
    writer: SerializedFileWriter<Bytes>,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

/// The values of a column that are still to be written.
struct Values {
    /// For each row, 1 if there is a value and else 0.
    levels: Vec<i16>,
    typed: TypedValues,
}

enum TypedValues {
    Text(Vec<ByteArray>),
    Boolean(Vec<bool>),
    Integer(Vec<i32>),
    /// Moments in milliseconds, and decimals in units of their last place.
    Long(Vec<i64>),
}

impl ParquetEncoder {
    pub(super) fn new(to: Bytes, columns: &[Column]) -> io::Result<Self> {
        let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>().map_err(io_error)?;
        let schema = Type::group_type_builder("schema").with_fields(fields).build().map_err(io_error)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties));
        let values = columns.iter().map(|column| Values::of(column.cell_type)).collect();
        Ok(Self { writer: writer.map_err(io_error)?, columns: values, rows: 0, bytes: 0 })
    }

    pub(super) fn row(&mut self, cells: Vec<Cell<'_>>) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            self.bytes += column.add(cell)?;
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_group()?;
        self.writer.close().map(drop).map_err(io_error)
    }

    fn write_group(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(io_error)?;
        for column in &mut self.columns {
            column.write(&mut group).map_err(io_error)?;
        }
        group.close().map_err(io_error)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Values {
    fn of(cell_type: CellType) -> Self {
        let typed = match cell_type {
            CellType::Text => TypedValues::Text(Vec::new()),
            CellType::Boolean => TypedValues::Boolean(Vec::new()),
            CellType::Integer => TypedValues::Integer(Vec::new()),
            CellType::Time | CellType::Money | CellType::Number => TypedValues::Long(Vec::new()),
        };
        Self { levels: Vec::new(), typed }
    }

    /// Adds a value; returns about how many bytes it takes.
    fn add(&mut self, cell: Cell<'_>) -> io::Result<usize> {
        let is_empty = matches!(cell, Cell::Empty);
        self.levels.push(if is_empty { 0 } else { 1 });
        let size = match (&mut self.typed, cell) {
            (_, Cell::Empty) => 0,
            (TypedValues::Text(values), Cell::Text(text)) => {
                values.push(ByteArray::from(text.into_owned().into_bytes()));
                values.last().map_or(0, ByteArray::len)
            }
            (TypedValues::Boolean(values), Cell::Boolean(value)) => push(values, value),
            (TypedValues::Integer(values), Cell::Integer(value)) => {
                push(values, i32::try_from(value).map_err(io::Error::other)?)
            }
            (TypedValues::Long(values), Cell::Time(at)) => push(values, at.as_millis()),
            (TypedValues::Long(values), Cell::Money(amount)) => push(values, units(amount.get(), 2)?),
            (TypedValues::Long(values), Cell::Number(number)) => push(values, units(number.get(), 4)?),
            _ => return Err(io::Error::other("a value is not of its column's type")),
        };
        Ok(size + size_of::<i16>())
    }

    /// Writes the values, which are then gone.
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Bytes>) -> Result<(), ParquetError> {
        match &mut self.typed {
            TypedValues::Text(values) => write::<ByteArrayType>(group, values, &self.levels),
            TypedValues::Boolean(values) => write::<BoolType>(group, values, &self.levels),
            TypedValues::Integer(values) => write::<Int32Type>(group, values, &self.levels),
            TypedValues::Long(values) => write::<Int64Type>(group, values, &self.levels),
        }?;
        self.levels.clear();
        Ok(())
    }
}

fn push<T>(values: &mut Vec<T>, value: T) -> usize {
    values.push(value);
    size_of::<T>()
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Bytes>,
    values: &mut Vec<T::T>,
    levels: &[i16],
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("a column is missing".into()))?;
    column.typed::<T>().write_batch(values, Some(levels), None)?;
    values.clear();
    column.close()
}

/// Returns a decimal in units of its last place.
fn units(mut number: rust_decimal::Decimal, scale: u32) -> io::Result<i64> {
    number.rescale(scale);
    number.mantissa().to_i64().ok_or_else(|| io::Error::other("a number is too large for its column"))
}

fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let decimal = |scale| Some(LogicalType::decimal(scale, PRECISION));
    let (physical, logical) = match column.cell_type {
        CellType::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        CellType::Boolean => (PhysicalType::BOOLEAN, None),
        CellType::Integer => (PhysicalType::INT32, None),
        CellType::Time => (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        CellType::Money => (PhysicalType::INT64, decimal(2)),
        CellType::Number => (PhysicalType::INT64, decimal(4)),
    };
    let mut builder = Type::primitive_type_builder(column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    match column.cell_type {
        CellType::Money => builder = builder.with_precision(PRECISION).with_scale(2),
        CellType::Number => builder = builder.with_precision(PRECISION).with_scale(4),
        _ => {}
    }
    builder.build().map(Arc::new)
}

fn io_error(error: ParquetError) -> io::Error {
    io::Error::other(error)
}
