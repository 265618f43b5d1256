//! Imports of customers: each row of a source once.
//!
//! The store returns which rows are already imported, and which customers have a row's key. New rows are written in commits of
//! up to [`Store::IMPORT_ROWS`](clientele_shared::store::Store::IMPORT_ROWS) rows. A row's id is written in the same commit as
//! its customer, so even after a failure each row has become exactly one customer or none. An update is conditional on the
//! version of the customer that was read, and is repeated if that has changed.

mod classify;
mod commit;
pub(super) mod contacts;
mod create;
pub mod fields;
pub mod key;
mod key_index;
mod merge;
mod row;
mod slots;
mod tag_cell;
mod tags;
mod update;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;

use base16ct::lower;
use clientele_shared::Error as StoreError;
use clientele_shared::model::Timestamp;
use clientele_shared::store::{ImportedRow, RowKey};
use csv::StringRecord;
use sha2::{Digest, Sha256};

use self::commit::commit;
use self::create::{next_commit, number_rows};
use self::fields::Field;
use self::key::Key;
use self::key_index::KeyIndex;
use self::merge::FieldSet;
use self::row::RowCustomer;
use self::tags::Tags;
use self::update::{RowUpdate, update};
use super::cells::{Cells, reason, shown};
use super::field::{ImportField as _, MissingField};
use super::import_kind::{Classified, Committed, ImportKind, ReadRow, ReadRules, Session, Target};
use super::mapping::Mapping;
use super::outcome::{Findings, ImportCounts, ImportError, ImportOptions, RowChange};
use super::presets;
use super::reader::RejectedRow;
use super::seen::Seen;

/// Maximum number of updates in a commit. They are written one after the other.
const MAX_COMMIT_UPDATES: usize = 24;

/// The import of customers, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// Name of the rows' source; by default the file's name. Each row of a source is imported once.
    pub source: Option<String>,
    /// Column with the id of each row in its source.
    pub id_column: Option<String>,
    /// Field by which rows name customers that exist already, in addition to the rows of the source that were imported.
    pub key: Option<Key>,
    /// Whether rows of customers that exist already change these customers.
    pub update: bool,
    /// Whether an empty cell clears its field in an update.
    pub clear_empty: bool,
}

impl Customers {
    /// Returns the name of the source of a file's rows.
    #[must_use]
    pub fn source_of(&self, file: &Path) -> String {
        let name = || file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.source.clone().unwrap_or_else(name)
    }

    /// Returns the field by which rows name customers. An update needs one.
    fn key(&self) -> Option<Key> {
        self.key.or(self.update.then_some(Key::Id))
    }
}

impl ImportKind for Customers {
    type Field = Field;
    type Session = CustomerSession;

    fn extra_column(&self) -> Option<(Field, &str)> {
        self.id_column.as_deref().map(|column| (Field::Id, column))
    }

    fn proposal(&self, header: &[String]) -> Option<(&'static str, String)> {
        presets::of_header(header.iter().map(String::as_str))
    }

    fn missing(&self, holds: &dyn Fn(Field) -> bool) -> Option<MissingField> {
        match self.key() {
            Some(key) if !holds(key.field()) => Some(key.missing()),
            // A row that only changes a customer needs no name.
            Some(_) if self.update => None,
            _ => Field::missing(holds),
        }
    }

    fn begin(
        &self,
        file: &Path,
        options: &ImportOptions<Field>,
        now: Timestamp,
    ) -> Result<CustomerSession, ImportError> {
        Ok(CustomerSession {
            source: self.source_of(file),
            key: self.key(),
            update: self.update,
            clear_empty: self.clear_empty,
            rules: options.rules(now),
            seen: Seen::default(),
            seen_keys: Seen::default(),
            tags: Tags::default(),
            index: KeyIndex::default(),
            findings: Findings::default(),
        })
    }
}

/// The import of one file of customers.
#[derive(Debug)]
pub struct CustomerSession {
    source: String,
    key: Option<Key>,
    update: bool,
    clear_empty: bool,
    rules: ReadRules,
    /// Ids of the rows read so far.
    seen: Seen,
    /// Values of the key of the rows read so far.
    seen_keys: Seen,
    tags: Tags,
    /// The customers by key, for a key by which the store cannot look them up.
    index: KeyIndex,
    findings: Findings,
}

/// A valid row, ready to become a customer or to change one.
#[derive(Debug)]
pub struct GoodRow {
    line: u64,
    /// Id of the row in its source.
    id: String,
    /// Value of the key in the form in which it is compared.
    key: Option<String>,
    customer: RowCustomer,
    cells: StringRecord,
}

impl GoodRow {
    fn reject(self, reason: String) -> RejectedRow {
        RejectedRow { line: self.line, reason, cells: self.cells.into_byte_record() }
    }
}

/// A row to be written.
#[derive(Debug)]
pub enum NewRow {
    /// The row becomes a customer.
    Create(RowKey, Box<GoodRow>),
    /// The row changes a customer.
    Update(Box<RowUpdate>),
}

/// Rows that are written together.
#[derive(Debug)]
pub enum Commit {
    /// New customers, in one transaction.
    Create(Vec<ImportedRow>),
    /// Changes of customers, each in a transaction of its own.
    Update(Vec<RowUpdate>),
}

impl ReadRow for CustomerSession {
    type Field = Field;
    type Row = GoodRow;

