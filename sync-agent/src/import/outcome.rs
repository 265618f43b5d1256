//! The options, progress and outcome of an import.

use std::ops::AddAssign;
use std::path::PathBuf;
use std::time::Duration;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{TenantId, Timestamp};
use encoding_rs::Encoding;
use serde::Serialize;

use super::field::ImportField;
use super::import_kind::ReadRules;
use super::mapping::ColumnChoice;
use super::reader::{ReadError, RejectedRow};
use super::rejects::{RejectsError, RejectsTo};
use super::source::MappingRules;

/// The options that all kinds of import share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions<F> {
    /// Fields of columns whose names are not recognised.
    pub columns: Vec<ColumnChoice<F>>,
    /// Values of fields that no column holds.
    pub constants: Vec<(F, String)>,
    /// Further rules of a mapping file.
    pub rules: MappingRules<F>,
    /// File in which to save the mapping of the file's columns.
    pub save_mapping: Option<PathBuf>,
    /// Column delimiter, unless the file names one in a first line such as `sep=;`.
    pub delimiter: u8,
    /// Encoding of the file; `None` recognises UTF-8, and UTF-16 with a byte order mark.
    pub encoding: Option<&'static Encoding>,
    /// Whether to import nothing if a column has values and is not imported.
    pub strict: bool,
    /// Whether to remove the apostrophe that exports put before a cell such as `=1+1` or `+55`.
    pub unguard: bool,
    /// Whether to read and check every row, but import nothing.
    pub dry_run: bool,
    /// Destination of the report of rejected rows.
    pub rejects: RejectsTo,
}

impl<F> ImportOptions<F> {
    /// Returns the rules for reading cells.
    #[must_use]
    pub(super) fn rules(&self, now: Timestamp) -> ReadRules {
        ReadRules { now, unguard: self.unguard }
    }
}

impl<F: ImportField> Default for ImportOptions<F> {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            constants: Vec::new(),
            rules: MappingRules::default(),
            save_mapping: None,
            delimiter: b',',
            encoding: None,
            strict: false,
            unguard: true,
            dry_run: false,
            rejects: RejectsTo::default(),
        }
    }
}

/// An event during an import.
#[derive(Debug)]
pub enum ImportEvent<'a> {
    /// The import has made progress.
    Progress(ImportProgress),
    /// A row has been rejected.
    Rejected(&'a RejectedRow),
}

/// The progress of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Number of bytes read.
    pub bytes_read: u64,
    /// Number of rows of the file; 0 if it is not known, because the file can be read only once.
    pub rows_total: u64,
    /// Row counts so far.
    pub counts: ImportCounts,
}

/// The number of rows by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows that were written, or would have been in a dry run; of orders, those that are new.
    pub written: u64,
    /// Customers and orders that were changed.
    pub updated: u64,
    /// Orders that were removed.
    pub removed: u64,
    /// Rows that the table already holds: customers already imported, and unchanged prices and
    /// orders.
    pub present: u64,
    /// Rows that were rejected.
    pub rejected: u64,
}

impl ImportCounts {
    /// Returns the total number of rows.
    #[must_use]
    pub fn rows(self) -> u64 {
        self.written + self.updated + self.removed + self.present + self.rejected
    }
}

impl AddAssign for ImportCounts {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.updated += other.updated;
        self.removed += other.removed;
        self.present += other.present;
        self.rejected += other.rejected;
    }
}

/// A change of one field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Name of the field.
    pub field: &'static str,
    /// The value before, as an export writes it; empty if there was none.
    pub old: String,
    /// The value after; empty if there is none.
    pub new: String,
}

/// The changes that a row of a file makes to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowChange {
    /// Id of the record.
    pub id: String,
    /// The value by which the row names the record.
    pub key: String,
    /// The changes, field by field.
    pub changes: Vec<FieldChange>,
}

/// Findings about rows that are imported or present nonetheless.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    /// Rows that are imported already, whose record has other values now than the row.
    pub differing: u64,
    /// Rows with an email that an API would refuse.
    pub questionable_emails: u64,
    /// Rows with a phone number that an API would refuse.
    pub questionable_phones: u64,
}

