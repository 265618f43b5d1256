//! Imports of customers: each row of a source once.
//!
//! The store says which rows were imported before, and the rest is written in commits of up to
//! [`Store::IMPORT_ROWS`] rows. A row's mark is written in the same commit as its customer, so whatever happens, a
//! row is one customer or none.

mod commit;
pub mod fields;
mod row;
mod tags;

use std::collections::VecDeque;
use std::path::Path;

use base16ct::lower;
use clientele_shared::Error as StoreError;
use clientele_shared::model::{CustomerFields, CustomerNumber};
use clientele_shared::store::{ImportedRow, RowKey, Store};
use csv::StringRecord;
use sha2::{Digest, Sha256};

use self::commit::commit;
use self::fields::Field;
use self::tags::Tags;
use super::cells::reason;
use super::import_kind::{Classified, Committed, ImportKind, ReadRules, Session, Target};
use super::mapping::Mapping;
use super::seen::Seen;
use crate::retry::Retry;

/// How many bytes of CSV go into one commit at the most: a transaction holds 4 MB.
const COMMIT_BYTES: usize = 2 * 1024 * 1024;

/// An import of customers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// What the source of the rows is called; the file's name if not given. A row is imported once per source.
    pub source: Option<String>,
    /// The column that names a row in its source.
    pub id_column: Option<String>,
}

impl Customers {
    /// What the source of a file's rows is called.
    #[must_use]
    pub fn source_of(&self, file: &Path) -> String {
        let name = || file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.source.clone().unwrap_or_else(name)
    }
}

impl ImportKind for Customers {
    type Field = Field;
    type Session = CustomerSession;

    fn also(&self) -> Option<(Field, &str)> {
        self.id_column.as_deref().map(|column| (Field::Id, column))
    }

    fn begin(&self, file: &Path, rules: ReadRules) -> CustomerSession {
        CustomerSession { source: self.source_of(file), rules, seen: Seen::default(), tags: Tags::default() }
    }
}

/// One file of customers while it is imported.
#[derive(Debug)]
pub struct CustomerSession {
    source: String,
    rules: ReadRules,
    /// The ids that rows had so far.
    seen: Seen,
    tags: Tags,
}

/// A row that can become a customer.
#[derive(Debug)]
pub struct GoodRow {
    /// What names the row in its source.
    id: String,
    fields: CustomerFields,
    /// How many bytes it has in the file.
    size: usize,
}

impl Session for CustomerSession {
    type Field = Field;
    type Row = GoodRow;
    type New = (RowKey, GoodRow);
    type Commit = Vec<ImportedRow>;

    fn read(
        &mut self,
        mapping: &Mapping<Field>,
        record: &StringRecord,
        line: u64,
    ) -> Result<GoodRow, String> {
        let fields = row::customer_fields(mapping, record, self.rules).map_err(|wrong| reason(&wrong))?;
        let (id, what) = match row::id(mapping, record) {
            Some(id) => (id.to_owned(), format!("{}: the id `{id}` is", mapping.name_of(Field::Id))),
            None => (digest(record), "row: the same row is".to_owned()),
        };
        match self.seen.note(&id, line) {
            None => Ok(GoodRow { id, fields, size: record.as_slice().len() }),
            Some(first) => Err(format!("{what} on line {first} already")),
        }
    }

    async fn classify(
        &mut self,
        target: &Target,
        _: &Mapping<Field>,
        rows: Vec<GoodRow>,
    ) -> Result<Classified<(RowKey, GoodRow)>, StoreError> {
        let marked: Vec<(RowKey, GoodRow)> =
            rows.into_iter().map(|row| (RowKey::new(&self.source, &row.id), row)).collect();
        let marks: Vec<RowKey> = marked.iter().map(|(mark, _)| mark.clone()).collect();
        let before = || target.store.imported_rows_get(&target.tenant, &marks);
        let before = Retry::default().run(target.store.ambient(), before).await?;
        let new: Vec<_> = marked.into_iter().filter(|(mark, _)| !before.contains_key(mark)).collect();
        Ok(Classified { present: (marks.len() - new.len()) as u64, new, rejected: Vec::new() })
    }