    fn read(
        &mut self,
        mapping: &Mapping<Field>,
        record: &StringRecord,
        line: u64,
    ) -> Result<GoodRow, String> {
        let customer = row::customer(mapping, record, self.rules, self.update);
        let customer = customer.map_err(|errors| reason(&errors))?;
        let (id, duplicate) = match row::id(mapping, record) {
            Some(id) => (id.to_owned(), format!("{}: has the same id `{id}` as", mapping.name_of(Field::Id))),
            None => (digest(record), "row: is identical to".to_owned()),
        };
        if let Some(first) = self.seen.record(&id, line) {
            return Err(format!("{duplicate} line {first}"));
        }
        let key = self.key(mapping, record, line)?;
        self.findings.look_at(customer.fields.email.as_deref(), customer.fields.phone.as_deref());
        Ok(GoodRow { line, id, key, customer, cells: record.clone() })
    }
}

impl CustomerSession {
    /// Returns the value of the key in the form in which it is compared, if there is a key.
    fn key(
        &mut self,
        mapping: &Mapping<Field>,
        record: &StringRecord,
        line: u64,
    ) -> Result<Option<String>, String> {
        let Some(key) = self.key else { return Ok(None) };
        let cell = match key {
            Key::Id => row::id(mapping, record).map(Cow::Borrowed),
            _ => Cells::new(mapping, record, self.rules.unguard).cell(key.field()),
        };
        let column = mapping.name_of(key.field());
        let value = cell.as_deref().and_then(|cell| key.normalized(cell)).ok_or_else(|| {
            format!("{column}: must not be empty, because customers are found by it; fill it in")
        })?;
        if key == Key::Id {
            return Ok(Some(value));
        }
        match self.seen_keys.record(&value, line) {
            None => Ok(Some(value)),
            Some(first) => Err(format!(
                "{column}: `{}` is on line {first} too; keep only one of the two rows",
                shown(&cell.unwrap_or_default())
            )),
        }
    }

    /// Returns the fields that a row sets in an update.
    fn set_by(&self, mapping: &Mapping<Field>, row: &RowCustomer) -> FieldSet {
        let is_mapped =
            |field: &Field| mapping.column(*field).is_some() || mapping.constant(*field).is_some();
        let cleared = Field::all().filter(|field| merge::is_clearable(*field)).filter(is_mapped);
        if self.clear_empty { row.filled.union(cleared.collect()) } else { row.filled }
    }
}

impl Session for CustomerSession {
    type New = NewRow;
    type Commit = Commit;

    async fn prepare(&mut self, target: &Target) -> Result<(), StoreError> {
        if let Some(key @ (Key::Phone | Key::QuickbooksId | Key::TaxId)) = self.key {
            self.index = KeyIndex::build(target, key).await?;
        }
        Ok(())
    }

    async fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<Field>,
        rows: Vec<GoodRow>,
    ) -> Result<Classified<NewRow>, StoreError> {
        self.classify_rows(target, mapping, rows).await
    }

    /// Allocates customer numbers in file order, and creates the tags that the rows name.
    async fn commits(&mut self, target: &Target, rows: Vec<NewRow>) -> Result<VecDeque<Commit>, StoreError> {
        let (mut creates, mut updates) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                NewRow::Create(key, row) => creates.push((key, *row)),
                NewRow::Update(update) => updates.push(*update),
            }
        }
        let created = creates.iter_mut().map(|(_, row)| &mut row.customer);
        let updated = updates.iter_mut().map(|update| &mut update.row.customer);
        self.tags.resolve(target, created.chain(updated).collect()).await?;
        let mut commits = VecDeque::new();
        while !updates.is_empty() {
            let rest = updates.split_off(updates.len().min(MAX_COMMIT_UPDATES));
            commits.push_back(Commit::Update(std::mem::replace(&mut updates, rest)));
        }
        let Ok(count @ 1..) = u32::try_from(creates.len()) else { return Ok(commits) };
        let allocate = || target.store.customer_numbers_allocate(&target.tenant, count);
        let numbers = target.retry().run(target.store.ambient(), allocate).await?;
        let mut queue: VecDeque<_> = number_rows(numbers, creates)?.into();
        while !queue.is_empty() {
            commits.push_back(Commit::Create(next_commit(&mut queue)));
        }
        Ok(commits)
    }

    fn expected(new: &[NewRow]) -> ImportCounts {
        let updated = new.iter().filter(|row| matches!(row, NewRow::Update(_))).count() as u64;
        ImportCounts { written: new.len() as u64 - updated, updated, ..ImportCounts::default() }
    }

    fn changes(new: &[NewRow]) -> Vec<RowChange> {
        let update = |row: &NewRow| match row {
            NewRow::Create(..) => None,
            NewRow::Update(update) => Some(update.change.clone()),
        };
        new.iter().filter_map(update).collect()
    }

    async fn commit(target: Target, commit_rows: Commit) -> Result<Committed, StoreError> {
        match commit_rows {
            Commit::Create(rows) => commit(target, rows).await.map(Committed::from),
            Commit::Update(rows) => update(target, rows).await,
        }
    }

    fn findings(&self) -> Findings {
        self.findings
    }
}

/// Returns the id of a row that has none of its own: the SHA-256 of its cells.
fn digest(record: &StringRecord) -> String {
    let mut hash = Sha256::new();
    for cell in record {
        // The length keeps cells apart: `ab`, `c` and `a`, `bc` have different hashes.
        hash.update((cell.len() as u64).to_be_bytes());
        hash.update(cell.as_bytes());
    }
    format!("sha256:{}", lower::encode_string(&hash.finalize()))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod reader_tests;
