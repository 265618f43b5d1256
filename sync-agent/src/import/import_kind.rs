//! What an import is about: customers, or prices. The rest is the same for both.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::path::Path;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Tenant, Timestamp};
use clientele_shared::store::Store;
use csv::StringRecord;

use super::field::ImportField;
use super::mapping::Mapping;
use super::reader::RejectedRow;

/// What a file's rows become, and the options that only this has.
pub trait ImportKind: Debug + Clone + Send + Sync {
    /// What its columns hold.
    type Field: ImportField;
    /// What reads one file.
    type Session: Session<Field = Self::Field>;

    /// A column that the caller names for a field, whatever other field it fills.
    fn also(&self) -> Option<(Self::Field, &str)> {
        None
    }

    /// Begins with a file.
    fn begin(&self, file: &Path, rules: ReadRules) -> Self::Session;
}

/// How cells are read.
#[derive(Debug, Clone, Copy)]
pub struct ReadRules {
    /// The present moment, for what is made along with a record.
    pub now: Timestamp,
    /// Whether the mark of [`clientele_shared::csv::guarded`] is taken away.
    pub unguard: bool,
}

/// Whose records, and where they are.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where.
    pub store: Store,
    /// Whose.
    pub tenant: Tenant,
}

/// One file while it is imported: first each row is read, then some rows are classified by what is in the table, then
/// the ones that are not are written in commits, several side by side.
pub trait Session: Send {
    /// What its columns hold.
    type Field: ImportField;
    /// A row that was read.
    type Row: Send;
    /// What is to be written of a row.
    type New: Send;
    /// What is written at once.
    type Commit: Send + 'static;

    /// Reads a row, without the table.
    ///
    /// # Errors
    /// Why the row is rejected.
    fn read(
        &mut self,
        mapping: &Mapping<Self::Field>,
        record: &StringRecord,
        line: u64,
    ) -> Result<Self::Row, String>;

    /// Sorts rows, in the order of the file, by what is in the table.
    fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<Self::Field>,
        rows: Vec<Self::Row>,
    ) -> impl Future<Output = Result<Classified<Self::New>, StoreError>> + Send;

    /// Parts what is to be written into commits.
    fn commits(
        &mut self,
        target: &Target,
        new: Vec<Self::New>,
    ) -> impl Future<Output = Result<VecDeque<Self::Commit>, StoreError>> + Send;

    /// Writes a commit.
    fn commit(
        target: Target,
        commit: Self::Commit,
    ) -> impl Future<Output = Result<Committed, StoreError>> + Send + 'static;
}

/// Rows, by what is in the table.
#[derive(Debug)]
pub struct Classified<T> {
    /// What is to be written.
    pub new: Vec<T>,
    /// How many rows are in the table as they are.
    pub present: u64,
    /// The rows that the table shows to be wrong.
    pub rejected: Vec<RejectedRow>,
}

/// What became of the rows of a commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// How many were written.
    pub written: u64,
    /// How many were written by somebody else meanwhile.
    pub present: u64,
}
