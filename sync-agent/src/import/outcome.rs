//! What an import tells: its options, how far it is, how it ended.

use std::path::PathBuf;
use std::time::Duration;

use clientele_shared::Error as StoreError;
use clientele_shared::model::TenantId;

use super::field::ImportField;
use super::mapping::ColumnChoice;
use super::reader::{ReadError, RejectedRow};
use super::rejects::{RejectsError, RejectsTo};

/// How a file is imported, whatever it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions<F> {
    /// What columns hold, where their names do not say it.
    pub columns: Vec<ColumnChoice<F>>,
    /// What parts the columns.
    pub delimiter: u8,
    /// Whether one apostrophe before a cell such as `=1+1` or `+55` is taken away, which an export puts there.
    pub unguard: bool,
    /// Read and check everything, write nothing.
    pub dry_run: bool,
    /// Where rejected rows are reported.
    pub rejects: RejectsTo,
}

impl<F: ImportField> Default for ImportOptions<F> {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            delimiter: b',',
            unguard: true,
            dry_run: false,
            rejects: RejectsTo::default(),
        }
    }
}

/// Something that happened while a file is imported.
#[derive(Debug)]
pub enum ImportEvent<'a> {
    /// It went on.
    Progress(ImportProgress),
    /// A row was rejected.
    Rejected(&'a RejectedRow),
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// How much of the file is read.
    pub bytes_read: u64,
    /// How long the file is.
    pub bytes_total: u64,
    /// What became of the rows so far.
    pub counts: ImportCounts,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows that were written; in a dry run, rows that would be.
    pub written: u64,
    /// Rows that were in the table already: customers that were imported before, prices that do not change.
    pub present: u64,
    /// Rows that are wrong.
    pub rejected: u64,
}

impl ImportCounts {
    /// How many rows that is.
    #[must_use]
    pub fn rows(self) -> u64 {
        self.written + self.present + self.rejected
    }
}

/// How an import ended, or how far it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportOutcome {
    /// What became of the rows.
    pub counts: ImportCounts,
    /// Whether it was stopped before the end of the file.
    pub interrupted: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// The columns whose values were not imported.
    pub columns_left_out: Vec<String>,
    /// Where the rejected rows are reported, if any was.
    pub rejects: Option<PathBuf>,
}

impl ImportOutcome {
    /// Rows a second.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        let rows = u32::try_from(self.counts.rows()).map_or(f64::INFINITY, f64::from);
        rows / self.elapsed.as_secs_f64().max(0.001)
    }
}

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened.
    #[error("cannot open {}: {source}", .path.display())]
    Unopened {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be read as rows of what it is to hold.
    #[error("{}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// The report of rejected rows would overwrite the file.
    #[error("{} is the file to be imported: name another file for the rejected rows", .0.display())]
    RejectsOverSource(PathBuf),
    /// The report of rejected rows cannot be written.
    #[error(transparent)]
    Rejects(#[from] RejectsError),
    /// There is no such tenant.
    #[error(
        "there is no tenant `{0}`: create it with `clientele tenant create {0}`, or name another with --tenant"
    )]
    NoTenant(TenantId),
    /// The table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    /// Whether other options, and nothing else, would help.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::RejectsOverSource(_) | Self::Unreadable { source: ReadError::Mapping(_), .. })
    }
}

/// An import that failed, and how far it came.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct ImportFailure {
    /// Why it failed.
    #[source]
    pub error: ImportError,
    /// What was done until then; what is imported stays so.
    pub so_far: ImportOutcome,
}