/// The outcome of an import, or its state when it failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportOutcome {
    /// Row counts.
    pub counts: ImportCounts,
    /// Whether the import was cancelled before the end of the file.
    pub interrupted: bool,
    /// Duration of the import.
    pub elapsed: Duration,
    /// Names of the columns whose values were not imported.
    pub columns_left_out: Vec<String>,
    /// Warnings about the file.
    pub warnings: Vec<String>,
    /// Preset and product, if the header is that of a well-known export and no mapping is given.
    pub proposal: Option<(&'static str, String)>,
    /// Findings about the rows.
    pub findings: Findings,
    /// The first changes of records that a dry run found, at most [`Self::MAX_CHANGES`].
    pub changes: Vec<RowChange>,
    /// Path of the report of rejected rows, if there is one.
    pub rejects: Option<PathBuf>,
}

impl ImportOutcome {
    /// Maximum number of changed records that a dry run lists.
    pub const MAX_CHANGES: usize = 10_000;

    /// Returns the number of rows per second.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        let rows = u32::try_from(self.counts.rows()).map_or(f64::INFINITY, f64::from);
        rows / self.elapsed.as_secs_f64().max(0.001)
    }
}

/// Returns what to do about a file that cannot be opened, to follow the operating system's error.
fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "; check the path, which starts from the current directory",
        std::io::ErrorKind::PermissionDenied => "; check the permissions of the file",
        _ => "",
    }
}

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened.
    #[error("cannot open {}: {source}{}", .path.display(), remedy(.source))]
    Unopened {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The file cannot be read as rows of this kind.
    #[error("{}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ReadError,
    },
    /// A row of a file that belongs to the imported one cannot be read, so that it is not known what it belongs to.
    #[error("{}: line {line}: {reason}; nothing was imported; correct the row, then run the same command again", .path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// Line on which the row starts.
        line: u64,
        /// The reason.
        reason: String,
    },
    /// Columns have values and are not imported, and the options forbid that.
    #[error("{}: {}; nothing was imported", .path.display(), .columns.join("; "))]
    NotImported {
        /// The file.
        path: PathBuf,
        /// A warning for each of the columns.
        columns: Vec<String>,
    },
    /// The report of rejected rows would overwrite the file.
    #[error(
        "{} is the file to be imported; choose another file for the rejected rows with --rejects FILE",
        .0.display()
    )]
    RejectsOverSource(PathBuf),
    /// The report of rejected rows cannot be written.
    #[error(transparent)]
    Rejects(#[from] RejectsError),
    /// The mapping of the columns would overwrite the file.
    #[error(
        "{} is the file to be imported; choose another file for the mapping with --save-mapping FILE",
        .0.display()
    )]
    MappingOverSource(PathBuf),
    /// The mapping of the columns and the report of rejected rows are to be written to the same file.
    #[error(
        "{} is the file for the rejected rows; choose another file for the mapping with --save-mapping FILE",
        .0.display()
    )]
    MappingOverRejects(PathBuf),
    /// The file for the mapping of the columns exists and holds something else.
    #[error("{} exists already; choose another name with --save-mapping FILE, or delete it first", .0.display())]
    MappingExists(PathBuf),
    /// The mapping of the columns cannot be saved.
    #[error(
        "cannot save the mapping to {}: {source}; choose another file with --save-mapping FILE",
        .path.display()
    )]
    MappingNotSaved {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The tenant does not exist.
    #[error(
        "tenant `{0}` does not exist; create it with `clientele tenant create {0}`, or pass another --tenant \
         NAME"
    )]
    NoTenant(TenantId),
    /// The table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    /// Returns whether only different options can fix the error.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        use ReadError::{HeaderNotUtf8, Mapping, NoHeader, OtherFormat, UnmarkedUtf16, Workbook};
        matches!(
            self,
            Self::RejectsOverSource(_)
                | Self::Rejects(RejectsError::Exists(_))
                | Self::MappingOverSource(_)
                | Self::MappingOverRejects(_)
                | Self::MappingExists(_)
                | Self::NotImported { .. }
                | Self::Unreadable {
                    source: Mapping(_)
                        | UnmarkedUtf16(_)
                        | Workbook
                        | OtherFormat(_)
                        | NoHeader
                        | HeaderNotUtf8,
                    ..
                }
        )
    }
}

/// An import that failed, and its outcome up to the failure.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct ImportFailure {
    /// Why the import failed.
    #[source]
    pub error: ImportError,
    /// Outcome up to the failure. Rows imported by then are kept.
    pub so_far: ImportOutcome,
}
