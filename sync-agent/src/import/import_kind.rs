//! The kinds of import, customers, orders and prices: these traits contain everything that differs between them.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::path::Path;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Tenant, Timestamp};
use clientele_shared::store::Store;
use csv::StringRecord;

use super::field::{ImportField, MissingField};
use super::mapping::Mapping;
use super::outcome::{Findings, ImportCounts, ImportError, ImportOptions, RowChange};
use super::reader::RejectedRow;
use crate::cancellation::CancellationToken;
use crate::retry::Retry;

/// A kind of record that a file's rows become, with the options of its import.
pub trait ImportKind: Debug + Clone + Send + Sync {
    /// A field that a column can fill.
    type Field: ImportField;
    /// The import of one file.
    type Session: Session<Field = Self::Field>;

    /// Returns a column that fills this field in addition to any other field that it fills.
    fn extra_column(&self) -> Option<(Self::Field, &str)> {
        None
    }

    /// Returns the preset and the product of a header, if it is that of a well-known export.
    fn proposal(&self, _header: &[String]) -> Option<(&'static str, String)> {
        None
    }

    /// Returns the required field that is missing, if any; `holds` returns whether a column fills a field.
    fn missing(&self, holds: &dyn Fn(Self::Field) -> bool) -> Option<MissingField> {
        Self::Field::missing(holds)
    }

    /// Starts the import of a file.
    ///
    /// # Errors
    /// Returns an [`ImportError`] if another file that belongs to this one cannot be read.
    fn begin(
        &self,
        file: &Path,
        options: &ImportOptions<Self::Field>,
        now: Timestamp,
    ) -> Result<Self::Session, ImportError>;
}

/// The rules for reading cells.
#[derive(Debug, Clone, Copy)]
pub struct ReadRules {
    /// Current time, for items created together with a record.
    pub now: Timestamp,
    /// Whether to remove the apostrophe that [`clientele_shared::csv::guarded`] adds.
    pub unguard: bool,
}

/// The tenant that an import writes to, and the store that holds its records.
#[derive(Debug, Clone)]
pub struct Target {
    /// Store of the records.
    pub store: Store,
    /// Tenant that the records belong to.
    pub tenant: Tenant,
    /// Requested if the import is to stop.
    pub(super) cancellation: CancellationToken,
}

impl Target {
    /// Returns the retries of one operation of an import: throttling slows an import down and never fails it.
    pub(crate) fn retry(&self) -> Retry {
        Retry::through_throttling(self.cancellation.clone())
    }
}

/// Reads the rows of a file without accessing the table.
pub trait ReadRow: Send {
    /// A field that a column can fill.
    type Field: ImportField;
    /// A row that has been read.
    type Row: Send;

    /// Reads a row.
    ///
    /// # Errors
    /// Returns the reason if the row is rejected.
    fn read(
        &mut self,
        mapping: &Mapping<Self::Field>,
        record: &StringRecord,
        line: u64,
    ) -> Result<Self::Row, String>;
}

/// The import of one file. Each row is read first. Batches of rows are then classified by comparing them with
/// the table, and new rows are written in commits, several of them concurrently.
pub trait Session: ReadRow {
    /// A row to be written.
    type New: Send;
    /// Rows that are written together.
    type Commit: Send + 'static;

    /// Reads what the classification of rows needs, before the first of them is read.
    fn prepare(&mut self, _target: &Target) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// Classifies rows, which are in file order, by comparing them with the table.
    fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<Self::Field>,
        rows: Vec<Self::Row>,
    ) -> impl Future<Output = Result<Classified<Self::New>, StoreError>> + Send;

    /// Splits new rows into commits.
    fn commits(
        &mut self,
        target: &Target,
        new: Vec<Self::New>,
    ) -> impl Future<Output = Result<VecDeque<Self::Commit>, StoreError>> + Send;

    /// Returns what the commits of these rows are expected to do.
    #[must_use]
    fn expected(new: &[Self::New]) -> ImportCounts {
        ImportCounts { written: new.len() as u64, ..ImportCounts::default() }
    }

    /// Returns what these rows change about records that exist.
    #[must_use]
    fn changes(_new: &[Self::New]) -> Vec<RowChange> {
        Vec::new()
    }

    /// Writes a commit.
    fn commit(
        target: Target,
        commit: Self::Commit,
    ) -> impl Future<Output = Result<Committed, StoreError>> + Send + 'static;

    /// Returns the columns whose values are not imported.
    #[must_use]
    fn columns_left_out(&self, mapping: &Mapping<Self::Field>) -> Vec<usize> {
        mapping.columns_left_out()
    }

    /// Returns the findings about the rows so far.
    #[must_use]
    fn findings(&self) -> Findings {
        Findings::default()
    }

    /// Returns what a person should know about the file once it is read to its end.
    #[must_use]
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The outcome of a commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// The number of its rows by outcome, without rejected ones.
    pub counts: ImportCounts,
    /// Rows that the store rejects.
    pub rejected: Vec<RejectedRow>,
}

impl From<ImportCounts> for Committed {
    fn from(counts: ImportCounts) -> Self {
        Self { counts, rejected: Vec::new() }
    }
}

/// Rows that have been compared with the table.
#[derive(Debug)]
pub struct Classified<T> {
    /// Rows to be written.
    pub new: Vec<T>,
    /// Number of rows that the table already holds, or that repeat an earlier row.
    pub present: u64,
    /// Rows that conflict with the table or with an earlier row.
    pub rejected: Vec<RejectedRow>,
}