    /// Numbers rows in their order, and makes the tags that they name.
    async fn commits(
        &mut self,
        target: &Target,
        mut new: Vec<(RowKey, GoodRow)>,
    ) -> Result<VecDeque<Vec<ImportedRow>>, StoreError> {
        let mut named: Vec<&mut String> =
            new.iter_mut().flat_map(|(_, row)| &mut row.fields.tag_ids).collect();
        self.tags.resolve(&target.store, &target.tenant, &mut named).await?;
        let Ok(count @ 1..) = u32::try_from(new.len()) else { return Ok(VecDeque::new()) };
        let take = || target.store.customer_numbers_allocate(&target.tenant, count);
        let first = Retry::default().run(target.store.ambient(), take).await?;
        let mut left: VecDeque<Numbered> = numbered(first, new)?.into();
        let mut commits = VecDeque::new();
        while !left.is_empty() {
            commits.push_back(next_commit(&mut left));
        }
        Ok(commits)
    }

    fn commit(
        target: Target,
        rows: Vec<ImportedRow>,
    ) -> impl Future<Output = Result<Committed, StoreError>> + Send + 'static {
        commit(target, rows)
    }
}

/// What names a row that has no id: the SHA-256 over its cells.
fn digest(record: &StringRecord) -> String {
    let mut hash = Sha256::new();
    for cell in record {
        // With its length before it, no cell can be taken for two.
        hash.update((cell.len() as u64).to_be_bytes());
        hash.update(cell.as_bytes());
    }
    format!("sha256:{}", lower::encode_string(&hash.finalize()))
}

/// A row with its number, and its size in the file.
struct Numbered {
    row: ImportedRow,
    size: usize,
}

fn numbered(first: CustomerNumber, new: Vec<(RowKey, GoodRow)>) -> Result<Vec<Numbered>, StoreError> {
    (u64::from(first.get())..)
        .zip(new)
        .map(|(number, (mark, row))| {
            let number = CustomerNumber::new(number)
                .ok_or_else(|| StoreError::broken("a block of customer numbers goes beyond the last one"))?;
            Ok(Numbered { row: ImportedRow { mark, number, fields: row.fields }, size: row.size })
        })
        .collect()
}

/// The rows of the next commit: as many as it takes.
fn next_commit(left: &mut VecDeque<Numbered>) -> Vec<ImportedRow> {
    let mut rows = Vec::with_capacity(Store::IMPORT_ROWS.min(left.len()));
    let mut bytes = 0;
    while let Some(next) = left.pop_front_if(|next| {
        rows.len() < Store::IMPORT_ROWS && (rows.is_empty() || bytes + next.size <= COMMIT_BYTES)
    }) {
        bytes += next.size;
        rows.push(next.row);
    }
    rows
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod reader_tests;

#[cfg(test)]
mod tests {
    use clientele_shared::model::CustomerFields;

    use super::*;

    fn sizes(sizes: &[usize]) -> Vec<usize> {
        let rows = sizes.iter().enumerate().map(|(at, size)| {
            let row = GoodRow { id: at.to_string(), fields: CustomerFields::default(), size: *size };
            (RowKey::new("file", &row.id), row)
        });
        let mut left = numbered(CustomerNumber::new(5).unwrap(), rows.collect()).unwrap().into();
        let mut commits = Vec::new();
        let mut next_number = 5;
        loop {
            let rows = next_commit(&mut left);
            for row in &rows {
                assert_eq!(row.number.get(), next_number);
                next_number += 1;
            }
            match rows.len() {
                0 => return commits,
                length => commits.push(length),
            }
        }
    }

    #[test]
    fn commits_are_filled_in_order_by_rows_and_by_bytes() {
        assert_eq!(sizes(&[100; 120]), [49, 49, 22]);
        assert_eq!(sizes(&[COMMIT_BYTES / 2; 5]), [2, 2, 1]);
        assert_eq!(sizes(&[COMMIT_BYTES + 1; 2]), [1, 1]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
    }
}
